/*
 * Error objects.  They are plain tables with a metatable, so that a script
 * reads their fields as of any table; they hold no secret, for a struct
 * lun_error never does, and what Lua code puts into one must be a string.
 */
#include "lfail.h"

#include "lopts.h"

#include <stdarg.h>
#include <stdio.h>

static const char error_key = 0; /* its address: the metatable's key */

#define USAGE_KIND "usage"

/* By code; the kinds themselves and their exit statuses are core's. */
static const char *const titles[] = {
    [LUN_OK] = "",
    [LUN_ENOMEM] = "",
    [LUN_EINVALID] = "invalid input: ",
    [LUN_ECREDENTIALS] = "credentials: ",
    [LUN_EACCESS] = "access denied: ",
    [LUN_ENOTFOUND] = "not found: ",
    [LUN_ETHROTTLED] = "throttled: ",
    [LUN_ESERVICE] = "service: ",
    [LUN_ENETWORK] = "network: ",
    [LUN_ECHECK] = "check failed: ",
    [LUN_ERELOAD] = "reload failed: ",
    [LUN_EFILE] = "file system: ",
    [LUN_EDEADLINE] = "deadline passed: ",
};

#define CODES (sizeof(titles) / sizeof(titles[0]))

/* The code of a kind, LUN_OK if there is none. */
static enum lun_code code_of(const char *kind)
{
  size_t i = 0;

  for (i = LUN_EINVALID; kind != NULL && i < CODES; i++)
    if (strcmp(kind, lun_code_kind((enum lun_code)i)) == 0)
      return (enum lun_code)i;
  return LUN_OK;
}

/* ------------------------------------------------------------- reading -- */

/* Pushes the field NAME of the table at INDEX: its text, or NULL. */
static const char *field(lua_State *L, int index, const char *name)
{
  index = lua_absindex(L, index);
  lua_pushstring(L, name);
  lua_rawget(L, index);
  return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* One line: what happened, AWS's name for the request, the next step. */
static int error_tostring(lua_State *L)
{
  const char *kind = NULL;
  const char *message = NULL;
  const char *request = NULL;
  const char *hint = NULL;

  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  kind = field(L, 1, "kind");
  message = field(L, 1, "message");
  request = field(L, 1, "request_id");
  hint = field(L, 1, "hint");
  lua_pushfstring(L, "%s%s", titles[code_of(kind)],
                  message != NULL ? message : "unknown error");
  if (request != NULL && strstr(lua_tostring(L, -1), request) == NULL) {
    lua_pushfstring(L, " (request id %s)", request);
    lua_concat(L, 2);
  }
  if (hint != NULL) {
    lua_pushfstring(L, LUNL_HINT "%s", hint);
    lua_concat(L, 2);
  }
  return 1;
}

static void push_metatable(lua_State *L)
{
  static const luaL_Reg metamethods[] = {{"__tostring", error_tostring},
                                         {NULL, NULL}};

  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &error_key) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 3);
  luaL_setfuncs(L, metamethods, 0);
  lua_pushliteral(L, "lunette.error");
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &error_key);
}

bool lunL_iserror(lua_State *L, int index)
{
  bool same = false;

  if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index))
    return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &error_key);
  same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

int lunL_exitstatus(lua_State *L, int index)
{
  const char *kind = NULL;
  int status = 1;

  if (!lunL_iserror(L, index))
    return status;
  kind = field(L, index, "kind");
  if (kind != NULL && strcmp(kind, USAGE_KIND) == 0)
    status = 2;
  else if (code_of(kind) != LUN_OK)
    status = lun_code_exit(code_of(kind));
  lua_pop(L, 1);
  return status;
}

static void get_text(lua_State *L, int index, const char *name, char *out,
                     size_t size)
{
  lun_error_text(out, size, lun_span_of(field(L, index, name)));
  lua_pop(L, 1);
}

static int get_integer(lua_State *L, int index, const char *name)
{
  lua_Integer value = 0;

  field(L, index, name);
  value = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return value < 0 || value > 1000000 ? 0 : (int)value;
}

void lunL_geterror(lua_State *L, int index, struct lun_error *err)
{
  struct lun_span text = {NULL, 0};

  index = lua_absindex(L, index);
  memset(err, 0, sizeof(*err));
  err->code = LUN_EINVALID;
  if (!lunL_iserror(L, index)) {
    text.ptr = luaL_tolstring(L, index, &text.len);
    if (lun_span_is(text, "not enough memory"))
      err->code = LUN_ENOMEM;
    lun_error_text(err->message, sizeof(err->message), text);
    lua_pop(L, 1);
    return;
  }
  err->code = code_of(field(L, index, "kind"));
  lua_pop(L, 1);
  if (err->code == LUN_OK)
    err->code = LUN_EINVALID;
  get_text(L, index, "message", err->message, sizeof(err->message));
  get_text(L, index, "hint", err->hint, sizeof(err->hint));
  get_text(L, index, "code", err->aws_code, sizeof(err->aws_code));
  get_text(L, index, "service", err->service, sizeof(err->service));
  get_text(L, index, "operation", err->operation, sizeof(err->operation));
  get_text(L, index, "request_id", err->request_id, sizeof(err->request_id));
  err->http_status = get_integer(L, index, "status");
  err->attempts = get_integer(L, index, "attempts");
  field(L, index, "retryable");
  err->retryable = lua_toboolean(L, -1);
  lua_pop(L, 1);
}

