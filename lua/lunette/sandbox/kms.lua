--- KMS as far as secrets need it: the call that Secrets Manager makes, with the caller's rights,
-- for every value that it reads or writes.
--
-- Nothing is encrypted here: whether the call would be allowed is all that can go wrong.
-- @module lunette.sandbox.kms

local authorize = require "lunette.sandbox.authorize"
local wire = require "lunette.sandbox.wire"

local kms = {}

local FAILURES = {
  ["kms:Decrypt"] = { code = "DecryptionFailure", does = "decrypt" },
  ["kms:GenerateDataKey"] = { code = "EncryptionFailure", does = "encrypt" },
}

-- What KMS says of a key that cannot be used, in the words that Secrets Manager passes on.
local STATES = {
  Disabled = { text = "%s is disabled.", code = "DisabledException" },
  PendingDeletion = { text = "%s is pending deletion.", code = "KMSInvalidStateException" },
}

local function refuse(call, action, text, code)
  local failure = FAILURES[action]
  wire.fail(failure.code, ("Secrets Manager can't %s the secret value: %s (Service: AWSKMS; "
    .. "Status Code: 400; Error Code: %s; Request ID: %s; Proxy: null)"):format(failure.does, text,
    code, call.id))
end

--- Raises unless the caller may use the key for this version of this secret.
-- @param action kms:Decrypt or kms:GenerateDataKey
-- @param key_arn the customer's key; nil for aws/secretsmanager of the secret's account
function kms.use(call, action, key_arn, secret, version_id)
  local world = call.world
  local key = key_arn and world.keys[key_arn]
  if not key_arn then key = world:managed_key(secret.account, secret.region) end
  if not key then
    refuse(call, action, ("Key '%s' does not exist"):format(key_arn), "NotFoundException")
  end
  local decision = authorize.ask(call, {
    action = action, kind = "kms", forwarded = true, resource = key.arn, owner = key.account,
    policy = key.policy,
    context = {
      ["kms:ViaService"] = world:service_host("secretsmanager", secret.region),
      ["kms:CallerAccount"] = call.principal.account,
      ["kms:EncryptionContext:SecretARN"] = secret.arn,
      ["kms:EncryptionContext:SecretVersionId"] = version_id,
      ["kms:EncryptionContextKeys"] = { "SecretARN", "SecretVersionId" },
    },
  })
  -- Whoever is denied does not learn which side denied.
  if not decision.allowed then
    wire.fail("AccessDeniedException", "Access to KMS is not allowed")
  end
  local state = STATES[key.state]
  if state then refuse(call, action, state.text:format(key.arn), state.code) end
end

return kms
