# whoami, and --why: who was asked for credentials, what each said, and how the
# search ended.
. "$(dirname "$0")/lib.sh"

cat >world.lua <<'LUA'
-- The founding world, where app-server may become reader, and reader auditor.
local world = founding()
local vault = world.accounts["222222222222"]
local app = world.accounts["111111111111"].roles[1]
local reader = "arn:aws:iam::222222222222:role/reader"
local auditor = "arn:aws:iam::222222222222:role/auditor"
local function policy(resource)
  return { Version = "2012-10-17",
    Statement = { { Effect = "Allow", Action = "sts:AssumeRole", Resource = resource } } }
end
local function trust(principal)
  return { Version = "2012-10-17", Statement = { { Effect = "Allow", Action = "sts:AssumeRole",
    Principal = { AWS = principal } } } }
end
app.policies["become"] = policy(reader)
table.insert(vault.roles, { name = "reader",
  trust = trust "arn:aws:iam::111111111111:role/app-server",
  policies = { become = policy(auditor) } })
table.insert(vault.roles, { name = "auditor", trust = trust(reader) })
return world
LUA
cat >no-role.lua <<'LUA'
local world = founding()
world.instance.role = nil
return world
LUA
READER=arn:aws:iam::222222222222:role/reader
AUDITOR=arn:aws:iam::222222222222:role/auditor

cat >config <<INI
[profile reader]
role_arn = $READER
credential_source = Ec2InstanceMetadata

[profile auditor]
role_arn = $AUDITOR
source_profile = reader

[profile closed]
role_arn = arn:aws:iam::222222222222:role/secrets-admin
credential_source = Ec2InstanceMetadata

[profile device]
role_arn = $READER
credential_source = Ec2InstanceMetadata
mfa_serial = arn:aws:iam::111111111111:mfa/me

[profile here]
role_arn = $READER
credential_source = Ec2InstanceMetadata
region = eu-central-1

[profile half]
aws_access_key_id = AKIDHALF

[profile process]
credential_process = printf '{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "canary-process", "Expiration": "2099-01-01T00:00:00Z"}'
INI
printf 'canary-process\ncanary-variable\n' >more-canaries
with_config() { WORLD=$T/world.lua in_sandbox env AWS_CONFIG_FILE="$T/config" "$@"; }

# shows PATTERN: standard output, its lines joined and its blanks squeezed,
# matches; so where a line is wrapped does not matter.
shows() {
  if tr -s ' \n' ' ' <"$T/out" | grep -Eq -- "$1"; then pass; else fail "no '$1'"; fi
}

# no_canary: besides what lib.sh looks for, nothing of ours is shown.
no_canary() {
  name="$name: no canary"
  if grep -qFf more-canaries out err; then fail 'a secret is shown'; else pass; fi
}

# steps WORDS: the results of the steps that are shown, in order, are these.
steps() {
  name="$name: its steps"
  got=$(sed -n 's/^\([-+!]\) .*/\1/p' out | tr -d '\n')
  if [ "$got" = "$1" ]; then pass; else fail "steps $got, not $1"; fi
}

within() {
  name="$name: within $1 columns"
  if [ "$(grep -v 'security-credentials\|arn:' out | awk -v w="$1" 'length > w' | wc -l)" = 0 ]
  then pass; else fail 'a line is longer'; fi
}

# ---------------------------------------------------------------- found --

run 'by the instance role' 0 in_sandbox lunette whoami
shows '^account +111111111111 arn arn:aws:sts::111111111111:assumed-role/app-server/i-.* provider iam-role region ap-northeast-1 expiration [0-9TZ:-]+ $'

run 'why the instance role' 0 in_sandbox lunette whoami --why
steps '---------+'
shows '^- [0-9]+ ms env: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY passed over: AWS_ACCESS_KEY_ID is not set '
shows '\+ [0-9]+ ms iam-role.*app-server.* account 111111111111 '
shows 'expiration [0-9TZ:-]+ \(in [56] h [0-9]+ min\) $'
within 80

run 'why, by the environment' 0 lunette sandbox \
  --as arn:aws:iam::222222222222:role/secrets-admin -- lunette whoami --why
