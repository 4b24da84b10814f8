--- The Condition element: every operator, its set forms, `IfExists` and `Null`.
--
-- Operators are joined by AND, the keys of one operator by AND, the values of one key by OR; a
-- negated operator is the NOT of its positive one over all values. What makes the difference in
-- practice is a key that the request does not have: a positive operator is then false, a negated
-- one true. A value that its operator cannot read makes the condition false, negated or not.
-- @module lunette.iam.condition

local match = require "lunette.iam.match"
local shape = require "lunette.iam.shape"
local values = require "lunette.iam.values"
local variables = require "lunette.iam.variables"

local condition = {}

-- A comparer takes the policy's text (as tokens where variables may stand) and answers a function
-- of the request's text, or nil when the policy's text is none of its type.

local function equals(tokens)
  local wanted = match.text(tokens)
  return function(had)
    return had == wanted
  end
end

local function equals_ignore_case(tokens)
  local wanted = match.text(tokens):lower()
  return function(had)
    return had:lower() == wanted
  end
end

local function like(tokens)
  local pattern = match.compile(tokens)
  return function(had)
    return match.glob(pattern, had)
  end
end

local function arn_like(tokens)
  local patterns = match.compile_arn(tokens)
  return patterns and function(had)
    return match.arn(patterns, had)
  end
end

local function bool(tokens)
  local wanted = values.bool(match.text(tokens))
  if wanted == nil then
    return nil
  end
  return function(had)
    return values.bool(had) == wanted
  end
end

-- The request's value is the bytes themselves; the policy writes them in base64.
local function binary(text)
  local wanted = values.base64(text)
  return wanted and function(had)
    return had == wanted
  end
end

local function network(text)
  local wanted = values.network(text)
  return wanted and function(had)
    local address = values.address(had)
    return address ~= nil and values.in_network(wanted, address)
  end
end

local function ordered(read, holds)
  return function(text)
    local wanted = read(text)
    return wanted and function(had)
      local value = read(had)
      return value ~= nil and holds(value, wanted)
    end
  end
end

local function same(a, b) return a == b end
local function below(a, b) return a < b end
local function at_most(a, b) return a <= b end
local function above(a, b) return a > b end
local function at_least(a, b) return a >= b end

local operators = {
  StringEquals = { compare = equals, variables = true },
  StringEqualsIgnoreCase = { compare = equals_ignore_case, variables = true },
  StringLike = { compare = like, variables = true },
  ArnEquals = { compare = arn_like, variables = true },
  ArnLike = { compare = arn_like, variables = true },
  Bool = { compare = bool, variables = true },
  BinaryEquals = { compare = binary },
  IpAddress = { compare = network },
}
for name, positive in pairs({
  StringNotEquals = "StringEquals",
  StringNotEqualsIgnoreCase = "StringEqualsIgnoreCase",
  StringNotLike = "StringLike",
  ArnNotEquals = "ArnEquals",
  ArnNotLike = "ArnLike",
  NotIpAddress = "IpAddress",
}) do
  local of = operators[positive]
  operators[name] = {
    compare = of.compare, variables = of.variables, negated = true, says = "not ",
  }
end
for prefix, read in pairs({ Numeric = values.number, Date = values.date }) do
  operators[prefix .. "Equals"] = { compare = ordered(read, same) }
  operators[prefix .. "NotEquals"] = {
    compare = ordered(read, same), negated = true, says = "not ",
  }
  operators[prefix .. "LessThan"] = { compare = ordered(read, below), says = "< " }
  operators[prefix .. "LessThanEquals"] = { compare = ordered(read, at_most), says = "<= " }
  operators[prefix .. "GreaterThan"] = { compare = ordered(read, above), says = "> " }
  operators[prefix .. "GreaterThanEquals"] = { compare = ordered(read, at_least), says = ">= " }
end

-- Every name that an operator can go by, once and for all: reading names again for each request
-- would cost more than comparing.
local by_name = { Null = { name = "Null", null = true } }
for base, of in pairs(operators) do
  for _, set in ipairs({ "", "ForAllValues", "ForAnyValue" }) do
    for _, suffix in ipairs({ "", "IfExists" }) do
      by_name[(set ~= "" and set .. ":" or "") .. base .. suffix] = {
        name = base, set = set ~= "" and set or nil, if_exists = suffix ~= "",
        compare = of.compare, variables = of.variables, negated = of.negated or false,
        says = of.says or "",
      }
    end
  end
