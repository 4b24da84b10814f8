# awk -f layers.awk layers.txt FILE...: complains of each include that goes up.

function fail(text) {
  print FILENAME ":" FNR ": " text
  bad = 1
}

# core/os/../base/mem.h -> core/base/mem.h
function normal(path) {
  while (match(path, /[^\/]+\/\.\.\//))
    path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
  return path
}

function stem(path) {
  sub(/\.[a-z]+$/, "", path)
  return path
}

# 0: the file has no place.
function rank(path) {
  return path in place ? place[path] : place[stem(path)]
}

# The rules come first.
FNR == 1 { file++ }
file == 1 {
  sub(/#.*/, "")
  if ($1 == "floor")
    for (i = 3; i <= NF; i++)
      place[$2 "/" $i] = ++places
  else if ($1 == "only") {
    header[++headers] = $2
    for (i = 3; i <= NF; i++)
      allowed[headers] = allowed[headers] " " $i
  }
  next
}

FNR == 1 {
  if (!rank(FILENAME))
    fail("has no place in tests/lint/layers.txt")
  folder = FILENAME
  sub(/[^\/]*$/, "", folder)
}

# NAME of another project's header: is this one of the files that may see it?
function check_system(name,    h, i, n, who, ok) {
  for (h = 1; h <= headers; h++) {
    if (index(name, header[h]) != 1)
      continue
    n = split(allowed[h], who, " ")
    ok = 0
    for (i = 1; i <= n; i++)
      if (index(FILENAME, who[i]) == 1)
        ok = 1
    if (!ok)
      fail("<" name "> is for" allowed[h] " alone")
  }
}

function check_own(name,    path) {
  path = normal(folder name)
  if (stem(path) == stem(FILENAME) || !rank(FILENAME))
    return
  if (!rank(path))
    fail("\"" name "\" is no file of layers.txt")
  else if (rank(path) >= rank(FILENAME))
    fail("\"" name "\" stands above this file in layers.txt")
}

/^[ \t]*#[ \t]*include/ {
  name = $0
  sub(/^[^<"]*[<"]/, "", name)
  sub(/[>"].*$/, "", name)
  if ($0 ~ /</)
    check_system(name)
  else
    check_own(name)
}

END { exit bad }