steps '+'
shows '^\+ .* env: .* found: keys with a token in AWS_SESSION_TOKEN account +222222222222 '

run 'a chain of roles' 0 with_config lunette whoami --profile auditor
shows "provider assume-role role $AUDITOR from $READER region"
run 'why a chain of roles' 0 with_config lunette whoami --why --profile auditor
shows "ms AssumeRole: .*$READER.*ms AssumeRole: .*$AUDITOR.*account +222222222222"
holds 'whom a role asks is indented' grep -q '^+ .* ms    iam-role' out
run 'a role by option' 0 with_config lunette whoami --why --role $READER
shows "iam-role.*AssumeRole: .*$READER.*found.* role $READER"

run 'keys that STS does not know' 10 with_config lunette whoami --why --profile process
shows '\+ [0-9]+ ms custom-process.* provider custom-process region ap-northeast-1 \(AWS_REGION\) expiration 2099-01-01T00:00:00Z \(in [0-9]+ days\)'
says '^lunette: credentials: The security token included in the request is invalid'
no_canary

in_config() { with_config env -u AWS_REGION -u AWS_DEFAULT_REGION "$@"; }
run 'the region of the machine' 0 in_config lunette whoami --why --profile auditor
shows 'region ap-northeast-1 \(the instance metadata service\)'
run 'the region of a profile' 0 in_config lunette whoami --why --profile here
shows 'region eu-central-1 \(region in [^ ]*/config:[0-9]+\)'
run 'the region of an option' 0 in_config lunette whoami --why --profile here --region eu-west-3
shows 'region eu-west-3 \(the region option\)'

# ---------------------------------------------------------------- JSON --

