/*
 * Fields of JSON secrets.  Values are taken from the text where they stand:
 * no document is built in Lua, and only keys become Lua strings.
 */
#include "lsecret.h"

#include "../core/text/near.h"
#include "lfail.h"

/* Slots of a metamethod's stack. */
#define SELF 1
#define KEY  2

static struct lun_span text_of(const struct lunL_secret *s)
{
  return lun_secret_view(lunL_secretwhole(s));
}

/* --------------------------------------------------------------- names -- */

/* True if KEY can be written in a path without quotes. */
static bool plain_key(struct lun_span key)
{
  return lun_text_of(key, "_-");
}

/* Pushes the name of a member of the secret at INDEX: "prod/db#user". */
static void push_member_name(lua_State *L, int index, struct lun_span key)
{
  const char *name = lunL_secretname(L, index);
  const char *hash = strchr(name, '#') != NULL ? "" : "#";
  struct lun_buf *quoted = NULL;

  if (plain_key(key)) {
    lua_pushstring(L, name);
    lua_pushstring(L, hash[0] != '\0' ? hash : ".");
    lua_pushlstring(L, key.ptr, key.len);
    lua_concat(L, 3);
    return;
  }
  lua_pushnil(L);
  quoted = lunL_buf_new(L, SIZE_MAX);
  lun_json_quote(quoted, key);
  lunL_buf_check(L, quoted, "a key");
  lua_pushfstring(L, "%s%s[%s]", name, hash, lun_buf_text(quoted));
  lua_replace(L, -3);
  lunL_close(L);
}

/* Pushes the name of an element; INDEX_FROM_0 as paths count. */
static void push_element_name(lua_State *L, int index, size_t index_from_0)
{
  const char *name = lunL_secretname(L, index);

  lua_pushfstring(L, "%s%s[%I]", name, strchr(name, '#') != NULL ? "" : "#",
                  (LUAI_UACINT)index_from_0);
}

static const char *kind_word(enum lun_json_kind kind)
{
  switch (kind) {
  case LUN_JSON_ARRAY: return "an array";
  case LUN_JSON_OBJECT: return "an object";
  case LUN_JSON_NUMBER: return "a number";
  default: return "text";
  }
}

/* -------------------------------------------------------------- values -- */

/*
 * Pushes the value at NODE of what the secret at INDEX is a part of, under
 * the name on top of the stack, which it replaces.
 */
static void push_node(lua_State *L, int index, size_t node)
{
  struct lunL_secret *s = lua_touserdata(L, index);
  const struct lun_json_node *at = &s->json->nodes[node];
  struct lunL_secret *part = NULL;
  struct lun_error err = {0};
  enum lun_code rc = LUN_OK;

  if (at->kind == LUN_JSON_NULL) {
    lunL_pushnull(L);
  } else if (at->kind == LUN_JSON_TRUE || at->kind == LUN_JSON_FALSE) {
    lua_pushboolean(L, at->kind == LUN_JSON_TRUE);
  } else {
    part = lunL_newsecret(L, lua_tostring(L, -1));
    part->text = lun_secret_ref(lunL_secretwhole(s));
    part->json = lun_json_ref(s->json);
    part->scanned = true;
    part->node = node;
    part->value = lun_value_ref(s->value);
    part->session = lun_session_ref(s->session);
    if (at->kind == LUN_JSON_ARRAY || at->kind == LUN_JSON_OBJECT)
      rc = lun_secret_part(&part->bytes, part->text, at->start, at->len, &err);
    else
      rc = lun_json_secret(&part->bytes, part->json, part->text, node, &err);
    if (rc)
      lunL_fail(L, &err);
  }
  lua_remove(L, -2);
}

