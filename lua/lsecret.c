/*
 * Secret values: the handles.  A handle holds the bytes of one value and what
 * it is a part of; every access makes a handle of its own, so a secret that
 * is used as a table key is never found again (Lua lets nobody forbid it).
 *
 * No bytes of a secret become a Lua string but in l_reveal.
 */
#include "lsecret.h"

#include "lfail.h"

#define SELF 1 /* a metamethod's own stack slot */

#define NAME_SLOT 1 /* user value */
#define LABEL_MAX 512

#define MARK_BEGIN "\xe2\x80\xb9secret "
#define MARK_END   "\xe2\x80\xba"

static const struct lunL_type secret_type;

static void secret_release(void *object)
{
  struct lunL_secret *s = object;

  lun_secret_unref(s->bytes);
  lun_secret_unref(s->text);
  lun_json_unref(s->json);
  lun_value_unref(s->value);
  lun_session_unref(s->session);
  s->bytes = NULL;
  s->text = NULL;
  s->json = NULL;
  s->value = NULL;
  s->session = NULL;
}

/* Ends the handle; the next use of its secret asks AWS again. */
static void secret_wipe(struct lunL_secret *s)
{
  if (s->value != NULL && s->session != NULL)
    lun_fetch_forget(s->session, s->value);
  lunL_box_release(s);
}

/* ------------------------------------------------------------- making -- */

struct lunL_secret *lunL_newsecret(lua_State *L, const char *name)
{
  struct lunL_secret *s = lunL_box_new(L, &secret_type);
  char clean[LABEL_MAX] = "";

  lun_error_text(clean, sizeof(clean), lun_span_of(name));
  lua_pushstring(L, clean);
  lua_setiuservalue(L, -2, NAME_SLOT);
  return s;
}

void lunL_pushsecret(lua_State *L, struct lun_span bytes, const char *name)
{
  lun_ctx *ctx = lunL_ctx(L);
  struct lunL_secret *s = lunL_newsecret(L, name);
  struct lun_error err = {0};

  if (lun_secret_new(&s->bytes, ctx, bytes.ptr, bytes.len, &err))
    lunL_fail(L, &err);
}

void lunL_pushbytes(lua_State *L, struct lun_span bytes, bool secret,
                    const char *name)
{
  if (secret)
    lunL_pushsecret(L, bytes, name);
  else
    lua_pushlstring(L, bytes.len > 0 ? bytes.ptr : "", bytes.len);
}

void lunL_pushnull(lua_State *L)
{
  lua_pushlightuserdata(L, NULL);
}

bool lunL_isnull(lua_State *L, int index)
{
  return lua_islightuserdata(L, index) && lua_touserdata(L, index) == NULL;
}

/* ------------------------------------------------------------- looking -- */

const char *lunL_secretname(lua_State *L, int index)
{
  const char *name = NULL;

  lua_getiuservalue(L, index, NAME_SLOT);
  name = lua_tostring(L, -1);
  lua_pop(L, 1); /* the user value still has it */
  return name != NULL ? name : "";
}

struct lunL_secret *lunL_testsecret(lua_State *L, int index)
{
  struct lunL_secret *s = lunL_box_test(L, index, &secret_type);

  if (s != NULL && lunL_box_released(s))
    luaL_error(L, "secret %s was wiped", lunL_secretname(L, index));
  return s;
}

struct lunL_secret *lunL_checksecret(lua_State *L, int index)
{
  struct lunL_secret *s = lunL_testsecret(L, index);

  if (s == NULL)
    luaL_typeerror(L, index, secret_type.name);
  return s;
}

struct lun_span lunL_secretview(const struct lunL_secret *secret)
{
  return lun_secret_view(secret->bytes);
}

lun_secret *lunL_secretwhole(const struct lunL_secret *secret)
{
  return secret->text != NULL ? secret->text : secret->bytes;
}

enum lun_json_kind lunL_secretkind(lua_State *L, struct lunL_secret *secret)
{
  enum lun_json_kind kind = LUN_JSON_STRING;
  struct lun_error err = {0};

  if (!secret->scanned && secret->value != NULL)
    secret->json = lun_json_ref(secret->value->json);
  else if (!secret->scanned &&
           lun_json_parse(&secret->json, lunL_ctx(L), lunL_secretview(secret),
                          "secret", &err) == LUN_ENOMEM)
    lunL_fail(L, &err);
  secret->scanned = true;
  if (secret->json == NULL)
    return LUN_JSON_STRING;
  kind = (enum lun_json_kind)secret->json->nodes[secret->node].kind;
  if (secret->node == 0 && kind != LUN_JSON_ARRAY && kind != LUN_JSON_OBJECT)
    return LUN_JSON_STRING;
  return kind;
}

struct lun_span lunL_tobytes(lua_State *L, int index, bool *secret)
{
  struct lunL_secret *s = lunL_testsecret(L, index);
  struct lun_span bytes = {NULL, 0};

  if (secret != NULL)
    *secret = s != NULL;
  if (s != NULL)
    return lunL_secretview(s);
  if (lua_type(L, index) != LUA_TSTRING && !lua_isinteger(L, index))
    luaL_typeerror(L, index, "string, integer or secret value");
  bytes.ptr = lua_tolstring(L, index, &bytes.len);
  return bytes;
}