run 'as JSON' 0 with_config lunette whoami --why --json --profile auditor
cp out why.json
run 'which parses' 0 lunette -e '
  local ln = require "lunette"
  local why = ln.json.decode(ln.fs.read "why.json")
  assert(why.account == "222222222222" and why.provider == "assume-role" and not why.error)
  assert(why.roles[1]:find "auditor" and why.roles[2]:find "reader" and #why.roles == 2)
  for _, step in ipairs(why.steps) do
    assert(step.name and step.result and step.depth and step.seconds >= 0, step.name)
  end
  print(#why.steps)'
shows '^[0-9]+ $'
run 'plain JSON' 0 in_sandbox lunette whoami --json
shows '^\{"account":"111111111111","arn":"arn:[^"]*","expiration":"[^"]*","provider":"iam-role","region":"ap-northeast-1","region_from":"AWS_REGION","roles":\[\],"user_id":"[^"]*"\} $'

# -------------------------------------------------------------- failing --

none() { WORLD=$T/no-role.lua in_sandbox "$@"; }
run 'no role' 10 none lunette whoami --why --no-wait
steps '----------'
shows 'iam-role.*passed over: .*no role'
says '^lunette: credentials: no credentials found: .*hint: '
run 'no role, without why' 10 none lunette whoami --no-wait
holds 'it prints nothing' [ ! -s out ]
run 'no role, as JSON' 10 none lunette whoami --why --json --no-wait
cp out why.json
run 'which parses' 0 lunette -e '
  local ln = require "lunette"
  local why = ln.json.decode(ln.fs.read "why.json")
  assert(why.error.kind == "credentials" and why.error.message:find "no credentials found")
  assert(#why.steps == 10 and not why.account)'

run 'metadata switched off' 10 env AWS_EC2_METADATA_DISABLED=true lunette whoami --why
steps '----------'
shows 'passed over: AWS_EC2_METADATA_DISABLED is true $'

run 'metadata out of reach' 10 lunette whoami --why --no-wait
shows 'iam-role.*127.0.0.1:9'

run 'no such profile' 10 with_config lunette whoami --why --profile nobody
says 'nobody'
run 'no such profile, as JSON' 10 with_config lunette whoami --json --profile nobody
shows '^\{"error":\{.*"kind":"credentials","message":"profile \\"nobody\\" is in neither'
run 'keys that nobody knows' 10 in_sandbox env AWS_ACCESS_KEY_ID=AKIDEXAMPLE \
  AWS_SECRET_ACCESS_KEY=canary-variable lunette whoami
says 'hint: .*; the call was signed with the credentials of env $'
no_canary
run 'half a pair of keys' 10 with_config lunette whoami --why --profile half
shows '! .* config-file: profile "half" in [^ ]*/config failed: Partial credentials found in config-file, missing: aws_secret_access_key'
says '^lunette: credentials: Partial credentials'
holds 'nobody else is asked' [ "$(grep -c '^[-+!]' out)" -lt 10 ]
run 'a role that is closed' 11 with_config lunette whoami --why --profile closed
shows '\+ [0-9]+ ms iam-role.*! [0-9]+ ms AssumeRole: .*secrets-admin'
says '^lunette: access denied: .*secrets-admin'

run 'nobody is STS' 14 env AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=canary-variable \
  AWS_REGION=eu-west-1 AWS_ENDPOINT_URL=http://127.0.0.1:9 lunette whoami --why
shows '^\+ .* env: .*found: keys without a token provider env region eu-west-1 \(AWS_REGION\) $'
says '^lunette: network: '
no_canary
run 'wait and not' 2 lunette whoami --wait --no-wait
says 'exclude each other'

# ------------------------------------------------------------- waiting --

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(sleep 1; exec lunette sandbox --port "$port" >sandbox.out 2>&1) &
late=$!
late() {
  env AWS_REGION=eu-west-1 AWS_ENDPOINT_URL="http://127.0.0.1:$port" \
    AWS_EC2_METADATA_SERVICE_ENDPOINT="http://127.0.0.1:$port" lunette whoami --why "$@"
}
run 'a service that comes late, not waited for' 10 late --no-wait
run 'a service that comes late' 0 late --wait --deadline 60s
shows '\+ [0-9. ]+ m?s iam-role.*account 111111111111'
kill "$late"
wait "$late"

# ------------------------------------------------------------- a device --

run 'a code that is typed' 0 with_config \
  python3 "$here/on_terminal.py" 80 --type 123456 lunette whoami --profile device
says '^MFA code for arn:aws:iam::111111111111:mfa/me: 123456 $'
shows 'assumed-role/reader/'
run 'what is no code' 10 with_config \
  python3 "$here/on_terminal.py" 80 --type 12345 lunette whoami --profile device
says 'me: 12345 That is not six digits. MFA code for .* has to be six digits'
run 'a code that nobody types' 19 with_config \
  python3 "$here/on_terminal.py" 80 --type '' lunette whoami --profile device --deadline 500ms
run 'no terminal' 10 with_config setsid -w lunette whoami --profile device
says 'a code of the MFA device arn:aws:iam::111111111111:mfa/me is wanted: there is no terminal to ask on +hint: '

# A program that gives credentials may ask there too, but not where nobody is.
asker=$T/asker
cat >"$asker" <<'END'
printf 'MFA code for a program: ' >/dev/tty || exit 7
read -r code </dev/tty && [ "$code" = 123456 ] || exit 8
printf '{"Version":1,"AccessKeyId":"AKIDASKED","SecretAccessKey":"canary-x"}'
END
printf '[profile asker]\ncredential_process = sh %s\n' "$asker" >>"$T/config"
run 'a program that asks' 0 with_config python3 "$here/on_terminal.py" 80 --type 123456 \
  lunette -e 'print(require("lunette").session{profile="asker"}:credentials().access_key_id)'
shows '^AKIDASKED'
says 'MFA code for a program: 123456'
run 'a program without a terminal' 10 with_config setsid -w lunette whoami --profile asker
says "'sh' ended with status 7"

# ------------------------------------------------------------- terminals --

run 'a narrow terminal' 10 python3 -c '
import fcntl, os, pty, struct, subprocess, sys, termios
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
child = subprocess.Popen(sys.argv[1:], stdout=slave)
os.close(slave)
shown = b""
try:
    while True:
        piece = os.read(master, 4096)
        if not piece:
            break
        shown += piece
except OSError:
    pass
sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.exit(child.wait())' lunette whoami --why --no-wait
holds 'is heeded' grep -q '^           AWS_SECRET_ACCESS_KEY$' out
finish
