/*
 * Files that are compiled in as their own text, so that lunette needs
 * nothing beside itself: the Lua modules, and the command's scripts.
 *
 * mk/embed.lua writes the two tables into the build folder.  Each ends with
 * an entry whose name is NULL.
 */
#ifndef LUNL_EMBED_H
#define LUNL_EMBED_H

#include <stddef.h>

struct lun_embedded {
  const char *name;   /* "lunette.template"; of a script: "get" */
  const char *source; /* chunk name for tracebacks: "@lunette/template.lua" */
  const char *bytes;  /* the file as it is; a NUL stands behind it */
  size_t size;        /* without that NUL */
};

/* lua/lunette, which every build of the runtime has inside. */
extern const struct lun_embedded lun_embedded_modules[];

/* scripts/, which the command alone has inside. */
extern const struct lun_embedded lun_embedded_scripts[];

#endif
