#!/bin/sh
# abi.sh BUILD: compares what the libraries export with the lists that are
# reviewed, and looks at what the module for stock Lua needs and shows.
build=$1
bad=0

complain() {
  echo "$1"
  bad=1
}

exported() {
  nm -D --defined-only "$1" | awk '$2 ~ /[TDBRVW]/ { print $3 }' |
    LC_ALL=C sort
}

for name in lunette lunette-lua; do
  exported "$build/lib$name.so" |
    diff -u --label "tests/lint/$name.sym" --label "lib$name.so" \
      "tests/lint/$name.sym" - ||
    complain "lib$name.so: a change here is a change of the ABI; see the diff"
done

for module in lunette lunette/httpd; do
  file=$build/lua/$module.so
  entry=luaopen_$(echo "$module" | tr / _)
  [ "$(exported "$file")" = "$entry" ] ||
    complain "$file: exports more than $entry"
  ! readelf -d "$file" | grep 'NEEDED.*liblua' ||
    complain "$file: names a liblua; its Lua is the one that loads it"
done

exit "$bad"
