# Bad input: one clear line that names the thing, the documented exit status,
# no secret, and nothing changed on disk.
. "$(dirname "$0")/lib.sh"

admin() { lunette sandbox --as arn:aws:iam::222222222222:role/secrets-admin -- "$@"; }

# bad NAME STATUS PATTERN CMD...: two lines besides a template's excerpt
bad() {
  what=$1
  status=$2
  pattern=$3
  shift 3
  run "$what" "$status" "$@"
  says "$pattern"
  holds "$what: at most two lines" [ "$(grep -vc '^ *[0-9]* | ' err)" -le 2 ]
  holds "$what: no traceback" eval '! grep -q traceback err'
}
before=$(ls -A)

bad 'missing secret' 12 'prod/none' admin lunette get prod/none
bad 'missing version' 12 'prod/db' admin lunette get 'prod/db?version=0123456789abcdef0123456789abcdef'
bad 'missing stage' 12 'prod/db' admin lunette get 'prod/db?stage=NOWHERE'
bad 'missing field' 12 'prod/db#passwort' in_sandbox lunette get "$S#passwort"
bad 'field of a scalar' 12 'port' in_sandbox lunette get "$S#port.x"
bad 'foreign secret' 11 'prod/other' in_sandbox lunette get \
  arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:prod/other-AbCdEf
bad 'malformed arn' 15 'arn:aws' in_sandbox lunette get arn:aws:secretsmanager:ap-northeast-1:222
bad 'arn of another service' 15 's3' in_sandbox lunette get arn:aws:s3:::bucket
bad 'arn and region' 15 'the ARN is of ap-northeast-1, region= says us-east-1' in_sandbox \
  lunette get "$S?region=us-east-1"
bad 'no such region' 10 'hint: check the region and the endpoint' in_sandbox \
  lunette get prod/db --region nowhere-1
bad 'an arn without its suffix' 11 'no six-character suffix \(-AbCdEf\): write it whole' \
  in_sandbox lunette get "${S%-AbCdEf}"
bad 'a denial' 11 "hint: the (secret's resource|identity) policy .*account (1|2){12}\).* has to allow" \
  in_sandbox lunette get arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:prod/other-AbCdEf
bad 'malformed ref: key' 15 'stag' in_sandbox lunette get "$S?stag=AWSCURRENT"
bad 'malformed ref: path' 15 '\[' in_sandbox lunette get "$S#a[x"
bad 'empty ref' 15 'empty|name' in_sandbox lunette get ''
bad 'no region' 15 'region' env -u AWS_REGION -u AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID=AKIDEXAMPLE \
  AWS_SECRET_ACCESS_KEY=made-up lunette get prod/db
bad 'unknown option' 2 '--jsom.*--json' in_sandbox lunette get --jsom "$S"
bad 'unknown command' 2 'rendr.*render' lunette rendr
bad 'an option before the command' 2 \
  '^lunette: --profile stands behind the command: lunette whoami --profile x $' \
  lunette --profile x whoami
bad 'no option' 2 '--nonsense is no option +hint' lunette --nonsense x
bad 'an option without its value' 2 '-e needs a value' lunette -e
bad 'no such script' 2 'nowhere.lua' lunette nowhere.lua
bad 'script error' 1 'oops' lunette -e 'error "oops"'

# On a terminal long lines are wrapped at blanks, words stay whole.
what=arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:prod/other-AbCdEf
run 'on a terminal' 11 in_sandbox python3 "$here/on_terminal.py" 72 lunette get "$what"
says '^lunette: access denied: secret prod/other: .*  hint: .*resource'
holds 'within its width' [ "$(grep -v "$what" err | awk 'length > 72' | wc -l)" = 0 ]
holds 'what goes on is indented' [ "$(sed '1d; /^  [^ ]/d' err | wc -l)" = 0 ]
holds 'it does go on' [ "$(wc -l <err)" -gt 6 ]
run 'elsewhere' 11 in_sandbox lunette get "$what"
holds 'a line stays a line' [ "$(wc -l <err)" = 2 ]
run 'a terminal that does not say its width' 1 python3 "$here/on_terminal.py" 0 lunette -e \
  'error(("word "):rep(50))'
holds 'has eighty columns, less what no word fills' [ "$(awk '{ if (length > most) most = length } END { print most }' err)" = 79 ]

