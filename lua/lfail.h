/*
 * Error objects: tables with the metatable `lunette.error`.  Everything that
 * the world can do wrong is raised as one; a bug in the script is a plain
 * argument error.
 */
#ifndef LUNL_FAIL_H
#define LUNL_FAIL_H

#include "lbase.h"

/* What stands before the hint in an error object's text. */
#define LUNL_HINT "; hint: "

/*
 * Raises ERR as an error object; never returns, so that callers can write
 * `return lunL_fail(L, &err);`.  Out of memory is raised as Lua's own.
 */
int lunL_fail(lua_State *L, const struct lun_error *err);

/* Pushes the error object that lunL_fail raises. */
void lunL_pusherror(lua_State *L, const struct lun_error *err);

/* Raises CODE with a message, and HINT if it is not NULL. */
int lunL_failf(lua_State *L, enum lun_code code, const char *hint,
               const char *format, ...) LUN_PRINTF(4, 5);

/* True if the value at INDEX is an error object. */
bool lunL_iserror(lua_State *L, int index);

/* The exit status for an error value: by its kind; 1 for any other. */
int lunL_exitstatus(lua_State *L, int index);

/*
 * Turns the error value at INDEX into ERR: an error object's own fields, or
 * LUN_EINVALID with the text.  Raises only for want of memory.
 */
void lunL_geterror(lua_State *L, int index, struct lun_error *err);

#endif
