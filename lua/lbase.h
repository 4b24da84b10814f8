/*
 * What every file of the binding sees: Lua, core's spans and errors, and the
 * names of the binding's own parts.
 *
 * Nothing here owns a malloc.  What C holds lies in a box (lbox.h), so that
 * an error that Lua raises in between leaves nothing behind.
 */
#ifndef LUNL_BASE_H
#define LUNL_BASE_H

#include <lua.h>

#include <lauxlib.h>
#include <lualib.h>

#include "../core/base/error.h"

#if LUA_VERSION_NUM != 504
#error "lunette is made for Lua 5.4"
#endif

/* The module: require "lunette".  linit.c */
LUN_API int luaopen_lunette(lua_State *L);

/* Its parts; each pushes one table.  The file is named behind it. */
int lunL_open_core(lua_State *L);  /* linit.c */
int lunL_open_os(lua_State *L);    /* los.c */
int lunL_open_sigv4(lua_State *L); /* lsign.c */

/*
 * Each adds its functions to the table on top of the stack.  First those that
 * become fields of `ln` itself.
 */
void lunL_add_values(lua_State *L);  /* lsecret.c */
void lunL_add_field(lua_State *L);   /* lfield.c */
void lunL_add_compose(lua_State *L); /* lcompose.c */
void lunL_add_text(lua_State *L);    /* ltext.c */
void lunL_add_log(lua_State *L);     /* llog.c */
void lunL_add_sign(lua_State *L);    /* lsign.c */
void lunL_add_session(lua_State *L); /* lsession.c */
void lunL_add_errors(lua_State *L);  /* lfail.c */

/* Then what the Lua modules need besides, of lunette.core. */
void lunL_add_secret(lua_State *L); /* lsecret.c */
void lunL_add_fail(lua_State *L);   /* lfail.c */
void lunL_add_opts(lua_State *L);   /* lopts.c */
void lunL_add_json(lua_State *L);   /* ltext.c */
void lunL_add_writer(lua_State *L); /* lwriter.c */
void lunL_add_filter(lua_State *L); /* lfilter.c */

/* And of lunette.os. */
void lunL_add_stage(lua_State *L); /* lstage.c */
void lunL_add_spawn(lua_State *L); /* lspawn.c */

#endif
