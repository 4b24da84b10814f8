--- The condition keys of one request, folded to lower case and each a list of texts.
--
-- Keys that follow from who calls and whose resource it is are filled in where the caller of the
-- evaluator left them out, so that a condition on `aws:PrincipalArn` means the same to everybody.
-- @module lunette.iam.context

local shape = require "lunette.iam.shape"

local context = {}

local methods = {}
methods.__index = methods

local PRINCIPAL_TYPES = {
  ["assumed-role"] = "AssumedRole",
  ["federated-user"] = "FederatedUser",
  user = "User",
  root = "Account",
  anonymous = "Anonymous",
}

--- The values of a key, or nil when the request has none. The key's case does not count.
function methods:get(key)
  return self.values[key:lower()]
end

local function add(values, key, value)
  local out = {}
  for _, item in ipairs(shape.list(value) or {}) do
    out[#out + 1] = shape.text(item)
  end
  -- A key with an empty list is a key that the request does not have.
  values[key:lower()] = #out > 0 and out or nil
end

local function fill(values, key, value)
  if value and not values[key:lower()] then
    add(values, key, value)
  end
end

--- Builds the context of a request.
-- @param request the request, as `lunette.iam.evaluate` takes it
-- @param caller what `lunette.iam.principal` made of its principal
-- @param owner the resource's account, or nil
function context.new(request, caller, owner)
  local values = {}
  for key, value in pairs(type(request.context) == "table" and request.context or {}) do
    if type(key) == "string" then
      add(values, key, value)
    end
  end
  fill(values, "aws:PrincipalType", PRINCIPAL_TYPES[caller.type])
  fill(values, "aws:PrincipalIsAWSService", tostring(caller.type == "service"))
  fill(values, "aws:PrincipalServiceName", caller.service)
  fill(values, "aws:PrincipalAccount", caller.account)
  fill(values, "aws:ResourceAccount", owner)
  if caller.account then
    -- Sessions of a role go by their role's ARN here, never by the session's.
    fill(values, "aws:PrincipalArn", caller.type == "assumed-role" and caller.issuer or caller.arn)
  end
  if caller.type == "user" and caller.arn then
    fill(values, "aws:username", caller.arn:match("([^/]+)$"))
  end
  return setmetatable({ values = values }, methods)
end

return context
