--- The decision: every layer of policies against one request, and how their answers combine.
--
-- Each layer is asked by itself: does a statement deny, does one allow, and how did it name the
-- caller. Only then are the answers combined, in one place each for explicit denials and for
-- missing allowances, so that AWS's evaluation logic can be read here from top to bottom.
-- @module lunette.iam.evaluate

local context = require "lunette.iam.context"
local match = require "lunette.iam.match"
local principal = require "lunette.iam.principal"
local shape = require "lunette.iam.shape"
local statement = require "lunette.iam.statement"
local text = require "lunette.iam.text"

-- The order in which layers are asked, shown, and blamed for an explicit denial. The caller's own
-- side comes before the resource's: of two denials AWS names the identity policy's.
local LAYERS = { "scp", "rcp", "endpoint", "identity", "boundary", "session", "resource" }

-- What the layer of the resource's own policy is called for each kind of request.
local OWN_LAYER = { standard = "resource", kms = "key", trust = "trust" }

-- The only KMS operations that a principal of another account can be allowed at all.
local KMS_ACROSS_ACCOUNTS = {}
for name in ([[
  Decrypt Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext
  GenerateDataKeyWithoutPlaintext GenerateMac VerifyMac ReEncryptFrom ReEncryptTo ReEncrypt Sign
  Verify DeriveSharedSecret CreateGrant DescribeKey GetKeyRotationStatus GetPublicKey ListGrants
  RetireGrant RevokeGrant
]]):gmatch("%a+") do
  KMS_ACROSS_ACCOUNTS["kms:" .. name:lower()] = true
end

