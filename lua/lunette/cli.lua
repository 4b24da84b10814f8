--- The command line of a script: strict options, the ones that all commands
-- share, and the session that they ask for.
local core = require "lunette.core"
local options = require "lunette.options"
local os_ = require "lunette.os"

local cli = {}

-- Every command takes these. `takes` names the value in the help; what has
-- none is a flag.
local COMMON = {
  { "profile", takes = "NAME", help = "profile of the AWS config and credentials files" },
  { "region", takes = "REGION", help = "region, where the reference names none" },
  { "endpoint-url", takes = "URL", help = "send every call there" },
  { "role", takes = "ARN", help = "assume this role first" },
  { "external-id", takes = "ID", help = "the external id that the role asks for" },
  { "deadline", takes = "TIME", help = "give up a call of AWS after this long (default 120s)" },
  { "wait", help = "wait for a role, routes and names to be there" },
  { "no-wait", help = "do not, not even while the machine boots" },
  { "quiet", help = "print errors alone" },
  { "verbose", short = "v", help = "show each request and its outcome on standard error" },
  { "log", takes = "FORMAT", help = "text or json: the form of those lines" },
  { "help", short = "h", help = "this text" },
}

--- Raises a usage error of the command of SPEC.
local function usage(spec, message, hint)
  error(core.error { kind = "usage", message = ("%s: %s"):format(spec.name, message),
    hint = hint or ("lunette help %s"):format(spec.name) }, 0)
end

cli.usage = usage

