/* lunette.httpd: an HTTP/1.1 server for loopback, on libmicrohttpd.
 *
 * A module of its own, so that what runs in production links no server. It
 * has no thread: server:next() runs the loop on the caller's own until a
 * whole request is there; an answer goes out while a later next() waits.
 * hserver.c collects the requests, this file makes Lua values of them. */

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <lauxlib.h>
#include <lua.h>

#include "hserver.h"

#define SERVER_TYPE  "lunette.httpd.server"
#define REQUEST_TYPE "lunette.httpd.request"

#define BODY_MAX_DEFAULT 1048576

/* User values of a request. */
#define REQUEST_SERVER 1
#define REQUEST_FIELDS 2

/* {==== Options ==== */

static void check_options(lua_State *L, int table, const char *const known[])
{
  luaL_checktype(L, table, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    int i = 0;

    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_argerror(L, table, "option names are strings");
    while (known[i] && strcmp(known[i], lua_tostring(L, -1)) != 0)
      i++;
    if (!known[i])
      luaL_argerror(
          L, table,
          lua_pushfstring(L, "unknown option '%s'", lua_tostring(L, -1)));
  }
}

static lua_Integer option_integer(lua_State *L, int table, const char *name,
                                  lua_Integer fallback, lua_Integer max)
{
  lua_Integer value = fallback;
  int exact = 1;

  if (lua_getfield(L, table, name) != LUA_TNIL) {
    value = lua_tointegerx(L, -1, &exact);
    if (!exact || value < 0 || value > max)
      luaL_argerror(L, table,
                    lua_pushfstring(L, "%s must be an integer of 0 to %I", name,
                                    (LUAI_UACINT)max));
  }
  lua_pop(L, 1);
  return value;
}

/* Fills ADDRESS for the option host. Only loopback is accepted: what answers
 * here pretends to be AWS and hands out credentials. */
static void option_address(lua_State *L, int table, in_port_t port,
                           struct sockaddr_storage *address)
{
  struct sockaddr_in *v4 = (struct sockaddr_in *)address;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
  const char *host = "127.0.0.1";

  if (lua_getfield(L, table, "host") != LUA_TNIL) {
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_argerror(L, table, "host must be a string");
    host = lua_tostring(L, -1);
  }
  memset(address, 0, sizeof(*address));
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1 &&
      ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
  } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 &&
             IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
  } else {
    luaL_argerror(L, table,
                  lua_pushfstring(L,
                                  "host '%s' is no loopback address "
                                  "(127.0.0.0/8 or ::1)",
                                  host));
  }
  lua_pop(L, 1);
}

/* }==== */

/* {==== The server ==== */

static struct lun_httpd *check_server(lua_State *L, int arg)
{
  struct lun_httpd *s = luaL_checkudata(L, arg, SERVER_TYPE);

  if (!s->daemon)
    luaL_error(L, "the server is closed");
  return s;
}

/* httpd.new{host="127.0.0.1", port=0, body_max=bytes}: a listening server.
 * Port 0 takes a free one. Raises when the address cannot be had. */
static int httpd_new(lua_State *L)
{
  static const char *const known[] = {"host", "port", "body_max", NULL};
  struct sockaddr_storage address;
  struct lun_httpd *s = NULL;
  lua_Integer port = 0;
  lua_Integer body_max = 0;
  int reason = 0;

  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  check_options(L, 1, known);
  port = option_integer(L, 1, "port", 0, UINT16_MAX);
  body_max = option_integer(L, 1, "body_max", BODY_MAX_DEFAULT, INT_MAX);
  option_address(L, 1, (in_port_t)port, &address);

  s = lua_newuserdatauv(L, sizeof(*s), 0);
  *s = (struct lun_httpd){.body_max = (size_t)body_max};
  s->alloc = lua_getallocf(L, &s->alloc_ud);
  luaL_setmetatable(L, SERVER_TYPE);

  reason = lun_httpd_start(s, (struct sockaddr *)&address,
                           address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);
  if (reason)
    return luaL_error(L, "cannot listen on loopback port %I: %s",
                      (LUAI_UACINT)port, strerror(reason));
  return 1;
}

/* server:port(): the port it listens on. */
static int server_port(lua_State *L)
{
  lua_pushinteger(L, lun_httpd_port(check_server(L, 1)));
  return 1;
}

/* server:close(): ends it; what is not answered is cut off. May be called
 * twice, and is also what __close and __gc do. */
static int server_close(lua_State *L)
{
  lun_httpd_stop(luaL_checkudata(L, 1, SERVER_TYPE));
  return 0;
}

/* Pushes the table of what was collected: method, target, headers as a list
 * of {name, value} in the order of the wire, body. */
