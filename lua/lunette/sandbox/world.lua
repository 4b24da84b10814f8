--- The state behind the sandbox: accounts with their roles, users, keys and secrets, built from a
-- checked world and changed by the operations.
-- @module lunette.sandbox.world

local cjson = require "cjson"
local founding = require "lunette.sandbox.founding"
local ids = require "lunette.sandbox.ids"
local wire = require "lunette.sandbox.wire"
local worldfile = require "lunette.sandbox.worldfile"

local world = {}
local World = {}
World.__index = World

--- The parts of an ARN, or nil: partition, service, region, account, resource.
function world.split_arn(arn)
  local partition, service, region, account, resource =
    arn:match "^arn:([^:]+):([^:]+):([^:]*):([^:]*):(.+)$"
  if not partition then return nil end
  return { partition = partition, service = service, region = region, account = account,
    resource = resource }
end

--- A policy as the evaluator and GetResourcePolicy want it: name, document and exact text.
function world.policy(name, given)
  if given == nil then return nil end
  if type(given) == "string" then
    return { name = name, document = cjson.decode(given), text = given }
  end
  return { name = name, document = given, text = wire.json(given) }
end

local function policies(given)
  local out = {}
  for name, document in pairs(given or {}) do out[#out + 1] = world.policy(name, document) end
  table.sort(out, function(a, b) return a.name < b.name end)
  return out
end

local function entity(kind, spec, account, partition)
  return {
    kind = kind, name = spec.name, account = account.id, path = spec.path or "/",
    arn = ("arn:%s:iam::%s:%s%s%s"):format(partition, account.id, kind, spec.path or "/",
      spec.name),
    unique_id = ids.unique(kind == "role" and "AROA" or "AIDA"),
    policies = policies(spec.policies), boundary = world.policy("boundary", spec.boundary),
    tags = spec.tags or {},
  }
end

function World:add_role(account, spec)
  local role = entity("role", spec, account, self.partition)
  role.trust = world.policy("trust", spec.trust)
  role.max_session = spec.max_session or 3600
  self.roles[role.arn] = role
end

function World:add_user(account, spec)
  local user = entity("user", spec, account, self.partition)
  user.access_keys = spec.access_keys or {}
  self.users[user.arn] = user
end

function World:add_key(account, spec)
  local region = spec.region or self.region
  local arn = ("arn:%s:kms:%s:%s:key/%s"):format(self.partition, region, account.id, spec.id)
  self.keys[arn] = {
    arn = arn, id = spec.id, account = account.id, region = region,
    policy = world.policy("key policy", spec.policy), state = spec.state or "Enabled",
    aliases = spec.aliases or {},
  }
end

--- The name that a service goes by in a region, as kms:ViaService has it.
function World:service_host(service, region)
  local suffix = self.partition == "aws-cn" and "amazonaws.com.cn" or "amazonaws.com"
  return ("%s.%s.%s"):format(service, region, suffix)
end

-- The policy of aws/secretsmanager, which nobody can change: everybody of the account, through
-- Secrets Manager, and nobody else.
local function managed_policy(account, host)
  return {
    Version = "2012-10-17",
    Statement = { {
      Sid = "ThroughSecretsManagerInThisAccount", Effect = "Allow", Principal = { AWS = "*" },
      Action = { "kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt", "kms:ReEncrypt*",
        "kms:CreateGrant", "kms:DescribeKey" },
      Resource = "*",
      Condition = { StringEquals = { ["kms:CallerAccount"] = account,
        ["kms:ViaService"] = host } },
    } },
  }
end

--- The key aws/secretsmanager of an account and region.
function World:managed_key(account, region)
  local id = ("00000000-0000-4000-8000-%s"):format(account)
  local arn = ("arn:%s:kms:%s:%s:key/%s"):format(self.partition, region, account, id)
  if not self.keys[arn] then
    self.keys[arn] = {
      arn = arn, id = id, account = account, region = region, state = "Enabled", managed = true,
      policy = world.policy("key policy of aws/secretsmanager",
        managed_policy(account, self:service_host("secretsmanager", region))),
      aliases = { "alias/aws/secretsmanager" },
    }
  end
  return self.keys[arn]
end

--- The key that a KmsKeyId of a writer in ACCOUNT means: an ARN, an id or an alias, the latter two
-- looked up in that account. Also the ARN that was looked for.
function World:find_key(id, account, region)
  if id == "alias/aws/secretsmanager" then return self:managed_key(account, region) end
  local prefix = ("arn:%s:kms:%s:%s:"):format(self.partition, region, account)
  local arn = id
  if not id:find "^arn:" then arn = prefix .. (id:find "^alias/" and id or "key/" .. id) end
  local owner, alias = arn:match "^(arn:.*:)(alias/.+)$"
  if not alias then return self.keys[arn], arn end
  for _, key in pairs(self.keys) do
    for _, name in ipairs(key.aliases) do
      if name == alias and key.arn:sub(1, #owner) == owner then return key, arn end
    end
  end
  return nil, arn
end

--- An empty secret, entered in the world.
function World:add_secret(spec)
  local suffix = spec.suffix or ids.suffix()
  local secret = {
    name = spec.name, account = spec.account, region = spec.region,
    arn = ("arn:%s:secretsmanager:%s:%s:secret:%s-%s"):format(self.partition, spec.region,
      spec.account, spec.name, suffix),
    description = spec.description, tags = spec.tags or {}, key = spec.key,
    versions = {}, created = spec.time, changed = spec.time,
  }
  self.secrets[secret.arn] = secret
  return secret
end

--- The secrets of an account in a region whose ARN or name fits: `arn`, `name`, or `partial`, an
-- ARN without its suffix.
function World:find_secrets(account, region, by)
  local out = {}
  for arn, secret in pairs(self.secrets) do
    if secret.account == account and secret.region == region
      and (by.arn == nil or by.arn == arn)
      and (by.name == nil or by.name == secret.name)
      and (by.partial == nil or by.partial == arn:sub(1, -8)) then
      out[#out + 1] = secret
    end
  end
  return out
end

local function fill_secret(self, account, spec, now)
  local tags = {}
  for key, value in pairs(spec.tags or {}) do tags[#tags + 1] = { Key = key, Value = value } end
  local secret = self:add_secret { name = spec.name, suffix = spec.suffix, account = account.id,
    region = spec.region or self.region, description = spec.description, tags = tags,
    key = spec.kms_key, time = now }
  secret.policy = world.policy("resource policy", spec.resource_policy)
  secret.deleted = spec.deleted and now or nil
  for _, version in ipairs(spec.versions or { spec }) do
    local stages = {}
    for _, stage in ipairs(version.stages or { "AWSCURRENT" }) do stages[stage] = true end
    local id = version ~= spec and version.id or ids.uuid()
    secret.versions[id] = { id = id, string = version.string, binary = version.binary,
      stages = stages, created = now, key = spec.kms_key }
  end
end

-- What one document of the world says about another has to be there, or every denial that follows
-- would be about the wrong thing.
local function check_references(self, path)
  local function refuse(place, what, hint)
    worldfile.fail(path, ("%s %s"):format(place, what), hint)
  end
  local role = self.instance.role
  if role and not self.roles[role] then
    refuse("instance.role", ("is %s, which no account has"):format(role))
  end
  for arn, secret in pairs(self.secrets) do
    if secret.key and not self.keys[secret.key] then
      refuse("the secret " .. arn, ("is under %s, which no account has"):format(secret.key),
        "add the key to its account's keys, or leave kms_key out")
    end
  end
end

--- A world from a checked description.
-- @param spec as a world file says it; nil for the founding one
-- @param now seconds since the epoch, the time that everything in it was made
-- @param path what messages call it
function world.new(spec, now, path)
  spec = spec or founding()
  path = path or "world"
  worldfile.check(spec, path)
  local instance = spec.instance or {}
  local self = setmetatable({
    region = spec.region, accounts = {}, roles = {}, users = {}, keys = {}, secrets = {},
    partition = spec.region:find "^cn%-" and "aws-cn"
      or spec.region:find "^us%-gov%-" and "aws-us-gov" or "aws",
    instance = {
      id = instance.id or "i-0a1b2c3d4e5f60718", role = instance.role,
      zone = instance.availability_zone or spec.region .. "a",
      type = instance.type or "t3.micro", image = instance.image or "ami-0a1b2c3d4e5f60718",
    },
  }, World)
  for id, given in pairs(spec.accounts) do
    local account = { id = id, scp = policies(given.scp), rcp = policies(given.rcp) }
    self.accounts[id] = account
    for _, role in ipairs(given.roles or {}) do self:add_role(account, role) end
    for _, user in ipairs(given.users or {}) do self:add_user(account, user) end
    for _, key in ipairs(given.keys or {}) do self:add_key(account, key) end
    for _, secret in ipairs(given.secrets or {}) do fill_secret(self, account, secret, now) end
  end
  check_references(self, path)
  return self
end

return world
