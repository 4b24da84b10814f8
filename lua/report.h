/*
 * What the command says of errors, on standard error.
 */
#ifndef LUNL_REPORT_H
#define LUNL_REPORT_H

#include "lbase.h"

/*
 * Prints what happened, and on lines of their own an EXCERPT of the input and
 * the next step; both may be NULL.  On a terminal long lines are wrapped.
 */
void lunL_complain(const char *message, const char *excerpt, const char *hint);

/*
 * The handler of uncaught errors, for lua_pcall: it keeps the traceback aside,
 * which says where, and never a value.
 */
int lunL_keep_traceback(lua_State *L);

/*
 * Prints the error on top of the stack, which it takes, with that traceback if
 * VERBOSE; gives the exit status for it.
 */
int lunL_report(lua_State *L, bool verbose);

#endif
