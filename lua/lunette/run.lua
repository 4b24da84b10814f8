--- Running programs: ln.run without a shell, ln.shell with one.
-- @module lunette.run
local core = require "lunette.core"
local options = require "lunette.options"
local os_ = require "lunette.os"

local run = {}

local SPEC = {
  env = "table", -- added to what a child gets: strings and secret values
  stdin = "any", -- a string or a secret value
  timeout = "number", -- seconds (60)
  check = "boolean", -- raise unless it succeeds (true)
}
local TIMEOUT = 60

local function split(given)
  local words, settings = {}, {}
  for key, value in pairs(given) do
    if math.type(key) == "integer" then words[key] = value else settings[key] = value end
  end
  options.check("ln.run", settings, SPEC)
  return words, settings
end

local function environment(added)
  if not added then return nil end
  local all = os_.environ(true)
  for name, value in pairs(added) do all[name] = value end
  return all
end

-- What it printed may show a secret that it was given.
local function secrets_of(settings)
  local list = {}
  for _, value in pairs(settings.env or {}) do
    if core.is_secret(value) then list[#list + 1] = value end
  end
  if core.is_secret(settings.stdin) then list[#list + 1] = settings.stdin end
  return list
end

local function start_and_wait(words, settings)
  local child <close> = os_.spawn {
    argv = words, env = environment(settings.env), input = settings.stdin,
  }
  local status = child:wait(settings.timeout or TIMEOUT)
  if not status then
    child:kill "KILL"
    core.fail { kind = "deadline",
      message = ("%s ran longer than %g s"):format(words[1], settings.timeout or TIMEOUT) }
  end
  return status, child:output()
end

local function one_line(text)
  text = text:gsub("%s+$", ""):gsub("%s*\n%s*", " | "):gsub("%c", " ")
  if text == "" then return "it printed nothing" end
  return #text > 400 and text:sub(1, 400) .. "..." or text
end

--- Runs a program and waits for it.
-- @tparam table given the program and its arguments; env, stdin, timeout,
--   check
-- @treturn table `{exit =, signal =, output =}`: what it printed on both of
--   its streams, secrets that it was given taken out
-- @raise check (16) if it fails, unless check = false; deadline (19)
function run.run(given)
  if type(given) ~= "table" then error("ln.run takes a list of words", 2) end
  local words, settings = split(given)
  local status, output = start_and_wait(words, settings)
  status.output = core.redact(output, secrets_of(settings))
  if status.exit ~= 0 and settings.check ~= false then
    core.fail { kind = "check",
      message = ("%s failed (%s): %s"):format(words[1],
        status.signal and ("signal %d"):format(status.signal)
          or ("exit status %d"):format(status.exit), one_line(status.output)) }
  end
  return status
end

--- Runs a line of shell, with the options of ln.run.
-- @tparam string line
-- @tparam[opt] table settings
function run.shell(line, settings)
  if type(line) ~= "string" then error("ln.shell takes a line of shell", 2) end
  local given = { "/bin/sh", "-c", line }
  for key, value in pairs(settings or {}) do given[key] = value end
  return run.run(given)
end

return run
