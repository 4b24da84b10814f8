/*
 * Text work for scripts: JSON, base64, hashes, percent encoding, dates.  What
 * goes in as a secret value comes out as one.
 */
#include "../core/base/clock.h"
#include "../core/sign/hash.h"
#include "../core/text/redact.h"
#include "../core/text/uri.h"
#include "lfail.h"
#include "lopts.h"
#include "lsecret.h"

#include <errno.h>
#include <time.h>

#define FIRST  1 /* stack slots of arguments */
#define SECOND 2

/* Pushes what OUT holds, under the name of the secret at INDEX if it is one */
static int give(lua_State *L, struct lun_buf *out, const char *what, int secret)
{
  lunL_buf_check(L, out, what);
  if (secret == 0) {
    lua_pushlstring(L, lun_buf_text(out), out->len);
    return 1;
  }
  lunL_pushderivedname(L, secret);
  lunL_pushsecret(L, lun_buf_view(out), lua_tostring(L, -1));
  return 1;
}

/* The bytes at INDEX; *SECRET becomes INDEX if they are a secret's. */
static struct lun_span take(lua_State *L, int index, int *secret)
{
  bool is_secret = false;
  struct lun_span bytes = lunL_tobytes(L, index, &is_secret);

  if (is_secret)
    *secret = index;
  return bytes;
}

/* ---------------------------------------------------- base64, url, hash -- */

static int l_base64_encode(lua_State *L)
{
  int secret = 0;
  struct lun_span bytes = take(L, FIRST, &secret);
  struct lun_buf *out = lunL_buf_new(L, SIZE_MAX);

  lun_text_base64(out, bytes);
  return give(L, out, "the text", secret);
}

static int l_base64_decode(lua_State *L)
{
  int secret = 0;
  struct lun_span text = take(L, FIRST, &secret);
  struct lun_buf *out = lunL_buf_new(L, SIZE_MAX);

  if (!lun_text_unbase64(out, text) && out->fail == LUN_OK)
    return lunL_failf(L, LUN_EINVALID, NULL, "the text is not base64");
  return give(L, out, "the text", secret);
}

static int l_url_encode(lua_State *L)
{
  int secret = 0;
  struct lun_span text = take(L, FIRST, &secret);
  struct lun_buf *out = lunL_buf_new(L, SIZE_MAX);

  lun_uri_encode(out, text, false);
  return give(L, out, "the text", secret);
}

static int l_url_decode(lua_State *L)
{
  int secret = 0;
  struct lun_span text = take(L, FIRST, &secret);
  struct lun_buf *out = lunL_buf_new(L, SIZE_MAX);

  if (!lun_uri_decode(out, text) && out->fail == LUN_OK)
    return lunL_failf(L, LUN_EINVALID, NULL,
                      "the text has a '%%' without two hexadecimal digits");
  return give(L, out, "the text", secret);
}

static int give_hash(lua_State *L, const unsigned char *hash, int secret)
{
  struct lun_buf *out = lunL_buf_new(L, SIZE_MAX);

  lun_text_hex(out, hash, LUN_SHA256_LEN);
  return give(L, out, "the hash", secret);
}

/* ln.sha256(text): in hexadecimal. */
static int l_sha256(lua_State *L)
{
  unsigned char hash[LUN_SHA256_LEN] = {0};
  struct lun_error err = {0};
  int secret = 0;
  struct lun_span text = take(L, FIRST, &secret);

  if (lun_hash_sha256(hash, text, &err))
    return lunL_fail(L, &err);
  return give_hash(L, hash, secret);
}

/* ln.hmac_sha256(key, text): in hexadecimal. */
static int l_hmac_sha256(lua_State *L)
{
  unsigned char hash[LUN_SHA256_LEN] = {0};
  struct lun_error err = {0};
  int secret = 0;
  struct lun_span key = take(L, FIRST, &secret);
  struct lun_span text = take(L, SECOND, &secret);

  if (lun_hash_hmac_sha256(hash, key, text, &err))
    return lunL_fail(L, &err);
  return give_hash(L, hash, secret);
}