void lunL_pushvalue(lua_State *L, struct lun_value *value, lun_session *session,
                    const char *path)
{
  struct lunL_secret *s = lunL_newsecret(L, value->name);
  struct lun_error err = {0};
  struct lun_error why = {0};
  size_t node = 0;
  enum lun_code rc = LUN_OK;

  s->bytes = lun_secret_ref(value->bytes);
  s->value = lun_value_ref(value);
  s->session = lun_session_ref(session);
  if (path == NULL)
    return;
  (void)lunL_secretkind(L, s);
  if (s->json == NULL)
    lunL_failf(L, LUN_ENOTFOUND, "name the secret without #path to have all",
               "secret %s#%s: %s is not JSON, so it has no fields", value->name,
               path, value->name);
  rc = lun_path_find(&node, s->json, text_of(s), 0, lun_span_of(path), &why);
  if (rc) {
    lun_error_set(&err, rc, "secret %s#%s: %s", value->name, path, why.message);
    lun_error_hint(&err, "%s", why.hint);
    lunL_fail(L, &err);
  }
  if (node > 0) {
    lua_pushfstring(L, "%s#%s", value->name, path);
    push_node(L, lua_absindex(L, -2), node);
    lunL_box_release(s);
    lua_remove(L, -2);
  }
}

/* ------------------------------------------------------------ indexing -- */

/* Pushes the key of the object that KEY may be a slip of, or nil. */
static void push_near_key(lua_State *L, struct lunL_secret *s,
                          struct lun_span key)
{
  const struct lun_json_node *nodes = s->json->nodes;
  struct lun_near near = {0};
  struct lun_buf *name = NULL;
  size_t at = s->node + 1;

  lua_pushnil(L);
  lun_near_init(&near, key);
  name = lunL_buf_new(L, LUN_NEAR_MAX);
  for (; at < nodes[s->node].next; at = nodes[at + 1].next) {
    const char *before = near.name;

    if (nodes[at].len > LUN_NEAR_MAX)
      continue;
    lun_buf_cut(name, 0);
    lun_json_decode(name, s->json, text_of(s), at);
    lua_pushstring(L, lun_buf_text(name));
    lun_near_try(&near, lua_tostring(L, -1));
    if (near.name != before) {
      lua_pushvalue(L, -1);
      lua_replace(L, -4); /* `near` borrows it from there */
    }
    lua_pop(L, 1);
  }
  lunL_close(L);
}

static int absent_member(lua_State *L, struct lunL_secret *s,
                         struct lun_span key)
{
  const char *self = lunL_secretname(L, SELF);
  enum lun_json_kind kind = lunL_secretkind(L, s);
  const char *name = NULL;
  const char *hint = NULL;

  push_member_name(L, SELF, key);
  name = lua_tostring(L, -1);
  if (s->json == NULL)
    return lunL_failf(L, LUN_ENOTFOUND, NULL,
                      "secret %s: %s is not JSON, so it has no fields", name,
                      self);
  if (kind != LUN_JSON_OBJECT)
    return lunL_failf(L, LUN_ENOTFOUND, NULL,
                      "secret %s: %s is %s, which has no named fields", name,
                      self, kind_word(kind));
  push_near_key(L, s, key);
  if (!lua_isnil(L, -1))
    hint = lua_pushfstring(L, "did you mean \"%s\"?", lua_tostring(L, -1));
  return lunL_failf(L, LUN_ENOTFOUND, hint, "secret %s: there is no such field",
                    name);
}

static int index_element(lua_State *L, struct lunL_secret *s, lua_Integer at)
{
  const char *self = lunL_secretname(L, SELF);
  enum lun_json_kind kind = lunL_secretkind(L, s);
  size_t node = 0;

  if (kind != LUN_JSON_ARRAY)
    return lunL_failf(L, LUN_ENOTFOUND, NULL,
                      "secret %s is %s, no array: it has no element %lld", self,
                      kind_word(kind), (long long)at);
  if (at < 1)
    return lunL_failf(L, LUN_ENOTFOUND, "in Lua the first element is 1",
                      "secret %s has no element %lld", self, (long long)at);
  node = lun_json_element(s->json, s->node, (size_t)at - 1);
  if (node == 0) {
    lua_pushnil(L);
    return 1;
  }
  push_element_name(L, SELF, (size_t)at - 1);
  push_node(L, SELF, node);
  return 1;
}

