/*
 * Files that are compiled in, so that lunette needs nothing beside itself: the
 * Lua modules, and the command's scripts.  Each is there as its text and as
 * the code that one release of Lua makes of it, which starts faster.
 *
 * mk/embed.lua writes the two tables into the build folder.  Each ends with
 * an entry whose name is NULL.
 */
#ifndef LUNL_EMBED_H
#define LUNL_EMBED_H

#include "lbase.h"

struct lun_embedded {
  const char *name;   /* "lunette.template"; of a script: "get" */
  const char *source; /* chunk name for tracebacks: "@lunette/template.lua" */
  const char *bytes;  /* the file as it is; a NUL stands behind it */
  size_t size;        /* without that NUL */
  const char *code;   /* compiled */
  size_t code_size;
};

/*
 * Pushes the function that FILE is, as luaL_loadbufferx does.  RELEASE is what
 * its code was compiled by: "Lua 5.4.4".
 */
int lunL_load_embedded(lua_State *L, const struct lun_embedded *file,
                       const char *release);

/* lua/lunette, which every build of the runtime has inside. */
extern const struct lun_embedded lun_embedded_modules[];
extern const char lun_embedded_modules_release[];

/* scripts/, which the command alone has inside. */
extern const struct lun_embedded lun_embedded_scripts[];
extern const char lun_embedded_scripts_release[];

#endif
