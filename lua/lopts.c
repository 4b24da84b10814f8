/*
 * Strict option tables.  The table is walked raw: no metamethod runs, so what
 * is borrowed from it stays where it is.
 */
#include "lopts.h"

#include "../core/text/near.h"
#include "lsecret.h"

#include <math.h>

/* core.nearest(word, names): the name that WORD is a slip of, or nil. */
static int l_nearest(lua_State *L)
{
  struct lun_near near = {0};
  struct lun_span word = {NULL, 0};
  lua_Integer i = 0;

  word.ptr = luaL_checklstring(L, 1, &word.len);
  luaL_checktype(L, 2, LUA_TTABLE);
  lun_near_init(&near, word);
  /* The names are the table's: they stay when they leave the stack. */
  for (i = 1; lua_rawgeti(L, 2, i) == LUA_TSTRING; i++) {
    lun_near_try(&near, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  lua_pushstring(L, near.name);
  return 1;
}

/*
 * core.mistake(message): raises a plain error at the line of the script that
 * has called the library, however deep in the library it was found.
 */
static int l_mistake(lua_State *L)
{
  static const char ours[] = "@lunette/";
  const char *message = luaL_checkstring(L, 1);
  lua_Debug at = {.currentline = -1};
  int level = 1;

  for (; lua_getstack(L, level, &at); level++) {
    lua_getinfo(L, "Sl", &at);
    if (at.currentline > 0 && strncmp(at.source, ours, sizeof(ours) - 1) != 0) {
      lua_pushfstring(L, "%s:%d: %s", at.short_src, at.currentline, message);
      return lua_error(L);
    }
  }
  lua_settop(L, 1);
  return lua_error(L);
}

void lunL_add_opts(lua_State *L)
{
  lua_pushcfunction(L, l_nearest);
  lua_setfield(L, -2, "nearest");
  lua_pushcfunction(L, l_mistake);
  lua_setfield(L, -2, "mistake");
}

/* -------------------------------------------------------------- checks -- */

static int unknown(lua_State *L, int arg, const struct lunL_opt *spec,
                   size_t count)
{
  struct lun_near near = {0};
  const char *word = NULL;
  size_t i = 0;

  if (lua_type(L, -2) != LUA_TSTRING)
    return luaL_argerror(L, arg,
                         lua_pushfstring(L, "a %s is no name of an option",
                                         luaL_typename(L, -2)));
  word = lua_tostring(L, -2);
  lun_near_init(&near, lun_span_of(word));
  for (i = 0; i < count; i++)
    lun_near_try(&near, spec[i].name);
  if (near.name != NULL)
    lua_pushfstring(L, "unknown option '%s'; did you mean '%s'?", word,
                    near.name);
  else
    lua_pushfstring(L, "unknown option '%s'", word);
  return luaL_argerror(L, arg, lua_tostring(L, -1));
}

static int wrong(lua_State *L, int arg, const struct lunL_opt *opt,
                 const char *expected)
{
  const char *got = luaL_typename(L, -1);

  if (luaL_getmetafield(L, -1, "__name") == LUA_TSTRING)
    got = lua_tostring(L, -1);
  return luaL_argerror(L, arg,
                       lua_pushfstring(L, "option '%s': %s expected, got %s",
                                       opt->name, expected, got));
}

static const char *check_string(lua_State *L, int arg,
                                const struct lunL_opt *opt)
{
  struct lun_span text = {NULL, 0};

  if (lua_type(L, -1) != LUA_TSTRING)
    wrong(L, arg, opt, "string");
  text.ptr = lua_tolstring(L, -1, &text.len);
  if (strlen(text.ptr) != text.len)
    luaL_argerror(L, arg,
                  lua_pushfstring(L, "option '%s' has a NUL in it", opt->name));
  if (opt->kind == LUNL_OPT_STRING)
    lunL_checkmark(L, text, opt->name);
  return text.ptr;
}

static struct lun_span check_bytes(lua_State *L, int arg,
                                   const struct lunL_opt *opt)
{
  struct lunL_secret *secret = lunL_testsecret(L, -1);
  struct lun_span text = {NULL, 0};

  if (secret != NULL)
    return lunL_secretview(secret);
  if (lua_type(L, -1) != LUA_TSTRING)
    wrong(L, arg, opt, "string or secret value");
  text.ptr = lua_tolstring(L, -1, &text.len);
  lunL_checkmark(L, text, opt->name);
  return text;
}

static int64_t check_integer(lua_State *L, int arg, const struct lunL_opt *opt)
{
  int exact = 0;
  lua_Integer value = lua_tointegerx(L, -1, &exact);

  if (!exact || lua_type(L, -1) != LUA_TNUMBER)
    wrong(L, arg, opt, "integer");
  if (value < opt->min || value > opt->max)
    luaL_argerror(L, arg,
                  lua_pushfstring(L, "option '%s' is from %I to %I", opt->name,
                                  (LUAI_UACINT)opt->min,
                                  (LUAI_UACINT)opt->max));
  return value;
}

#define SECONDS_MAX (365 * 86400.0)

static int64_t check_seconds(lua_State *L, int arg, const struct lunL_opt *opt)
{
  lua_Number value = lua_tonumber(L, -1);

  if (lua_type(L, -1) != LUA_TNUMBER)
    wrong(L, arg, opt, "number of seconds");
  if (!(value > 0 && value <= SECONDS_MAX))
    luaL_argerror(L, arg,
                  lua_pushfstring(L,
                                  "option '%s' is a number of seconds "
                                  "above 0, a year at most",
                                  opt->name));
  return (int64_t)ceil(value * 1000);
}

/* Checks the value on top of the stack and stores it at OUT, if there is. */
static void check_one(lua_State *L, int arg, const struct lunL_opt *opt,
                      void *out)
{
  const char *string = NULL;
  struct lun_span bytes = {NULL, 0};
  int64_t integer = 0;
  bool boolean = false;
  const void *from = NULL;
  size_t size = 0;

  switch (opt->kind) {
  case LUNL_OPT_STRING:
  case LUNL_OPT_TEXT:
    string = check_string(L, arg, opt);
    from = &string;
    size = sizeof(string);
    break;
  case LUNL_OPT_BYTES:
    bytes = check_bytes(L, arg, opt);
    from = &bytes;
    size = sizeof(bytes);
    break;
  case LUNL_OPT_INTEGER:
  case LUNL_OPT_SECONDS:
    integer = opt->kind == LUNL_OPT_INTEGER ? check_integer(L, arg, opt)
                                            : check_seconds(L, arg, opt);
    from = &integer;
    size = sizeof(integer);
    break;
  case LUNL_OPT_BOOLEAN:
    if (!lua_isboolean(L, -1))
      wrong(L, arg, opt, "boolean");
    boolean = lua_toboolean(L, -1);
    from = &boolean;
    size = sizeof(boolean);
    break;
  case LUNL_OPT_TABLE:
    if (!lua_istable(L, -1))
      wrong(L, arg, opt, "table");
    break;
  case LUNL_OPT_ANY: break;
  }
  if (out != NULL && from != NULL)
    memcpy((char *)out + opt->offset, from, size);
}

int lunL_getopt(lua_State *L, int slot, const char *name)
{
  slot = lua_absindex(L, slot);
  lua_pushstring(L, name);
  return lua_rawget(L, slot);
}

void lunL_subopts(lua_State *L, int slot, int arg, const struct lunL_opt *spec,
                  size_t count, void *out)
{
  size_t i = 0;

  luaL_checkstack(L, 8, NULL);
  for (lua_pushnil(L); lua_next(L, slot); lua_pop(L, 1)) {
    for (i = 0; i < count; i++)
      if (lua_type(L, -2) == LUA_TSTRING &&
          strcmp(lua_tostring(L, -2), spec[i].name) == 0)
        break;
    if (i == count)
      unknown(L, arg, spec, count);
    check_one(L, arg, &spec[i], out);
  }
  for (i = 0; i < count; i++) {
    if (!spec[i].required)
      continue;
    if (lunL_getopt(L, slot, spec[i].name) == LUA_TNIL)
      luaL_argerror(L, arg,
                    lua_pushfstring(L, "option '%s' is missing", spec[i].name));
    lua_pop(L, 1);
  }
}

void lunL_opts(lua_State *L, int arg, const struct lunL_opt *spec, size_t count,
               void *out)
{
  luaL_checktype(L, arg, LUA_TTABLE);
  lunL_subopts(L, arg, arg, spec, count, out);
}