int lunL_secret_index(lua_State *L)
{
  struct lunL_secret *s = lunL_checksecret(L, SELF);
  struct lun_span key = {NULL, 0};
  lua_Integer at = 0;
  size_t node = 0;
  int exact = 0;

  if (lua_type(L, KEY) == LUA_TNUMBER) {
    at = lua_tointegerx(L, KEY, &exact);
    if (exact)
      return index_element(L, s, at);
  }
  if (lua_type(L, KEY) != LUA_TSTRING)
    return luaL_error(L,
                      "secret %s is indexed by names and positions, not by "
                      "a %s",
                      lunL_secretname(L, SELF), luaL_typename(L, KEY));
  key.ptr = lua_tolstring(L, KEY, &key.len);
  if (lunL_secretkind(L, s) == LUN_JSON_OBJECT)
    node = lun_json_member(s->json, text_of(s), s->node, key, NULL);
  if (node == 0)
    return absent_member(L, s, key);
  push_member_name(L, SELF, key);
  push_node(L, SELF, node);
  return 1;
}

/* Elements of an array; of everything else the bytes that its mark shows. */
int lunL_secret_len(lua_State *L)
{
  struct lunL_secret *s = lunL_checksecret(L, SELF);

  if (lunL_secretkind(L, s) == LUN_JSON_ARRAY)
    lua_pushinteger(L, s->json->nodes[s->node].count);
  else
    lua_pushinteger(L, (lua_Integer)lunL_secretview(s).len);
  return 1;
}

/* ------------------------------------------------------------- walking -- */

/* Upvalues of next_member. */
#define ITER_SECRET lua_upvalueindex(1)
#define ITER_LAST   lua_upvalueindex(2) /* key -> node of its last value */
#define ITER_NEXT   lua_upvalueindex(3) /* node of the next key */

/* Pushes the key at a node, decoded into KEY on the way. */
static void push_key(lua_State *L, const struct lunL_secret *s, size_t node,
                     struct lun_buf *key)
{
  lun_buf_cut(key, 0);
  lun_json_decode(key, s->json, text_of(s), node);
  lunL_buf_check(L, key, "a key");
  lua_pushlstring(L, lun_buf_text(key), key->len);
}

/* Pushes a table of the object's keys, each with its last value's node. */
static void push_last_members(lua_State *L, const struct lunL_secret *s)
{
  const struct lun_json_node *nodes = s->json->nodes;
  struct lun_buf *key = NULL;
  size_t at = s->node + 1;

  lua_newtable(L);
  key = lunL_buf_new(L, SIZE_MAX);
  for (; at < nodes[s->node].next; at = nodes[at + 1].next) {
    push_key(L, s, at, key);
    lua_pushinteger(L, (lua_Integer)at + 1);
    lua_rawset(L, -4);
  }
  lunL_close(L);
}

static int next_member(lua_State *L)
{
  struct lunL_secret *s = NULL;
  const struct lun_json_node *nodes = NULL;
  struct lun_buf *key = NULL;
  size_t at = (size_t)lua_tointeger(L, ITER_NEXT);

  lua_settop(L, 0);
  lua_pushvalue(L, ITER_SECRET); /* SELF */
  s = lunL_checksecret(L, SELF);
  nodes = s->json->nodes;
  key = lunL_buf_new(L, SIZE_MAX);
  for (; at < nodes[s->node].next; at = nodes[at + 1].next) {
    push_key(L, s, at, key);
    lua_pushvalue(L, -1);
    lua_rawget(L, ITER_LAST);
    if (lua_tointeger(L, -1) == (lua_Integer)at + 1)
      break;
    lua_pop(L, 2);
  }
  if (at >= nodes[s->node].next)
    return 0;
  lua_pushinteger(L, nodes[at + 1].next);
  lua_copy(L, -1, ITER_NEXT);
  lua_pop(L, 2);
  push_member_name(L, SELF, lun_buf_view(key));
  push_node(L, SELF, at + 1);
  return 2;
}

static int next_element(lua_State *L)
{
  struct lunL_secret *s = lunL_checksecret(L, SELF);
  lua_Integer at = luaL_checkinteger(L, 2) + 1;

  lua_settop(L, 1);
  lua_pushinteger(L, at);
  index_element(L, s, at);
  return lua_isnil(L, -1) ? 1 : 2;
}

