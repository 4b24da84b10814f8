# What the end-to-end tests share.  A test sources this, runs cases, and ends
# with `finish`.  Commands run on the sandbox's founding world unless a case
# says otherwise; everything that any command prints is searched for the
# world's secrets.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/e2e
S=arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:prod/db-AbCdEf
passed=0
failed=0
cd "$T" || exit 1

pass() { passed=$((passed + 1)); }

# fail WORDS: counts a failure and shows what the command said.
fail() {
  failed=$((failed + 1))
  printf 'FAIL %s: %s\n' "$name" "$*"
  sed 's/^/  out: /' "$T/out" 2>/dev/null | head -n 12
  sed 's/^/  err: /' "$T/err" 2>/dev/null | head -n 12
}

# in_sandbox CMD...: runs CMD as the instance of the founding world.
in_sandbox() { lunette sandbox ${WORLD:+--world "$WORLD"} -- "$@"; }

# The secrets of the world, one a line, in every form they could leak in.
canaries() {
  [ -s "$T/canaries" ] || lunette sandbox -- lunette "$here/canaries.lua" "$S" \
    >"$T/canaries" 2>/dev/null
  [ -s "$T/canaries" ] || { echo "no canaries"; exit 1; }
}

# leaks FILE...: true if one of the files holds a secret.
leaks() {
  canaries
  grep -qFf "$T/canaries" "$@" 2>/dev/null
}

# run NAME STATUS CMD...: runs CMD, keeps what it prints in out and err, and
# fails unless it ends with STATUS and shows no secret.
run() {
  name=$1
  want=$2
  shift 2
  "$@" >"$T/out" 2>"$T/err" </dev/null
  got=$?
  if [ "$got" != "$want" ]; then
    fail "exit status $got, not $want"
  elif leaks "$T/err" || { [ -z "${SHOWS:-}" ] && leaks "$T/out"; }; then
    fail "a secret is shown"
  else
    pass
  fi
}

# says PATTERN: what the last command wrote to standard error matches.
says() {
  if tr '\n' ' ' <"$T/err" | grep -Eq -- "$1"; then pass; else fail "no '$1' on standard error"; fi
}

# prints PATTERN: likewise for standard output.
prints() {
  if tr '\n' ' ' <"$T/out" | grep -Eq -- "$1"; then pass; else fail "no '$1' on standard output"; fi
}

# holds WHAT CMD...: CMD, a test of the shell, is true.
holds() {
  name=$1
  shift
  if "$@"; then pass; else fail "not so: $*"; fi
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
