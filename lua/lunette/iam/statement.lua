--- One statement against one request: it applies, or these elements of it did not match.
--
-- Every element is compared even after one has failed, because a statement that misses by one
-- element is the one a person meant, and saying so is half of what this evaluator is for.
-- @module lunette.iam.statement

local condition = require "lunette.iam.condition"
local match = require "lunette.iam.match"
local principal = require "lunette.iam.principal"
local shape = require "lunette.iam.shape"
local variables = require "lunette.iam.variables"

local statement = {}

local function say(element)
  local out = {}
  for i, value in ipairs(shape.list(element) or {}) do
    out[i] = shape.text(value) or shape.describe(value)
  end
  return #out > 0 and table.concat(out, " or ") or shape.describe(element)
end

local function fail(record, element, wanted, had)
  table.insert(record.failures, { element = element, wanted = wanted, had = had })
end

-- An element and its complement; both at once, or neither, is nothing AWS would have stored.
local function pick(st, name)
  local complement = "Not" .. name
  if (st[name] == nil) == (st[complement] == nil) then
    return nil
  end
  if st[name] ~= nil then
    return st[name], name, false
  end
  return st[complement], complement, true
end

local function missing(record, st, name)
  local both = st[name] ~= nil
  fail(record, name, name .. " or Not" .. name, both and "both" or "neither")
end

-- A complement with nothing readable in it excludes nothing, so it must not match by that.
local function readable(element)
  return #shape.strings(element) > 0
end

local function check_principal(record, st, view)
  local rules = view.rules
  local element, name, negated = pick(st, "Principal")
  if rules.principal == "forbidden" then
    if st.Principal ~= nil or st.NotPrincipal ~= nil then
      fail(record, "Principal", "no principal in " .. rules.title, "one")
    end
    return
  elseif not name then
    return missing(record, st, "Principal")
  elseif not negated then
    record.how = principal.named(element, view.caller)
    if not record.how then
      fail(record, name, principal.say(element), principal.nameable(view.caller))
    end
    return
  end
  local valid = element == "*" or shape.is_object(element)
  if rules.not_principal == "forbidden" or not valid then
    return fail(record, name, "a Principal element", principal.say(element))
  end
  -- AWS documents that nothing exempts a principal that has a permissions boundary.
  local cannot_exempt = view.has_boundary and st.Effect == "Deny"
  if not cannot_exempt and principal.exempt(element, view.caller) then
    return fail(record, name, "not " .. principal.say(element), principal.nameable(view.caller))
  end
  record.how = "everyone"
end

local function check_action(record, st, view)
  local element, name, negated = pick(st, "Action")
  if not name then
    return missing(record, st, "Action")
  end
  local covered = false
  for _, wanted in ipairs(shape.strings(element)) do
    covered = covered or match.action(wanted, view.action)
  end
  if covered == negated or not readable(element) then
    fail(record, name, (negated and "not " or "") .. say(element), view.action)
  end
end

-- `unresolved` says that a variable without a value stood in the way: such an entry matches
-- nothing, and a complement that has one cannot say what it leaves out.
local function covers_resource(element, view)
  local covered, unresolved = false, false
  for _, wanted in ipairs(shape.strings(element)) do
    local tokens = variables.expand(wanted, view.ctx, view.variables, "resource")
    if not tokens then
      unresolved = true
    elseif match.glob(match.compile(tokens), view.resource) then
      covered = true
    end
  end
  return covered, unresolved
end

local function check_resource(record, st, view)
  local element, name, negated = pick(st, "Resource")
  if view.rules.resource == "forbidden" then
    if st.Resource ~= nil or st.NotResource ~= nil then
      fail(record, "Resource", "no resource in " .. view.rules.title, "one")
    end
    return
  elseif not name then
    return missing(record, st, "Resource")
  end
  local covered, unresolved = covers_resource(element, view)
  if covered == negated or (negated and unresolved) or not readable(element) then
    fail(record, name, (negated and "not " or "") .. say(element), view.resource)
  end
end

local function check_condition(record, st, view)
  for _, failure in ipairs(condition.check(st.Condition, view.ctx, view.variables)) do
    failure.element = "Condition"
    table.insert(record.failures, failure)
  end
end

--- Compares one statement with a request.
-- @param st the statement, decoded
-- @param view `{ layer, document, index, rules, caller, action, resource, ctx, variables,
-- has_boundary }`: the request as this document sees it
-- @return a record of the derivation: `layer, document, index, sid, effect, matched`, `how` a
-- principal was named, `failures`, and of the first failure `failed_element, wanted, had, key,
-- operator`
function statement.check(st, view)
  local record = {
    layer = view.layer, document = view.document, index = view.index, matched = false,
    failures = {},
  }
  if not shape.is_object(st) then
    fail(record, "Statement", "an object", shape.describe(st))
  else
    record.sid = type(st.Sid) == "string" and st.Sid or nil
    record.effect = type(st.Effect) == "string" and st.Effect or nil
    if st.Effect ~= "Allow" and st.Effect ~= "Deny" then
      fail(record, "Effect", "Allow or Deny", shape.text(st.Effect) or shape.describe(st.Effect))
    end
    check_principal(record, st, view)
    check_action(record, st, view)
    check_resource(record, st, view)
    check_condition(record, st, view)
  end
  local first = record.failures[1]
  record.matched = first == nil
  if first then
    record.failed_element, record.wanted, record.had = first.element, first.wanted, first.had
    record.key, record.operator = first.key, first.operator
  end
  return record
end

local WEIGHT = {
  Statement = 32, Effect = 16, Action = 8, NotAction = 8, Principal = 4, NotPrincipal = 4,
  Resource = 2, NotResource = 2, Condition = 1,
}

--- How far a statement is from applying: fewer elements first, then the lesser kind of element; a
-- statement for another action is about something else.
function statement.distance(record)
  local sum = #record.failures * 4
  for _, failure in ipairs(record.failures) do
    sum = sum + WEIGHT[failure.element]
  end
  return sum
end

return statement