-- One entry, a list of entries, or nothing, as a list of entries that hold a document.
local function entries_of(given)
  if type(given) ~= "table" then
    return {}
  elseif given.document ~= nil or given.name ~= nil then
    given = { given }
  end
  local out = {}
  for _, entry in ipairs(given) do
    if type(entry) == "table" and not shape.is_null(entry.document) then
      out[#out + 1] = entry
    end
  end
  return out
end

local function not_a_policy(entry, layer)
  local failure = {
    element = "Statement", wanted = "a list of statements",
    had = shape.describe(type(entry.document) == "table" and entry.document.Statement
      or entry.document),
  }
  return {
    layer = layer, document = entry.name, index = 0, matched = false, failures = { failure },
    failed_element = failure.element, wanted = failure.wanted, had = failure.had,
  }
end

local function stronger(a, b)
  return b == nil or principal.rank(a.how) > principal.rank(b.how)
end

-- Asks one layer. Entries may carry a `level` (organisations attach policies to the root, to units
-- and to the account): every level that is there has to allow.
local function ask(layer, given, view, derivation)
  local answer = { layer = layer, given = false, levels = {} }
  view.layer, view.rules = layer, shape.rules[layer]
  for _, entry in ipairs(entries_of(given)) do
    answer.given = true
    local level = layer == "scp" and entry.level or 1
    answer.levels[level] = answer.levels[level] or false
    local statements = shape.statements(entry.document)
    view.document = entry.name
    view.variables = type(entry.document) == "table" and entry.document.Version == "2012-10-17"
    if not statements then
      derivation[#derivation + 1] = not_a_policy(entry, layer)
    end
    for index, st in ipairs(statements or {}) do
      view.index = index
      local record = statement.check(st, view)
      derivation[#derivation + 1] = record
      if record.matched and record.effect == "Deny" then
        answer.deny = answer.deny or record
      elseif record.matched then
        answer.levels[level] = true
        if stronger(record, answer.allow) then
          answer.allow = record
        end
      end
    end
  end
  for _, allowed in pairs(answer.levels) do
    if not allowed then
      answer.allow = nil
    end
  end
  return answer
end

local function context_fits(wanted, ctx, exact)
  local count = 0
  for key, value in pairs(wanted) do
    local had = ctx:get("kms:EncryptionContext:" .. key)
    if not had or #had ~= 1 or had[1] ~= value then
      return false
    end
    count = count + 1
  end
  local keys = ctx:get("kms:EncryptionContextKeys")
  return not exact or #(keys or {}) == count
end

-- A grant allows what it lists, to whom it names, under its encryption context. It stands beside
-- the key policy: whatever else is needed of the caller stays needed.
local function ask_grants(grants, view, answer, derivation)
  for index, grant in ipairs(type(grants) == "table" and grants or {}) do
    local record = {
      layer = answer.layer, document = grant.name or "grant", index = index, effect = "Allow",
      matched = false, grant = true, failures = {},
    }
    local how = principal.named({ AWS = grant.grantee_principal }, view.caller)
    local operation = false
    for _, name in ipairs(shape.strings(grant.operations)) do
      operation = operation or ("kms:" .. name):lower() == view.action:lower()
    end
    local limits = type(grant.constraints) == "table" and grant.constraints or {}
    local function failed(element, wanted, had)
      table.insert(record.failures, { element = element, wanted = wanted, had = had })
    end
    if not how then
      failed("Principal", shape.text(grant.grantee_principal), principal.nameable(view.caller))
    end
    if not operation then
      failed("Action", table.concat(shape.strings(grant.operations), " or "), view.action)
    end
    if not context_fits(limits.encryption_context_equals or {}, view.ctx,
        limits.encryption_context_equals ~= nil)
      or not context_fits(limits.encryption_context_subset or {}, view.ctx, false) then
      failed("Condition", "the grant's encryption context", "another")
    end
    local first = record.failures[1]
    record.matched, record.how = first == nil, how
    if first then
      record.failed_element, record.wanted, record.had = first.element, first.wanted, first.had
    elseif stronger(record, answer.allow) then
      answer.allow = record
    end
    derivation[#derivation + 1] = record
  end
end

local function resource_account(request)
  if request.resource_account then
    return request.resource_account
  end
  local parts = request.resource and match.split_arn(request.resource)
  return parts and parts[5] ~= "" and parts[5] or nil
end

-- Which of the caller's policies and the resource's policy have to allow, given how the resource's
-- policy named the caller. `ceilings` are boundary and session policy.
local function needed(kind, across, caller, own)
  if not caller.account then
    -- A service, a provider's token or nobody: there is no identity policy that could allow.
    return { own = true }
  elseif across then
    return { own = true, identity = caller.type ~= "root", ceilings = caller.type ~= "root" }
  end
  local rank = own.allow and principal.rank(own.allow.how) or 0
  if rank >= principal.rank("everyone") then
    return { own = true }
  elseif rank == principal.rank("role") then
    return { own = true, ceilings = true }
  end
  -- The key or the role has to have handed the question to its account; other resources belong to
  -- their account without being asked. The root user needs no policy of its own.
  local is_root = caller.type == "root"
  return { own = kind ~= "standard", identity = not is_root, ceilings = not is_root }
end

-- The first layer without an allowance that is needed, and the layer that AWS's text names for it.
local function first_missing(kind, across, need, answers)
  for _, layer in ipairs({ "scp", "endpoint" }) do
    if answers[layer].given and not answers[layer].allow then
      return layer, layer
    end
  end
  local own, identity = answers.resource, answers.identity
  if need.own and not own.allow then
    return own.layer, own.layer
  elseif need.identity and not identity.allow then
    -- A policy that names only the account leaves the caller unnamed, and Secrets Manager then
    -- names the resource's policy, although the gap is in the caller's account.
    local by_account = kind == "standard" and across and own.allow.how == "account"
    return "identity", by_account and own.layer or "identity"
  end
  for _, layer in ipairs({ "boundary", "session" }) do
    if need.ceilings and answers[layer].given and not answers[layer].allow then
      return layer, layer
    end
  end
  return nil
end

local function side(answer, is_needed)
  if answer.deny then
    return "denied"
  elseif answer.allow then
    return "allowed"
  end
  return is_needed and "denied" or "not_needed"
end

local function layer_states(need, answers)
  local out = {}
  for _, layer in ipairs({ "scp", "rcp", "endpoint", "boundary", "session" }) do
    local answer = answers[layer]
    if answer.given then
      local ceiling = layer == "boundary" or layer == "session"
      -- A resource control policy only ever denies: AWS's own full allowance cannot be detached.
      local counts = layer ~= "rcp" and (not ceiling or need.ceilings)
      out[layer] = side(answer, counts)
      if layer == "rcp" and not answer.deny then
        out[layer] = "allowed"
      end
    end
  end
  return out
end

local function cite(record)
  return record and { document = record.document, index = record.index, sid = record.sid }
end

-- The statement of a layer that came nearest to allowing.
local function nearest_allow(derivation, layer)
  local best = nil
  for _, record in ipairs(derivation) do
    if record.layer == layer and record.effect == "Allow" and not record.matched
      and (not best or statement.distance(record) < statement.distance(best)) then
      best = record
    end
  end
  return best
end

local function decide(decision, request, need, answers)
  for _, layer in ipairs(LAYERS) do
    local answer = answers[layer]
    if answer.deny then
      decision.effect, decision.layer, decision.named = "explicit_deny", answer.layer, answer.layer
      decision.statement, decision.decided_by = cite(answer.deny), answer.deny
      return
    end
  end
  local kind, across = request.kind or "standard", decision.across_accounts
  if kind == "kms" and across and not KMS_ACROSS_ACCOUNTS[request.action:lower()] then
    decision.effect, decision.layer, decision.named = "implicit_deny", "key", "key"
    decision.unsupported_across_accounts = true
    return
  end
  local layer, named = first_missing(kind, across, need, answers)
  if layer then
    decision.effect, decision.layer, decision.named = "implicit_deny", layer, named
    decision.nearest = nearest_allow(decision.derivation, layer)
    return
  end
  decision.allowed, decision.effect = true, "allowed"
  local granting = need.identity and answers.identity or answers.resource
  if not granting.allow and answers.identity.allow then
    granting = answers.identity
  end
  decision.layer, decision.statement = granting.layer, cite(granting.allow)
  decision.decided_by = granting.allow
end

local function check_request(request)
  if type(request) ~= "table" or type(request.action) ~= "string"
    or not request.action:find(":", 1, true) then
    error("iam.evaluate: request.action must be a text such as secretsmanager:GetSecretValue", 3)
  elseif request.kind ~= nil and not OWN_LAYER[request.kind] then
    error("iam.evaluate: request.kind must be standard, kms or trust", 3)
  elseif request.resource ~= nil and type(request.resource) ~= "string" then
    error("iam.evaluate: request.resource must be a text", 3)
  end
end

-- Organisations never limit their service-linked roles or AWS's services.
local function beyond_organisation(caller)
  return caller.type == "service"
    or (caller.issuer or ""):find(":role/aws-service-role/", 1, true) ~= nil
end

--- Decides one request. See `lunette.iam.evaluate`.
local function evaluate(request, documents)
  check_request(request)
  documents = documents or {}
  local caller = principal.new(request.principal)
  local kind = request.kind or "standard"
  local owner = resource_account(request)
  local view = {
    caller = caller, action = request.action, resource = request.resource or "*",
    has_boundary = #entries_of(documents.boundary) > 0,
  }
  view.ctx = context.new(request, caller, owner)
  local answers, derivation = {}, {}
  for _, layer in ipairs(LAYERS) do
    local given, name = documents[layer], layer == "resource" and OWN_LAYER[kind] or layer
    if (layer == "scp" or layer == "rcp") and beyond_organisation(caller) then
      given = nil
    end
    answers[layer] = ask(name, given, view, derivation)
  end
  if kind == "kms" then
    ask_grants(documents.grants, view, answers.resource, derivation)
  end
  local across = caller.account ~= nil and owner ~= nil and caller.account ~= owner
  local need = needed(kind, across, caller, answers.resource)
  local decision = {
    allowed = false, action = request.action, across_accounts = across, derivation = derivation,
    how = answers.resource.allow and answers.resource.allow.how,
    sides = {
      identity = side(answers.identity, need.identity),
      resource = side(answers.resource, need.own),
    },
    layers = layer_states(need, answers),
  }
  decide(decision, request, need, answers)
  decision.message = not decision.allowed and text.denial(decision, request) or nil
  return decision
end

return evaluate
