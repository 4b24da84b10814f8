--- Asks the policies: puts together what a decision needs to know, records how it came about, and
-- raises AWS's denial.
-- @module lunette.sandbox.authorize

local iam = require "lunette.iam"
local wire = require "lunette.sandbox.wire"

local authorize = {}

--- Condition keys that every request of PRINCIPAL carries.
local function principal_context(call)
  local principal = call.principal
  local context = {
    ["aws:CurrentTime"] = wire.iso(call.now),
    ["aws:EpochTime"] = ("%d"):format(math.floor(call.now)),
    ["aws:RequestedRegion"] = call.region,
    -- The sandbox stands where AWS's TLS endpoints do: a policy that insists on TLS is to mean
    -- here what it means there.
    ["aws:SecureTransport"] = "true",
    ["aws:userid"] = principal.user_id,
  }
  if principal.type == "assumed-role" then
    context["aws:TokenIssueTime"] = wire.iso(principal.issued)
    context["aws:MultiFactorAuthPresent"] = "false"
  end
  for key, value in pairs(principal.entity.tags) do
    context["aws:PrincipalTag/" .. key] = value
  end
  return context
end

local function accounts_documents(call, owner)
  local world, principal = call.world, call.principal
  local account, owners = world.accounts[principal.account], world.accounts[owner]
  return {
    identity = principal.entity.policies, boundary = principal.entity.boundary,
    session = principal.policies, scp = account and account.scp, rcp = owners and owners.rcp,
  }
end

--- Decides ACTION for the caller of CALL and records the decision under TITLE.
-- @param call the call in hand
-- @param what `action`, `resource` (nil for none), `shown` (how the client named it), `owner` (the
-- resource's account), `policy` (the resource's own), `context` (condition keys), `kind`,
-- `forwarded` (a service asks on the caller's behalf)
-- @return the decision
function authorize.ask(call, what)
  local context = principal_context(call)
  if what.forwarded then
    -- The network that the caller came from is not known to the service that is asked.
    context["aws:ViaAWSService"] = "true"
  else
    context["aws:SourceIp"] = "127.0.0.1"
    context["aws:ViaAWSService"] = "false"
  end
  for key, value in pairs(what.context or {}) do context[key] = value end
  local principal = call.principal
  local request = {
    principal = { arn = principal.arn, account = principal.account, type = principal.type,
      role_arn = principal.role_arn },
    action = what.action, resource = what.resource, resource_shown = what.shown,
    resource_account = what.owner, context = context, kind = what.kind,
  }
  local documents = accounts_documents(call, what.owner)
  documents.resource = what.policy
  local decision = iam.evaluate(request, documents)
  table.insert(call.decisions, { service = what.action:match "^[^:]+", action = what.action,
    resource = what.shown or what.resource, decision = decision,
    line = iam.explain_line(decision) })
  return decision
end

--- The same, and raises AWS's denial unless it is allowed.
-- @param code AccessDeniedException unless given; `status` likewise 400
function authorize.require(call, what, code, status)
  local decision = authorize.ask(call, what)
  if not decision.allowed then
    wire.fail(code or "AccessDeniedException", decision.message, status)
  end
end

return authorize
