/*
 * The writers of core/format for Lua: `lunette.writer`.  Templates compile to
 * calls of its methods.  Secret values go from their protected bytes into the
 * writer; what comes out is a secret value if one went in.
 */
#include "../core/format/writer.h"
#include "lfail.h"
#include "lsecret.h"

#include <math.h>
#include <stdio.h>

#define SELF  1 /* stack slots of methods */
#define VALUE 2

struct writer {
  struct lunL_box box;
  lun_writer *writer;
  bool secret; /* a secret value went in */
};

static void writer_release(void *object)
{
  struct writer *w = object;

  lun_writer_free(w->writer);
}

static int writer_text(lua_State *L);
static int writer_value(lua_State *L);
static int writer_json(lua_State *L);
static int writer_raw(lua_State *L);
static int writer_finish(lua_State *L);

static const luaL_Reg methods[] = {
    {"text", writer_text}, {"value", writer_value},   {"json", writer_json},
    {"raw", writer_raw},   {"finish", writer_finish}, {NULL, NULL},
};

static const struct lunL_type writer_type = {
    .name = "lunette.writer",
    .size = sizeof(struct writer),
    .release = writer_release,
    .methods = methods,
};

static struct writer *self(lua_State *L)
{
  return lunL_box_check(L, SELF, &writer_type);
}

static struct writer *push_writer(lua_State *L, const char *format)
{
  struct writer *w = lunL_box_new(L, &writer_type);
  struct lun_error err = {0};

  if (lun_writer_new(&w->writer, lunL_ctx(L), format, &err))
    lunL_fail(L, &err);
  return w;
}

/* -------------------------------------------------------------- values -- */

/* Puts the shortest text that reads back as NUMBER into OUT. */
static struct lun_span float_text(lua_State *L, lua_Number number, char *out,
                                  size_t size)
{
  int len = 0;

  if (!isfinite(number))
    lunL_failf(L, LUN_EINVALID, NULL,
               "the value is no finite number: no format can write it");
  for (int digits = 15; digits <= 17; digits++) {
    len = snprintf(out, size, "%.*g", digits, number);
    if (strtod(out, NULL) == number)
      break;
  }
  for (int i = 0; i < len; i++) {
    if (out[i] == ',') /* of the locale */
      out[i] = '.';
  }
  return (struct lun_span){out, (size_t)len};
}

static enum lun_value_kind secret_kind(lua_State *L, struct lunL_secret *s)
{
  switch (lunL_secretkind(L, s)) {
  case LUN_JSON_NUMBER: return LUN_VALUE_NUMBER;
  case LUN_JSON_ARRAY:
  case LUN_JSON_OBJECT: return LUN_VALUE_JSON;
  default: return LUN_VALUE_STRING;
  }
}

/* Writes the value at INDEX. */
static void put_value(lua_State *L, struct writer *w, int index)
{
  struct lunL_secret *s = lunL_testsecret(L, index);
  enum lun_value_kind kind = LUN_VALUE_STRING;
  struct lun_span bytes = {NULL, 0};
  struct lun_error err = {0};
  char number[64] = "";

  if (s != NULL) {
    kind = secret_kind(L, s);
    bytes = lunL_secretview(s);
    w->secret = true;
  } else if (lunL_isnull(L, index)) {
    kind = LUN_VALUE_NULL;
  } else if (lua_type(L, index) == LUA_TBOOLEAN) {
    kind = lua_toboolean(L, index) ? LUN_VALUE_TRUE : LUN_VALUE_FALSE;
  } else if (lua_type(L, index) == LUA_TSTRING) {
    bytes.ptr = lua_tolstring(L, index, &bytes.len);
    lunL_checkmark(L, bytes, "the value");
  } else if (lua_isinteger(L, index)) {
    kind = LUN_VALUE_NUMBER;
    bytes.ptr = number;
    bytes.len = (size_t)snprintf(number, sizeof(number), LUA_INTEGER_FMT,
                                 (LUAI_UACINT)lua_tointeger(L, index));
  } else if (lua_type(L, index) == LUA_TNUMBER) {
    kind = LUN_VALUE_NUMBER;
    bytes = float_text(L, lua_tonumber(L, index), number, sizeof(number));
  } else {
    lunL_failf(L, LUN_EINVALID, NULL, "a %s cannot be written",
               luaL_typename(L, index));
  }
  if (lun_writer_value(w->writer, kind, bytes, &err))
    lunL_fail(L, &err);
}

