# C programs built as a user would, by pkg-config, and stock Lua.
. "$(dirname "$0")/lib.sh"

export PKG_CONFIG_PATH="$BUILD" LD_LIBRARY_PATH="$BUILD"
# A program with a sanitized library is sanitized itself (see tests/run).
flags() { pkg-config --cflags --libs "$1"; echo ${LUN_PRELOAD:+-fsanitize=address}; }

run 'the version' 0 pkg-config --exact-version=0.1.0 lunette
run 'the client builds' 0 cc -Wall -Wextra -Werror -o client "$here/embed.c" $(flags lunette)
run 'as C++' 0 sh -c 'printf "#include <lunette.h>\nint main() { return 0; }" >h.cc &&
  cc -x c++ -Wall -Wextra -Werror -pedantic -fsyntax-only $(pkg-config --cflags lunette) h.cc'
holds 'no Lua in the client' eval '! ldd ./client | grep -q liblua'
run 'the client runs' 0 in_sandbox ./client "$S#username"
prints '^111111111111 [a-z]'
run 'the client is denied' 11 in_sandbox ./client "$S-2"
run 'the client finds no field' 12 in_sandbox ./client "$S#nothing"

run 'the host builds' 0 cc -Wall -Wextra -Werror -o host "$here/host.c" $(flags lunette-lua)
run 'the host runs' 0 in_sandbox ./host "
  assert(host_name() == 'example' and ... == 'one')
  print(require('lunette').session():secret '$S'.password)"
prints 'secret prod/db#password.*ran'
run 'its function raises' 15 ./host 'host_name(1)'
says 'takes nothing'
run 'memory is bounded' 1 ./host 'local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1000) .. i end'
run 'instructions are bounded' 19 ./host 'while true do end'

run 'stock lua' 0 in_sandbox sh "$root/tests/stock-lua" -e "
  local ln = require 'lunette'
  local db = ln.session():secret '$S'
  print(db.password, ln.template('a: {{ x }}', { format = 'yaml' }):render { x = 1 })"
prints 'secret prod/db#password.*a: 1'
holds 'no liblua in the module' eval '! readelf -d "$BUILD/lua/lunette.so" | grep -q "NEEDED.*liblua"'
finish
