--- Templates: `{{ expression }}`, `{% statement %}` and `{# comment #}` in a
-- configuration file. A template is compiled to one Lua function that drives
-- a writer of the target's format; the writer decides how a value is written
-- where it stands, and secret values go into it without becoming strings.
--
-- Line N of the function is line N of the template.
local core = require "lunette.core"
local expression = require "lunette.template.expression"
local functions = require "lunette.template.functions"
local json = require "lunette.json"
local lexer = require "lunette.template.lexer"
local options = require "lunette.options"
local scanner = require "lunette.template.scanner"
local slips = require "lunette.template.slips"

local template = {}

local CHUNK = "(template)" -- what Lua calls the function in its messages
local INCLUDES = 20 -- levels

local Template = {}
Template.__index = Template
Template.__name = "lunette.template"

-- What `include` gives: it has written its output itself.
local NOTHING = {}

local Raw = {}

-- ---------------------------------------------------------------- errors --

--- The template's line and a caret below COLUMN.
local function excerpt(self, line, column)
  local n = 0
  for text in (self.text .. "\n"):gmatch("([^\n]*)\r?\n") do
    n = n + 1
    if n == line then
      local number = ("%5d"):format(line)
      local before = text:sub(1, column - 1):gsub("[^\t]", " ")
      return ("%s | %s\n%s | %s^"):format(number, text, (" "):rep(#number), before)
    end
  end
end

--- An error object at a place of the template.
local function mistake(self, line, column, message, hint)
  local e = core.error { kind = "invalid",
    message = ("%s:%d: %s"):format(self.name, line, message), hint = hint }
  e.excerpt = excerpt(self, line, column)
  return e
end

--- Adds the place in the template to what went wrong while it ran.
local function annotate(self, e, tag)
  if e == "not enough memory" then return e end
  if core.is_error(e) then
    if not e.template then
      e.template = self.name
      e.line = tag.line
      e.message = ("%s:%d: %s"):format(self.name, tag.line, e.message)
      e.excerpt = excerpt(self, tag.line, tag.column)
    end
    return e
  end
  local text = tostring(e)
  local line, message = text:match("^%(template%):(%d+): (.*)$")
  line = tonumber(line) or tag.line
  local hint = text:find("for iterator 'for iterator'", 1, true)
    and "{% for _, x in ipairs(list) do %} or {% for key, x in pairs(object) do %}" or nil
  e = mistake(self, line, line == tag.line and tag.column or 1, message or text, hint)
  e.template, e.line = self.name, line
  return e
end

-- ------------------------------------------------------------- compiling --

local function newlines(text)
  return ("\n"):rep(select(2, text:gsub("\n", "")))
end

--- The line of TEXT that has a secret's printed form in it, as a position.
local function marked_at(text)
  for at in text:gmatch("()‹secret ") do
    local line = text:match("[^\n]*", at)
    if core.marked(line) then return at end
  end
  return 1 -- it is in parts, on several lines
end

--- The code of one piece; tags and texts are added to SELF's lists.
local function piece_code(self, piece)
  if piece.kind == "text" then
    if piece.text == "" then return newlines(piece.source) end
    if core.marked(piece.text) then
      local line, column = scanner.place(self.text, piece.at + marked_at(piece.source) - 1)
      error(mistake(self, line, column,
        "the template holds the printed form of a secret, not its value",
        "give the template the secret itself: {{ x }}"), 0)
    end
    table.insert(self.texts, piece.text)
    return ("__text(%d);%s"):format(#self.texts, newlines(piece.source))
  end
  if piece.kind == "comment" then return newlines(piece.source) end
  local line, column = piece.line, piece.column
  table.insert(self.tags, { line = line, column = column, source = piece.source })
  for _, name in ipairs { "secret", "include" } do
    if piece.source:find(name, 1, true) then
      expression.calls(piece.tokens, name, self[name .. "s"])
    end
  end
  local slip = slips.find(piece.kind, piece.tokens)
  if slip then error(mistake(self, line, column, slip), 0) end
  local at = ("__at[1]=%d;"):format(#self.tags)
  if piece.kind == "statement" then
    expression.guard(piece.tokens)
    return at .. lexer.code(piece.tokens) .. " ;"
  end
  local code, message = expression.compile(piece.tokens)
  if not code then error(mistake(self, line, column, message), 0) end
  return ("%s__value(%s);"):format(at, code)
end

--- Lua's words about code that does not compile, at the template's line.
local function syntax_error(self, message)
  local line, text = message:match("^%(template%):(%d+): (.*)$")
  line = tonumber(line) or 1
  text = (text or message):gsub("'__%w+'", "this tag"):gsub("near <eof>", "at the end")
    :gsub("near ';'", "at the end of a tag")
  local column = 1
  for _, tag in ipairs(self.tags) do
    if tag.line == line then
      column = tag.column
      break
    end
  end
  return mistake(self, line, column, text,
    "expressions and statements are Lua 5.4: {% if x then %} ... {% end %}")
end

--- Compiles a template.
-- @tparam string text
-- @tparam[opt] table settings `format` (default "text"), `delimiters`, `name`
--   (what errors call it), `read` (a function that gives an included
--   template's text by its name)
-- @treturn lunette.template with the methods render and references
-- @raise invalid, with name and line, if it is broken
function template.compile(text, settings)
  options.argument("ln.template", "the text", text, "string")
  settings = settings or {}
  options.check("ln.template", settings,
    { format = "string", delimiters = "table", name = "string", read = "function" })
  local self = setmetatable({
    text = text, name = settings.name or "template", format = settings.format or "text",
    settings = settings, texts = {}, tags = {}, secrets = {}, includes = {}, parts = {},
  }, Template)
  core.writer(self.format) -- raises for a format that is not there
  local ok, delimiters = pcall(scanner.delimiters, settings.delimiters)
  if not ok then error(mistake(self, 1, 1, delimiters), 0) end
  local pieces, message, at = scanner.scan(text, delimiters)
  if not pieces then
    local line, column = scanner.place(text, at)
    error(mistake(self, line, column, message), 0)
  end
  local code = { "local __text,__value,__at,__filter,__eq,__ne,_ENV=...;" }
  for _, piece in ipairs(pieces) do code[#code + 1] = piece_code(self, piece) end
  self.run, message = load(table.concat(code), "=" .. CHUNK, "t", {})
  if not self.run then error(syntax_error(self, message), 0) end
  return self
end

-- --------------------------------------------------------------- includes --

--- Reads an included template: beside the one that includes it.
local function read_beside(self, name)
  if self.settings.read then return self.settings.read(name) end
  local folder = name:sub(1, 1) ~= "/" and self.name:match("^(.*/)") or ""
  return require("lunette.os").read_file(folder .. name), folder .. name
end

--- The template that NAME includes, compiled once.
local function part(self, name)
  local found = self.parts[name]
  if not found then
    local text, path = read_beside(self, name)
    found = template.compile(text, {
      format = self.format, delimiters = self.settings.delimiters, name = path or name,
      read = self.settings.read,
    })
    self.parts[name] = found
  end
  return found
end

local function add_references(self, list, seen, level)
  for _, reference in ipairs(self.secrets) do
    if not seen[reference] then
      seen[reference] = true
      list[#list + 1] = reference
    end
  end
  if level > INCLUDES then return end
  for _, name in ipairs(self.includes) do
    -- a part that cannot be read is an error only if it comes to be used
    local ok, included = pcall(part, self, name)
    if ok then add_references(included, list, seen, level + 1) end
  end
end

--- The secret references that stand literally in the template and in what it
-- includes, each once, in order.
-- @treturn table list of strings
function Template:references()
  local list = {}
  add_references(self, list, {}, 1)
  return list
end

-- -------------------------------------------------------------- rendering --

local function copy(library)
  local made = {}
  for name, value in pairs(library) do made[name] = value end
  return made
end

--- What Lua itself gives to a template: nothing that reaches outside. (Code as
-- text, which string.dump makes, is of no use without load.)
local LUA = {
  assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall,
  select = select, tostring = tostring, type = type,
}

--- tonumber, which takes no secret: nil would pass for "not a number".
function LUA.tonumber(x, ...)
  if core.is_secret(x) then
    error(core.error { kind = "invalid", message = "tonumber does not read a secret value",
      hint = "use number(x)" }, 0)
  end
  return tonumber(x, ...)
end

--- Libraries, of which a template that names one gets a copy of its own.
local LIBRARIES = { math = math, string = string, table = table, utf8 = utf8 }

--- The error for a name that nobody gave.
local function unknown_name(name, values, what)
  local known = copy(values)
  for _, f in ipairs(functions.names) do known[f] = true end
  local near = options.nearest(name, options.names(known))
  local hint = near and ("did you mean '%s'?"):format(near)
    or what == "filter" and "a filter is a function: {{ x | upper }}"
    or "give it to the template, or a default: {{ x | default(\"...\") }}"
  local e = core.error { kind = "invalid",
    message = ("there is no %s '%s'"):format(what, name), hint = hint }
  e.absent = what == "variable" and name or nil
  return e
end

local function string_keys(values)
  for name in pairs(values) do
    if type(name) ~= "string" then
      options.mistake "values: a table with names as its keys is due"
    end
  end
end

--- The functions that depend on this rendering.
local function own_functions(job)
  local own = {}
  function own.secret(reference)
    if not job.secret then
      error(core.error { kind = "invalid", message = "secrets cannot be fetched here",
        hint = "render with ln.render, or give them as values" }, 0)
    end
    return job.secret(reference)
  end
  function own.imds(path)
    if not job.imds then
      error(core.error { kind = "invalid", message = "instance metadata is not available here" },
        0)
    end
    return job.imds(path)
  end
  --- The time in UTC, in os.date's format.
  function own.now(format)
    return os.date("!" .. (format or "%Y-%m-%dT%H:%M:%SZ"), job.now)
  end
  function own.raw(x)
    return setmetatable({ value = x }, Raw)
  end
  return own
end

--- The environment of one rendering: the template's own assignments, the
-- values, then functions; an unknown name is an error.
local function environment(job, values, include)
  local own = own_functions(job)
  own.include = include
  return setmetatable({}, {
    __index = function(_, name)
      local value = values[name]
      if value == nil then value = own[name] end
      if value == nil then value = functions.list[name] end
      if value == nil then value = LUA[name] end
      if value == nil and LIBRARIES[name] then
        value = copy(LIBRARIES[name])
        own[name] = value
      end
      if value == nil then error(unknown_name(name, values, "variable"), 0) end
      return value
    end,
    __metatable = false,
  })
end

--- True if error E says that something is absent.
local function is_absence(e)
  if core.is_error(e) then return e.kind == "not_found" or e.absent ~= nil end
  return type(e) == "string" and e:find("attempt to index a nil value", 1, true) ~= nil
end

--- Filters by name; default and required get what is before them as a
-- function, because it may be absent.
local function filters(env, values)
  return setmetatable({}, { __index = function(_, name)
    local f = functions.list[name] or rawget(env, name) or values[name]
    if name == "raw" then f = env.raw end
    if type(f) ~= "function" then error(unknown_name(name, values, "filter"), 0) end
    if name ~= "default" and name ~= "required" then return f end
    return function(head, ...)
      local ok, value = pcall(head)
      if not ok then
        if not is_absence(value) then error(value, 0) end
        value = nil
      end
      return f(value, ...)
    end
  end })
end

local TEXTS = { string = true, number = true }

--- a == b, in templates. Lua says "not equal" for a secret value and a string,
-- whatever the two are.
local function equal(a, b)
  local secret = core.is_secret(a)
  if secret ~= core.is_secret(b) and TEXTS[type(secret and b or a)] then
    error(core.error { kind = "invalid",
      message = ("a secret value is compared with a %s, which is never equal")
        :format(type(secret and b or a)),
      hint = "use equal(a, b)" }, 0)
  end
  return a == b
end

local function unequal(a, b) return not equal(a, b) end

--- Adds the secret values in VALUE, which is written, to the list USED.
local function note(used, value)
  if core.is_secret(value) then
    used[#used + 1] = value
  elseif type(value) == "table" then
    for _, inner in pairs(value) do note(used, inner) end
  end
end

--- Writes one value.
local function write(job, format, value, tag)
  local writer = job.writer
  if value == NOTHING then return end
  if value == nil then
    error(core.error { kind = "invalid", message = ("%s has no value"):format(tag.source),
      hint = 'give it a default: {{ x | default("...") }}' }, 0)
  end
  local method = writer.value
  if getmetatable(value) == Raw then
    method, value = writer.raw, value.value
  elseif type(value) == "table" then
    local text = json.encode(value) -- which refuses a table inside itself
    if job.used then note(job.used, value) end
    method, value = writer.json, text
  end
  if job.used then note(job.used, value) end
  local ok, e = pcall(method, writer, value)
  if not ok then
    if core.is_secret(value) and core.is_error(e) then
      e.message = ("%s (%s, format %s)"):format(e.message, tostring(value), format)
    end
    error(e, 0)
  end
end

local run

--- include: another template, with this one's values and those of EXTRA.
local function includer(self, job, values, level)
  return function(name, extra)
    if level == INCLUDES then
      error(core.error { kind = "invalid",
        message = ("more than %d levels of include"):format(INCLUDES) }, 0)
    end
    local inner = setmetatable(copy(extra or {}), { __index = values })
    run(part(self, name), job, inner, level + 1)
    return NOTHING
  end
end

--- Runs SELF's function on the job's writer. What belongs to this level of
-- include is in locals alone: a template may catch the error of a part.
function run(self, job, values, level)
  local env = environment(job, values, includer(self, job, values, level))
  local writer, at = job.writer, { 0 }
  local ok, e = pcall(self.run,
    function(i) writer:text(self.texts[i]) end,
    function(value) write(job, self.format, value, self.tags[at[1]]) end,
    at, filters(env, values), equal, unequal, env)
  if not ok then error(annotate(self, e, self.tags[at[1]] or { line = 1, column = 1 }), 0) end
end

--- Renders the template.
-- @tparam[opt] table values what the template's names mean
-- @tparam[opt] table settings `secret` (a function that gives the secret value
--   of a reference), `imds`, `now` (seconds, a fixed clock), and `used` (a list
--   to which every secret value that is written is added, derived ones too)
-- @return the output: a string, or a secret value if a secret went in
-- @raise invalid, with name and line: an unknown name, a value that cannot
--   stand where it is; and whatever `secret` raises
function Template:render(values, settings)
  settings = settings or {}
  options.check("render", settings,
    { secret = "function", imds = "function", now = "number", used = "table" })
  values = values or {}
  options.argument("render", "the values", values, "table")
  string_keys(values)
  local writer <close> = core.writer(self.format)
  local job = { writer = writer, secret = settings.secret, imds = settings.imds,
    now = settings.now, used = settings.used }
  run(self, job, values, 1)
  local ok, output = pcall(writer.finish, writer, self.name)
  if not ok then
    local line, column = scanner.place(self.text, #self.text + 1)
    error(annotate(self, output, { line = line, column = column }), 0)
  end
  return output
end

-- ---------------------------------------------------------------- formats --

local BY_ENDING = {
  yaml = "yaml", yml = "yaml", json = "json", sh = "sh", bash = "sh", env = "dotenv",
  -- these are not there yet, and must not be written as if they were text
  toml = "toml", ini = "ini", cfg = "ini", cnf = "ini", properties = "properties",
  xml = "xml", html = "xml", htm = "xml", conf = "nginx", service = "systemd",
}

--- The format of a target, from its name; "text" where the name says nothing.
-- @tparam string path the target; an ending `.tmpl` is passed over
-- @raise invalid for a name whose format is not there yet
function template.format_for(path)
  local name = path:gsub("%.tmpl$", ""):match("[^/]*$")
  local format = (name:match("^%.env") or name == "dotenv") and "dotenv"
    or BY_ENDING[(name:match("%.([%w]+)$") or ""):lower()] or "text"
  local ok, e = pcall(core.writer, format)
  if ok then return format end
  e.message = ("%s: %s"):format(name, e.message)
  e.hint = "format 'text' (format = \"text\", --format text) writes values as they are"
  error(e, 0)
end

--- `ln.template(text, {format=, delimiters=, name=})`
setmetatable(template, { __call = function(_, ...) return template.compile(...) end })

return template
