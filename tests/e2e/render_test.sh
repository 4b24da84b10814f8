# render: what it refuses, how it undoes, and what a signal leaves behind.
. "$(dirname "$0")/lib.sh"

printf 'user: {{ db.username }}\nserial: {{ db.serial }}\n' >t.tmpl
render() { in_sandbox lunette render t.tmpl --secret db="$S" "$@"; }

# usage: nothing is fetched
bad() {
  what=$1
  pattern=$2
  shift 2
  run "$what" 2 lunette render t.tmpl "$@"
  says "$pattern"
}
bad 'a name twice' 'db is given twice' --to x --secret db=A --secret db=B
bad 'a name twice, of both kinds' 'db is given twice' --to x --secret db=A --set db=B
bad 'one dash' '-to is no option.*two dashes: --to' -to x
bad 'a short mode' '--mode 0: write three or four octal digits, as 0640' --to x --mode 0
bad 'a mode in letters' '--mode rw: write' --to x --mode rw
bad 'an empty check' '--check is empty' --to x --check ''
bad 'an empty target' '--to is empty' --to ''
bad 'two reloads' 'exclude each other' --to x --on-change a --reload-unit b
for option in '--check true' '--mode 0640' '--owner root' '--on-change true' '--reload-unit app'; do
  # shellcheck disable=SC2086  # two words
  bad "standard output: $option" "${option%% *} means nothing with --to -" --to - $option
done

# standard output
SHOWS=1
run 'to standard output' 0 render --to -
prints 'user: .?app_user.? serial: 123456789012345678'
run 'one log for both' 2 sh -c 'exec lunette render t.tmpl --to - >log 2>&1'
holds 'it says what to do' grep -q -e '--to FILE' log
run 'asked to all the same' 0 in_sandbox sh -c \
  'exec lunette render t.tmpl --secret db="$0" --to - --print >log 2>&1' "$S"
holds 'it is there' grep -q 123456789012345678 log
rm -f log
SHOWS=
run '/dev/full' 1 in_sandbox sh -c \
  'exec lunette render t.tmpl --secret db="$0" --to - >/dev/full' "$S"
says 'standard output could not be written: No space left'

# checks and reloads
run 'a check that exits with 255' 16 render --to x --check "sh -c 'exit 255'"
says 'exit status 255'
run 'a reload of what is new' 17 render --to x --on-change false
says 'x, which is new, was removed again'
holds 'it is gone' [ ! -e x ]
echo old >x
run 'a reload of what was there' 17 render --to x --on-change false
says 'the old x is back'
holds 'it is back' [ "$(cat x)" = old ]
run 'a reload that removes it' 17 render --to x --on-change 'sh -c "[ -e y ] || rm x; touch y; exit 3"'
says 'exit status 3'
holds 'it is back again' [ "$(cat x)" = old ]
rm -f y
run 'a reload that replaces it' 17 render --to x \
  --on-change 'sh -c "echo theirs >y; mv y x; exit 3"'
says 'exit status 3.*somebody has replaced it.*the old file is kept as'
holds 'what is theirs stays' [ "$(cat x)" = theirs ]
holds 'and what was ours' [ "$(cat .x.lunette-old-*)" = old ]
rm -f .x.lunette-old-* x

# a signal while a check runs, or a reload
interrupted() {
  what=$1
  signal=$2
  shift 2
  echo old >x
  rm -f began child
  # A job in the background would ignore INT: python lets it have its effect.
  run "$what, $signal" 0 in_sandbox python3 - "$signal" "$S" "$@" <<'PY'
import os, signal, subprocess, sys, time
number = getattr(signal, "SIG" + sys.argv[1])
signal.signal(number, signal.SIG_DFL)
child = subprocess.Popen(["lunette", "render", "t.tmpl", "--secret", "db=" + sys.argv[2],
    "--to", "x"] + sys.argv[3:], restore_signals=True)
for _ in range(1000):
    if os.path.exists("began"): break
    time.sleep(0.01)
began = time.time()
child.send_signal(number)
assert child.wait(30) == -number, child.returncode
assert time.time() - began < 20
pid = int(open("began").read())
for _ in range(500): # a zombie whose parent has gone is soon reaped
    try: os.kill(pid, 0)
    except ProcessLookupError: break
    if open("/proc/%d/stat" % pid).read().split()[2] == "Z": break
    time.sleep(0.01)
else: raise SystemExit("the child is still there")
PY
  holds "$what, $signal: the old file" [ "$(cat x)" = old ]
  holds "$what, $signal: nothing beside it" [ -z "$(ls -A | grep '^\.x')" ]
}
cat >slow <<'SH'
echo $$ >began.new
mv began.new began
exec sleep 60
SH
for signal in TERM INT HUP; do
  interrupted 'a check' $signal --check 'sh slow %s'
done
interrupted 'a reload' TERM --on-change 'sh slow'
# One that does not want to end is ended.
sed -i '1i trap "" TERM' slow
sed -i 's/^exec //' slow
interrupted 'a stubborn check' TERM --check 'sh slow %s'

# a template is not lost to its own rendering
echo 'a: {{ 1 }}' >self.yaml
run 'onto the template' 15 lunette render self.yaml --to ./self.yaml
says 'template itself'
holds 'the template is there' grep -q '{{ 1 }}' self.yaml
finish
