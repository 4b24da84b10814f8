-- render a template to a file, whole or not at all
local ln = require "lunette"
local cli = require "lunette.cli"
local os_ = require "lunette.os"

local SPEC = {
  name = "render",
  usage = "render TEMPLATE --to FILE [OPTION]...",
  help = [[
Renders TEMPLATE. Values are written as the target's format wants them where
they stand. Everything is fetched and rendered first; the file is staged beside
its target, checked, and renamed. What fails changes nothing.

    lunette render app.yaml.tmpl --to /etc/app.yaml --secret db=prod/db
        --mode 0640 --owner root:app --check 'app --test %s' --reload-unit app
]],
  options = {
    { "to", takes = "FILE", help = "the target; - is standard output" },
    { "print", help = "with --to -: even into a log" },
    { "format", takes = "F", help = "yaml json dotenv sh text (default: by FILE's name)" },
    { "secret", takes = "NAME=REF", many = true, help = "a secret, as NAME in the template" },
    { "set", takes = "NAME=VALUE", many = true, help = "a text, as NAME in the template" },
    { "mode", takes = "MODE", help = "such as 0640 (default: the file's own; a new one 0600)" },
    { "owner", takes = "U:G", help = "user, group or both" },
    { "check", takes = "CMD", help = "run on the staged file (%s); if it fails: exit 16" },
    { "on-change", takes = "CMD", help = "run if the file changed; if it fails: exit 17" },
    { "reload-unit", takes = "UNIT", help = "reload this systemd unit if the file changed" },
  },
  min = 1, max = 1, what = "the TEMPLATE",
}

-- What --set and --secret give: each name once.
local function read_given(options)
  local given, seen = { set = {} }, {}
  local names, texts = cli.pairs(SPEC, "set", options.set, seen)
  for i, name in ipairs(names) do given.set[name] = texts[i] end
  given.names, given.refs = cli.pairs(SPEC, "secret", options.secret, seen)
  return given
end

-- The secrets of the command line, all fetched together.
local function values_of(given, session)
  local values = given.set
  if #given.refs > 0 then
    local fetched = session:secrets(given.refs)
    for i, name in ipairs(given.names) do values[name] = fetched[given.refs[i]] end
  end
  return values
end

-- Of a file; standard output has none of them.
local OF_FILES = { "check", "mode", "owner", "on-change", "reload-unit" }

local function check(options)
  if not options.to then
    cli.usage(SPEC, "needs --to FILE", "--to - renders to standard output")
  end
  if options.on_change and options.reload_unit then
    cli.usage(SPEC, "--on-change and --reload-unit exclude each other")
  end
  for _, name in ipairs(options.to == "-" and OF_FILES or {}) do
    if options[name:gsub("-", "_")] then
      cli.usage(SPEC, ("--%s means nothing with --to -"):format(name),
        "--to FILE writes a file")
    end
  end
  if options.to == "-" and not options.print then
    cli.refuse_log(SPEC, "--to FILE writes a file")
  end
  local mode = options.mode
  if mode and not mode:find "^[0-7][0-7][0-7][0-7]?$" then
    cli.usage(SPEC, ("--mode %s: write three or four octal digits, as 0640"):format(mode))
  end
end

local options, rest = cli.parse(arg, SPEC)
check(options)
local given = read_given(options)
local session = cli.session(options)
local result = ln.render {
  template = rest[1], to = options.to, format = options.format, session = session,
  values = function() return values_of(given, session) end,
  mode = options.mode, owner = options.owner, check = options.check,
  on_change = options.on_change or options.reload_unit and { reload_unit = options.reload_unit },
}
if options.to ~= "-" and not options.quiet then
  os_.write(1, ("%s: %s%s\n"):format(result.to, result.changed and "written" or "unchanged",
    result.note and " (" .. result.note .. ")" or ""))
end