/* w:value(x): X, encoded for where the output stands. */
static int writer_value(lua_State *L)
{
  put_value(L, self(L), VALUE);
  return 0;
}

/* w:json(text): an array or object, given as its JSON text. */
static int writer_json(lua_State *L)
{
  struct writer *w = self(L);
  bool secret = false;
  struct lun_span bytes = lunL_tobytes(L, VALUE, &secret);
  struct lun_error err = {0};

  if (!secret)
    lunL_checkmark(L, bytes, "the value");
  w->secret = w->secret || secret;
  if (lun_writer_value(w->writer, LUN_VALUE_JSON, bytes, &err))
    return lunL_fail(L, &err);
  return 0;
}

/* w:text(s): text of the template. */
static int writer_text(lua_State *L)
{
  struct writer *w = self(L);
  struct lun_span text = {NULL, 0};
  struct lun_error err = {0};

  text.ptr = luaL_checklstring(L, VALUE, &text.len);
  lunL_checkmark(L, text, "the template");
  if (lun_writer_text(w->writer, text, &err))
    return lunL_fail(L, &err);
  return 0;
}

/* w:raw(x): bytes that the template's author vouches for. */
static int writer_raw(lua_State *L)
{
  struct writer *w = self(L);
  bool secret = false;
  struct lun_span bytes = lunL_tobytes(L, VALUE, &secret);
  struct lun_error err = {0};

  if (!secret)
    lunL_checkmark(L, bytes, "the value");
  w->secret = w->secret || secret;
  if (lun_writer_raw(w->writer, bytes, &err))
    return lunL_fail(L, &err);
  return 0;
}

/* w:finish(name): all of the output; NAME is what a secret is called. */
static int writer_finish(lua_State *L)
{
  struct writer *w = self(L);
  const char *name = luaL_optstring(L, VALUE, "output");
  struct lun_span out = {NULL, 0};
  struct lun_error err = {0};

  if (lun_writer_end(w->writer, &out, &err))
    return lunL_fail(L, &err);
  if (!w->secret) /* a mark may have come in parts */
    lunL_checkmark(L, out, "the output");
  lunL_pushbytes(L, out, w->secret, name);
  lunL_box_release(w);
  return 1;
}

/* ----------------------------------------------------------- functions -- */

/* core.writer(format) */
static int l_writer(lua_State *L)
{
  push_writer(L, luaL_checkstring(L, 1));
  return 1;
}

/*
 * core.encode(x, format): X as it would stand alone in a file of the format;
 * of a secret, a secret that is text and no JSON any more.
 */
static int l_encode(lua_State *L)
{
  const char *format = luaL_checkstring(L, 2);
  bool dotenv = strcmp(format, "dotenv") == 0;
  struct lun_span key = dotenv ? LUN_SPAN_LIT("K=") : (struct lun_span){"", 0};
  struct lun_span out = {NULL, 0};
  struct lun_error err = {0};
  struct writer *w = NULL;

  lua_settop(L, 2);
  w = push_writer(L, format);
  if (lun_writer_text(w->writer, key, &err))
    return lunL_fail(L, &err);
  put_value(L, w, 1);
  if (lun_writer_end(w->writer, &out, &err))
    return lunL_fail(L, &err);
  out.ptr += key.len;
  out.len -= key.len;
  if (w->secret) {
    lunL_pushderivedname(L, 1);
    lunL_pushsecret(L, out, lua_tostring(L, -1));
    lunL_checksecret(L, -1)->scanned = true;
  } else {
    lua_pushlstring(L, out.ptr, out.len);
  }
  lunL_box_release(w);
  return 1;
}

/* core.formats(): their names. */
static int l_formats(lua_State *L)
{
  const char *const *names = lun_writer_formats();

  lua_newtable(L);
  for (lua_Integer i = 0; names[i] != NULL; i++) {
    lua_pushstring(L, names[i]);
    lua_seti(L, -2, i + 1);
  }
  return 1;
}

void lunL_add_writer(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"writer", l_writer},
      {"encode", l_encode},
      {"formats", l_formats},
      {NULL, NULL},
  };

  luaL_setfuncs(L, functions, 0);
}
