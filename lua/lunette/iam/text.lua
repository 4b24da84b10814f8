--- What a decision says: AWS's own denial text, and one line for a log.
--
-- The two differ on purpose. AWS's text names one kind of policy, and not always the one that is at
-- fault; the line names the statement and the value that decided.
-- @module lunette.iam.text

local principal = require "lunette.iam.principal"

local text = {}

-- What AWS's texts call each layer, when it lacks an allowance and when it denies. AWS reports a
-- service control policy that merely does not allow as one that denies.
local IMPLICIT = {
  identity = "identity-based policy",
  resource = "resource-based policy",
  key = "resource-based policy",
  trust = "role trust policy",
  boundary = "permissions boundary",
  session = "session policy",
  endpoint = "VPC endpoint policy",
}
local EXPLICIT = {
  identity = "an identity-based policy",
  resource = "a resource-based policy",
  key = "a resource-based policy",
  trust = "the role trust policy",
  boundary = "a permissions boundary",
  session = "a sessions policy",
  endpoint = "a VPC endpoint policy",
  scp = "a service control policy",
  rcp = "a resource control policy",
}

-- What a log line calls each layer.
local PLAIN = {
  identity = "identity", resource = "resource policy", key = "key policy", trust = "trust policy",
  boundary = "boundary", session = "session policy", endpoint = "endpoint policy", scp = "SCP",
  rcp = "RCP",
}

--- AWS's text for a denial; nil for a decision that allows.
-- @param decision of `lunette.iam.evaluate`
-- @param request the request it decided; `resource_shown` stands in for `resource` where the client
-- named the resource in another way, and a request without a resource has no `on resource:`
function text.denial(decision, request)
  if decision.allowed then
    return nil
  end
  local who = principal.caller(principal.new(request.principal))
  local shown = request.resource_shown or request.resource
  local reason
  if decision.effect == "explicit_deny" or not IMPLICIT[decision.named] then
    reason = "with an explicit deny in " .. EXPLICIT[decision.named]
  else
    reason = ("because no %s allows the %s action"):format(IMPLICIT[decision.named],
      request.action)
  end
  return ("User: %s is not authorized to perform: %s%s %s"):format(who, request.action,
    shown and (" on resource: " .. shown) or "", reason)
end

local function place(record)
  if record.grant then
    return "grant #" .. record.index
  end
  local name = record.layer == "identity" and record.document
  return PLAIN[record.layer] .. (name and (' "%s"'):format(name) or "") .. " #" .. record.index
end

-- How much of two values is the same at their beginnings and at their ends, counted to the marks
-- that ARNs and host names are made of.
local function common(value, other)
  local limit, head, tail = math.min(#value, #other), 0, 0
  for i = 1, limit do
    if value:byte(i) ~= other:byte(i) then
      break
    elseif value:sub(i, i):find("[:/.]") then
      head = i
    end
  end
  for i = 1, limit - head do
    if value:byte(-i) ~= other:byte(-i) then
      break
    elseif value:sub(-i, -i):find("[:/.]") then
      tail = i
    end
  end
  return head, tail
end

-- A value without that much of its beginning and end, so that the difference is what stays.
local function shorten(value, head, tail)
  return (head > 1 and "…" or value:sub(1, head)) .. value:sub(head + 1, #value - tail)
    .. (tail > 1 and "…" or value:sub(#value - tail + 1))
end

-- How wide a line is on a terminal: the only character we write that has several bytes is "…".
local function width_of(line)
  return utf8.len(line) or #line
end

local function cut(line, width)
  if width_of(line) <= width then
    return line
  end
  local last = utf8.len(line) and utf8.offset(line, width) or width
  return line:sub(1, last - 1) .. "…"
end

local function say_failure(record, wanted, had)
  local where, element = place(record), record.failed_element:gsub("^Not", "")
  if record.key then
    return ("%s needs %s %s, was %s"):format(where, record.key, wanted, had)
  elseif element == "Principal" or element == "Action" or element == "Resource" then
    return ("%s is for %s, not %s"):format(where, wanted, had)
  end
  return ("%s: %s must be %s, is %s"):format(where, record.failed_element, wanted, had)
end

-- The values are shown whole if they fit; else as little as needed of what they share is left out.
local function failure_line(prefix, record, width)
  local wanted, had = record.wanted or "", record.had or "absent"
  local head, tail = common(wanted, had)
  local line = nil
  for _, cuts in ipairs({ { 0, 0, 0 }, { 0, head, 0 }, { head, head, 0 }, { head, head, tail } }) do
    line = prefix .. say_failure(record, shorten(wanted, cuts[1], cuts[3]),
      shorten(had, cuts[2], cuts[3]))
    if width_of(line) <= width then
      break
    end
  end
  local more = #record.failures > 1 and (" (and %d more)"):format(#record.failures - 1) or ""
  if width_of(line .. more) <= width then
    return line .. more
  end
  return cut(line, width)
end

-- A statement for another action that misses by more than the action is about something else, and
-- quoting it would mislead.
local function worth_quoting(record)
  local action = false
  for _, failure in ipairs(record.failures) do
    action = action or failure.element == "Action" or failure.element == "NotAction"
  end
  return not action or #record.failures == 1
end

local ORDER = { "identity", "resource", "key", "trust", "boundary", "session", "scp", "endpoint" }

local function allowed_line(decision)
  local granted = {}
  for _, record in ipairs(decision.derivation) do
    local seen = granted[record.layer]
    local stronger = seen and principal.rank(record.how) > principal.rank(seen.how)
    if record.matched and record.effect == "Allow" and (not seen or stronger) then
      granted[record.layer] = record
    end
  end
  local parts = {}
  for _, layer in ipairs(ORDER) do
    if granted[layer] then
      parts[#parts + 1] = place(granted[layer])
    end
  end
  return "allowed: " .. (#parts > 0 and table.concat(parts, " + ") or "root user")
end

--- One line that says why, for a request log: at most `width` characters, 100 unless told.
-- @param decision of `lunette.iam.evaluate`
-- @param width how long the line may be
function text.explain_line(decision, width)
  width = width or 100
  if decision.allowed then
    return cut(allowed_line(decision), width)
  elseif decision.effect == "explicit_deny" then
    local record = decision.decided_by
    local sid = record.sid and (' "%s"'):format(record.sid) or ""
    return cut(("denied: explicit deny in %s%s"):format(place(record), sid), width)
  elseif decision.unsupported_across_accounts then
    return cut("denied: KMS never allows " .. decision.action .. " from another account", width)
  end
  local nearest = decision.nearest
  if not nearest or not worth_quoting(nearest) then
    local layer = decision.layer == "identity" and "identity policy" or PLAIN[decision.layer]
    return cut(("denied: no %s allows %s"):format(layer, decision.action), width)
  end
  return failure_line("denied: ", nearest, width)
end

return text