/* --------------------------------------------------------------- marks -- */

static int secret_tostring(lua_State *L)
{
  struct lunL_secret *s = lunL_box_test(L, SELF, &secret_type);

  if (s == NULL)
    return luaL_typeerror(L, SELF, secret_type.name);
  if (lunL_box_released(s))
    lua_pushfstring(L, MARK_BEGIN "%s, wiped" MARK_END,
                    lunL_secretname(L, SELF));
  else
    lua_pushfstring(L, MARK_BEGIN "%s, %I bytes" MARK_END,
                    lunL_secretname(L, SELF),
                    (LUAI_UACINT)lunL_secretview(s).len);
  return 1;
}

/* True if INSIDE is "NAME, N bytes" or "NAME, wiped". */
static bool is_mark(struct lun_span inside)
{
  static const char bytes[] = " bytes";
  static const char wiped[] = ", wiped";
  size_t at = inside.len;
  size_t digits = 0;

  if (at >= sizeof(wiped) &&
      lun_span_is((struct lun_span){inside.ptr + at - (sizeof(wiped) - 1),
                                    sizeof(wiped) - 1},
                  wiped))
    return true;
  if (at < sizeof(bytes))
    return false;
  at -= sizeof(bytes) - 1;
  if (!lun_span_is((struct lun_span){inside.ptr + at, sizeof(bytes) - 1},
                   bytes))
    return false;
  for (; at > 0 && lun_text_digit(inside.ptr[at - 1]); at--)
    digits++;
  return digits > 0 && at >= 2 && inside.ptr[at - 1] == ' ' &&
         inside.ptr[at - 2] == ',';
}

/* The place of WHAT in TEXT from AT on, or TEXT.len. */
static size_t seek(struct lun_span text, size_t at, const char *what)
{
  const char *found = NULL;

  if (at < text.len)
    found = memmem(text.ptr + at, text.len - at, what, strlen(what));
  return found == NULL ? text.len : (size_t)(found - text.ptr);
}

bool lunL_marked(struct lun_span text)
{
  size_t begin = seek(text, 0, MARK_BEGIN);
  size_t end = 0;

  while (begin < text.len) {
    size_t next = seek(text, begin + sizeof(MARK_BEGIN) - 1, MARK_BEGIN);

    /* A name may itself have an end mark in it: every one is tried. */
    begin += sizeof(MARK_BEGIN) - 1;
    for (end = seek(text, begin, MARK_END);
         end < text.len && end - begin <= LABEL_MAX + 32;
         end = seek(text, end + sizeof(MARK_END) - 1, MARK_END))
      if (is_mark((struct lun_span){text.ptr + begin, end - begin}))
        return true;
    begin = next;
  }
  return false;
}

void lunL_checkmark(lua_State *L, struct lun_span text, const char *what)
{
  if (lunL_marked(text))
    lunL_failf(L, LUN_EINVALID,
               "pass the secret value itself; ln.format and .. keep it one",
               "%s holds the printed form of a secret, not its value", what);
}

/* --------------------------------------------------------- metamethods -- */

static int secret_close(lua_State *L)
{
  struct lunL_secret *s = lunL_box_test(L, SELF, &secret_type);

  if (s != NULL && !lunL_box_released(s))
    secret_wipe(s);
  return 0;
}

/*
 * The collector ends the cache entry as well, once nobody else has a handle
 * of the same secret: the cache's own reference and this one are two.
 */
static int secret_gc(lua_State *L)
{
  struct lunL_secret *s = lunL_box_test(L, SELF, &secret_type);

  if (s != NULL && s->value != NULL && s->value->refs <= 2)
    secret_wipe(s);
  else if (s != NULL)
    lunL_box_release(s);
  return 0;
}

/*
 * Lua calls a metamethod with a secret among its operands; a script that has
 * got hold of one (debug.getmetatable) may call it with anything.
 */

/* Lua asks for two userdata alone: a string is never equal to a secret. */
static int secret_eq(lua_State *L)
{
  const struct lunL_secret *a = lunL_testsecret(L, 1);
  const struct lunL_secret *b = lunL_testsecret(L, 2);

  lua_pushboolean(L,
                  a != NULL && b != NULL &&
                      lun_secret_equal(lunL_secretview(a), lunL_secretview(b)));
  return 1;
}

static int refuse(lua_State *L, const char *what)
{
  int at = lunL_box_test(L, 1, &secret_type) != NULL ? 1 : 2;

  if (lunL_box_test(L, at, &secret_type) == NULL)
    return luaL_typeerror(L, 1, secret_type.name);
  return luaL_error(L, "%s secret %s", what, lunL_secretname(L, at));
}

static int secret_arith(lua_State *L)
{
  return refuse(L, "use ln.number to calculate with");
}

static int secret_order(lua_State *L)
{
  return refuse(L, "use ln.number to put in order");
}

static int secret_newindex(lua_State *L)
{
  return refuse(L, "nothing can be assigned to a field of");
}

