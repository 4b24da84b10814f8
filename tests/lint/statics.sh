#!/bin/sh
# statics.sh OBJECT...: complains of mutable static data.  Constants with
# addresses in them lie in .data.rel.ro and are fine; nm cannot tell the two
# apart, so the sections are read.  One object may have some: net/http.c, whose
# pthread_once starts libcurl.
for object in "$@"; do
  case $object in */core/net/http.o) continue ;; esac
  objdump -t "$object" | awk -F '\t' -v object="$object" '
    $1 ~ / O \.t?(data|bss)/ && $1 !~ / O \.data\.rel\.ro/ {
      sub(/^[^ ]* (\.hidden )?/, "", $2)
      print object ": " $2 " is mutable static data"
    }'
done | awk '{ print } END { exit NR > 0 }'