end

--- What an operator's name means: `[ForAllValues:|ForAnyValue:]NAME[IfExists]`.
-- @return nil for a name that is no operator, else a table (not to be changed) with `name`, `set`,
-- `if_exists`, and the operator's `compare`, `variables`, `negated` and `says`; `null` instead for
-- the Null operator
function condition.operator(text)
  return by_name[text]
end

--- The names of all operators without set forms and `IfExists`, sorted.
function condition.names()
  local out = shape.keys(operators)
  out[#out + 1] = "Null"
  table.sort(out)
  return out
end

-- The comparers of all values that can be read, and whether one of them could not.
local function comparers(op, wanted, ctx, enabled)
  local out, spoilt = {}, false
  for _, value in ipairs(wanted) do
    local text = shape.text(value)
    local input = text
    if text and op.variables then
      input = variables.expand(text, ctx, enabled)
    end
    local compare = input and op.compare(input)
    if compare then
      out[#out + 1] = compare
    else
      spoilt = true
    end
  end
  return out, spoilt
end

local function any_fits(compares, had)
  for _, compare in ipairs(compares) do
    if compare(had) then
      return true
    end
  end
  return false
end

local function over_set(op, compares, had)
  local all = op.set == "ForAllValues"
  for _, value in ipairs(had) do
    local holds = any_fits(compares, value) ~= op.negated
    if holds ~= all then
      return holds
    end
  end
  return all
end

-- Without a set form, one value of the request that fits is enough; a negated operator wants none.
local function over_any(op, compares, had)
  for _, value in ipairs(had) do
    if any_fits(compares, value) then
      return not op.negated
    end
  end
  return op.negated
end

local function null_holds(wanted, had)
  for _, value in ipairs(wanted) do
    local text = shape.text(value)
    if text and values.bool(text) == (had == nil) then
      return true
    end
  end
  return false
end

local function holds(op, wanted, had, ctx, enabled)
  if #wanted == 0 then
    return false
  elseif op.null then
    return null_holds(wanted, had)
  elseif not had and op.if_exists then
    return true
  elseif not had and op.set then
    return op.set == "ForAllValues"
  end
  local compares, spoilt = comparers(op, wanted, ctx, enabled)
  if spoilt and op.negated then
    return false
  elseif not had then
    return op.negated
  elseif op.set then
    return over_set(op, compares, had)
  end
  return over_any(op, compares, had)
end

local function say_wanted(op, wanted)
  local out = {}
  for _, value in ipairs(wanted) do
    local text = shape.text(value) or shape.describe(value)
    if op and op.null then
      text = values.bool(text) and "absent" or "present"
    end
    out[#out + 1] = text
  end
  return (op and op.says or "") .. table.concat(out, " or ")
end

--- Checks a Condition element against a request.
-- @param block the element, decoded; nil holds always
-- @param ctx from `lunette.iam.context`
-- @param enabled whether the document's Version knows variables
-- @return a list of what did not hold, empty when all did: `{ operator, key, wanted, had }`, where
-- the last two are texts and `had` is nil for a key that the request does not have
function condition.check(block, ctx, enabled)
  if block == nil then
    return {}
  elseif type(block) ~= "table" or (next(block) ~= nil and not shape.is_object(block)) then
    return { { wanted = "an object of operators", had = shape.describe(block) } }
  end
  local failures = {}
  for _, name in ipairs(shape.keys(block)) do
    local op, keys = condition.operator(name), block[name]
    local is_object = type(keys) == "table" and (next(keys) == nil or shape.is_object(keys))
    if not op or not is_object then
      failures[#failures + 1] = {
        operator = name,
        wanted = op and "an object of condition keys" or "an operator that exists",
        had = op and shape.describe(keys) or name,
      }
    end
    for _, key in ipairs(op and is_object and shape.keys(keys) or {}) do
      local wanted = shape.list(keys[key]) or {}
      local had = ctx:get(key)
      if not holds(op, wanted, had, ctx, enabled) then
        failures[#failures + 1] = {
          operator = name, key = key, wanted = say_wanted(op, wanted),
          had = had and table.concat(had, ", "),
        }
      end
    end
  end
  return failures
end

return condition
