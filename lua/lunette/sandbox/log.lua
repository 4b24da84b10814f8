--- What was asked, what was answered and why: a few lines for people, or one line of JSON for
-- programs. Nothing of a request's body is in it, and of keys only the access key id.
-- @module lunette.sandbox.log

local wire = require "lunette.sandbox.wire"

local log = {}

local INDENT = (" "):rep(10)

local function what_of(entry)
  if entry.service == "imds" then return ("imds %s %s"):format(entry.method, entry.path) end
  if not entry.operation then return ("%s %s"):format(entry.method, entry.path) end
  return ("%s %s%s"):format(entry.service, entry.operation,
    entry.subject and " " .. entry.subject or "")
end

-- A client may put anything in a path; a terminal is not to obey it.
local function plain(text)
  return (text:gsub("%c", function(byte) return ("\\x%02x"):format(byte:byte()) end))
end

local function add(lines, label, text)
  lines[#lines + 1] = ("%s%-8s%s"):format(INDENT, label, plain(text))
end

local function mask_token(canonical)
  return (canonical:gsub("(x%-amz%-security%-token:)[^\n]+", "%1..."))
end

--- The lines for people.
function log.text(entry)
  local lines = { ("%s  %s -> %d%s"):format(os.date("!%H:%M:%S", math.floor(entry.time)),
    plain(what_of(entry)), entry.status, entry.code and " " .. entry.code or "") }
  if entry.caller then
    add(lines, "caller", entry.caller)
  elseif entry.access_key_id then
    add(lines, "key", entry.access_key_id)
  end
  for _, asked in ipairs(entry.decisions) do
    add(lines, asked.service == "secretsmanager" and "secrets" or asked.service,
      ("%s %s"):format(asked.action:match "[^:]+$", asked.line))
  end
  if entry.note then add(lines, "note", entry.note) end
  if entry.message then add(lines, "answer", entry.message) end
  if entry.expected then
    add(lines, "signed", "the canonical request that this signature should be of:")
    for line in mask_token(entry.expected.canonical_request):gmatch "[^\n]*" do
      lines[#lines + 1] = INDENT .. "  | " .. plain(line)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

local function record_of(record)
  return { layer = record.layer, document = record.document, index = record.index,
    sid = record.sid, effect = record.effect, matched = record.matched,
    failed_element = record.failed_element, wanted = record.wanted, had = record.had,
    key = record.key, operator = record.operator }
end

local function decision_of(asked)
  local decision, derivation = asked.decision, {}
  for i, record in ipairs(decision.derivation) do derivation[i] = record_of(record) end
  return { action = asked.action, resource = asked.resource, allowed = decision.allowed,
    effect = decision.effect, layer = decision.layer, sides = decision.sides, line = asked.line,
    derivation = #derivation > 0 and derivation or nil }
end

--- The line for programs.
function log.json(entry)
  local decisions = {}
  for i, asked in ipairs(entry.decisions) do decisions[i] = decision_of(asked) end
  return wire.json {
    time = wire.iso(entry.time), n = entry.n, method = entry.method, path = entry.path,
    service = entry.service, operation = entry.operation, resource = entry.subject,
    region = entry.region, caller = entry.caller, access_key_id = entry.access_key_id,
    status = entry.status, code = entry.code, message = entry.message, note = entry.note,
    request_id = entry.request_id, decisions = #decisions > 0 and decisions or nil,
  } .. "\n"
end

--- A function that writes entries to FILE in the form named by STYLE (text or json).
function log.to(file, style)
  local form = style == "json" and log.json or log.text
  return function(entry)
    file:write(form(entry))
    file:flush()
  end
end

return log
