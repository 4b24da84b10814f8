--- The Security Token Service: who am I, and let me be somebody else.
-- @module lunette.sandbox.sts

local cjson = require "cjson"
local iam = require "lunette.iam"
local authorize = require "lunette.sandbox.authorize"
local wire = require "lunette.sandbox.wire"

local sts = { namespace = "https://sts.amazonaws.com/doc/2011-06-15/" }

local VERSION = "2011-06-15"

-- What the service demands of each parameter: lengths, a pattern, a range.
local ASSUME_ROLE = {
  { name = "RoleArn", required = true, min = 20, max = 2048 },
  { name = "RoleSessionName", required = true, min = 2, max = 64, match = "^[%w+=,.@_-]*$",
    pattern = "[\\w+=,.@-]*" },
  { name = "ExternalId", quiet = true, min = 2, max = 1224, match = "^[%w+=,.@:/_-]*$",
    pattern = "[\\w+=,.@:\\/-]*" },
  { name = "DurationSeconds", low = 900, high = 43200 },
  { name = "Policy", quiet = true, min = 1, max = 2048 },
}

local function constraint(rule, value)
  if value == nil then return rule.required and "Member must not be null" end
  if rule.low then
    local number = value:find "^%-?%d+$" and math.tointeger(tonumber(value))
    if not number then return "Member must be an integer" end
    if number < rule.low then
      return ("Member must have value greater than or equal to %d"):format(rule.low)
    end
    return number > rule.high
      and ("Member must have value less than or equal to %d"):format(rule.high)
  end
  if #value < rule.min then
    return ("Member must have length greater than or equal to %d"):format(rule.min)
  elseif #value > rule.max then
    return ("Member must have length less than or equal to %d"):format(rule.max)
  end
  return rule.match and not value:find(rule.match)
    and "Member must satisfy regular expression pattern: " .. rule.pattern
end

local function check_parameters(form, rules)
  local wrong = {}
  for _, rule in ipairs(rules) do
    local value = form[rule.name]
    local broken = constraint(rule, value)
    if broken then
      local member = rule.name:sub(1, 1):lower() .. rule.name:sub(2)
      local shown = value == nil and "null " or rule.quiet and "" or ("'%s' "):format(value)
      wrong[#wrong + 1] = ("Value %sat '%s' failed to satisfy constraint: %s"):format(shown,
        member, broken)
    end
  end
  if #wrong > 0 then
    wire.fail("ValidationError", ("%d validation error%s detected: %s"):format(#wrong,
      #wrong > 1 and "s" or "", table.concat(wrong, "; ")))
  end
end

--- The policy of a session is checked as any identity policy is: it names no principal.
local function session_policies(call, form)
  for name in pairs(form) do
    if name:find "^PolicyArns%." or name:find "^Tags%." or name:find "^TransitiveTagKeys%."
      or name:find "^ProvidedContexts%." then
      wire.fail("ValidationError", ("%s is not there in the sandbox")
        :format(name:match "^%a+"))
    end
  end
  if not form.Policy then return nil end
  local ok, document = pcall(cjson.decode, form.Policy)
  if not ok or type(document) ~= "table" then
    wire.fail("MalformedPolicyDocument", "This policy contains invalid Json")
  end
  local finding = iam.check_document(document, "session")[1]
  if finding then
    call.note = ("%s: %s"):format(finding.path, finding.message)
    wire.fail("MalformedPolicyDocument", "Syntax errors in policy.")
  end
  return { name = "session policy", document = document }
end

local function seconds_for(call, role, form)
  local seconds = math.tointeger(tonumber(form.DurationSeconds or "3600"))
  if seconds > role.max_session then
    wire.fail("ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
  end
  if call.principal.type == "assumed-role" and seconds > 3600 then
    wire.fail("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit "
      .. "for roles assumed by role chaining.")
  end
  return seconds
end

--- Whether the caller may, by the role's trust policy and the caller's own.
local function require_trust(call, arn, role, form)
  if not role then
    -- Whether there is such a role is nobody's business but its account's.
    wire.fail("AccessDenied", ("User: %s is not authorized to perform: sts:AssumeRole on "
      .. "resource: %s"):format(call.principal.arn, arn), 403)
  end
  authorize.require(call, {
    action = "sts:AssumeRole", kind = "trust", resource = arn, owner = role.account,
    policy = role.trust,
    context = {
      ["sts:ExternalId"] = form.ExternalId, ["sts:RoleSessionName"] = form.RoleSessionName,
    },
  }, "AccessDenied", 403)
end

local function assume_role(call, form)
  check_parameters(form, ASSUME_ROLE)
  local arn = form.RoleArn
  call.subject = arn
  if not arn:find "^arn:[%w-]+:iam::%d+:role/." then
    wire.fail("ValidationError", ("%s is invalid"):format(arn))
  end
  local policies = session_policies(call, form)
  local role = call.world.roles[arn]
  require_trust(call, arn, role, form)
  local session = call.sessions:open(role, { name = form.RoleSessionName, now = call.now,
    seconds = seconds_for(call, role, form), policies = policies })
  return {
    { "AssumedRoleUser", { { "AssumedRoleId", session.principal.user_id },
      { "Arn", session.principal.arn } } },
    { "Credentials", { { "AccessKeyId", session.access_key_id },
      { "SecretAccessKey", session.secret_access_key },
      { "SessionToken", session.session_token },
      { "Expiration", wire.iso(session.expires) } } },
    { "PackedPolicySize", form.Policy and math.ceil(#form.Policy * 100 / 2048) or nil },
  }
end

-- Needs no permission; not even an explicit deny takes it away.
local function get_caller_identity(call)
  local principal = call.principal
  return { { "Arn", principal.arn }, { "UserId", principal.user_id },
    { "Account", principal.account } }
end

local OPERATIONS = {
  AssumeRole = assume_role,
  GetCallerIdentity = get_caller_identity,
}

--- Runs the operation that FORM names for the authenticated CALL.
-- @return the elements of the result
function sts.run(call, form)
  call.operation = form.Action
  local operation = OPERATIONS[form.Action]
  if not operation or form.Version ~= VERSION then
    wire.fail("InvalidAction", ("Could not find operation %s for version %s"):format(
      tostring(form.Action), form.Version or "NO_VERSION_SPECIFIED"))
  end
  return operation(call, form)
end

return sts
