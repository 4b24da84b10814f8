--- Secrets Manager. An operation is a row of OPERATIONS and a function.
--
-- A function gets the call and its checked input. It asks for the caller's rights first, and only
-- then says whether the secret is there: who has no right learns nothing.
-- @module lunette.sandbox.secretsmanager

local authorize = require "lunette.sandbox.authorize"
local ids = require "lunette.sandbox.ids"
local iam = require "lunette.iam"
local kms = require "lunette.sandbox.kms"
local members = require "lunette.sandbox.members"
local cjson = require "cjson"
local principals = require "lunette.sandbox.principals"
local wire = require "lunette.sandbox.wire"
local world_of = require "lunette.sandbox.world"

local secretsmanager = {}

local BAD_NAME = "Invalid name. Must be a valid name containing alphanumeric characters, or any of "
  .. "the following: -/_+=.@!"
local NOT_FOUND = "Secrets Manager can't find the specified secret."
local DELETED = "You can't perform this operation on the secret because it was marked for deletion."
local MANAGED_KEY = "You can't access a secret from a different AWS account if you encrypt the "
  .. "secret with the default KMS service key."

-- {==== Finding a secret ====

local function one_of(found)
  return #found == 1 and found[1] or nil
end

-- A full ARN finds its secret. One without the suffix finds it within the caller's own account; a
-- name that itself ends like a suffix makes such an ARN look complete, and then it finds nothing.
local function find_by_arn(call, arn)
  local parts = world_of.split_arn(arn)
  if not parts or parts.service ~= "secretsmanager" or not parts.resource:find "^secret:." then
    wire.fail("ValidationException", BAD_NAME)
  end
  local owner = parts.account
  if parts.region ~= call.region then return nil, owner end
  local secret = call.world.secrets[arn]
  if not secret and owner == call.principal.account
    and not arn:find "%-%w%w%w%w%w%w$" then
    secret = one_of(call.world:find_secrets(owner, parts.region, { partial = arn }))
  end
  return secret, owner
end

-- The secret that SecretId means, nil if there is none, and the account it would be in.
local function find(call, id)
  if id:find "^arn:" then return find_by_arn(call, id) end
  if not id:find "^[%w/_+=.@!-]+$" then wire.fail("ValidationException", BAD_NAME) end
  local account = call.principal.account
  return one_of(call.world:find_secrets(account, call.region, { name = id })), account
end

local function tag_context(secret, context)
  for _, tag in ipairs(secret.tags) do
    context["aws:ResourceTag/" .. tag.Key] = tag.Value
    context["secretsmanager:ResourceTag/" .. tag.Key] = tag.Value
  end
  context["secretsmanager:SecretPrimaryRegion"] = secret.region
end

--- The secret that the input names, once the caller may do ACTION to it.
-- @param more condition keys of this operation
local function open(call, input, action, more)
  local id = input.SecretId
  call.subject = id
  local secret, owner = find(call, id)
  local context = { ["secretsmanager:SecretId"] = id }
  for key, value in pairs(more or {}) do context[key] = value end
  if secret then tag_context(secret, context) end
  authorize.require(call, {
    action = "secretsmanager:" .. action, resource = secret and secret.arn or id,
    owner = owner, policy = secret and secret.policy, context = context,
  })
  if not secret then wire.fail("ResourceNotFoundException", NOT_FOUND) end
  return secret
end

local function open_live(call, input, action, more)
  local secret = open(call, input, action, more)
  if secret.deleted then wire.fail("InvalidRequestException", DELETED) end
  return secret
end

local function refuse_managed_key(call, secret, key)
  if not key and secret.account ~= call.principal.account then
    wire.fail("InvalidRequestException", MANAGED_KEY)
  end
end

-- }====

