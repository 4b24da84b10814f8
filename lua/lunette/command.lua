--- Commands that a rendering runs: checks, reloads. A command is a line, split
-- into words as a POSIX shell would but run without one, or a list of words;
-- or `{ reload_unit = NAME }`. What it prints is captured and redacted.
local os_ = require "lunette.os"
local core = require "lunette.core"

local function fail(fields) error(core.error(fields), 0) end
local command = {}

local TIMEOUT = 60 -- seconds

--- Raises unless COMMAND is nil or a command.
function command.validate(value, what)
  if value == nil or (type(value) == "string" and value:find "%S") then return end
  if type(value) == "table" then
    if type(value.reload_unit) == "string" and value.reload_unit:find "^[%w:_.@\\-]+$"
      and not value.reload_unit:find "^%-" then
      return
    end
    if type(value[1]) == "string" then return end
  end
  fail { kind = "invalid", message = ("%s is no command"):format(what),
    hint = 'a line ("app --test %s"), a list of words, or { reload_unit = "app" }' }
end

local function words_of(value, path)
  local words = type(value) == "string" and os_.split(value) or table.move(value, 1, #value, 1, {})
  if path then
    for i, word in ipairs(words) do
      words[i] = word:gsub("%%s", function() return path end)
    end
  end
  return words
end

local function describe(status)
  if not status then return "timed out" end
  if status.signal then return ("signal %d"):format(status.signal) end
  return ("exit status %d"):format(status.exit)
end

--- One line of what a command printed: redacted, and cut.
local function tidy(output, secrets)
  local text = core.redact(output or "", secrets or {})
  text = text:gsub("%s+$", ""):gsub("[\r\n]+", " | "):gsub("%c", " ")
  if text == "" then return "it printed nothing" end
  if #text > 400 then text = text:sub(1, 400) .. "..." end
  return text
end

local function run_words(words, settings)
  local started, child = pcall(os_.spawn, { argv = words })
  if not started then
    return { ok = false, how = "not started", output = child.message or tostring(child) }
  end
  local box <close> = child
  local status = box:wait(settings.timeout or TIMEOUT)
  if not status then box:kill "KILL" end
  return {
    ok = status ~= nil and status.exit == 0,
    how = describe(status),
    output = tidy(box:output(), settings.secrets),
    raw = box:output(),
  }
end

--- Reloads a systemd unit if there is something to reload: a unit that is not
-- active reads its files when it starts, and one with a queued job is about
-- to; asking systemd to wait for either could block a boot for ever.
local function reload_unit(unit, settings)
  if not os_.exists "/run/systemd/system" then
    return { ok = true, note = ("no systemd runs here: %s was not reloaded"):format(unit) }
  end
  local show = run_words({ "systemctl", "show", "--property=ActiveState,Job", "--", unit },
    settings)
  if not show.ok then return show end
  if not show.raw:find "ActiveState=active" then
    return { ok = true, note = ("%s is not active: nothing to reload"):format(unit) }
  end
  if show.raw:find "Job=[1-9]" then
    return { ok = true, note = ("%s has a job queued: it is not reloaded twice"):format(unit) }
  end
  return run_words({ "systemctl", "reload-or-restart", "--", unit }, settings)
end

--- Runs a command.
-- @param value a line, a list of words, or `{ reload_unit = NAME }`
-- @tparam table settings `path` takes the place of %s; `timeout` in seconds
--   (60); `secrets`, a list of secret values never to show
-- @treturn table `{ok =, how =, output = one redacted line, note =}`
function command.run(value, settings)
  if type(value) == "table" and value.reload_unit then
    return reload_unit(value.reload_unit, settings)
  end
  return run_words(words_of(value, settings.path), settings)
end

return command
