# The founding case as `make demo` runs it, and what a second run does.
. "$(dirname "$0")/lib.sh"

examples=$root/scripts/examples
export APP="$examples/app" APP_RELOAD="$examples/app --reload" APP_LOG="$T/reloads"
mkdir etc

run 'first run' 0 in_sandbox lunette "$examples/boot.lua" etc
prints 'app.yaml written.*app.env written'
SHOWS=1
run 'yaml reads back' 0 python3 -c '
import sys, yaml
d = yaml.safe_load(open("etc/app.yaml"))
assert d["database"]["port"] == 5432, d
assert d["limits"] == {"serial": 123456789012345678, "rate": 1.1}, d
print(d["database"]["password"], end="")'
in_sandbox lunette get "$S#password" >want
holds 'the password is whole' cmp -s out want
SHOWS=
holds 'numbers keep their text' grep -q '^  rate: 1.10$' etc/app.yaml
holds 'mode' [ "$(stat -c %a etc/app.yaml)" = 640 ]
holds 'nothing is left beside them' [ "$(ls -A etc | wc -l)" = 2 ]
holds 'one reload a file' [ "$(wc -l <reloads)" = 2 ]

before=$(stat -c '%i %Y' etc/app.yaml etc/app.env)
run 'second run' 0 in_sandbox lunette "$examples/boot.lua" etc
prints 'app.yaml unchanged.*app.env unchanged'
holds 'nothing written' [ "$before" = "$(stat -c '%i %Y' etc/app.yaml etc/app.env)" ]
holds 'nothing reloaded' [ "$(wc -l <reloads)" = 2 ]

# a failing check: everything as it was
echo "port: kept" >etc/app.yaml
APP=false run 'failing check' 16 in_sandbox lunette "$examples/boot.lua" etc
says 'check'
holds 'the old file' [ "$(cat etc/app.yaml)" = 'port: kept' ]
holds 'no staged file' [ "$(ls -A etc | wc -l)" = 2 ]

# a failing reload: the old file comes back
APP_RELOAD=false run 'failing reload' 17 in_sandbox lunette "$examples/boot.lua" etc
says 'reload'
holds 'the old file again' [ "$(cat etc/app.yaml)" = 'port: kept' ]
holds 'nothing kept' [ "$(ls -A etc | wc -l)" = 2 ]

# each policy missing in turn
for missing in identity-policy resource-policy key-policy; do
  rm -rf etc && mkdir etc
  WORLD=$examples/worlds/no-$missing.lua
  run "no $missing" 11 in_sandbox lunette "$examples/boot.lua" etc
  says 'access denied'
  holds "no $missing: nothing on disk" [ -z "$(ls -A etc)" ]
done
finish
