# What the README and the documents show is what happens: their console
# sessions, run in the sandbox, and their scripts; those of docs/credentials.md
# make sessions that ask for nothing.
. "$(dirname "$0")/lib.sh"

mkdir build
ln -s "$(command -v lunette)" build/lunette

# blocks KIND FILE: the blocks of that kind, one behind the other.
blocks() {
  awk -v fence="^\`\`\`$1" '$0 ~ fence { on = 1; next } /^```/ { on = 0 } on' "$2"
}

# numbered NAME FILE: its Lua blocks as NAME1.lua, NAME2.lua...
numbered() {
  awk -v name="$T/$1" '/^```lua/ { on = 1; n++; next } /^```/ { on = 0 }
    on { print > (name n ".lua") }' "$2"
}

# Times, ports and made-up ids differ; all else is the same.
plain() {
  sed 's/[0-9-]*T[0-9:]*Z/TIME/; s/AROA[A-Z0-9]*/ID/; s/127.0.0.1:[0-9]*/HOST/g
    s/^\([-+!]\) *[0-9]* ms /\1 N ms /; s/(in [0-9].*)$/(in LEFT)/; s/lunette-[0-9]*/NAME/
    s/request id [-0-9a-f]*/request id R/' "$1"
}

# session FILE: its console session prints what it shows.  Each command's
# output is behind its own line, as on a terminal; `get` is told to print where
# both streams are one file.
session() {
  name="the session of $(basename "$1")"
  blocks console "$1" >session
  grep '^\$ ' session | sed 's/^\$ //' >commands
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
  in_sandbox sh run.sh </dev/null 2>&1 | sed '/^$/d' >got
  sed '/^$/d' session >want
  plain want >want.plain
  plain got >got.plain
  if diff want.plain got.plain >out 2>&1; then pass; else fail 'it prints something else'; fi
}

SHOWS=1
session "$root/README.md"
holds 'it is a session' [ "$(wc -l <commands)" -gt 5 ]

blocks lua "$root/README.md" |
  sed "s|/etc/app/app.yaml|$T/app.yaml|; s|, owner = \"root:app\"||; s|app --test-config|test -s|" \
    >script.lua
echo 'password: {{ db.password }}' >app.yaml.tmpl
SHOWS=
run 'the script' 0 in_sandbox lunette script.lua
prints '^‹secret prod/db#password, 31 bytes›'
holds 'it rendered' [ -s app.yaml ]
holds 'its mode' [ "$(stat -c %a app.yaml)" = 640 ]

session "$root/docs/credentials.md"
holds 'it is a session' [ "$(wc -l <commands)" -gt 0 ]
blocks ini "$root/docs/credentials.md" >config
numbered script "$root/docs/credentials.md"
run 'a role of a script' 0 in_sandbox lunette script1.lua
run 'a code for a script' 0 in_sandbox env AWS_CONFIG_FILE="$T/config" lunette script2.lua

# the worlds of docs/sandbox.md
numbered world "$root/docs/sandbox.md"
WORLD=$T/world1.lua
run 'a world without the resource policy' 11 in_sandbox lunette get "$S#username"
WORLD=$T/world2.lua
SHOWS=1
run 'a world from nothing' 0 in_sandbox lunette get web/token
prints '^made-up-token$'
finish
