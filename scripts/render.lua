-- render a template to a file, whole or not at all
local ln = require "lunette"
local cli = require "lunette.cli"

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

local function usage(message, hint)
  error(ln.error { kind = "usage", message = "render: " .. message, hint = hint }, 0)
end

-- The secrets of the command line, all fetched together.
local function values_of(options, session)
  local values, names, refs = {}, {}, {}
  for _, text in ipairs(options.set or {}) do
    local name, value = cli.pair(SPEC, "set", text)
    values[name] = value
  end
  for i, text in ipairs(options.secret or {}) do
    names[i], refs[i] = cli.pair(SPEC, "secret", text)
  end
  if #refs > 0 then
    local fetched = session:secrets(refs)
    for i, name in ipairs(names) do values[name] = fetched[refs[i]] end
  end
  return values
end

local options, rest = cli.parse(arg, SPEC)
if not options.to then usage("needs --to FILE", "--to - renders to standard output") end
if options.on_change and options.reload_unit then
  usage("--on-change and --reload-unit exclude each other")
end
local session = cli.session(options)
local result = ln.render {
  template = rest[1], to = options.to, format = options.format, session = session,
  values = function() return values_of(options, session) end,
  mode = options.mode, owner = options.owner, check = options.check,
  on_change = options.on_change or options.reload_unit and { reload_unit = options.reload_unit },
}
if options.to ~= "-" and not options.quiet then
  print(("%s: %s%s"):format(result.to, result.changed and "written" or "unchanged",
    result.note and " (" .. result.note .. ")" or ""))
end
