-- print a secret, or a field of it
local ln = require "lunette"
local cli = require "lunette.cli"
local os_ = require "lunette.os"

local SPEC = {
  name = "get",
  usage = "get [OPTION]... REF...",
  help = [[
Prints the secret that REF names: its bytes as they are, and nothing else (on a
terminal, a line break behind them). REF is ID[?key=value&...][#path]; ID is a
name or an ARN; keys are stage, version, region, profile, role, external_id.

    lunette get prod/db#password
    lunette get --json prod/db#username prod/db#password
    lunette get --out key.pem 'prod/tls?stage=AWSPREVIOUS#key'
]],
  options = {
    { "json", help = "a JSON object with a member for each REF" },
    { "null", short = "0", help = "a NUL behind each, in the order asked" },
    { "out", takes = "FILE", help = "write FILE instead, mode 0600, whole or not at all" },
    { "print", help = "print even into a log" },
  },
  min = 1, what = "a REF, such as prod/db#password",
}

-- Built by the template of the format, so that what goes out is JSON whatever
-- the secrets hold, and stays a secret on its way.
local function as_json(refs, values)
  local text = "{\n{% for i, ref in ipairs(refs) do %}  {{ ref }}: {{ values[ref] }}"
    .. "{% if i < #refs then %},{% end %}\n{% end %}}\n"
  return ln.template(text, { format = "json", name = "get" })
    :render { refs = refs, values = values }
end

-- Booleans and null are JSON's words; all else is bytes.
local function join(refs, values, behind)
  local out = ""
  for _, ref in ipairs(refs) do
    local value = values[ref]
    if value == ln.null then value = "null" end
    if type(value) == "boolean" then value = tostring(value) end
    out = out .. value .. behind
  end
  return out
end

local options, refs = cli.parse(arg, SPEC)
if #refs > 1 and not options.json and not options.null then
  cli.usage(SPEC, "several secrets need --json or -0", "-0 puts a NUL behind each")
end
if options.json and options.null then
  cli.usage(SPEC, "--json and -0 exclude each other", "-0 puts a NUL behind each")
end
local seen = {}
for _, ref in ipairs(options.json and refs or {}) do
  if seen[ref] then
    cli.usage(SPEC, ("%s is asked for twice"):format(ref), "an object has a member once")
  end
  seen[ref] = true
end
if not options.out and not options.print then
  cli.refuse_log(SPEC, "--out FILE writes the secret to a file")
end
local values = cli.session(options):secrets(refs)
local output
if options.json then
  output = as_json(refs, values)
else
  local terminal = not options.out and os_.isatty(1)
  output = join(refs, values, options.null and "\0" or terminal and "\n" or "")
end
if options.out then
  local stage <close> = os_.stage(options.out, { mode = "0600" })
  if not stage:same(output) then
    stage:write(output)
    stage:commit()
  end
else
  os_.write(1, output)
end
