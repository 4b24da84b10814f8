#!/bin/sh
# statics.sh OBJECT...: complains of mutable static data.  Constants with
# addresses in them lie in .data.rel.ro and are fine; nm cannot tell the two
# apart, so the sections are read.  One object may have some: net/http.c, whose
# pthread_once starts libcurl.
for object in "$@"; do
  case $object in */core/net/http.o) continue ;; esac
  objdump -t "$object" | awk -v object="$object" '
    / O \.t?(data|bss)/ && $(NF - 2) !~ /^\.data\.rel\.ro/ {
      print object ": " $NF " is mutable static data"
    }'
done | awk '{ print } END { exit NR > 0 }'
