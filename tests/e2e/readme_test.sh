# What the README shows is what happens: its console session, run in the
# sandbox, and its script, rendered with a template of its own.
. "$(dirname "$0")/lib.sh"

mkdir build
ln -s "$(command -v lunette)" build/lunette

# Times and made-up ids differ; all else is the same.
plain() { sed 's/[0-9-]*T[0-9:]*Z/TIME/; s/AROA[A-Z0-9]*/ID/' "$1"; }

awk '/^```console/ { on = 1; next } /^```/ { on = 0 } on' "$root/README.md" >session
grep '^\$ ' session | sed 's/^\$ //' >commands
holds 'the README has a session' [ "$(wc -l <commands)" -gt 5 ]

# Each command's output behind its own line, as on a terminal: `get` refuses
# to print where both streams are one file.
{
  echo 'exec 2>&1'
  while IFS= read -r line; do
    printf "cat <<'LINE'\n\$ %s\nLINE\n" "$line"
    case $line in
      *'lunette get'*) printf '%s --print; echo\n' "$line" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <commands
} >run.sh
SHOWS=1
name='the session'
in_sandbox sh run.sh </dev/null 2>&1 | sed '/^$/d' >got
plain session >want.plain
plain got >got.plain
if diff want.plain got.plain >out 2>&1; then pass; else fail 'it prints something else'; fi

awk '/^```lua/ { on = 1; next } /^```/ { on = 0 } on' "$root/README.md" |
  sed "s|/etc/app/app.yaml|$T/app.yaml|; s|, owner = \"root:app\"||; s|app --test-config|test -s|" \
    >script.lua
echo 'password: {{ db.password }}' >app.yaml.tmpl
SHOWS=
run 'the script' 0 in_sandbox lunette script.lua
prints '^‹secret prod/db#password, 31 bytes›'
holds 'it rendered' [ -s app.yaml ]
holds 'its mode' [ "$(stat -c %a app.yaml)" = 640 ]

# the worlds of docs/sandbox.md
awk -v T="$T" '/^```lua/ { on = 1; n++; next } /^```/ { on = 0 }
  on { print > (T "/world" n ".lua") }' "$root/docs/sandbox.md"
WORLD=$T/world1.lua
run 'a world without the resource policy' 11 in_sandbox lunette get "$S#username"
WORLD=$T/world2.lua
SHOWS=1
run 'a world from nothing' 0 in_sandbox lunette get web/token
prints '^made-up-token$'
finish