/*
 * core.redact(text, secrets): TEXT, which another program wrote, without the
 * secret values of a list, whichever way they are written in it.
 */
static int l_redact(lua_State *L)
{
  struct lun_span text = {NULL, 0};
  struct lun_span *known = NULL;
  struct lun_buf *out = NULL;
  struct lun_error err = {0};
  size_t count = 0;
  size_t i = 0;

  text.ptr = luaL_checklstring(L, FIRST, &text.len);
  luaL_checktype(L, SECOND, LUA_TTABLE);
  count = lua_rawlen(L, SECOND);
  known = lua_newuserdatauv(L, (count + 1) * sizeof(*known), 0);
  for (i = 0; i < count; i++) {
    lua_rawgeti(L, SECOND, (lua_Integer)i + 1);
    known[i] = lunL_secretview(lunL_checksecret(L, -1));
    lua_pop(L, 1); /* the table has it */
  }
  out = lunL_buf_new(L, SIZE_MAX);
  if (lun_redact(out, text, known, count, &err))
    return lunL_fail(L, &err);
  return give(L, out, "the text", 0);
}

/* ---------------------------------------------------------------- time -- */

/* ln.time.now(): seconds since 1970 UTC, as os.time. */
static int l_time_now(lua_State *L)
{
  lua_pushinteger(L, lun_clock_wall_ms(lunL_ctx(L)) / 1000);
  return 1;
}

/* ln.time.monotonic(): seconds that never go back, for measuring. */
static int l_time_monotonic(lua_State *L)
{
  lua_pushnumber(L, (lua_Number)lun_clock_mono_ms(lunL_ctx(L)) / 1000);
  return 1;
}

/* ln.time.parse("2026-11-23T00:00:00Z"): seconds; raises for what is none. */
static int l_time_parse(lua_State *L)
{
  struct lun_span text = {NULL, 0};
  int64_t seconds = 0;

  text.ptr = luaL_checklstring(L, FIRST, &text.len);
  if (!lun_text_date_iso(text, &seconds) &&
      !lun_text_date_basic(text, &seconds) &&
      !lun_text_date_http(text, &seconds))
    return lunL_failf(L, LUN_EINVALID, "write it as 2026-11-23T00:00:00Z",
                      "the text is not a date");
  lua_pushinteger(L, seconds);
  return 1;
}

/* ln.time.format(seconds): "2026-11-23T00:00:00Z". */
static int l_time_format(lua_State *L)
{
  int64_t seconds = luaL_checkinteger(L, FIRST);
  struct lun_buf *out = lunL_buf_new(L, SIZE_MAX);

  luaL_argcheck(L, seconds > -62167219200 && seconds < 253402300800, FIRST,
                "not a time between the years 0 and 9999");
  lun_text_put_iso(out, seconds);
  return give(L, out, "the date", 0);
}

#define SLEEP_MAX 31536000.0 /* seconds: a year */

/*
 * ln.time.sleep(seconds): no longer than what runs the script allows, and
 * then it raises deadline.
 */
static int l_time_sleep(lua_State *L)
{
  lua_Number seconds = luaL_checknumber(L, FIRST);
  int64_t left = lunL_timeleft(L);
  int64_t want = 0;
  int64_t sleep = 0;
  struct timespec rest = {0, 0};

  luaL_argcheck(L, seconds >= 0 && seconds <= SLEEP_MAX, FIRST,
                "from 0 to a year");
  want = (int64_t)(seconds * 1000);
  sleep = want < left ? want : left;
  rest.tv_sec = (time_t)(sleep / 1000);
  rest.tv_nsec = (long)(sleep % 1000) * 1000000;
  while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
    continue;
  if (sleep < want)
    return lunL_failf(L, LUN_EDEADLINE, NULL,
                      "the script's time is up while it sleeps");
  return 0;
}

/* ---------------------------------------------------------------- JSON -- */

struct document {
  struct lunL_box box;
  struct lun_json *json;
};

static void document_release(void *object)
{
  struct document *document = object;

  lun_json_unref(document->json);
  document->json = NULL;
}

