/*
 * The interactive prompt of the command.
 */
#ifndef LUNL_REPL_H
#define LUNL_REPL_H

#include "lbase.h"

/* Reads lines until the end of standard input; errors are printed, and the
 * prompt goes on.  `ln` is the module. */
void lunL_repl(lua_State *L);

#endif
