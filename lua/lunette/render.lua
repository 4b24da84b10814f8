--- Rendering a template to a file: everything is fetched and rendered in
-- memory, staged beside the target with its mode and owner, checked, and only
-- then given the target's name. What fails before that leaves the target as
-- it was; a reload that fails after it brings the old file back.
local os_ = require "lunette.os"
local command = require "lunette.command"
local core = require "lunette.core"
local options = require "lunette.options"
local template = require "lunette.template"

local function fail(fields) error(core.error(fields), 0) end

local SPEC = {
  template = "string", -- a file; or
  text = "string", -- the template itself, which errors call `name`
  name = "string",
  to = "string", -- the target; "-" is standard output
  format = "string",
  delimiters = "table",
  values = "any", -- a table, or a function that gives one when it is needed
  session = "any", -- for the template's own `secret "REF"`
  mode = "any", -- "0640" or an integer
  owner = "string", -- "user:group"
  check = "any", -- a command line or a list of words; %s is the staged file
  check_timeout = "number", -- seconds
  on_change = "any", -- likewise, or { reload_unit = "app" }
  on_change_timeout = "number",
}

--- The compiled template of a job, and the name that messages call it by.
local function compile(job)
  if (job.template == nil) == (job.text == nil) then
    fail { kind = "invalid",
      message = "ln.render needs either template (a file) or text",
      hint = 'ln.render { template = "app.yaml.tmpl", to = "/etc/app.yaml", ... }' }
  end
  local name = job.name or job.template or "template"
  local text = job.text or os_.read_file(job.template)
  local format = job.format
  if not format then
    local target = job.to ~= "-" and job.to or job.template
    format = target and template.format_for(target) or "text"
  end
  return template.compile(text, {
    format = format, delimiters = job.delimiters, name = name,
  })
end

--- The resolver behind `secret "REF"`. The references that stand literally in
-- the template are fetched together; an error in one counts only if the
-- template comes to use it. A computed reference is fetched when it is met.
local function resolver(job, compiled)
  local session = job.session
  local function get_session()
    session = session or require("lunette").session()
    return session
  end
  local references = compiled:references()
  local known = {}
  if #references > 0 then
    known = get_session():try_secrets(references)
  end
  return function(reference)
    local found = known[reference]
    if found == nil then
      found = { value = get_session():secret(reference) }
      known[reference] = found
    end
    if found.error then error(found.error, 0) end
    return found.value
  end
end

local function no_imds(path)
  fail { kind = "invalid", message = ('imds "%s": imds is not there yet'):format(tostring(path)),
    hint = "give what it would say as a value (--set NAME=VALUE, values = { NAME = ... })" }
end

--- The output, and the secrets that may be in it: those of the values, those
-- that the template fetched, and what it made of them and wrote.
local function render_text(job)
  local compiled = compile(job)
  local values = job.values or {}
  if type(values) == "function" then values = values() end
  local used = command.secrets_of(values, {})
  local resolve = resolver(job, compiled)
  local bytes = compiled:render(values, {
    secret = function(reference)
      local value = resolve(reference)
      used[#used + 1] = core.is_secret(value) and value or nil
      return value
    end,
    imds = no_imds,
    used = used,
  })
  return bytes, used
end

local function run_check(job, stage, used)
  local result = command.run(job.check, {
    path = stage:path(), timeout = job.check_timeout, secrets = used,
  })
  if result.ok then return end
  fail { kind = "check",
    message = ("the check of %s failed (%s): %s"):format(job.to, result.how, result.output),
    hint = ("%s is as it was; the check ran on a staged copy beside it"):format(job.to) }
end

--- What there is after a restore, as the hint of the failed reload.
local function hint_after(job, old, again)
  local back = old and ("the old %s is back"):format(job.to)
    or ("%s, which is new, was removed again"):format(job.to)
  if not again then return back end
  return back .. (again.ok and ", and reloaded"
    or (", but its reload failed as well (%s)"):format(again.how))
end

--- Runs on_change; on failure restores the old file and runs it once more.
local function run_on_change(job, stage, used)
  local settings = { timeout = job.on_change_timeout, secrets = used }
  local result = command.run(job.on_change, settings)
  if result.ok then return result.note end
  local message = ("the reload after %s changed failed (%s): %s"):format(job.to, result.how,
    result.output)
  local restored, old = pcall(stage.restore, stage)
  if not restored then
    local e = core.is_error(old) and old or { message = tostring(old) }
    fail { kind = "reload", message = ("%s; and then: %s"):format(message, e.message),
      hint = e.hint }
  end
  local again = not result.interrupted and command.run(job.on_change, settings) or nil
  fail { kind = "reload", message = message, hint = hint_after(job, old, again) }
end

--- Stages BYTES, checks them, and gives them the target's name. A signal that
-- is to end this process does so when nothing staged is left behind: the stage
-- is closed before the signals are.
local function replace(job, staged, bytes, used)
  local signals <close> = command.hold_signals() -- luacheck: ignore signals
  local stage <close> = staged
  stage:write(bytes)
  if job.check then run_check(job, stage, used) end
  stage:commit { keep = job.on_change ~= nil }
  return job.on_change and run_on_change(job, stage, used)
end

-- What standard output has not, and a rendering to it must not promise.
local OF_FILES = { "check", "mode", "owner", "on_change" }

-- A path without what makes no difference in it.
local function plain(path)
  return (path:gsub("/+", "/"):gsub("/%./", "/"):gsub("^%./", ""))
end

local function check_job(job)
  options.check("ln.render", job, SPEC)
  if job.values ~= nil and type(job.values) ~= "function" then
    options.argument("ln.render", "option 'values'", job.values, "table")
  end
  if not job.to then
    fail { kind = "invalid", message = "ln.render needs to = FILE",
      hint = 'to = "-" writes to standard output' }
  end
  command.validate(job.check, "check")
  command.validate(job.on_change, "on_change")
  for _, name in ipairs(job.to == "-" and OF_FILES or {}) do
    if job[name] ~= nil then
      fail { kind = "invalid", message = ("%s means nothing for standard output"):format(name),
        hint = 'to = "-" writes no file; name one, or leave it out' }
    end
  end
  if job.template and plain(job.template) == plain(job.to) then
    fail { kind = "invalid", message = ("%s is the template itself"):format(job.to),
      hint = "render to another file: the template would be lost" }
  end
end

--- Renders one file.
-- @tparam table job see SPEC: template or text, to, values, format, mode,
--   owner, check, on_change
-- @treturn table `{changed = boolean, to = path, note = text or nil}`
-- @raise invalid (15), not_found (12), check (16), reload (17), filesystem
--   (18), and whatever fetching the template's secrets raises
local function render(job)
  check_job(job)
  if job.to == "-" then
    os_.write(1, (render_text(job)))
    return { changed = true, to = "-" }
  end
  -- The target is looked at first: no secret is fetched for a file that
  -- could not be written.
  local stage <close> = os_.stage(job.to, { mode = job.mode, owner = job.owner })
  local bytes, used = render_text(job)
  if stage:same(bytes) then return { changed = false, to = job.to } end
  local note = replace(job, stage, bytes, used)
  return { changed = true, to = job.to, note = note }
end

return { render = render }
