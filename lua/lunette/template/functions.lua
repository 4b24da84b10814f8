--- What templates can call, besides Lua's own string, table, math and utf8.
-- Everything that takes text takes secret values as well and gives one back.
local core = require "lunette.core"
local json = require "lunette.json"
local options = require "lunette.options"

local filter, ln = core.filter, core.public

local functions = {}

local function fail(message, hint)
  error(core.error { kind = "invalid", message = message, hint = hint }, 0)
end

local function absent(value)
  return value == nil or value == ln.null
end

-- ------------------------------------------------------- absent values --

--- X, or FALLBACK if X is absent, nil or null. As a filter it forgives what
-- stands before it: `{{ db.port | default(5432) }}`.
function functions.default(x, fallback)
  if absent(x) then
    if fallback == nil then fail("default needs a value to fall back to") end
    return fallback
  end
  return x
end

--- X, or an error with MESSAGE if X is absent, nil, null or empty.
function functions.required(x, message)
  if absent(x) or x == "" or (core.is_secret(x) and ln.equal(x, "")) then
    fail(message or "a required value is missing")
  end
  return x
end

--- The first argument that is there.
function functions.coalesce(...)
  for i = 1, select("#", ...) do
    local x = select(i, ...)
    if not absent(x) then return x end
  end
  fail("coalesce: every value is missing")
end

function functions.ternary(condition, yes, no)
  if condition then return yes end
  return no
end

--- Stops the rendering.
function functions.fail(message)
  fail(tostring(message))
end

-- ------------------------------------------------------------ encoding --

local function encoder(format)
  return function(x)
    if absent(x) and format ~= "json" and format ~= "yaml" then
      fail(("%s: the value is missing"):format(format))
    end
    if type(x) ~= "table" then return core.encode(x, format) end
    local text = json.encode(x)
    if format == "json" then return text end
    if format ~= "yaml" then return core.encode(text, format) end
    local w <close> = core.writer("yaml")
    w:json(text)
    return w:finish("table")
  end
end

functions.json = encoder "json"
functions.yaml = encoder "yaml"
functions.sh = encoder "sh"
functions.dotenv = encoder "dotenv"

--- F, for text that does not have the printed form of a secret in it: once
-- encoded, nobody would know it again.
local function unmarked(f)
  return function(text, ...)
    if type(text) == "string" and core.marked(text) then
      fail("the text holds the printed form of a secret, not its value",
        "pass the secret value itself")
    end
    return f(text, ...)
  end
end

functions.url = unmarked(ln.url.encode)
functions.base64 = unmarked(ln.base64.encode)
functions.b64enc = functions.base64
functions.base64_decode = unmarked(ln.base64.decode)
functions.b64dec = functions.base64_decode
functions.hex = filter.hex
functions.sha256 = unmarked(ln.sha256)

--- As a filter: `{{ text | hmac_sha256(key) }}`.
functions.hmac_sha256 = unmarked(function(text, key)
  return ln.hmac_sha256(key, text)
end)

--- A table of JSON text; a JSON secret is one to look into already.
function functions.from_json(text)
  if core.is_secret(text) then return text end
  return core.json_decode(text)
end

-- ---------------------------------------------------------------- text --

functions.upper = filter.upper
functions.lower = filter.lower
functions.trim = filter.trim
functions.trim_prefix = filter.trim_prefix
functions.trim_suffix = filter.trim_suffix
functions.replace = filter.replace
functions.indent = filter.indent

--- A newline, then the text with every line indented by N.
function functions.nindent(text, n)
  return "\n" .. (" "):rep(n) .. filter.indent(text, n)
end

local function plain(name, x)
  if core.is_secret(x) then
    fail(("%s does not take a secret value"):format(name),
      "it would give parts of it as ordinary strings")
  end
  if type(x) ~= "string" then fail(("%s takes a string"):format(name)) end
  return x
end

--- The parts of TEXT between SEPARATOR, which is no pattern.
function functions.split(text, separator)
  plain("split", text)
  plain("split", separator)
  if separator == "" then fail("split: the separator is empty") end
  local parts, at = {}, 1
  while true do
    local first, last = text:find(separator, at, true)
    parts[#parts + 1] = text:sub(at, (first or 0) - 1)
    if not first then return parts end
    at = last + 1
  end
end

--- The items of LIST with SEPARATOR between them.
function functions.join(list, separator)
  separator = separator or ""
  local text = ""
  for i, item in ipairs(list) do
    if i > 1 then text = text .. separator end
    if type(item) == "number" and math.type(item) == "float" then
      item = core.encode(item, "text")
    end
    text = text .. item
  end
  return text
end

--- The first match of a Lua pattern; false if there is none.
function functions.re_match(text, pattern)
  return plain("re_match", text):match(pattern) or false
end

--- Every match of a Lua pattern replaced.
function functions.re_replace(text, pattern, replacement)
  return (plain("re_replace", text):gsub(pattern, replacement))
end

-- -------------------------------------------------------------- tables --

--- The keys of a table or of a JSON secret, sorted.
function functions.keys(t)
  local list = {}
  for key in pairs(t) do list[#list + 1] = key end
  table.sort(list)
  return list
end

--- True if T has KEY; never an error.
function functions.has(t, key)
  if core.is_secret(t) then return not absent(ln.get(t, key, nil)) end
  return type(t) == "table" and t[key] ~= nil
end

--- A new table with the members of all; later ones win.
function functions.merge(...)
  local merged = {}
  for i = 1, select("#", ...) do
    for key, value in pairs((select(i, ...))) do merged[key] = value end
  end
  return merged
end

local function copied(list)
  return table.move(list, 1, #list, 1, {})
end

function functions.sort(list)
  local sorted = copied(list)
  table.sort(sorted)
  return sorted
end

function functions.uniq(list)
  local kept = {}
  for _, item in ipairs(list) do
    local seen = false
    for _, other in ipairs(kept) do
      local secret = core.is_secret(item) or core.is_secret(other)
      seen = seen or (secret and ln.equal(other, item)) or other == item
    end
    if not seen then kept[#kept + 1] = item end
  end
  return kept
end

-- ----------------------------------------------------------- the world --

--- Environment variables: `env.HOME`; one that is not set is an error.
functions.env = setmetatable({}, {
  __index = function(_, name)
    local value = os.getenv(name)
    if value == nil then
      local e = core.error { kind = "invalid",
        message = ("the environment variable %s is not set"):format(tostring(name)),
        hint = "give it a default: {{ env.NAME | default(\"...\") }}" }
      e.absent = name
      error(e, 0)
    end
    return value
  end,
  __newindex = function(_, name)
    fail(("the environment variable %s cannot be set in a template"):format(tostring(name)),
      "give it to a variable: {% x = ... %}")
  end,
  __metatable = false,
})

--- The environment variable NAME, or FALLBACK.
function functions.env_or(name, fallback)
  local value = os.getenv(name)
  if value == nil then return fallback end
  return value
end

functions.equal = ln.equal
functions.number = ln.number

--- The names of all functions, sorted: for messages.
local names = options.names(functions)

return { list = functions, names = names }