static void push_fields(lua_State *L, const struct lun_exchange *x)
{
  const char *at = x->head.data;
  const char *end = x->head.data + x->head.len;
  lua_Integer n = 0;

  lua_createtable(L, 0, 4);
  lua_pushstring(L, at);
  lua_setfield(L, -2, "method");
  at += strlen(at) + 1;
  lua_pushlstring(L, x->target.data, x->target.len);
  lua_setfield(L, -2, "target");
  lua_pushlstring(L, x->body.data ? x->body.data : "", x->body.len);
  lua_setfield(L, -2, "body");
  lua_newtable(L);
  while (at < end) {
    lua_createtable(L, 2, 0);
    lua_pushstring(L, at);
    lua_rawseti(L, -2, 1);
    at += strlen(at) + 1;
    lua_pushstring(L, at);
    lua_rawseti(L, -2, 2);
    at += strlen(at) + 1;
    lua_rawseti(L, -2, ++n);
  }
  lua_setfield(L, -2, "headers");
}

static int push_request(lua_State *L, struct lun_httpd *s, int server_index)
{
  struct lun_request *r = lua_newuserdatauv(L, sizeof(*r), 2);

  r->exchange = NULL;
  luaL_setmetatable(L, REQUEST_TYPE);
  lua_pushvalue(L, server_index);
  lua_setiuservalue(L, -2, REQUEST_SERVER);
  lun_httpd_take(s, r);
  push_fields(L, r->exchange);
  lua_setiuservalue(L, -2, REQUEST_FIELDS);
  lun_httpd_forget(r->exchange);
  return 1;
}

/* The option fd, an integer or a list of some; returns how many. */
static int option_fds(lua_State *L, int table, int fds[LUN_HTTPD_FDS])
{
  lua_Integer n = 1;
  int exact = 1;

  if (lua_getfield(L, table, "fd") == LUA_TNIL)
    return 0;
  if (lua_type(L, -1) == LUA_TTABLE)
    n = (lua_Integer)lua_rawlen(L, -1);
  else
    lua_pushvalue(L, -1);
  if (n > LUN_HTTPD_FDS)
    luaL_argerror(L, table, "too many descriptors");
  for (lua_Integer i = 0; i < n; i++) {
    lua_Integer fd = 0;

    if (lua_type(L, -1) == LUA_TTABLE)
      lua_rawgeti(L, -1, i + 1);
    fd = lua_tointegerx(L, -1, &exact);
    if (!exact || fd < 0 || fd > INT_MAX)
      luaL_argerror(L, table, "fd must be a descriptor or a list of them");
    fds[i] = (int)fd;
    lua_pop(L, 1);
  }
  return (int)n;
}

static int64_t option_deadline(lua_State *L, int table)
{
  lua_Number seconds = 0;

  if (lua_getfield(L, table, "timeout") == LUA_TNIL)
    return -1;
  seconds = lua_tonumber(L, -1);
  if (!lua_isnumber(L, -1) || !(seconds >= 0 && seconds <= 1e9))
    luaL_argerror(L, table, "timeout must be seconds, not negative");
  return lun_httpd_now() + (int64_t)(seconds * 1000);
}

/* server:next{timeout=seconds, fd=integer or list}: the next whole request;
 * or nil, "fd" and the descriptor once one can be read; or nil and "timeout"
 * after that time. Without a timeout it waits for ever, with 0 not at all. */
static int server_next(lua_State *L)
{
  static const char *const known[] = {"timeout", "fd", NULL};
  struct lun_httpd *s = check_server(L, 1);
  int fds[LUN_HTTPD_FDS] = {0};
  int nfds = 0;
  int which = 0;
  int64_t deadline = -1;

  if (!lua_isnoneornil(L, 2)) {
    check_options(L, 2, known);
    nfds = option_fds(L, 2, fds);
    deadline = option_deadline(L, 2);
  }
  switch (lun_httpd_wait(s, fds, nfds, deadline, &which)) {
  case LUN_HTTPD_REQUEST: return push_request(L, s, 1);
  case LUN_HTTPD_FD:
    lua_pushnil(L);
    lua_pushliteral(L, "fd");
    lua_pushinteger(L, fds[which]);
    return 3;
  case LUN_HTTPD_TIMEOUT: break;
  }
  lua_pushnil(L);
  lua_pushliteral(L, "timeout");
  return 2;
}

/* }==== */

/* {==== A request ==== */

/* A handle that goes away unanswered must not leave its client waiting. */
static int request_drop(lua_State *L)
{
  struct lun_request *r = luaL_checkudata(L, 1, REQUEST_TYPE);

  if (r->exchange) {
    r->exchange->response = lun_httpd_response("", 0);
    lun_httpd_answer(r, MHD_HTTP_INTERNAL_SERVER_ERROR);
  }
  return 0;
}

