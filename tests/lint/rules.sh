#!/bin/sh
# The house rules that a pattern can check, each with its reason.
#
#   rules.sh SCRATCH FILE...      from the top of the tree; SCRATCH is a folder
set -u

scratch=$1
shift
code=$scratch/code
found=$scratch/found
mkdir -p "$scratch"
: >"$found"

complain() {
  sed "s|\$|   <- $1|" >>"$found"
}

# forbid WHY REGEX FILES [BUT]: code that matches, in FILES but not in BUT.
forbid() {
  grep -E "^($3):[0-9]+:.*$2" "$code" | grep -vE "^(${4:-none}):" |
    complain "$1"
}

lua5.4 tests/lint/code.lua "$@" >"$code"

c='[^:]*\.[ch]'
b='(^|[^a-zA-Z0-9_])' # a word begins

# What core and lua may use.
forbid 'memory comes from base/mem' \
  "(^|[^a-zA-Z0-9_.>])(malloc|calloc|realloc|reallocarray|free|strn?dup|v?asprintf) *\(" \
  "(core|lua)/$c" 'core/base/mem\.c|lua/(wipe|repl)\.c'
forbid 'compare with lun_secret_equal or lun_span_is' \
  "$b(memcmp|bcmp) *\(" "(core|lua)/$c" 'core/base/(base\.h|secret\.c)'
forbid 'core knows no Lua' "$b(lua|luaL|LUA)_" "core/$c"
forbid 'libcurl is for net/http.c alone' "$b(curl|CURL)[a-zA-Z]*_" \
  "(core|lua)/$c" 'core/net/http\.c'
forbid 'main.c alone ends the process' \
  "$b(exit|_exit|_Exit|quick_exit|abort) *\(" "(core|lua)/$c" \
  'lua/main\.c|core/os/spawn\.c'
forbid 'secrets are opened in lsecret.c alone' 'reveal' 'lua/[^:]*' \
  'lua/lsecret\.c'
grep -nE "require *\(? *[\"'][^\"']*" scripts/*.lua scripts/*/*.lua /dev/null \
  2>/dev/null |
  grep -vE "require *\(? *[\"'](lunette|cjson)([.][a-z_.]+)?[\"']" |
  complain 'scripts stand on the public API'

# How it is written.
grep -E "^$c:[0-9]+:.*${b}goto " "$code" | grep -v 'goto done;' |
  complain 'the one label is done'
forbid 'lua/ cleans up with the VM, not with goto' "${b}goto " "lua/$c"
forbid 'comments are /* so */' '//' "$c"
grep -nE '^} */\*' "$@" | grep -E '^[^:]*\.[ch]:' |
  complain 'a closing brace needs no comment'
grep -nP '\t| $|\r' "$@" | complain 'no tabs, no blanks at the end'
grep -nwE 'TODO|FIXME|XXX|HACK' "$@" | complain 'finish it'
grep -nE '(^|[^a-zA-Z0-9_.-])/(work|farm|root)/' "$@" |
  complain 'a path of one machine'

# How long it is.
LC_ALL=C awk -v OFS=: '
  function over(line, why) { print FILENAME, line, why }
  FNR == 1 { open = 0 }
  FNR == 601 && FILENAME !~ /\/gen\// { over(601, "more than 600 lines") }
  {
    line = $0
    gsub(/[\200-\277]/, "", line) # one of the bytes of a character is left
    if (length(line) > (FILENAME ~ /\.lua$/ ? 100 : 80))
      over(FNR, "too wide")
  }
  FILENAME ~ /\.[ch]$/ && /^{/ { open = FNR }
  FILENAME ~ /\.[ch]$/ && /^}/ {
    if (open && FNR - open - 1 > 60)
      over(open, "a function of " FNR - open - 1 " lines")
    open = 0
  }' "$@" | complain 'too long'
for file in "$@"; do
  case $file in
    *_spec.lua) ;; # a describe() is a function by accident
    *.lua) luac5.4 -l -p "$file" ;;
  esac
done | sed -n 's/^function <\([^:]*\):\([0-9]*\),\([0-9]*\)>.*/\1 \2 \3/p' |
  awk '$3 - $2 - 1 > 60 {
    print $1 ":" $2 ":a function of " $3 - $2 - 1 " lines"
  }' | complain 'too long'

# Every function of the public header is explained there, by a comment in its
# paragraph or by name in another, and used in a test.
awk -v RS= '
  {
    comment = $0 ~ /\/\*/
    text = $0
    while (match(text, /\/\*([^*]|\*[^\/])*\*\//)) {
      comments = comments substr(text, RSTART, RLENGTH)
      text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)
    }
    if (text ~ /LUN_API/)
      while (match(text, /lun_[a-z0-9_]+\(/)) {
        name = substr(text, RSTART, RLENGTH - 1)
        text = substr(text, RSTART + RLENGTH)
        explained[name] = comment
      }
  }
  END {
    for (name in explained)
      print name, explained[name] || index(comments, name) ? "yes" : "no"
  }' core/lunette.h | sort >"$scratch/api"
while read -r name explained; do
  [ "$explained" = yes ] || echo "core/lunette.h: $name" |
    complain 'say what it does'
  grep -rqw "$name" tests --include='*.c' || echo "core/lunette.h: $name" |
    complain 'no test uses it'
done <"$scratch/api"

cat "$found"
[ ! -s "$found" ]
