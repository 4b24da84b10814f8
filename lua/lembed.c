/*
 * Compiled Lua is good for the release that compiled it alone, and Lua itself
 * only looks at the version; so the release of the Lua that runs is compared
 * first, and the text is there for any other.
 */
#include "lembed.h"

#include <string.h>

int lunL_load_embedded(lua_State *L, const struct lun_embedded *file,
                       const char *release)
{
  size_t len = strlen(release);
  const char *found = strstr(lua_ident, release);

  if (found != NULL && found[len] == ' ')
    return luaL_loadbufferx(L, file->code, file->code_size, file->source, "b");
  return luaL_loadbufferx(L, file->bytes, file->size, file->source, "t");
}