static const struct lunL_type document_type = {
    .name = "lunette.json",
    .size = sizeof(struct document),
    .release = document_release,
};

/* The address is the key of the metatable that says: a JSON array. */
static const char array_key = 0;

static void push_array_metatable(lua_State *L)
{
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "lunette.json.array");
  lua_setfield(L, -2, "__name");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
}

/* What a document is decoded with. */
struct decoder {
  const struct lun_json *json;
  struct lun_span text;
  struct lun_buf *scratch;
  const char *big; /* for integers of more than 64 bits: "float", "string" */
};

static void push_json_string(lua_State *L, const struct decoder *d, size_t node)
{
  lun_buf_cut(d->scratch, 0);
  lun_json_decode(d->scratch, d->json, d->text, node);
  lunL_buf_check(L, d->scratch, "a string");
  lua_pushlstring(L, lun_buf_text(d->scratch), d->scratch->len);
}

static void push_json_number(lua_State *L, const struct decoder *d, size_t node)
{
  struct lun_span raw = lun_json_raw(d->json, d->text, node);
  bool integer = true;
  size_t i = 0;

  for (i = 0; i < raw.len; i++)
    integer = integer && strchr(".eE", raw.ptr[i]) == NULL;
  lua_pushlstring(L, raw.ptr, raw.len);
  lua_stringtonumber(L, lua_tostring(L, -1));
  if (lua_isinteger(L, -1) || !integer || strcmp(d->big, "float") == 0) {
    if (lua_tonumber(L, -1) - lua_tonumber(L, -1) != 0)
      lunL_failf(L, LUN_EINVALID, NULL, "JSON: byte %zu: too large a number",
                 (size_t)(raw.ptr - d->text.ptr) + 1);
    lua_remove(L, -2);
    return;
  }
  lua_pop(L, 1);
  if (strcmp(d->big, "string") != 0)
    lunL_failf(L, LUN_EINVALID,
               "decode with big_integers = \"string\" or \"float\"",
               "JSON: byte %zu: an integer of more than 64 bits",
               (size_t)(raw.ptr - d->text.ptr) + 1);
}

static void push_json(lua_State *L, const struct decoder *d, size_t node);

static void push_json_array(lua_State *L, const struct decoder *d, size_t node)
{
  const struct lun_json_node *nodes = d->json->nodes;
  lua_Integer i = 1;
  size_t at = node + 1;

  lua_createtable(L, nodes[node].count < 4096 ? (int)nodes[node].count : 0, 0);
  push_array_metatable(L);
  lua_setmetatable(L, -2);
  for (; at < nodes[node].next; at = nodes[at].next) {
    push_json(L, d, at);
    lua_rawseti(L, -2, i++);
  }
}

static void push_json(lua_State *L, const struct decoder *d, size_t node)
{
  const struct lun_json_node *nodes = d->json->nodes;
  size_t at = node + 1;

  luaL_checkstack(L, 6, "JSON");
  switch ((enum lun_json_kind)nodes[node].kind) {
  case LUN_JSON_NULL: lunL_pushnull(L); break;
  case LUN_JSON_FALSE:
  case LUN_JSON_TRUE:
    lua_pushboolean(L, nodes[node].kind == LUN_JSON_TRUE);
    break;
  case LUN_JSON_NUMBER: push_json_number(L, d, node); break;
  case LUN_JSON_STRING: push_json_string(L, d, node); break;
  case LUN_JSON_ARRAY: push_json_array(L, d, node); break;
  case LUN_JSON_OBJECT:
    lua_newtable(L);
    for (; at < nodes[node].next; at = nodes[at + 1].next) {
      push_json_string(L, d, at);
      push_json(L, d, at + 1);
      lua_rawset(L, -3);
    }
    break;
  }
}

static const struct lunL_opt decode_options[] = {
    {.name = "big_integers", .kind = LUNL_OPT_STRING},
};