local function index(spec)
  local by_name, by_short, names = {}, {}, {}
  for _, list in ipairs { spec.options or {}, COMMON } do
    for _, option in ipairs(list) do
      if not by_name[option[1]] then
        by_name[option[1]] = option
        names[#names + 1] = option[1]
        if option.short then by_short[option.short] = option end
      end
    end
  end
  return by_name, by_short, names
end

local function set(spec, out, option, value)
  local key = option[1]:gsub("-", "_")
  if value == "" then usage(spec, ("--%s is empty"):format(option[1])) end
  if option.many then
    out[key] = out[key] or {}
    table.insert(out[key], value)
  elseif option.takes and out[key] ~= nil then
    usage(spec, ("--%s is given twice"):format(option[1]))
  else
    out[key] = value
  end
end

-- WORD is as it was typed.
local function unknown(spec, word, by_name, names)
  local dashes, name = word:match "^(%-+)([^=]*)"
  if dashes == "-" and by_name[name] then
    usage(spec, ("-%s is no option"):format(name), ("two dashes: --%s"):format(name))
  end
  local near = options.nearest(name, names)
  usage(spec, ("unknown option %s%s"):format(dashes, name),
    near and ("did you mean --%s?"):format(near))
end

local function describe(list, lines)
  for _, option in ipairs(list) do
    local left = "  --" .. option[1] .. (option.takes and " " .. option.takes or "")
    if option.short then left = left .. ", -" .. option.short end
    local gap = #left < 26 and (" "):rep(26 - #left) or "\n" .. (" "):rep(26)
    lines[#lines + 1] = left .. gap .. (option.help or "")
  end
end

--- What `--help` prints.
function cli.help(spec)
  local lines = { "usage: lunette " .. spec.usage, "", (spec.help:gsub("%s+$", "")) }
  if spec.options then
    lines[#lines + 1] = "\noptions:"
    describe(spec.options, lines)
  end
  lines[#lines + 1] = "\ncommon options:"
  describe(COMMON, lines)
  return table.concat(lines, "\n") .. "\n"
end

--- "120s", "2m", "500ms" or plain seconds, as seconds.
function cli.seconds(spec, name, text)
  local number, unit = text:match "^(%d+%.?%d*)(%a*)$"
  local scale = ({ [""] = 1, s = 1, m = 60, h = 3600, ms = 0.001 })[unit]
  local seconds = number and scale and tonumber(number) * scale
  if not seconds or seconds <= 0 or seconds > 86400 then
    usage(spec, ("--%s takes a time such as 30s or 2m"):format(name))
  end
  return seconds
end

--- Reads a command line.
-- @tparam table args the arguments, as in `arg`
-- @tparam table spec `name`, `usage`, `help`, `options` (rows as COMMON's;
--   `many` collects a list), `min` and `max` number of other arguments
-- @treturn table the options by name, `-` written as `_`
-- @treturn table the other arguments
function cli.parse(args, spec)
  local by_name, by_short, names = index(spec)
  local out, rest, i = {}, {}, 1
  while i <= #args do
    local word = args[i]
    if word == "--" then
      table.move(args, i + 1, #args, #rest + 1, rest)
      break
    elseif word:find "^%-." then
      local name, value = word:match "^%-%-([^=]+)=?(.*)$"
      local option = name and by_name[name] or by_short[word:sub(2)]
      if not option then unknown(spec, word, by_name, names) end
      local joined = name ~= nil and word:find("=", 1, true) ~= nil
      if not option.takes then
        if joined then usage(spec, ("--%s takes no value"):format(option[1])) end
        value = true
      elseif not joined then
        i = i + 1
        value = args[i]
        if not value then usage(spec, ("--%s needs a value"):format(option[1])) end
      end
      set(spec, out, option, value)
    else
      rest[#rest + 1] = word
    end
    i = i + 1
  end
  if out.help then
    os_.write(1, cli.help(spec))
    os.exit(0, true)
  end
  cli.check(spec, out, rest)
  return out, rest
end

--- Checks what the options all commands share say, and the arguments' number.
function cli.check(spec, out, rest)
  if out.deadline then out.deadline = cli.seconds(spec, "deadline", out.deadline) end
  if out.external_id and not out.role then usage(spec, "--external-id needs --role") end
  if out.wait and out.no_wait then usage(spec, "--wait and --no-wait exclude each other") end
  if out.log and out.log ~= "text" and out.log ~= "json" then
    usage(spec, "--log takes text or json")
  end
  if #rest < (spec.min or 0) then
    usage(spec, ("needs %s"):format(spec.what or "more arguments"))
  end
  if spec.max and #rest > spec.max then
    usage(spec, ("'%s' is one argument too many"):format(rest[spec.max + 1]))
  end
  if out.verbose or out.log then require("lunette").log.to_stderr(out.log or "text") end
end

--- Splits the "NAME=VALUE" of an option that may be given several times.
-- @tparam table spec
-- @tparam string option its name
-- @tparam[opt] table list what was given
-- @tparam table seen the names so far, of all such options
-- @treturn table the names, in order
-- @treturn table the values, likewise
function cli.pairs(spec, option, list, seen)
  local names, values = {}, {}
  for i, text in ipairs(list or {}) do
    local name, value = text:match "^([%a_][%w_]*)=(.*)$"
    if not name then
      usage(spec, ("--%s takes NAME=%s"):format(option, option == "secret" and "REF" or "VALUE"))
    end
    if seen[name] then usage(spec, ("%s is given twice"):format(name)) end
    seen[name] = true
    names[i], values[i] = name, value
  end
  return names, values
end

--- Refuses to print secrets where standard output and standard error are one
-- file that is no terminal: in a boot script, commonly a log that many read.
function cli.refuse_log(spec, instead)
  if os_.isatty(1) or not os_.same_file(1, 2) then return end
  usage(spec, "standard output and standard error are the same file, likely a log",
    ("%s; --print prints it all the same"):format(instead))
end

--- TEXT behind HEAD in lines of WIDTH, broken at blanks, and what goes on
-- below where it began. Words stay whole, however long.
-- @treturn string the lines, each with its end
function cli.wrap(head, text, width)
  local indent = (" "):rep(utf8.len(head) or #head)
  local lines, line = {}, head
  local column, first = #indent, true
  for word in text:gmatch "%S+" do
    local size = utf8.len(word) or #word
    if not first and column + 1 + size > width then
      lines[#lines + 1] = line .. "\n"
      line, column, first = indent, #indent, true
    end
    line = line .. (first and "" or " ") .. word
    column = column + size + (first and 0 or 1)
    first = false
  end
  lines[#lines + 1] = line .. "\n"
  return table.concat(lines)
end

-- ------------------------------------------------------------- sessions --

local DEADLINE = 120 -- seconds; as a session's own
local TRIES = 3

local NO_CODE = {
  terminal = { "there is no terminal to ask on",
    "run it in a terminal's foreground; a script can give ln.session an mfa_code" },
  timeout = { "nobody has typed it in time", "--deadline gives more time" },
  ["end"] = { "the terminal's input has ended" },
}

-- An error because the code of SERIAL is wanted, and there is none.
local function no_code(serial, why)
  error(core.error {
    kind = why == "timeout" and "deadline" or "credentials",
    message = ("a code of the MFA device %s is wanted: %s"):format(serial, NO_CODE[why][1]),
    hint = NO_CODE[why][2],
  }, 0)
end

--- A function that asks for the code of an MFA device on the terminal.
-- @tparam number seconds how long it may take
function cli.ask_mfa(seconds)
  return function(serial)
    local last = core.public.time.monotonic() + seconds
    serial = serial:gsub("%c", "?")
    for try = 1, TRIES do
      local left = last - core.public.time.monotonic()
      if left <= 0 then no_code(serial, "timeout") end
      local code, why = os_.ask(("%sMFA code for %s: "):format(
        try > 1 and "That is not six digits. " or "", serial), left)
      if not code then no_code(serial, why) end
      code = code:gsub("%s", "")
      if code:find "^%d%d%d%d%d%d$" then return code end
    end
    error(core.error { kind = "credentials",
      message = ("the code of the MFA device %s has to be six digits"):format(serial) }, 0)
  end
end

--- The session that the common options ask for.
function cli.session(out)
  local ln = require "lunette"
  local wait = out.wait
  if out.no_wait then wait = false end
  local session = ln.session {
    profile = out.profile, region = out.region, endpoint_url = out.endpoint_url,
    deadline = out.deadline, wait = wait, mfa_code = cli.ask_mfa(out.deadline or DEADLINE),
  }
  if out.role then
    session = session:assume_role { role_arn = out.role, external_id = out.external_id }
  end
  return session
end

return cli
