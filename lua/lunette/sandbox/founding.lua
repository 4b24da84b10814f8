--- The world that the sandbox starts with: a server in one account reads, by ARN, a secret that a
-- security team keeps in another. Three documents have to agree for that, and each is here once:
-- the role's policy, the secret's and the key's.
-- @module lunette.sandbox.founding

local REGION = "ap-northeast-1"
local APP_ACCOUNT = "111111111111"
local VAULT_ACCOUNT = "222222222222"
local KEY_ID = "5ec4e700-0000-4000-8000-000000000001"

local APP_ROLE = "arn:aws:iam::" .. APP_ACCOUNT .. ":role/app-server"
local KEY = ("arn:aws:kms:%s:%s:key/%s"):format(REGION, VAULT_ACCOUNT, KEY_ID)
local SECRET = ("arn:aws:secretsmanager:%s:%s:secret:prod/db-AbCdEf"):format(REGION, VAULT_ACCOUNT)

-- What a careless renderer gets wrong: numbers that a float cannot hold or would print otherwise,
-- and texts with the marks that YAML, .env files and shells give a meaning to. The password has no
-- single quote, because no .env file that all readers agree on can hold it together with a dollar.
local VALUE = [[{
  "host": "db.internal.example",
  "port": 5432,
  "username": "app_user",
  "password": "made-up: \"pa$$w0rd\" #1 & {x} 7%",
  "serial": 123456789012345678,
  "rate": 1.10,
  "tls": true,
  "note": "it's #1: \\o/ \"100%\" $HOME, 日本語",
  "replicas": [{"host": "db-1.internal.example"}, {"host": "db-2.internal.example"}],
  "comment": null
}]]

local function allow(statement)
  statement.Effect = "Allow"
  return statement
end

local function policy(...)
  return { Version = "2012-10-17", Statement = { ... } }
end

local function trust(principal)
  return policy(allow { Principal = principal, Action = "sts:AssumeRole" })
end

local function app_account()
  return {
    roles = {
      {
        name = "app-server",
        trust = trust { Service = "ec2.amazonaws.com" },
        policies = {
          ["read-db"] = policy(
            allow { Sid = "ReadSecret", Action = "secretsmanager:GetSecretValue",
              Resource = SECRET },
            allow { Sid = "DecryptSecret", Action = "kms:Decrypt", Resource = KEY }),
        },
      },
    },
  }
end

local function vault_key()
  return {
    id = KEY_ID,
    policy = policy(
      allow { Sid = "Administrators", Principal = { AWS = "arn:aws:iam::222222222222:root" },
        Action = "kms:*", Resource = "*" },
      allow { Sid = "DecryptForAppServer", Principal = { AWS = APP_ROLE },
        Action = "kms:Decrypt", Resource = "*",
        Condition = {
          StringEquals = { ["kms:ViaService"] = "secretsmanager." .. REGION .. ".amazonaws.com" },
          ArnLike = { ["kms:EncryptionContext:SecretARN"] = SECRET },
        } }),
  }
end

local function vault_account()
  return {
    roles = {
      {
        name = "secrets-admin",
        trust = trust { AWS = "arn:aws:iam::222222222222:root" },
        policies = {
          ["manage-secrets"] = policy(
            allow { Action = "secretsmanager:*", Resource = "*" },
            allow { Action = { "kms:Decrypt", "kms:GenerateDataKey" }, Resource = KEY }),
        },
      },
    },
    keys = { vault_key() },
    secrets = {
      {
        name = "prod/db",
        suffix = "AbCdEf",
        description = "made up, for the sandbox",
        kms_key = KEY,
        resource_policy = policy(allow { Sid = "ReadByAppServer", Principal = { AWS = APP_ROLE },
          Action = "secretsmanager:GetSecretValue", Resource = "*" }),
        string = VALUE,
      },
    },
  }
end

--- The founding world, in the form of a world file; new at each call.
return function()
  return {
    region = REGION,
    instance = { id = "i-0a1b2c3d4e5f60718", role = APP_ROLE },
    accounts = { [APP_ACCOUNT] = app_account(), [VAULT_ACCOUNT] = vault_account() },
  }
end