# credentials
export AWS_EC2_METADATA_DISABLED=true
unset AWS_EC2_METADATA_SERVICE_ENDPOINT
bad 'no credentials' 10 'no credentials found: environment: AWS_ACCESS_KEY_ID is not set; profile default: neither [^ ]*/credentials nor [^ ]*/config is there; instance metadata: AWS_EC2_METADATA_DISABLED is true +hint' \
  lunette get "$S"
bad 'unknown profile' 10 'nobody' lunette get "$S" --profile nobody
bad 'half a key' 10 'AWS_SECRET_ACCESS_KEY' env AWS_ACCESS_KEY_ID=AKIDEXAMPLE lunette get "$S"
printf '[default\nregion = x\n' >"$T/bad-config"
bad 'config syntax' 15 'bad-config.*1|bad-config:1' env AWS_CONFIG_FILE="$T/bad-config" lunette get "$S"
rm "$T/bad-config"
bad 'no network' 14 '127.0.0.1' env AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=made-up \
  AWS_ENDPOINT_URL=http://127.0.0.1:9 lunette get "$S"
bad 'http elsewhere' 15 'http|https' env AWS_ACCESS_KEY_ID=AKIDEXAMPLE \
  AWS_SECRET_ACCESS_KEY=made-up AWS_ENDPOINT_URL=http://192.0.2.1 lunette get "$S"
bad 'no CA file' 14 'none.pem' env AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=made-up \
  AWS_CA_BUNDLE="$T/none.pem" AWS_ENDPOINT_URL=https://127.0.0.1:9 lunette get "$S"
unset AWS_EC2_METADATA_DISABLED
bad 'foreign keys' 10 'token|key|UnrecognizedClient|invalid' in_sandbox env AWS_ACCESS_KEY_ID=AKIDEXAMPLE \
  AWS_SECRET_ACCESS_KEY=made-up lunette get "$S"
python3 -c '
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
print(s.getsockname()[1], flush=True)
time.sleep(60)' >port &
silent=$!
while [ ! -s port ]; do sleep 0.05; done
bad 'deadline' 19 'deadline of (1 s|9[0-9]* ms)' env AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=made-up \
  AWS_ENDPOINT_URL="http://127.0.0.1:$(cat port)" lunette get "$S" --deadline 1s
kill "$silent"
rm -f port
bad 'not json' 15 'JSON.*line 1, column' admin sh -c 'lunette -e "
  local ln = require [[lunette]]; ln.json.decode [[{\"a\": 01}]]"'

# rendering
render() {
  printf '%s' "$1" >t.tmpl
  shift
  in_sandbox lunette render t.tmpl --secret db="$S" "$@"
}
bad 'template syntax' 15 't.tmpl:1' render 'a: {{ db.port ' --to x.yaml
bad 'missing variable' 15 'nope.* 1 | a: {{ nope }} +\| +\^ *( hint|$)' \
  render 'a: {{ nope }}' --to x.yaml
bad 'missing member' 12 'prod/db#nope' render 'a: {{ db.nope }}' --to x.yaml
bad 'unknown format' 15 'toml.*yaml' render 'a = {{ db.port }}' --to x.toml
bad 'a comment' 15 'comment' render '# {{ db.password }}' --to x.yaml
bad 'no template' 18 'absent.tmpl' in_sandbox lunette render absent.tmpl --to x.yaml
bad 'no folder' 18 'none' render 'a: {{ db.port }}' --to none/x.yaml
bad 'no --to' 2 '--to' in_sandbox lunette render t.tmpl
bad 'bad mode' 2 '--mode 9999' render 'a: {{ db.port }}' --to x.yaml --mode 9999
bad 'no such owner' 15 'nobody-at-all' render 'a: {{ db.port }}' --to x.yaml --owner nobody-at-all
# under valgrind a child that cannot exec does not say why
[ -n "${VALGRIND:-}" ] || bad 'no such check' 16 'not-a-command' render 'a: {{ db.port }}' --to x.yaml --check 'not-a-command %s'
ln -s elsewhere link.yaml
bad 'a symlink' 18 'link.yaml' render 'a: {{ db.port }}' --to link.yaml
rm -f link.yaml t.tmpl out err canaries
holds 'nothing is left' [ "$(ls -A)" = "$before" ]
finish
