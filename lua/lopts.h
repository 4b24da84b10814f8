/*
 * Option tables, checked strictly against a table of what there is: a wrong
 * type, a value out of range and an unknown name are argument errors, and an
 * unknown name is answered with the nearest one there is.
 */
#ifndef LUNL_OPTS_H
#define LUNL_OPTS_H

#include "lbase.h"

enum lunL_opt_kind {
  LUNL_OPT_STRING,  /* const char *: a string without a NUL in it */
  LUNL_OPT_TEXT,    /* the same, and a secret's mark may be in it */
  LUNL_OPT_BYTES,   /* struct lun_span: a string or a secret value */
  LUNL_OPT_INTEGER, /* int64_t, from min to max */
  LUNL_OPT_SECONDS, /* int64_t: milliseconds, written as seconds > 0 */
  LUNL_OPT_BOOLEAN, /* bool */
  LUNL_OPT_TABLE,   /* checked alone */
  LUNL_OPT_ANY      /* not even checked */
};

struct lunL_opt {
  const char *name;
  enum lunL_opt_kind kind;
  size_t offset; /* in what lunL_opts fills */
  bool required;
  int64_t min;
  int64_t max;
};

/*
 * Checks the table at argument ARG against the COUNT rows of SPEC, and fills
 * the members of OUT (may be NULL) for the options that are there.  Strings
 * are borrowed from the table.
 */
void lunL_opts(lua_State *L, int arg, const struct lunL_opt *spec, size_t count,
               void *out);

/* The same for a table at SLOT, which is a part of argument ARG. */
void lunL_subopts(lua_State *L, int slot, int arg, const struct lunL_opt *spec,
                  size_t count, void *out);

/*
 * Pushes the option NAME of the table at SLOT, and returns its type.  It runs
 * no metamethod, which could let go of what was borrowed before.
 */
int lunL_getopt(lua_State *L, int slot, const char *name);

#endif