-- {==== Versions and stages ====

local function holder_of(secret, stage)
  for _, version in pairs(secret.versions) do
    if version.stages[stage] then return version end
  end
end

local function sorted(set)
  local out = {}
  for name in pairs(set) do out[#out + 1] = name end
  table.sort(out)
  return out
end

-- A stage sits on one version. When AWSCURRENT moves, AWSPREVIOUS follows to where it was.
local function move_stage(secret, stage, version)
  local holder = holder_of(secret, stage)
  if holder == version then return end
  if holder then holder.stages[stage] = nil end
  version.stages[stage] = true
  if stage == "AWSCURRENT" and holder then move_stage(secret, "AWSPREVIOUS", holder) end
end

local function same_value(version, input)
  return version.string == input.SecretString and version.binary == input.SecretBinary
end

local function one_value(input, may_lack)
  if input.SecretString and input.SecretBinary then
    wire.fail("InvalidParameterException", "You can't specify both a binary secret value and a "
      .. "string secret value in the same secret.")
  elseif not may_lack and not input.SecretString and not input.SecretBinary then
    wire.fail("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
  end
end

local function need_token(input)
  if not input.ClientRequestToken then
    wire.fail("InvalidRequestException",
      "You must provide a ClientRequestToken value. We recommend a UUID-type value.")
  end
  return input.ClientRequestToken
end

-- A new version under the secret's key. Secrets Manager makes a data key for it and tries, under a
-- version id of its own, whether the writer could read it back.
local function add_version(call, secret, input)
  local id = input.ClientRequestToken
  kms.use(call, "kms:GenerateDataKey", secret.key, secret, id)
  kms.use(call, "kms:Decrypt", secret.key, secret, "RequestToValidateKeyAccess")
  local first = next(secret.versions) == nil
  local version = { id = id, string = input.SecretString, binary = input.SecretBinary, stages = {},
    created = call.now, key = secret.key }
  secret.versions[id] = version
  for _, stage in ipairs(input.VersionStages or { "AWSCURRENT" }) do
    move_stage(secret, stage, version)
  end
  if first then move_stage(secret, "AWSCURRENT", version) end
  secret.changed = call.now
  return version
end

-- }====

local function find_version(secret, input)
  local id, stage = input.VersionId, input.VersionStage
  if id then
    local version = secret.versions[id]
    if not version then
      wire.fail("ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for VersionId: " .. id)
    elseif stage and not version.stages[stage] then
      wire.fail("InvalidRequestException",
        "You provided a VersionStage that is not associated to the provided VersionId.")
    end
    return version
  end
  stage = stage or "AWSCURRENT"
  return holder_of(secret, stage) or wire.fail("ResourceNotFoundException",
    "Secrets Manager can't find the specified secret value for staging label: " .. stage)
end

local function get_secret_value(call, input)
  -- Only what the request carries is in the context: a condition on AWSCURRENT does not match a
  -- request that leaves the stage to the service.
  local secret = open_live(call, input, "GetSecretValue", {
    ["secretsmanager:VersionId"] = input.VersionId,
    ["secretsmanager:VersionStage"] = input.VersionStage,
  })
  local version = find_version(secret, input)
  refuse_managed_key(call, secret, version.key)
  kms.use(call, "kms:Decrypt", version.key, secret, version.id)
  secret.accessed = call.now - call.now % 86400
  return { ARN = secret.arn, Name = secret.name, VersionId = version.id,
    SecretString = version.string, SecretBinary = version.binary,
    VersionStages = sorted(version.stages), CreatedDate = version.created }
end

local function put_secret_value(call, input)
  local secret = open_live(call, input, "PutSecretValue")
  local id = need_token(input)
  one_value(input)
  refuse_managed_key(call, secret, secret.key)
  local version = secret.versions[id]
  if version and not same_value(version, input) then
    wire.fail("ResourceExistsException", "You can't use ClientRequestToken " .. id
      .. " because that value is already in use for a version of secret " .. secret.arn .. ".")
  end
  version = version or add_version(call, secret, input)
  return { ARN = secret.arn, Name = secret.name, VersionId = id,
    VersionStages = sorted(version.stages) }
end

local function create_context(input)
  local context = {
    ["secretsmanager:Name"] = input.Name, ["secretsmanager:Description"] = input.Description,
    ["secretsmanager:KmsKeyId"] = input.KmsKeyId,
  }
  local names = {}
  for _, tag in ipairs(input.Tags or {}) do
    context["aws:RequestTag/" .. tag.Key] = tag.Value
    names[#names + 1] = tag.Key
  end
  context["aws:TagKeys"] = #names > 0 and names or nil
  return context
end

local function authorize_create(call, input)
  local account = call.principal.account
  local context = create_context(input)
  local arn = ("arn:%s:secretsmanager:%s:%s:secret:%s-%s"):format(call.world.partition,
    call.region, account, input.Name, ids.suffix())
  local function require_right(action)
    authorize.require(call, { action = "secretsmanager:" .. action, resource = arn,
      shown = input.Name, owner = account, context = context })
  end
  require_right "CreateSecret"
  if input.Tags and #input.Tags > 0 then require_right "TagResource" end
end

-- The same request once more, as a client sends it that did not get the first answer.
local function created_before(existing, input)
  local version = existing.versions[input.ClientRequestToken]
  if version and same_value(version, input) then
    return { ARN = existing.arn, Name = existing.name, VersionId = version.id }
  end
  wire.fail("ResourceExistsException", ("The operation failed because the secret %s already "
    .. "exists."):format(existing.name))
end

local function create_secret(call, input)
  call.subject = input.Name
  if not input.Name:find "^[%w/_+=.@!-]+$" then wire.fail("ValidationException", BAD_NAME) end
  if input.AddReplicaRegions then
    wire.fail("ValidationException", "AddReplicaRegions is not there in the sandbox")
  end
  authorize_create(call, input)
  one_value(input, true)
  need_token(input)
  local account = call.principal.account
  local existing = one_of(call.world:find_secrets(account, call.region, { name = input.Name }))
  if existing and existing.deleted then
    wire.fail("InvalidRequestException", "You can't create this secret because a secret with this "
      .. "name is already scheduled for deletion.")
  elseif existing then
    return created_before(existing, input)
  end
  local key, key_arn
  if input.KmsKeyId and input.KmsKeyId ~= "" then
    key, key_arn = call.world:find_key(input.KmsKeyId, account, call.region)
    key_arn = not (key and key.managed) and (key and key.arn or key_arn) or nil
  end
  local secret = call.world:add_secret { name = input.Name, account = account,
    region = call.region, description = input.Description, tags = input.Tags, key = key_arn,
    time = call.now }
  local version
  if input.SecretString or input.SecretBinary then
    local ok, failure = pcall(add_version, call, secret, input)
    if not ok then
      call.world.secrets[secret.arn] = nil
      error(failure, 0)
    end
    version = failure
  end
  return { ARN = secret.arn, Name = secret.name, VersionId = version and version.id }
end

local function describe_secret(call, input)
  local secret = open(call, input, "DescribeSecret")
  local stages = {}
  for id, version in pairs(secret.versions) do
    if next(version.stages) then stages[id] = sorted(version.stages) end
  end
  return { ARN = secret.arn, Name = secret.name, Description = secret.description,
    KmsKeyId = secret.key, CreatedDate = secret.created, LastChangedDate = secret.changed,
    LastAccessedDate = secret.accessed, DeletedDate = secret.deleted,
    Tags = #secret.tags > 0 and secret.tags or nil,
    VersionIdsToStages = next(stages) and stages or nil }
end

-- Secrets Manager says little about a policy that it does not take; the log says the rest.
local function refuse_policy(call, text, detail)
  call.note = detail
  wire.fail("MalformedPolicyDocumentException", text)
end

local function read_policy(call, text)
  local ok, document = pcall(cjson.decode, text)
  if not ok or type(document) ~= "table" then
    refuse_policy(call, "This resource policy contains a syntax error.",
      ok and "the policy is no JSON object" or document)
  end
  local unknown = principals.unknown(call.world, document)
  if unknown then
    refuse_policy(call, "This resource policy contains an unsupported principal.",
      "there is no " .. unknown)
  end
  for _, finding in ipairs(iam.check_document(document, "resource")) do
    refuse_policy(call, "This resource policy contains a syntax error.",
      ("%s: %s"):format(finding.path, finding.message))
  end
  return document
end

local function put_resource_policy(call, input)
  local secret = open_live(call, input, "PutResourcePolicy", {
    ["secretsmanager:BlockPublicPolicy"] = input.BlockPublicPolicy ~= nil
      and tostring(input.BlockPublicPolicy) or nil,
  })
  local document = read_policy(call, input.ResourcePolicy)
  if input.BlockPublicPolicy and principals.is_public(document) then
    wire.fail("PublicPolicyException", "You can't attach a resource-based policy that allows "
      .. "broad access to the secret.")
  end
  secret.policy = { name = "resource policy", document = document, text = input.ResourcePolicy }
  return { ARN = secret.arn, Name = secret.name }
end

local function get_resource_policy(call, input)
  local secret = open_live(call, input, "GetResourcePolicy")
  return { ARN = secret.arn, Name = secret.name,
    ResourcePolicy = secret.policy and secret.policy.text }
end

local VALUE = { "SecretString", "SecretBinary", "ClientRequestToken" }

local function with(list, ...)
  return table.move(list, 1, #list, select("#", ...) + 1, { ... })
end

local ID = { "SecretId" }

local OPERATIONS = {
  CreateSecret = { run = create_secret, needs = { "Name" },
    takes = with(VALUE, "Name", "Description", "KmsKeyId", "Tags", "AddReplicaRegions") },
  DescribeSecret = { run = describe_secret, needs = ID, takes = ID },
  GetResourcePolicy = { run = get_resource_policy, needs = ID, takes = ID },
  GetSecretValue = { run = get_secret_value, needs = ID,
    takes = { "SecretId", "VersionId", "VersionStage" } },
  PutResourcePolicy = { run = put_resource_policy, needs = { "SecretId", "ResourcePolicy" },
    takes = { "SecretId", "ResourcePolicy", "BlockPublicPolicy" } },
  PutSecretValue = { run = put_secret_value, needs = ID,
    takes = with(VALUE, "SecretId", "VersionStages") },
}

--- Runs an operation for the authenticated CALL.
-- @return the output, a table with AWS's member names
function secretsmanager.run(call, name)
  local operation = OPERATIONS[name]
  if not operation then
    wire.fail("UnknownOperationException", nil, 400, true)
  end
  return operation.run(call, members.read(call.request.body, operation))
end

return secretsmanager