/* Members in document order; of equal keys the last counts. */
int lunL_secret_pairs(lua_State *L)
{
  struct lunL_secret *s = lunL_checksecret(L, SELF);
  enum lun_json_kind kind = lunL_secretkind(L, s);

  lua_settop(L, 1);
  if (kind == LUN_JSON_ARRAY) {
    lua_pushcfunction(L, next_element);
    lua_pushvalue(L, SELF);
    lua_pushinteger(L, 0);
    return 3;
  }
  if (kind != LUN_JSON_OBJECT)
    return lunL_failf(L, LUN_EINVALID, NULL,
                      "secret %s is neither a JSON object nor an array",
                      lunL_secretname(L, SELF));
  push_last_members(L, s);
  lua_pushinteger(L, (lua_Integer)s->node + 1);
  lua_pushcclosure(L, next_member, 3);
  return 1;
}

/* -------------------------------------------------------------- ln.get -- */

/* Pushes the key of a step; a quoted one is the inside of a JSON string. */
static void push_step_key(lua_State *L, const struct lun_path_step *step)
{
  struct lun_buf *key = NULL;

  if (!step->quoted) {
    lua_pushlstring(L, step->key.ptr, step->key.len);
    return;
  }
  lua_pushnil(L);
  key = lunL_buf_new(L, SIZE_MAX);
  lun_jstring_decode(key, step->key);
  lunL_buf_check(L, key, "a key");
  lua_pushlstring(L, lun_buf_text(key), key->len);
  lua_replace(L, -3);
  lunL_close(L);
}

/* Replaces the value on top of the stack by what the step picks, or nil. */
static void follow(lua_State *L, const struct lun_path_step *step)
{
  struct lunL_secret *s = lunL_testsecret(L, -1);
  int self = lua_gettop(L);
  struct lun_span key = {NULL, 0};
  enum lun_json_kind kind = s != NULL ? lunL_secretkind(L, s) : LUN_JSON_NULL;
  size_t node = 0;

  if (step->index && lua_istable(L, self)) {
    lua_geti(L, self, (lua_Integer)step->at + 1);
  } else if (step->index && kind == LUN_JSON_ARRAY) {
    node = lun_json_element(s->json, s->node, step->at);
    push_element_name(L, self, step->at);
  } else if (!step->index && lua_istable(L, self)) {
    push_step_key(L, step);
    lua_gettable(L, self);
  } else if (!step->index && kind == LUN_JSON_OBJECT) {
    push_step_key(L, step);
    key.ptr = lua_tolstring(L, -1, &key.len);
    node = lun_json_member(s->json, text_of(s), s->node, key, NULL);
    push_member_name(L, self, key);
    lua_remove(L, -2);
  } else {
    lua_pushnil(L);
  }
  if (s != NULL && node > 0) {
    push_node(L, self, node);
  } else if (s != NULL) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  lua_remove(L, self);
}

/*
 * ln.get(x, path, default): what PATH, written as behind a reference's '#'
 * ("replicas[0].host": positions count from 0 there), picks from a secret
 * value or a table; DEFAULT, if one is given, for what is absent or null, as
 * `| default(y)` in a template.  Only a malformed path raises.
 */
static int l_get(lua_State *L)
{
  struct lun_path_step step = {0};
  struct lun_span path = {NULL, 0};
  struct lun_error err = {0};
  bool done = false;

  lua_settop(L, 3);
  path.ptr = luaL_checklstring(L, 2, &path.len);
  lua_pushvalue(L, 1);
  for (;;) {
    if (lun_path_next(&path, &step, &done, &err))
      return lunL_fail(L, &err);
    if (done)
      break;
    follow(L, &step);
  }
  if (lua_isnil(L, -1) || (lunL_isnull(L, -1) && !lua_isnil(L, 3)))
    lua_pushvalue(L, 3);
  return 1;
}

void lunL_add_field(lua_State *L)
{
  lua_pushcfunction(L, l_get);
  lua_setfield(L, -2, "get");
}