/* ------------------------------------------------------------- raising -- */

static void set_text(lua_State *L, const char *name, const char *text)
{
  if (text[0] == '\0')
    return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, int value)
{
  if (value == 0)
    return;
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

void lunL_pusherror(lua_State *L, const struct lun_error *err)
{
  if (err->code == LUN_ENOMEM) {
    /* The very text that Lua itself raises, and nothing that needs memory. */
    lua_pushliteral(L, "not enough memory");
    return;
  }
  luaL_checkstack(L, 6, NULL);
  lua_createtable(L, 0, 10);
  set_text(L, "kind", lun_code_kind(err->code));
  set_text(L, "message", err->message);
  set_text(L, "hint", err->hint);
  set_text(L, "code", err->aws_code);
  set_text(L, "service", err->service);
  set_text(L, "operation", err->operation);
  set_text(L, "request_id", err->request_id);
  set_integer(L, "status", err->http_status);
  set_integer(L, "attempts", err->attempts);
  lua_pushboolean(L, err->retryable);
  lua_setfield(L, -2, "retryable");
  push_metatable(L);
  lua_setmetatable(L, -2);
}

int lunL_fail(lua_State *L, const struct lun_error *err)
{
  lunL_pusherror(L, err);
  return lua_error(L);
}

int lunL_failf(lua_State *L, enum lun_code code, const char *hint,
               const char *format, ...)
{
  struct lun_error err = {0};
  char message[sizeof(err.message)] = "";
  va_list args;

  va_start(args, format);
  vsnprintf(message, sizeof(message), format, args);
  va_end(args);
  lun_error_set(&err, code, "%s", message);
  if (hint != NULL)
    lun_error_hint(&err, "%s", hint);
  return lunL_fail(L, &err);
}

/* --------------------------------------------------------- for scripts -- */

static const struct lunL_opt error_options[] = {
    {.name = "kind", .kind = LUNL_OPT_TEXT, .required = true},
    {.name = "message", .kind = LUNL_OPT_TEXT, .required = true},
    {.name = "hint", .kind = LUNL_OPT_TEXT},
    {.name = "code", .kind = LUNL_OPT_TEXT},
    {.name = "service", .kind = LUNL_OPT_TEXT},
    {.name = "operation", .kind = LUNL_OPT_TEXT},
    {.name = "request_id", .kind = LUNL_OPT_TEXT},
    {.name = "status", .kind = LUNL_OPT_INTEGER, .min = 0, .max = 999},
    {.name = "attempts", .kind = LUNL_OPT_INTEGER, .min = 0, .max = 1000000},
    {.name = "retryable", .kind = LUNL_OPT_BOOLEAN},
};

#define ERROR_OPTIONS (sizeof(error_options) / sizeof(error_options[0]))

/*
 * ln.error{kind=, message=, hint=, ...}: makes an error object, for `error`
 * to raise.  The kind is a word of the exit table, or "usage".
 */
static int l_error(lua_State *L)
{
  const char *kind = NULL;
  size_t i = 0;

  lua_settop(L, 1);
  lunL_opts(L, 1, error_options, ERROR_OPTIONS, NULL);
  kind = field(L, 1, "kind");
  if (code_of(kind) == LUN_OK && strcmp(kind, USAGE_KIND) != 0)
    return luaL_argerror(L, 1,
                         lua_pushfstring(L, "'%s' is no kind of error", kind));
  lua_createtable(L, 0, ERROR_OPTIONS);
  for (i = 0; i < ERROR_OPTIONS; i++) {
    lua_pushstring(L, error_options[i].name);
    lua_pushvalue(L, -1);
    lua_rawget(L, 1);
    lua_rawset(L, -3);
  }
  push_metatable(L);
  lua_setmetatable(L, -2);
  return 1;
}

/* core.fail{...}: makes one and raises it. */
static int l_fail(lua_State *L)
{
  l_error(L);
  return lua_error(L);
}

/* ln.is_error(x): true for an error object, of whatever kind. */
static int l_is_error(lua_State *L)
{
  luaL_checkany(L, 1);
  lua_pushboolean(L, lunL_iserror(L, 1));
  return 1;
}

void lunL_add_errors(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"error", l_error}, {"is_error", l_is_error}, {NULL, NULL}};

  luaL_setfuncs(L, functions, 0);
}

void lunL_add_fail(lua_State *L)
{
  lunL_add_errors(L);
  lua_pushcfunction(L, l_fail);
  lua_setfield(L, -2, "fail");
}
