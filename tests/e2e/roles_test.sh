# Roles: from profiles, from code, in chains, with an external id.
. "$(dirname "$0")/lib.sh"

cat >world.lua <<'LUA'
-- The founding world, where app-server may also become reader in the account
-- of the secrets, and reader become auditor, who needs an external id.
local world = founding()
local vault = world.accounts["222222222222"]
local app = world.accounts["111111111111"].roles[1]
local reader = "arn:aws:iam::222222222222:role/reader"
local auditor = "arn:aws:iam::222222222222:role/auditor"
local function policy(action, resource)
  return { Version = "2012-10-17",
    Statement = { { Effect = "Allow", Action = action, Resource = resource } } }
end
local function trust(principal, condition)
  return { Version = "2012-10-17", Statement = { { Effect = "Allow", Action = "sts:AssumeRole",
    Principal = { AWS = principal }, Condition = condition } } }
end
app.policies["become"] = policy("sts:AssumeRole", reader)
table.insert(vault.roles, { name = "reader",
  trust = trust "arn:aws:iam::111111111111:role/app-server",
  policies = { read = policy("secretsmanager:GetSecretValue", "*"),
    key = policy("kms:Decrypt", "*"), become = policy("sts:AssumeRole", auditor) } })
table.insert(vault.roles, { name = "auditor",
  trust = trust(reader, { StringEquals = { ["sts:ExternalId"] = "made-up-id" } }),
  policies = { read = policy("secretsmanager:GetSecretValue", "*"), key = policy("kms:Decrypt", "*") } })
return world
LUA
WORLD=$T/world.lua
READER=arn:aws:iam::222222222222:role/reader
AUDITOR=arn:aws:iam::222222222222:role/auditor

cat >config <<INI
[profile reader]
role_arn = $READER
credential_source = Ec2InstanceMetadata
region = ap-northeast-1

[profile auditor]
role_arn = $AUDITOR
source_profile = reader
external_id = made-up-id

[profile forgot]
role_arn = $AUDITOR
source_profile = reader

[profile loop-a]
role_arn = $READER
source_profile = loop-b

[profile loop-b]
role_arn = $READER
source_profile = loop-a
INI
with_config() { in_sandbox env AWS_CONFIG_FILE="$T/config" "$@"; }

run 'by option' 0 in_sandbox lunette whoami --role $READER
prints '222222222222:assumed-role/reader/'
run 'by profile' 0 with_config lunette whoami --profile reader
prints '222222222222:assumed-role/reader/'
run 'a chain of profiles' 0 with_config lunette whoami --profile auditor
prints '222222222222:assumed-role/auditor/'
run 'no external id' 11 with_config lunette whoami --profile forgot
says 'auditor'
run 'a cycle' 10 with_config lunette whoami --profile loop-a
says 'loop-a.*loop-b|loop-b.*loop-a'
run 'in a REF' 0 in_sandbox lunette get "prod/db?role=$READER#username"
run 'in a REF, by profile' 0 with_config lunette get 'prod/db?profile=auditor#username'
run 'a chain in code, one STS call a role' 0 in_sandbox lunette -e "
  local ln = require 'lunette'
  local reader = ln.session():assume_role { role_arn = '$READER' }
  local auditor = reader:assume_role { role_arn = '$AUDITOR', external_id = 'made-up-id' }
  print(auditor:secret 'prod/db'.username, auditor:identity().arn, reader:secret 'prod/db'.port)"
prints 'auditor'
run 'not trusted' 11 in_sandbox lunette whoami --role $AUDITOR
run 'a malformed role' 15 in_sandbox lunette whoami --role arn:aws:iam::222222222222:reader
finish