/* Raises unless the value at the top is a header text without line breaks
 * and NUL, which could end the header or the head. Pops it. */
static void check_header_text(lua_State *L, lua_Integer n)
{
  size_t len = 0;
  const char *text = NULL;

  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "header %I must be {name, value}, both strings",
               (LUAI_UACINT)n);
  text = lua_tolstring(L, -1, &len);
  if (strlen(text) != len || strpbrk(text, "\r\n"))
    luaL_error(L, "header %I holds a line break or a NUL", (LUAI_UACINT)n);
  lua_pop(L, 1);
}

static lua_Integer check_headers(lua_State *L, int list)
{
  lua_Integer count = 0;

  if (lua_isnoneornil(L, list))
    return 0;
  luaL_checktype(L, list, LUA_TTABLE);
  count = (lua_Integer)lua_rawlen(L, list);
  for (lua_Integer n = 1; n <= count; n++) {
    if (lua_rawgeti(L, list, n) != LUA_TTABLE)
      luaL_error(L, "header %I must be {name, value}, both strings",
                 (LUAI_UACINT)n);
    lua_rawgeti(L, -1, 1);
    check_header_text(L, n);
    lua_rawgeti(L, -1, 2);
    check_header_text(L, n);
    lua_pop(L, 1);
  }
  return count;
}

/* Nothing in here raises: the list was checked, and reading strings out of
 * tables allocates nothing. */
static bool add_headers(lua_State *L, struct MHD_Response *response, int list,
                        lua_Integer count)
{
  bool ok = true;

  for (lua_Integer n = 1; n <= count && ok; n++) {
    lua_rawgeti(L, list, n);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    ok = MHD_add_response_header(response, lua_tostring(L, -2),
                                 lua_tostring(L, -1)) == MHD_YES;
    lua_pop(L, 3);
  }
  return ok;
}

/* request:respond(status, headers, body): answers it, once. HEADERS is a
 * list of {name, value} or nil, BODY a string or nil. */
static int request_respond(lua_State *L)
{
  struct lun_request *r = luaL_checkudata(L, 1, REQUEST_TYPE);
  lua_Integer status = luaL_checkinteger(L, 2);
  lua_Integer count = 0;
  size_t len = 0;
  const char *body = luaL_optlstring(L, 4, "", &len);
  struct MHD_Response *response = NULL;

  luaL_argcheck(L, status >= 200 && status <= 599, 2,
                "an HTTP status is 200 to 599");
  lua_settop(L, 4);
  luaL_checkstack(L, 4, NULL);
  count = check_headers(L, 3);
  if (!r->exchange)
    return luaL_error(L, "the request is answered, or its server is closed");
  response = lun_httpd_response(body, len);
  if (!response)
    return luaL_error(L, "not enough memory for the response");
  if (!add_headers(L, response, 3, count)) {
    MHD_destroy_response(response);
    return luaL_error(L, "the headers hold one that HTTP does not allow");
  }
  r->exchange->response = response;
  lun_httpd_answer(r, (unsigned)status);
  return 0;
}

/* request.method and its like, then the methods. */
static int request_index(lua_State *L)
{
  luaL_checkudata(L, 1, REQUEST_TYPE);
  if (lua_getiuservalue(L, 1, REQUEST_FIELDS) == LUA_TTABLE) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL)
      return 1;
  }
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  return 1;
}

/* }==== */

static const luaL_Reg server_methods[] = {
    {"next", server_next},
    {"port", server_port},
    {"close", server_close},
    {NULL, NULL},
};

static const luaL_Reg server_meta[] = {
    {"__gc", server_close},
    {"__close", server_close},
    {NULL, NULL},
};

static const luaL_Reg request_methods[] = {
    {"respond", request_respond},
    {NULL, NULL},
};

static const luaL_Reg request_meta[] = {
    {"__gc", request_drop},
    {"__close", request_drop},
    {NULL, NULL},
};

static const luaL_Reg module[] = {
    {"new", httpd_new},
    {NULL, NULL},
};

__attribute__((visibility("default"))) int luaopen_lunette_httpd(lua_State *L);

int luaopen_lunette_httpd(lua_State *L)
{
  luaL_checkversion(L);
  luaL_newmetatable(L, SERVER_TYPE);
  luaL_setfuncs(L, server_meta, 0);
  luaL_newlib(L, server_methods);
  lua_setfield(L, -2, "__index");
  luaL_newmetatable(L, REQUEST_TYPE);
  luaL_setfuncs(L, request_meta, 0);
  luaL_newlib(L, request_methods);
  lua_pushcclosure(L, request_index, 1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, module);
  return 1;
}
