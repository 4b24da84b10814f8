/*
 * Credentials as Lua tables: what session:credentials() gives, and ln.session
 * and ln.sign take.
 */
#ifndef LUNL_CRED_H
#define LUNL_CRED_H

#include "../core/sign/sigv4.h"
#include "lbase.h"

/*
 * Reads the option `credentials` of the table at argument ARG.  Pushes that
 * table, from which everything is borrowed, or nil; false then.
 */
bool lunL_readcred(lua_State *L, int arg, struct lun_sigv4_key *out);

/* Pushes a table of CRED, whose keys are secret values. */
void lunL_pushcred(lua_State *L, const struct lun_cred *cred);

#endif
