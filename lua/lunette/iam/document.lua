--- What is wrong with the form of a policy document.
--
-- The evaluator never raises: what it cannot read, it does not match, and a policy with a slip in
-- it just does nothing. This module is the other half of that bargain and says which place is
-- unreadable. It judges form only; whether a well-formed policy does what its author meant is
-- for others.
-- @module lunette.iam.document

local condition = require "lunette.iam.condition"
local match = require "lunette.iam.match"
local shape = require "lunette.iam.shape"
local values = require "lunette.iam.values"

local document = {}

local TOP = { "Version", "Id", "Statement" }
local ELEMENTS = {
  "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
  "Condition",
}
local PRINCIPAL_KINDS = { "AWS", "Service", "Federated", "CanonicalUser" }

local function add(state, path, message)
  table.insert(state.findings, { path = path, message = message })
end

-- The known name that an unknown one was probably meant to be: another case, or a plural.
local function nearest_name(name, known)
  local folded = name:lower()
  for _, candidate in ipairs(known) do
    local lower = candidate:lower()
    if folded == lower or folded == lower .. "s" then
      return candidate
    end
  end
  return nil
end

local function check_names(state, object, known, path)
  for _, name in ipairs(shape.keys(object)) do
    local is_known = false
    for _, candidate in ipairs(known) do
      is_known = is_known or candidate == name
    end
    if not is_known then
      local meant = nearest_name(name, known)
      add(state, path == "" and name or path .. "." .. name,
        meant and ("unknown element; did you mean %s?"):format(meant) or "unknown element")
    end
  end
end

-- Calls `check(value, path)` for each text of a text-or-list; names what is not a text.
local function each_text(state, element, path, check)
  local list = shape.list(element)
  if not list or (type(element) ~= "table" and type(element) ~= "string") then
    return add(state, path, "must be a text or a list of texts, is " .. shape.describe(element))
  elseif #list == 0 then
    return add(state, path, "is empty")
  end
  for i, value in ipairs(list) do
    local where = type(element) == "table" and ("%s[%d]"):format(path, i) or path
    if type(value) ~= "string" then
      add(state, where, "must be a text, is " .. shape.describe(value))
    else
      check(value, where)
    end
  end
end

local function one_of(state, st, name, path, required)
  local complement = "Not" .. name
  if st[name] ~= nil and st[complement] ~= nil then
    add(state, path, ("has both %s and %s"):format(name, complement))
  elseif required and st[name] == nil and st[complement] == nil then
    add(state, path, "has no " .. name)
  end
end

local function check_action(state, st, path)
  one_of(state, st, "Action", path, true)
  for _, name in ipairs({ "Action", "NotAction" }) do
    if st[name] ~= nil then
      each_text(state, st[name], path .. "." .. name, function(value, where)
        if value ~= "*" and not value:match("^[%w-]+:[%w*?]+$") and value ~= "*:*" then
          add(state, where, "must be * or of the form service:Action, is " .. shape.quote(value))
        end
      end)
    end
  end
end

local function check_variables(state, value, where)
  if value:find("${", 1, true) and not state.variables then
    add(state, where, 'has a variable, which is plain text without "Version": "2012-10-17"')
  end
end

local function check_resource(state, st, path)
  local rule = state.rules.resource
  for _, name in ipairs({ "Resource", "NotResource" }) do
    if st[name] ~= nil and rule == "forbidden" then
      add(state, path .. "." .. name, "must not stand in " .. state.rules.title)
    elseif st[name] ~= nil then
      each_text(state, st[name], path .. "." .. name, function(value, where)
        if value ~= "*" and value:sub(1, 4) ~= "arn:" then
          add(state, where, "must be an ARN or *, is " .. shape.quote(value))
        end
        check_variables(state, value, where)
      end)
    end
  end
  if rule ~= "forbidden" then
    one_of(state, st, "Resource", path, true)
  end
end

