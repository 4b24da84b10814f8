--- Running programs: ln.run without a shell, ln.shell with one.
-- @module lunette.run
local command = require "lunette.command"
local core = require "lunette.core"
local options = require "lunette.options"
local os_ = require "lunette.os"

local run = {}

local SPEC = {
  env = "table", -- added to what a child gets: strings and secret values
  stdin = "any", -- a string or a secret value
  timeout = "number", -- seconds (60)
  limit = "number", -- bytes of output (1 MiB)
  check = "boolean", -- raise unless it succeeds (true)
}
local TIMEOUT = 60
local LIMIT = 1 << 20
local LIMIT_MAX = 1 << 30

local function check_settings(settings)
  options.check("ln.run", settings, SPEC)
  local limit = settings.limit
  if limit and (math.type(limit) ~= "integer" or limit < 1 or limit > LIMIT_MAX) then
    options.mistake(("ln.run: option 'limit' must be an integer from 1 to %d"):format(LIMIT_MAX))
  end
  if settings.timeout and settings.timeout < 0 then
    options.mistake "ln.run: option 'timeout' must be 0 or more seconds"
  end
  local stdin = settings.stdin
  if stdin ~= nil and type(stdin) ~= "string" and not core.is_secret(stdin) then
    options.mistake(("ln.run: option 'stdin' must be a string or a secret value, not a %s")
      :format(type(stdin)))
  end
  for name, value in pairs(settings.env or {}) do
    if type(name) ~= "string" then
      options.mistake "ln.run: option 'env' is a table of names and values"
    end
    if type(value) ~= "string" and math.type(value) ~= "integer" and not core.is_secret(value) then
      options.mistake(("ln.run: variable '%s' must be a string or a secret value, not a %s")
        :format(name, type(value)))
    end
  end
end

local function split(given)
  if type(given) ~= "table" then options.mistake "ln.run takes a list of words" end
  local list, settings = {}, {}
  for key, value in pairs(given) do
    if math.type(key) == "integer" then list[key] = value else settings[key] = value end
  end
  check_settings(settings)
  local words, problem = command.words(list)
  if not words then options.mistake("ln.run: " .. problem) end
  return words, settings
end

local function environment(added)
  if not added then return nil end
  local all = os_.environ(true)
  for name, value in pairs(added) do all[name] = value end
  return all
end

local function start_and_wait(words, settings)
  local limit = settings.limit or LIMIT
  local child <close> = os_.spawn {
    argv = words, env = environment(settings.env), input = settings.stdin,
    limit = limit, whole = true,
  }
  local signals <close> = command.hold_signals()
  local status, how = command.wait(child, settings.timeout or TIMEOUT, signals)
  if how == "interrupted" then
    core.fail { kind = "check", message = ("%s was interrupted by a signal"):format(words[1]) }
  end
  if not status then
    core.fail { kind = "deadline",
      message = ("%s ran longer than %g s"):format(words[1], settings.timeout or TIMEOUT),
      hint = "timeout = SECONDS gives it more" }
  end
  if child:cut() then
    core.fail { kind = "invalid",
      message = ("%s printed more than %d bytes"):format(words[1], limit),
      hint = "limit = BYTES takes more; or let it write to a file" }
  end
  return status, child:output()
end

--- Runs a program and waits for it.
-- @tparam table given the program and its arguments; env, stdin, timeout,
--   limit, check
-- @treturn table `{exit =, signal =, output =}`: what it printed on both of
--   its streams, secrets that it was given taken out
-- @raise check (16) if it fails, unless check = false; deadline (19); invalid
--   (15) if it prints more than limit
function run.run(given)
  local words, settings = split(given)
  local status, output = start_and_wait(words, settings)
  -- What it printed may show a secret that it was given.
  local secrets = command.secrets_of({ settings.env or {}, settings.stdin }, {})
  status.output = core.redact(output, secrets)
  if status.exit ~= 0 and settings.check ~= false then
    core.fail { kind = "check",
      message = ("%s failed (%s): %s"):format(words[1], command.describe(status),
        command.one_line(status.output)) }
  end
  return status
end

--- Runs a line of shell, with the options of ln.run.
-- @tparam string line
-- @tparam[opt] table settings
function run.shell(line, settings)
  options.argument("ln.shell", "the line of shell", line, "string")
  if settings ~= nil then options.argument("ln.shell", "the options", settings, "table") end
  local given = { "/bin/sh", "-c", line }
  for key, value in pairs(settings or {}) do given[key] = value end
  return run.run(given)
end

return run
