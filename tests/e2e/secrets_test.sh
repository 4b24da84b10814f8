# A secret never comes out by accident, in any form (lib.sh searches for them).
. "$(dirname "$0")/lib.sh"

db="local ln = require 'lunette'; local db = ln.session():secret '$S';"

run 'print' 0 in_sandbox lunette -e "$db print(db, db.password, db.replicas)"
prints '‹secret prod/db, [0-9]+ bytes›.*‹secret prod/db#password, [0-9]+ bytes›'
run 'error(secret)' 1 in_sandbox lunette -e "$db error(db.password)"
run 'error(text)' 1 in_sandbox lunette -e "$db error('bad: ' .. tostring(db.password))"
run 'assert' 1 in_sandbox lunette -e "$db assert(false, db.password)"
run 'traceback' 1 in_sandbox lunette -v -e "$db
  local function hold(secret) local copy = secret; error 'oops' end hold(db.password)"
says 'oops'
run 'format' 0 in_sandbox lunette -e "$db print(('%s'):format(db.password))"
run 'joined' 0 in_sandbox lunette -e "$db print('a' .. db.password .. 'b')"
run 'walked' 0 in_sandbox lunette -e "$db for k, v in pairs(db) do print(k, v) end"
run 'cjson' 1 in_sandbox lunette -e "$db require('cjson').encode { x = db.password }"
run 'concat' 1 in_sandbox lunette -e "$db table.concat { db.password }"
run 'rep' 1 in_sandbox lunette -e "$db string.rep(db.password, 2)"
run 'events' 0 in_sandbox lunette -v get "$S#username" --out u
run 'denied' 11 in_sandbox lunette -v get "$S-2"
run 'no such field' 12 in_sandbox lunette get "$S#passwort"
says 'prod/db#passwort'
run 'a boot log' 2 in_sandbox sh -c 'exec lunette get "$0#password" >both 2>&1' "$S"
holds 'nothing in it' eval '! leaks both'

# a mark is not a value
run 'a mark in a value' 15 in_sandbox lunette -e "$db
  ln.render { text = 'a: {{ x }}', to = 'marked.yaml', values = { x = ('x %s'):format(db.password) } }"
says 'secret'
holds 'not written' [ ! -e marked.yaml ]
run 'a lone mark' 0 in_sandbox lunette -e "$db
  ln.render { text = 'a: {{ x }}', to = 'lone.yaml', values = { x = '‹secret' } }"

# what a command prints is redacted
run 'a check that shows the file' 16 in_sandbox lunette -e "$db
  ln.render { text = 'a: {{ db.password }}', to = 'c.yaml', values = { db = db },
    check = 'sh -c \"cat %s; exit 1\"' }"
says 'redacted'
holds 'not written either' [ ! -e c.yaml ]

# core dumps and other users
run 'not dumpable' 0 in_sandbox lunette -e '
  local limits = io.open("/proc/self/limits"):read "a"
  assert(limits:find("Max core file size%s+0%s+0"), "core limit")'
finish
