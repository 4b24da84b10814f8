-- say whose credentials are used
local ln = require "lunette"
local cli = require "lunette.cli"
local os_ = require "lunette.os"

local SPEC = {
  name = "whoami",
  usage = "whoami [OPTION]...",
  help = [[
Asks STS who the caller is, with the credentials that every other command would
use, and says where those come from.
]],
  options = { { "json", help = "as a JSON object" } },
  max = 0,
}

local options = cli.parse(arg, SPEC)
local session = cli.session(options)
local identity = session:identity()
local credentials = session:credentials()
local rows = {
  { "account", identity.account },
  { "arn", identity.arn },
  { "user_id", identity.user_id },
  { "provider", credentials.provider },
  { "region", session:region() },
  { "expiration", credentials.expiration and ln.time.format(credentials.expiration) },
}
if options.json then
  local object = {}
  for _, row in ipairs(rows) do object[row[1]] = row[2] end
  os_.write(1, ln.json.encode(object), "\n")
else
  for _, row in ipairs(rows) do
    if row[2] then os_.write(1, ("%-11s %s\n"):format(row[1], row[2])) end
  end
end