static const luaL_Reg secret_metamethods[] = {
    {"__close", secret_close},
    {"__gc", secret_gc},
    {"__tostring", secret_tostring},
    {"__index", lunL_secret_index},
    {"__newindex", secret_newindex},
    {"__len", lunL_secret_len},
    {"__pairs", lunL_secret_pairs},
    {"__concat", lunL_secret_concat},
    {"__eq", secret_eq},
    {"__lt", secret_order},
    {"__le", secret_order},
    {"__add", secret_arith},
    {"__sub", secret_arith},
    {"__mul", secret_arith},
    {"__div", secret_arith},
    {"__mod", secret_arith},
    {"__pow", secret_arith},
    {"__unm", secret_arith},
    {"__idiv", secret_arith},
    {NULL, NULL},
};

static const struct lunL_type secret_type = {
    .name = "lunette.secret",
    .size = sizeof(struct lunL_secret),
    .uservalues = 1,
    .release = secret_release,
    .metamethods = secret_metamethods,
};

/* ----------------------------------------------------------- functions -- */

/* ln.reveal(x): the plaintext of a secret value; a string is its own. */
static int l_reveal(lua_State *L)
{
  struct lunL_secret *s = lunL_testsecret(L, 1);
  struct lun_span bytes = {NULL, 0};

  if (s == NULL) {
    if (lua_type(L, 1) != LUA_TSTRING)
      return luaL_typeerror(L, 1, "secret value or string");
    lua_settop(L, 1);
    return 1;
  }
  bytes = lunL_secretview(s);
  lua_pushlstring(L, bytes.ptr, bytes.len);
  return 1;
}

static void set_string(lua_State *L, const char *name, const char *text)
{
  if (text == NULL)
    return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

/*
 * ln.meta(x): where a secret value comes from.  `reference` is what messages
 * call it; of a fetched secret, name, arn, version_id, stages (a list),
 * binary, and created (seconds since 1970, as os.time) are there too.
 */
static int l_meta(lua_State *L)
{
  struct lunL_secret *s = lunL_checksecret(L, 1);
  const struct lun_value *value = s->value;
  size_t i = 0;

  lua_createtable(L, 0, 7);
  set_string(L, "reference", lunL_secretname(L, 1));
  if (value == NULL)
    return 1;
  set_string(L, "name", value->name);
  set_string(L, "arn", value->arn);
  set_string(L, "version_id", value->version_id);
  lua_pushboolean(L, value->binary);
  lua_setfield(L, -2, "binary");
  if (value->created != 0) {
    lua_pushinteger(L, value->created);
    lua_setfield(L, -2, "created");
  }
  lua_newtable(L);
  for (i = 0; value->stages != NULL && value->stages[i] != NULL; i++) {
    lua_pushstring(L, value->stages[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "stages");
  return 1;
}

/*
 * ln.wipe(x): ends this handle, whose later use raises, and makes the session
 * forget the secret; the bytes are cleansed when the last handle goes.
 */
static int l_wipe(lua_State *L)
{
  struct lunL_secret *s = lunL_box_test(L, 1, &secret_type);

  if (s == NULL)
    return luaL_typeerror(L, 1, secret_type.name);
  if (!lunL_box_released(s))
    secret_wipe(s);
  return 0;
}

/* ln.secret_from(text, name): a secret value of one's own. */
static int l_secret_from(lua_State *L)
{
  struct lun_span text = lunL_tobytes(L, 1, NULL);
  const char *name = luaL_optstring(L, 2, "unnamed");

  lunL_checkmark(L, text, "the text");
  lunL_pushsecret(L, text, name);
  return 1;
}

/* ln.is_secret(x): true for a secret value, wiped or not. */
static int l_is_secret(lua_State *L)
{
  luaL_checkany(L, 1);
  lua_pushboolean(L, lunL_box_test(L, 1, &secret_type) != NULL);
  return 1;
}

/* core.marked(text): true if the printed form of a secret is in it. */
static int l_marked(lua_State *L)
{
  struct lun_span text = {NULL, 0};

  text.ptr = luaL_checklstring(L, 1, &text.len);
  lua_pushboolean(L, lunL_marked(text));
  return 1;
}

/* core.live(): boxes that are not released, and secrets in memory. */
static int l_live(lua_State *L)
{
  lua_pushinteger(L, (lua_Integer)lunL_live(L));
  lua_pushinteger(L, (lua_Integer)lunL_ctx(L)->live_secrets);
  return 2;
}

/* What ln has; its names are listed here alone. */
void lunL_add_values(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"reveal", l_reveal},       {"meta", l_meta},
      {"wipe", l_wipe},           {"secret_from", l_secret_from},
      {"is_secret", l_is_secret}, {NULL, NULL},
  };

  luaL_setfuncs(L, functions, 0);
  lunL_pushnull(L);
  lua_setfield(L, -2, "null");
}

void lunL_add_secret(lua_State *L)
{
  static const luaL_Reg functions[] = {{"is_secret", l_is_secret},
                                       {"marked", l_marked},
                                       {"live", l_live},
                                       {NULL, NULL}};

  luaL_setfuncs(L, functions, 0);
}
