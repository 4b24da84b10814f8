/*
 * Reading requests.  Strings are borrowed from the tables that hold them,
 * which Lua may not change meanwhile, for none of its code runs.
 */
#include "lrequest.h"

#define HEADERS_MAX 1000

static void add_header(lua_State *L, int arg, struct lunL_request *out)
{
  struct lun_header *header = &out->headers[out->request.nheaders];
  bool secret = false;

  if (lua_type(L, -2) != LUA_TSTRING)
    luaL_argerror(L, arg, "the name of a header is not a string");
  header->name.ptr = lua_tolstring(L, -2, &header->name.len);
  if (lua_type(L, -1) != LUA_TSTRING && lunL_testsecret(L, -1) == NULL)
    luaL_argerror(L, arg,
                  lua_pushfstring(L,
                                  "header '%s' is neither a string nor a "
                                  "secret value",
                                  header->name.ptr));
  header->value = lunL_tobytes(L, -1, &secret);
  if (!secret)
    lunL_checkmark(L, header->value, header->name.ptr);
  out->secrets[out->request.nheaders] = secret;
  out->secret = out->secret || secret;
  out->request.nheaders++;
}

static size_t count_pairs(lua_State *L, int arg, int table)
{
  size_t count = 0;

  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
    count++;
  if (count > HEADERS_MAX)
    luaL_argerror(L, arg, "there are too many headers");
  return count;
}

void lunL_readheaders(lua_State *L, int arg, struct lunL_request *out)
{
  size_t count = 0;
  int table = 0;
  size_t i = 0;

  lua_getfield(L, arg, "headers");
  table = lua_gettop(L);
  if (!lua_isnil(L, table) && !lua_istable(L, table))
    luaL_argerror(L, arg, "headers are not a table");
  if (lua_istable(L, table))
    count = count_pairs(L, arg, table);
  out->headers = lua_newuserdatauv(
      L, (count + 1) * (sizeof(*out->headers) + sizeof(bool)), 0);
  out->secrets = (bool *)(out->headers + count + 1);
  memset(out->secrets, 0, (count + 1) * sizeof(bool));
  out->request.headers = out->headers;
  out->list = count > 0 && lua_rawlen(L, table) == count;
  if (count > 0 && !out->list)
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
      add_header(L, arg, out);
  for (i = 0; out->list && i < count; i++) {
    if (lua_rawgeti(L, table, (lua_Integer)i + 1) != LUA_TTABLE)
      luaL_argerror(L, arg, "headers are a list of {name, value}");
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    add_header(L, arg, out);
    lua_pop(L, 3); /* the inner table keeps what is borrowed */
  }
}

bool lunL_hasheader(const struct lunL_request *request, const char *name)
{
  size_t i = 0;

  for (i = 0; i < request->request.nheaders; i++)
    if (lun_text_same(request->headers[i].name, lun_span_of(name)))
      return true;
  return false;
}

void lunL_splittarget(struct lunL_request *out, struct lun_span target)
{
  const char *mark = memchr(target.ptr, '?', target.len);

  out->request.path = target;
  if (mark == NULL)
    return;
  out->request.path.len = (size_t)(mark - target.ptr);
  out->request.query.ptr = mark + 1;
  out->request.query.len = target.len - out->request.path.len - 1;
}

/* Pushes a field that is a string, or may be absent, and borrows it. */
static struct lun_span read_field(lua_State *L, int arg, const char *name)
{
  struct lun_span text = {"", 0};

  if (lua_getfield(L, arg, name) == LUA_TNIL)
    return text;
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_argerror(L, arg,
                  lua_pushfstring(L, "field '%s' is not a string", name));
  text.ptr = lua_tolstring(L, -1, &text.len);
  return text;
}

void lunL_readrequest(lua_State *L, int arg, struct lunL_request *out)
{
  luaL_checkany(L, arg);
  luaL_checkstack(L, 10, NULL);
  out->request.method = read_field(L, arg, "method");
  lunL_splittarget(out, read_field(L, arg, "target"));
  out->request.body = read_field(L, arg, "body");
  lunL_readheaders(L, arg, out);
}
