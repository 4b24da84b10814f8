--- Reading a world: a Lua file that returns it, or JSON.
--
-- A Lua file runs in text mode with the plain libraries only: it describes a world and can touch
-- nothing. It may start from the built-in one:
--
--     local world = founding()
--     world.accounts["222222222222"].secrets[1].resource_policy = nil
--     return world
-- @module lunette.sandbox.worldfile

local cjson = require "cjson"
local core = require "lunette.core"
local founding = require "lunette.sandbox.founding"
local schema = require "lunette.sandbox.schema"

local worldfile = {}

local NAME = { type = "text", match = "^[%w+=,.@_-]+$", required = true,
  what = "a name of letters, digits or +=,.@_-" }
local PATH = { type = "text", match = "^/.*/$", what = "a path that begins and ends with a slash" }
local ACCOUNT = "^%d%d%d%d%d%d%d%d%d%d%d%d$"
local ROLE_ARN = "^arn:aws[%a-]*:iam::%d+:role/.+$"
local REGION = { type = "text", match = "^%l%l[%l-]*%-%l+%-%d+$",
  what = "a region, such as ap-northeast-1" }
local TEXT = { type = "text" }
local POLICY = { type = "policy" }
local POLICIES = { type = "map", of = POLICY }
local TAGS = { type = "map", of = TEXT }

local function with(shape, changes)
  local out = {}
  for key, value in pairs(shape) do out[key] = value end
  for key, value in pairs(changes) do out[key] = value end
  return out
end

local ROLE = { type = "record", fields = {
  name = NAME, path = PATH, trust = with(POLICY, { required = true }), policies = POLICIES,
  boundary = POLICY, tags = TAGS,
  max_session = { type = "integer", min = 3600, max = 43200 },
} }

local USER = { type = "record", fields = {
  name = NAME, path = PATH, policies = POLICIES, boundary = POLICY, tags = TAGS,
  access_keys = { type = "list", of = { type = "record", fields = {
    id = { type = "text", match = "^%w+$", what = "an access key id of letters and digits",
      required = true },
    secret = { type = "text", match = "^.+$", what = "not empty", required = true },
  } } },
} }

local KEY = { type = "record", fields = {
  id = { type = "text", match = "^[%w-]+$", what = "a key id of letters, digits and hyphens",
    required = true },
  region = REGION, policy = with(POLICY, { required = true }),
  state = { type = "text", one_of = { "Enabled", "Disabled", "PendingDeletion" } },
  aliases = { type = "list", of = { type = "text", match = "^alias/[%w/_-]+$",
    what = "an alias, such as alias/secrets" } },
} }

-- A value is a text or bytes, never both and never neither: a table would lose `1.10`.
local function one_value(value, place, problem)
  if (value.string == nil) == (value.binary == nil) then
    return problem(place, "needs either string or binary",
      "string is the secret's exact text, binary is base64")
  end
end

local VALUE = { type = "text", match = "^.+$",
  what = "the secret's text, not empty; JSON is written as text too" }
local BINARY = { type = "text", match = "^[%w+/]+=*$", what = "base64" }

local VERSION = { type = "record", check = one_value, fields = {
  id = { type = "text", match = "^" .. ("."):rep(32) .. "+$", what = "32 characters or more" },
  stages = { type = "list", of = TEXT }, string = VALUE, binary = BINARY,
} }

local SECRET = { type = "record",
  check = function(value, place, problem)
    if value.versions == nil then return one_value(value, place, problem) end
    if value.string or value.binary then
      return problem(place, "has versions, and a value beside them")
    end
  end,
  fields = {
    name = { type = "text", match = "^[%w/_+=.@-]+$", required = true,
      what = "a name of letters, digits or /_+=.@-" },
    suffix = { type = "text", match = "^%w%w%w%w%w%w$", what = "six letters or digits" },
    region = REGION, description = TEXT, tags = TAGS, resource_policy = POLICY,
    kms_key = { type = "text", match = "^arn:aws[%a-]*:kms:[%w-]+:%d+:key/[%w-]+$",
      what = "the ARN of a key, or left out for aws/secretsmanager" },
    string = VALUE, binary = BINARY, versions = { type = "list", of = VERSION },
    deleted = { type = "boolean" },
  } }

