-- say whose credentials are used, and why these
local ln = require "lunette"
local cli = require "lunette.cli"
local os_ = require "lunette.os"

local SPEC = {
  name = "whoami",
  usage = "whoami [--why] [OPTION]...",
  help = [[
Asks STS who the caller is, with the credentials that every other command would
use, and says where those come from: each role on the way, the last one first.

With --why it also shows everybody who was asked for credentials, in order: how
long that took, what was looked at, and what was found (+), or why it was passed
over (-) or failed (!), which ends the search.
]],
  options = {
    { "why", help = "show everybody who was asked for credentials" },
    { "json", help = "as a JSON object" },
  },
  max = 0,
}

local MARKS = { found = "+", passed = "-", failed = "!" }
local WORDS = { found = "found", passed = "passed over", failed = "failed" }

local function duration(seconds)
  local ms = math.floor(seconds * 1000 + 0.5)
  if ms < 10000 then return ("%4d ms"):format(ms) end
  return ("%5.1f s"):format(seconds)
end

-- One line for what was asked, one for what came of it.
local function show_step(step, width)
  local head = ("%s %s  %s"):format(MARKS[step.result], duration(step.seconds),
    ("  "):rep(step.depth))
  local what = step.name .. (step.looked and ": " .. step.looked or "")
  local outcome = WORDS[step.result] .. (step.reason and ": " .. step.reason or "")
  os_.write(1, cli.wrap(head, what, width), cli.wrap((" "):rep(#head), outcome, width))
end

local function time_left(until_)
  local seconds = until_ - ln.time.now()
  if seconds <= 0 then return "expired" end
  if seconds < 120 then return ("in %d s"):format(seconds) end
  if seconds < 7200 then return ("in %d min"):format(seconds // 60) end
  if seconds >= 172800 then return ("in %d days"):format(seconds // 86400) end
  return ("in %d h %d min"):format(seconds // 3600, seconds % 3600 // 60)
end

-- The roles that were assumed on the way, the last one first.
local function roles_of(steps)
  local roles = ln.json.array {}
  for _, step in ipairs(steps) do
    if step.result == "found" and step.name:find "^AssumeRole" then
      table.insert(roles, 1, step.looked:match "^%S+") -- the ARN stands first
    end
  end
  return roles
end

-- What is known of the credentials, and, if STS has said so, of whose they are.
-- Without credentials nobody is asked for a region, which could take long.
local function facts_of(session, found, identity)
  local credentials = found.credentials
  if not credentials then return {} end
  local known, region, from = pcall(session.region, session)
  return {
    account = identity and identity.account or credentials.account_id,
    arn = identity and identity.arn, user_id = identity and identity.user_id,
    provider = credentials.provider, roles = roles_of(found.steps),
    region = known and region or nil, region_from = known and from or nil,
    expiration = credentials.expiration and ln.time.format(credentials.expiration),
  }
end

local function show(facts)
  local function row(name, value)
    if value then os_.write(1, ("%-11s %s\n"):format(name, value)) end
  end
  row("account", facts.account)
  row("arn", facts.arn)
  row("user_id", facts.user_id)
  row("provider", facts.provider)
  for i, role in ipairs(facts.roles) do row(i == 1 and "  role" or "  from", role) end
  row("region", facts.region)
  row("expiration", facts.expiration)
end

-- The facts, and what --why has to say of them.
local function with_notes(facts, expiration)
  if facts.region then facts.region = ("%s (%s)"):format(facts.region, facts.region_from) end
  if expiration then
    facts.expiration = ("%s (%s)"):format(facts.expiration, time_left(expiration))
  end
  return facts
end

-- An error object's fields, for JSON.
local function fields_of(problem)
  local fields = {}
  for name, value in pairs(problem) do fields[name] = value end
  return fields
end

-- Whom a session finds, and the session; if there can be none, just the error.
local function search(options)
  local made, session = pcall(cli.session, options)
  if made then return session:why(), session end
  if not options.json or not ln.is_error(session) then error(session, 0) end
  return { steps = {}, error = session }
end

local options = cli.parse(arg, SPEC)
local found, session = search(options)
if options.why and not options.json then
  for _, step in ipairs(found.steps) do show_step(step, os_.columns(1) or 80) end
end

local problem, identity = found.error, nil
if not problem then
  local answered, answer = pcall(session.identity, session)
  if answered then identity = answer else problem = answer end
end
local facts = facts_of(session, found, identity)
if options.json then
  facts.steps = options.why and ln.json.array(found.steps) or nil
  facts.error = ln.is_error(problem) and fields_of(problem) or nil
  os_.write(1, ln.json.encode(facts), "\n")
elseif options.why and found.credentials then
  os_.write(1, "\n")
  show(with_notes(facts, found.credentials.expiration))
elseif not problem then
  show(facts)
end
if problem then error(problem, 0) end
