--- Commands that a script or a rendering runs: programs, checks, reloads. A
-- command is a line, split into words as a POSIX shell would but run without
-- one, or a list of words; or `{ reload_unit = NAME }`. What it prints is
-- captured and redacted.
local os_ = require "lunette.os"
local core = require "lunette.core"

local function fail(fields) error(core.error(fields), 0) end
local command = {}

local TIMEOUT = 60 -- seconds
local GRACE = 2 -- seconds between asking a child to end and ending it
local LINE_MAX = 400 -- bytes of what messages show

-- ---------------------------------------------------------------- words --

local function word_of(value, at)
  if type(value) == "string" then
    if value:find("\0", 1, true) then return nil, ("word %d has a NUL in it"):format(at) end
    return value
  end
  if math.type(value) == "integer" then return tostring(value) end
  if core.is_secret(value) then
    return nil, ("word %d: a secret cannot be an argument: every process may read it; "
      .. "pass it by a file or standard input"):format(at)
  end
  return nil, ("word %d is a %s, not a string"):format(at, type(value))
end

--- The words of a list: strings, and integers as their text.
-- @treturn table the words; or nil and what is wrong with the list
function command.words(list)
  local words, count = {}, 0
  for key in pairs(list) do
    if math.type(key) ~= "integer" then
      return nil, ("a list of words has no field '%s'"):format(tostring(key))
    end
    count = count + 1
  end
  for at = 1, count do
    local problem
    words[at], problem = word_of(list[at], at)
    if problem then return nil, problem end
  end
  if count == 0 or words[1] == "" then return nil, "there is no program in it" end
  return words
end

local function valid_unit(value)
  return type(value.reload_unit) == "string" and next(value, "reload_unit") == nil
    and next(value) == "reload_unit" and value.reload_unit:find "^[%w:_.@\\-]+$"
    and not value.reload_unit:find "^%-"
end

--- Raises unless VALUE is nil or a command.
function command.validate(value, what)
  if value == nil or (type(value) == "string" and value:find "%S") then return end
  local problem
  if type(value) == "table" then
    if valid_unit(value) then return end
    if value[1] ~= nil then
      local words
      words, problem = command.words(value)
      if words then return end
    end
  end
  fail { kind = "invalid",
    message = problem and ("%s: %s"):format(what, problem) or ("%s is no command"):format(what),
    hint = 'a line ("app --test %s"), a list of words, or { reload_unit = "app" }' }
end

local function words_of(value, path)
  local words = type(value) == "string" and os_.split(value) or assert(command.words(value))
  if path then
    for i, word in ipairs(words) do
      words[i] = word:gsub("%%s", function() return path end)
    end
  end
  return words
end

-- ---------------------------------------------------------------- secrets --

--- Adds the secrets in VALUE, however deep, to the list FOUND.
function command.secrets_of(value, found)
  local left, seen = { value }, {}
  while #left > 0 do
    local one = table.remove(left)
    if core.is_secret(one) then
      found[#found + 1] = one -- with all that is in it
    elseif type(one) == "table" and not seen[one] then
      seen[one] = true
      for _, inner in next, one do left[#left + 1] = inner end
    end
  end
  return found
end

--- One line of what a command printed, cut.
function command.one_line(text, cut)
  local start = text:sub(1, 10 * LINE_MAX) -- patterns are slow on what is long
  local line = start:gsub("^%s+", ""):gsub("%s+$", "")
  line = line:gsub("%s*[\r\n]+%s*", " | "):gsub("%c", " ")
  if line == "" and #start == #text and not cut then return "it printed nothing" end
  if #line > LINE_MAX or #start < #text or cut then line = line:sub(1, LINE_MAX) .. "..." end
  return line
end

-- ---------------------------------------------------------------- running --

--- The signals that would end this process, held back until the object is
-- closed, so that nothing of a child or of a staged file stays behind. They
-- are not read: what has come then ends the process as it would have before.
function command.hold_signals()
  return os_.signals { "TERM", "INT", "HUP" }
end

--- Waits for a child, and ends it where it takes too long or a signal comes.
-- @treturn table its status, as of child:wait; nil if it did not end by itself
-- @treturn string "timed out" or "interrupted"
function command.wait(child, timeout, signals)
  local status, stopped = child:wait(timeout, signals:fd())
  if status then return status end
  if stopped then
    child:kill "TERM"
    if child:wait(GRACE) then return nil, "interrupted" end
  end
  child:kill "KILL"
  return nil, stopped and "interrupted" or "timed out"
end

--- How a status reads in a message.
function command.describe(status)
  if status.signal then return ("signal %d"):format(status.signal) end
  return ("exit status %d"):format(status.exit)
end

local function run_words(words, settings)
  local started, child = pcall(os_.spawn, { argv = words })
  if not started then
    return { ok = false, how = "not started", output = child.message or tostring(child) }
  end
  local box <close> = child
  local signals <close> = command.hold_signals()
  local status, how = command.wait(box, settings.timeout or TIMEOUT, signals)
  local output = box:output()
  return {
    ok = status ~= nil and status.exit == 0,
    interrupted = how == "interrupted",
    how = how or command.describe(status),
    output = command.one_line(core.redact(output, settings.secrets or {}), box:cut()),
    raw = output,
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
-- @treturn table `{ok =, how =, output = one redacted line, note =,
--   interrupted = true where a signal came that is to end this process}`
function command.run(value, settings)
  if type(value) == "table" and value.reload_unit then
    return reload_unit(value.reload_unit, settings)
  end
  return run_words(words_of(value, settings.path), settings)
end

return command