local WORLD = { type = "record", fields = {
  region = with(REGION, { required = true }),
  instance = { type = "record", fields = {
    id = { type = "text", match = "^i%-%x+$",
      what = "an instance id, such as i-0123456789abcdef0" },
    role = { type = "text", match = ROLE_ARN, what = "a role's ARN, not an instance profile's" },
    availability_zone = TEXT, type = TEXT, image = TEXT,
  } },
  accounts = { type = "map", match = ACCOUNT, what = "an account id of twelve digits",
    required = true, of = { type = "record", fields = {
      roles = { type = "list", of = ROLE }, users = { type = "list", of = USER },
      keys = { type = "list", of = KEY }, secrets = { type = "list", of = SECRET },
      scp = POLICIES, rcp = POLICIES,
    } } },
} }

--- Raises that something is wrong with the world PATH.
function worldfile.fail(path, message, hint)
  error(core.error { kind = "invalid", message = ("%s: %s"):format(path, message), hint = hint },
    0)
end

--- Raises unless SPEC says what a world can be; PATH is what messages call it.
function worldfile.check(spec, path)
  local wrong = schema.check(spec, WORLD)
  if wrong then worldfile.fail(path, wrong.place .. " " .. wrong.text, wrong.hint) end
  return spec
end

-- cjson counts characters, people count lines.
local function line_of(text, message)
  local at = tonumber(message:match "at character (%d+)")
  if not at then return message end
  local before = text:sub(1, at - 1)
  local _, breaks = before:gsub("\n", "")
  local column = #before:match "[^\n]*$" + 1
  return ("line %d, column %d: %s"):format(breaks + 1, column,
    message:gsub(" at character %d+", ""))
end

local function from_json(text, path)
  local ok, spec = pcall(cjson.decode, text)
  if not ok then worldfile.fail(path, line_of(text, spec), "the world is neither Lua nor JSON") end
  return spec
end

local function environment()
  local env = { founding = founding }
  for _, name in ipairs { "string", "table", "math", "utf8" } do
    local copy = {}
    for key, value in pairs(_G[name]) do copy[key] = value end
    env[name] = copy
  end
  for _, name in ipairs { "assert", "error", "ipairs", "next", "pairs", "select", "tonumber",
    "tostring", "type" } do
    env[name] = _G[name]
  end
  return env
end

local function from_lua(text, path)
  local chunk, wrong = load(text, "@" .. path, "t", environment())
  if not chunk then
    worldfile.fail(path, wrong:gsub("^" .. path:gsub("%p", "%%%0") .. ":(%d+)", "line %1"),
      "a world is a Lua file that returns a table, or JSON that begins with {")
  end
  local ok, spec = pcall(chunk)
  if not ok then worldfile.fail(path, "does not run: " .. tostring(spec)) end
  if type(spec) ~= "table" then
    worldfile.fail(path, ("returns a %s, not a table"):format(type(spec)),
      "end the file with: return world")
  end
  return spec
end

--- The world that TEXT describes; raises what is wrong with it.
function worldfile.parse(text, path)
  local spec
  if text:find "^%s*{" then spec = from_json(text, path) else spec = from_lua(text, path) end
  return worldfile.check(spec, path)
end

--- The world in the file PATH.
function worldfile.load(path)
  local file, wrong = io.open(path, "r")
  local text
  if file then
    text, wrong = file:read "a"
    file:close()
  end
  if not text then
    error(core.error { kind = "filesystem", message = "cannot read the world " .. tostring(wrong),
      hint = "a world is a Lua or a JSON file" }, 0)
  end
  return worldfile.parse(text, path)
end

return worldfile
