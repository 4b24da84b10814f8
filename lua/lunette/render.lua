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

--- The secrets in VALUE, for redacting what commands print: those in a table,
-- a JSON secret and all its fields.
local function secrets_of(value, found)
  local secret = core.is_secret(value)
  if secret then found[#found + 1] = value end
  if not secret and type(value) ~= "table" then return found end
  local walks, step, state, key = pcall(pairs, value)
  if walks then
    for _, inner in step, state, key do secrets_of(inner, found) end
  end
  return found
end

local function render_text(job)
  local compiled = compile(job)
  local values = job.values or {}
  if type(values) == "function" then values = values() end
  local used = secrets_of(values, {})
  local resolve = resolver(job, compiled)
  local bytes = compiled:render(values, {
    secret = function(reference)
      local value = resolve(reference)
      secrets_of(value, used)
      return value
    end,
  })
  return bytes, used
end

local function run_check(job, stage, used)
  local result = command.run(job.check, {
    path = stage:path(), timeout = job.check_timeout, secrets = used,
  })
  if result.ok then return end
  stage:drop()
  fail { kind = "check",
    message = ("the check of %s failed (%s): %s"):format(job.to, result.how, result.output),
    hint = ("%s is as it was; the check ran on a staged copy beside it"):format(job.to) }
end

--- Runs on_change; on failure restores the old file and runs it once more.
local function run_on_change(job, stage, used)
  local settings = { timeout = job.on_change_timeout, secrets = used }
  local result = command.run(job.on_change, settings)
  if result.ok then return result.note end
  stage:restore()
  local again = command.run(job.on_change, settings)
  fail { kind = "reload",
    message = ("the reload after %s changed failed (%s): %s"):format(job.to, result.how,
      result.output),
    hint = again.ok and ("the old %s is back, and reloaded"):format(job.to)
      or ("the old %s is back, but its reload failed as well (%s)"):format(job.to, again.how) }
end

--- Renders one file.
-- @tparam table job see SPEC: template or text, to, values, format, mode,
--   owner, check, on_change
-- @treturn table `{changed = boolean, to = path, note = text or nil}`
-- @raise invalid (15), not_found (12), check (16), reload (17), filesystem
--   (18), and whatever fetching the template's secrets raises
local function render(job)
  options.check("ln.render", job, SPEC)
  if not job.to then
    fail { kind = "invalid", message = "ln.render needs to = FILE",
      hint = 'to = "-" writes to standard output' }
  end
  command.validate(job.check, "check")
  command.validate(job.on_change, "on_change")
  if job.to == "-" then
    os_.write(1, (render_text(job)))
    return { changed = true, to = "-" }
  end
  -- The target is looked at first: no secret is fetched for a file that
  -- could not be written.
  local stage <close> = os_.stage(job.to, { mode = job.mode, owner = job.owner })
  local bytes, used = render_text(job)
  if stage:same(bytes) then return { changed = false, to = job.to } end
  stage:write(bytes)
  if job.check then run_check(job, stage, used) end
  stage:commit { keep = job.on_change ~= nil }
  local note = job.on_change and run_on_change(job, stage, used)
  return { changed = true, to = job.to, note = note }
end

return { render = render }
