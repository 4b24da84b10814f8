# get: what it prints, in which form, where to, and what it refuses.
. "$(dirname "$0")/lib.sh"

cat >world.lua <<'LUA'
-- The founding world with a secret of bytes (a NUL, no UTF-8, a line break at
-- the end) and one that has been rotated, in the server's own account.
local world = founding()
local app = world.accounts["111111111111"]
app.roles[1].policies["read-own"] = { Version = "2012-10-17", Statement = {
  { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = "*" } } }
app.secrets = {
  { name = "bytes", suffix = "AbCdEf", binary = "bm90AGEtcmVhbC3/LWtleQo=" },
  { name = "rotated", suffix = "AbCdEf", versions = {
    { id = "11111111-1111-4111-8111-111111111111", stages = { "AWSPREVIOUS" },
      string = '{"key": "canary-old"}' },
    { id = "22222222-2222-4222-8222-222222222222", stages = { "AWSCURRENT" },
      string = '{"key": "canary-new"}' } } },
}
return world
LUA
canaries # of the founding world, which has the same
WORLD=$T/world.lua
SHOWS=1

# is WHAT BYTES CMD...: CMD prints just these bytes, as printf's %b has them
is() {
  what=$1
  bytes=$2
  shift 2
  run "$what" 0 "$@"
  printf '%b' "$bytes" >want
  holds "$what: the bytes" cmp out want
}

is 'a field' app_user in_sandbox lunette get "$S#username"
is 'a number keeps its text' 1.10 in_sandbox lunette get "$S#rate"
is 'an element' db-2.internal.example in_sandbox lunette get "$S#replicas[1].host"
is 'bytes' 'not\0000a-real-\0377-key\n' in_sandbox lunette get bytes
is 'the current version' canary-new in_sandbox lunette get 'rotated#key'
is 'a stage' canary-old in_sandbox lunette get 'rotated?stage=AWSPREVIOUS#key'
is 'a version' canary-old in_sandbox lunette get \
  'rotated?version=11111111-1111-4111-8111-111111111111#key'
is 'NULs' 'app_user\00005432\0000true\0000null\0000' in_sandbox lunette get -0 \
  "$S#username" "$S#port" "$S#tls" "$S#comment"

run 'json' 0 in_sandbox lunette get --json "$S#port" "$S#note" "$S#tls" "$S#comment" "$S#rate" 'rotated#key'
holds 'json reads back' python3 - "$S" <<'PY'
import json, sys
s, d = sys.argv[1], json.load(open("out"))
assert d == {s + "#port": 5432, s + "#tls": True, s + "#comment": None, s + "#rate": 1.1,
    s + "#note": "it's #1: \\o/ \"100%\" $HOME, 日本語", "rotated#key": "canary-new"}, d
PY
run 'json of bytes' 15 in_sandbox lunette get --json bytes
says 'UTF-8'

# to a file
SHOWS=
run 'to a file' 0 in_sandbox lunette get --out key bytes
holds 'prints nothing' [ ! -s out ]
printf 'not\000a-real-\377-key\n' >want
holds 'its bytes' cmp key want
holds 'mode 0600' [ "$(stat -c %a key)" = 600 ]
before=$(stat -c '%i %Y' key)
run 'the same again' 0 in_sandbox lunette get --out key bytes
holds 'is not written' [ "$(stat -c '%i %Y' key)" = "$before" ]
run 'what fails' 12 in_sandbox lunette get --out key 'rotated#nothing'
holds 'leaves the file' cmp key want
holds 'and nothing beside it' [ "$(ls -A | grep -c key)" = 1 ]

# a boot log
SHOWS=1
run 'one log for both' 2 sh -c 'exec lunette get rotated#key >log 2>&1'
holds 'it says what to do' grep -q -e '--out FILE' log
holds 'it shows nothing' eval '! grep -q canary log'
run 'asked to all the same' 0 in_sandbox sh -c 'exec lunette get --print rotated#key >log 2>&1'
holds 'it is there' [ "$(cat log)" = canary-new ]
run 'a file is no log' 0 in_sandbox sh -c 'exec lunette get --out key rotated#key >log 2>&1'
SHOWS=

# usage
run 'two forms' 2 lunette get --json -0 a b
says 'json and -0'
run 'several' 2 lunette get a b
says 'need --json or -0'
run 'a member twice' 2 lunette get --json a b a
says 'a is asked for twice'
run 'no file' 2 lunette get a --out ''
says '--out is empty'
run 'none' 2 lunette get
says 'REF'

# what cannot be printed
for command in "get $S" 'whoami' 'whoami --json' 'get --help'; do
  run "$command to /dev/full" 1 in_sandbox sh -c "exec lunette $command >/dev/full"
  says 'standard output could not be written: No space left'
done
run 'help to /dev/full' 1 sh -c 'exec lunette help >/dev/full'
says 'standard output could not be written: No space left'
finish