-- Why a text is no AWS principal; nil when it is one.
local function principal_fault(value)
  if value == "*" or value:match("^%d%d%d%d%d%d%d%d%d%d%d%d$") then
    return nil
  elseif value:match("^A[RI]%u%u%w+$") and #value >= 16 then
    return "is the unique id of a deleted role or user and matches nobody"
  end
  local parts = match.split_arn(value)
  if not parts or parts[1] ~= "arn" then
    return "must be *, an account number or an ARN, is " .. shape.quote(value)
  end
  local rest = parts[6]
  if value:find("[*?]") then
    return "must not have wildcards: a principal is * or one exact ARN"
  elseif rest:match("^instance%-profile/") then
    return "is an instance profile; the principal is the role inside it"
  elseif parts[3] == "iam"
    and (rest == "root" or rest:match("^user/.") or rest:match("^role/.")) then
    return nil
  elseif parts[3] == "sts"
    and (rest:match("^assumed%-role/[^/]+/.") or rest:match("^federated%-user/.")) then
    return nil
  end
  return "must be the ARN of an account's root, a user, a role or a session"
end

local function check_principal_value(state, kind, value, where)
  local fault = nil
  if kind == "AWS" then
    fault = principal_fault(value)
  elseif kind == "Service" and value ~= "*" and not value:match("^[%w.-]+%.[%w.-]+$") then
    fault = "must be a service such as ec2.amazonaws.com"
  end
  if fault then
    add(state, where, fault)
  end
end

local function check_principal_element(state, element, path)
  if element == "*" then
    return
  elseif type(element) ~= "table" or not shape.is_object(element) then
    return add(state, path, 'must be "*" or an object such as {"AWS": ...}, is '
      .. shape.describe(element))
  end
  check_names(state, element, PRINCIPAL_KINDS, path)
  for _, kind in ipairs(PRINCIPAL_KINDS) do
    if element[kind] ~= nil then
      each_text(state, element[kind], path .. "." .. kind, function(value, where)
        check_principal_value(state, kind, value, where)
      end)
    end
  end
end

local function check_principal(state, st, path)
  local rules = state.rules
  for _, name in ipairs({ "Principal", "NotPrincipal" }) do
    local forbidden = rules.principal == "forbidden"
      or (name == "NotPrincipal" and rules.not_principal == "forbidden")
    if st[name] ~= nil and forbidden then
      add(state, path .. "." .. name, "must not stand in " .. rules.title)
    elseif st[name] ~= nil then
      check_principal_element(state, st[name], path .. "." .. name)
    end
  end
  if rules.principal == "required" then
    one_of(state, st, "Principal", path, true)
  end
  if state.kind == "rcp" and st.Principal ~= "*" then
    add(state, path .. ".Principal", 'must be "*" in a resource control policy')
  end
end

local NOUNS = {
  { "Numeric", "a number" }, { "Date", "a date" }, { "Arn", "an ARN" }, { "Bool", "true or false" },
  { "Binary", "base64" }, { "Ip", "an address or a network" },
  { "NotIp", "an address or a network" },
}

