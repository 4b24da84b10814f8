/*
 * Credentials in Lua.  The key's id is a string; the key itself and the
 * session token are secret values, and may be strings on the way in.
 */
#include "lcred.h"

#include "lopts.h"
#include "lsecret.h"

#define KEY_OPT(option)                                                        \
  .name = #option, .kind = LUNL_OPT_BYTES,                                     \
  .offset = offsetof(struct lun_sigv4_key, option)

/* What signing does not need may be there, as lunL_pushcred gives it. */
static const struct lunL_opt options[] = {
    {KEY_OPT(access_key_id), .required = true},
    {KEY_OPT(secret_access_key), .required = true},
    {KEY_OPT(session_token)},
    {.name = "expiration", .kind = LUNL_OPT_ANY},
    {.name = "account_id", .kind = LUNL_OPT_ANY},
    {.name = "provider", .kind = LUNL_OPT_ANY},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

bool lunL_readcred(lua_State *L, int arg, struct lun_sigv4_key *out)
{
  if (lunL_getopt(L, arg, "credentials") == LUA_TNIL)
    return false;
  lunL_subopts(L, lua_gettop(L), arg, options, OPTIONS, out);
  return true;
}

static void set_string(lua_State *L, const char *name, const char *text)
{
  if (text == NULL)
    return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void set_secret(lua_State *L, const char *name, lun_secret *bytes)
{
  struct lunL_secret *secret = NULL;

  if (bytes == NULL)
    return;
  secret = lunL_newsecret(L, name);
  secret->bytes = lun_secret_ref(bytes);
  lua_setfield(L, -2, name);
}

void lunL_pushcred(lua_State *L, const struct lun_cred *cred)
{
  lua_createtable(L, 0, 6);
  set_string(L, "access_key_id", cred->access_key_id);
  set_secret(L, "secret_access_key", cred->secret_access_key);
  set_secret(L, "session_token", cred->session_token);
  if (cred->expires_at != 0) {
    lua_pushinteger(L, cred->expires_at);
    lua_setfield(L, -2, "expiration");
  }
  set_string(L, "account_id", cred->account_id);
  set_string(L, "provider", cred->provider);
}
