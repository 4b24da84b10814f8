/*
 * Codes of MFA devices.  Core asks in the middle of a step, so the function
 * is called in protected mode on the stack of whoever called AWS, and what it
 * raises becomes the error of that call.
 */
#include "lmfa.h"

#include "lfail.h"

/*
 * What core calls `data` is a userdata, one for each value.  It is small and
 * stays as long as the state, since core may hold its address as long; it lies
 * in the registry at that address.  The value itself may hold sessions, so it
 * stays only as long as they keep it.
 */
struct mfa {
  struct asking *asking;
};

/* One for the state, in the registry at the address of its key. */
struct asking {
  lua_State *L; /* for whom AWS is called */
  bool busy;    /* a code is being asked for */
};

/* The key of a table with weak keys and values: the userdata by its value, and
 * the value by the userdata's address. */
static const char values_key = 0;
static const char asking_key = 0;

void lunL_enter(lua_State *L)
{
  struct asking *asking = NULL;

  lua_rawgetp(L, LUA_REGISTRYINDEX, &asking_key);
  asking = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (asking == NULL)
    return;
  if (asking->busy)
    luaL_error(L, "mfa_code cannot use a session: a call of AWS is under way, "
                  "and waits for the code");
  asking->L = L;
}

static struct asking *get_asking(lua_State *L)
{
  struct asking *asking = NULL;

  lua_rawgetp(L, LUA_REGISTRYINDEX, &asking_key);
  asking = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (asking != NULL)
    return asking;
  asking = lua_newuserdatauv(L, sizeof(*asking), 0);
  memset(asking, 0, sizeof(*asking));
  lua_rawsetp(L, LUA_REGISTRYINDEX, &asking_key);
  return asking;
}

/* Pushes the table of values. */
static void push_values(lua_State *L)
{
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &values_key) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "kv");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &values_key);
}

/* --------------------------------------------------------------- asking -- */

struct question {
  const struct mfa *mfa;
  const char *serial;
  char *code;
  size_t size;
};

/* Copies the code on top of the stack, which is never shown. */
static void take_code(lua_State *L, const struct question *question)
{
  size_t len = 0;
  const char *code = NULL;

  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "it gave a %s, not the six digits as a string",
               luaL_typename(L, -1));
  code = lua_tolstring(L, -1, &len);
  if (len >= question->size || strlen(code) != len)
    luaL_error(L, "what it gave is not six digits");
  memcpy(question->code, code, len + 1);
}

/* Called in protected mode, with the question as a light userdata. */
static int protected_ask(lua_State *L)
{
  const struct question *question = lua_touserdata(L, 1);

  push_values(L);
  if (lua_rawgetp(L, -1, question->mfa) == LUA_TNIL)
    luaL_error(L, "the session that it came with is gone");
  if (lua_isfunction(L, -1)) {
    lua_pushstring(L, question->serial);
    lua_call(L, 1, 1);
  }
  take_code(L, question);
  return 0;
}

static int convert_error(lua_State *L)
{
  lunL_geterror(L, 1, lua_touserdata(L, 2));
  return 0;
}

/* Turns the error on top of the stack into ERR. */
static void take_error(lua_State *L, struct lun_error *err)
{
  bool ours = lunL_iserror(L, -1);
  int rc = LUA_OK;

  lua_pushcfunction(L, convert_error);
  lua_insert(L, -2);
  lua_pushlightuserdata(L, err);
  rc = lua_pcall(L, 2, 0, 0);
  if (rc == LUA_ERRMEM)
    (void)lun_error_nomem(err);
  else if (rc != LUA_OK) /* in its __tostring */
    (void)lun_error_set(err, LUN_ECREDENTIALS, "its error cannot be shown");
  if (!ours && err->code != LUN_ENOMEM) {
    err->code = LUN_ECREDENTIALS;
    lun_error_prefix(err, "mfa_code: ");
  }
}

static enum lun_code ask(void *data, const char *serial, char *code,
                         size_t size, struct lun_error *err)
{
  const struct mfa *mfa = data;
  struct asking *asking = mfa->asking;
  lua_State *L = asking->L;
  struct question question = {mfa, serial, code, size};
  struct lun_error found = {0};
  int top = lua_gettop(L);
  int rc = LUA_OK;

  if (!lua_checkstack(L, 8))
    return lun_error_nomem(err);
  lua_pushcfunction(L, protected_ask);
  lua_pushlightuserdata(L, &question);
  asking->busy = true;
  rc = lua_pcall(L, 1, 0, 0);
  asking->busy = false;
  if (rc == LUA_ERRMEM)
    (void)lun_error_nomem(&found);
  else if (rc != LUA_OK)
    take_error(L, &found);
  lua_settop(L, top);
  if (found.code != LUN_OK && err != NULL)
    *err = found;
  return found.code;
}

void lunL_readmfa(lua_State *L, int slot, int arg, lun_mfa_function *function,
                  void **data)
{
  struct mfa *mfa = NULL;

  if (lua_isnil(L, slot))
    return;
  if (lua_type(L, slot) != LUA_TSTRING && !lua_isfunction(L, slot))
    luaL_argerror(L, arg,
                  lua_pushfstring(L,
                                  "option 'mfa_code': function or string "
                                  "expected, got %s",
                                  luaL_typename(L, slot)));
  slot = lua_absindex(L, slot);
  push_values(L);
  lua_pushvalue(L, slot);
  if (lua_rawget(L, -2) == LUA_TNIL) {
    struct asking *asking = get_asking(L);

    lua_pop(L, 1);
    mfa = lua_newuserdatauv(L, sizeof(*mfa), 0);
    mfa->asking = asking;
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, mfa);
    lua_pushvalue(L, slot);
    lua_rawsetp(L, -3, mfa);
    lua_pushvalue(L, slot);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  *function = ask;
  *data = lua_touserdata(L, -1);
  lua_pop(L, 2);
}