local function noun_of(name)
  for _, row in ipairs(NOUNS) do
    if name:sub(1, #row[1]) == row[1] then
      return row[2]
    end
  end
  return "a text"
end

local function check_condition_value(state, op, value, where)
  local text = shape.text(value)
  if not text then
    return add(state, where, "must be a text, a number or a boolean, is " .. shape.describe(value))
  elseif op.null then
    if values.bool(text) == nil then
      add(state, where, "must be true or false, is " .. shape.quote(text))
    end
    return
  end
  local has_variable = text:find("${", 1, true) ~= nil
  if op.variables then
    check_variables(state, text, where)
  elseif has_variable then
    return add(state, where, op.name .. " takes no variables")
  end
  -- What a variable will stand for is not known here, so its text cannot be judged.
  if has_variable and state.variables then
    return
  end
  if not op.compare(op.variables and match.tokens(text) or text) then
    add(state, where, ("must be %s, is %s"):format(noun_of(op.name), shape.quote(text)))
  end
end

local function check_condition_keys(state, op, keys, path)
  for _, key in ipairs(shape.keys(keys)) do
    local where, list = path .. "." .. key, shape.list(keys[key])
    if not key:find(":", 1, true) then
      add(state, where, "is no condition key: a key is of the form service:Key")
    end
    if not list then
      add(state, where, "must be a value or a list of values, is " .. shape.describe(keys[key]))
    elseif #list == 0 then
      add(state, where, "is empty")
    end
    for i, value in ipairs(list or {}) do
      local each = type(keys[key]) == "table" and ("%s[%d]"):format(where, i) or where
      check_condition_value(state, op, value, each)
    end
  end
end

local function check_condition(state, block, path)
  if block == nil then
    return
  elseif type(block) ~= "table" or (next(block) ~= nil and not shape.is_object(block)) then
    return add(state, path, "must be an object of operators, is " .. shape.describe(block))
  end
  for _, name in ipairs(shape.keys(block)) do
    local op, keys, where = condition.operator(name), block[name], path .. "." .. name
    if not op then
      local meant = nearest_name(name, condition.names())
      add(state, where, meant and ("unknown operator; did you mean %s?"):format(meant)
        or "unknown operator")
    elseif type(keys) ~= "table" or (next(keys) ~= nil and not shape.is_object(keys)) then
      add(state, where, "must be an object of condition keys, is " .. shape.describe(keys))
    else
      check_condition_keys(state, op, keys, where)
    end
  end
end

local function check_sid(state, sid, path)
  if sid == nil then
    return
  elseif type(sid) ~= "string" then
    return add(state, path, "must be a text, is " .. shape.describe(sid))
  elseif state.rules.principal ~= "forbidden" or sid == "" then
    return
  end
  -- Only policies that live in IAM are held to these two.
  if not sid:match("^%w+$") then
    add(state, path, "must consist of ASCII letters and digits")
  end
  if state.sids[sid] then
    add(state, path, shape.quote(sid) .. " is used twice")
  end
  state.sids[sid] = true
end

local function check_effect(state, st, path)
  local effect = st.Effect
  if effect == nil then
    add(state, path, "has no Effect")
  elseif effect ~= "Allow" and effect ~= "Deny" then
    local shown = type(effect) == "string" and shape.quote(effect) or shape.describe(effect)
    add(state, path .. ".Effect", "must be Allow or Deny, is " .. shown)
  elseif state.kind == "rcp" and effect == "Allow" and st.Action ~= "*" then
    add(state, path .. ".Effect", "must be Deny in a resource control policy")
  end
end

local function check_statement(state, st, path)
  if type(st) ~= "table" or not shape.is_object(st) then
    return add(state, path, "must be an object, is " .. shape.describe(st))
  end
  check_names(state, st, ELEMENTS, path)
  check_sid(state, st.Sid, path .. ".Sid")
  check_effect(state, st, path)
  check_principal(state, st, path)
  check_action(state, st, path)
  check_resource(state, st, path)
  check_condition(state, st.Condition, path .. ".Condition")
end

local function check_top(state, policy)
  check_names(state, policy, TOP, "")
  local version = policy.Version
  if version ~= nil and version ~= "2012-10-17" and version ~= "2008-10-17" then
    add(state, "Version", "must be 2012-10-17, is "
      .. (type(version) == "string" and shape.quote(version) or shape.describe(version)))
  end
  if policy.Id ~= nil and type(policy.Id) ~= "string" then
    add(state, "Id", "must be a text, is " .. shape.describe(policy.Id))
  end
end

--- What is wrong with the form of a policy document. See `lunette.iam.check_document`.
function document.check(policy, kind)
  local rules = shape.rules[kind or "identity"]
  if not rules then
    error(("iam.check_document: unknown kind of policy %q"):format(tostring(kind)), 2)
  end
  local state = { findings = {}, rules = rules, kind = kind, sids = {} }
  if type(policy) ~= "table" or not shape.is_object(policy) then
    add(state, "", "must be a JSON object, is " .. shape.describe(policy))
    return state.findings
  end
  state.variables = policy.Version == "2012-10-17"
  check_top(state, policy)
  local statements = shape.statements(policy)
  if policy.Statement == nil then
    add(state, "", "has no Statement")
  elseif not statements then
    add(state, "Statement", "must be a list of statements, is "
      .. shape.describe(policy.Statement))
  elseif #statements == 0 then
    add(state, "Statement", "is empty")
  end
  local single = shape.is_object(policy.Statement)
  for i, st in ipairs(statements or {}) do
    check_statement(state, st, single and "Statement" or ("Statement[%d]"):format(i))
  end
  return state.findings
end

return document