/*
 * ln.json.decode(text, {big_integers="string"}): Lua values.  Integers are
 * exact: one of more than 64 bits raises unless big_integers says "string" or
 * "float".  null is ln.null, an array remembers that it is one.  A secret
 * value stays one: it is checked to be JSON, and is indexed as it is.
 */
static int l_json_decode(lua_State *L)
{
  struct decoder d = {.big = "error"};
  struct document *document = NULL;
  struct lunL_secret *secret = lunL_testsecret(L, FIRST);
  struct lun_error err = {0};

  lua_settop(L, 2);
  if (!lua_isnil(L, SECOND))
    lunL_opts(L, SECOND, decode_options, 1, &d.big);
  d.text = lunL_tobytes(L, FIRST, NULL);
  document = lunL_box_new(L, &document_type);
  lua_toclose(L, -1);
  if (lun_json_parse(&document->json, lunL_ctx(L), d.text,
                     secret != NULL ? lunL_secretname(L, FIRST) : "JSON", &err))
    return lunL_fail(L, &err);
  if (secret != NULL) {
    lua_pushvalue(L, FIRST);
    return 1;
  }
  d.json = document->json;
  d.scratch = lunL_buf_new(L, SIZE_MAX);
  push_json(L, &d, 0);
  return 1;
}

/* core.json_array(t): T, marked as an array; core.json_is_array(t). */
static int l_json_array(lua_State *L)
{
  luaL_checktype(L, FIRST, LUA_TTABLE);
  lua_settop(L, 1);
  push_array_metatable(L);
  lua_setmetatable(L, 1);
  return 1;
}

static int l_json_is_array(lua_State *L)
{
  bool same = false;

  luaL_checktype(L, FIRST, LUA_TTABLE);
  if (lua_getmetatable(L, FIRST)) {
    push_array_metatable(L);
    same = lua_rawequal(L, -1, -2);
  }
  lua_pushboolean(L, same);
  return 1;
}

/*
 * core.json_text(x): JSON of a string or a secret value: a number or a
 * container of a JSON secret is its own text.
 */
static int l_json_text(lua_State *L)
{
  int secret = 0;
  struct lun_span text = take(L, FIRST, &secret);
  struct lun_buf *out = NULL;

  if (secret != 0 &&
      lunL_secretkind(L, lua_touserdata(L, FIRST)) != LUN_JSON_STRING) {
    lua_pushvalue(L, FIRST);
    return 1;
  }
  if (!lun_text_is_utf8(text))
    return lunL_failf(L, LUN_EINVALID, "encode it with ln.base64 first",
                      "%s is not UTF-8, which JSON has to be",
                      secret != 0 ? lunL_secretname(L, FIRST) : "a string");
  out = lunL_buf_new(L, SIZE_MAX);
  lun_json_quote(out, text);
  return give(L, out, "the text", secret);
}

/* ----------------------------------------------------------------- all -- */

static void add_table(lua_State *L, const char *name, const luaL_Reg *functions)
{
  lua_newtable(L);
  luaL_setfuncs(L, functions, 0);
  lua_setfield(L, -2, name);
}

void lunL_add_text(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"sha256", l_sha256}, {"hmac_sha256", l_hmac_sha256}, {NULL, NULL}};
  static const luaL_Reg base64[] = {
      {"encode", l_base64_encode}, {"decode", l_base64_decode}, {NULL, NULL}};
  static const luaL_Reg url[] = {
      {"encode", l_url_encode}, {"decode", l_url_decode}, {NULL, NULL}};
  static const luaL_Reg time[] = {
      {"now", l_time_now},     {"monotonic", l_time_monotonic},
      {"parse", l_time_parse}, {"format", l_time_format},
      {"sleep", l_time_sleep}, {NULL, NULL}};

  luaL_setfuncs(L, functions, 0);
  add_table(L, "base64", base64);
  add_table(L, "url", url);
  add_table(L, "time", time);
}

void lunL_add_json(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"redact", l_redact},         {"json_decode", l_json_decode},
      {"json_array", l_json_array}, {"json_is_array", l_json_is_array},
      {"json_text", l_json_text},   {NULL, NULL},
  };

  luaL_setfuncs(L, functions, 0);
}
