/*
 * Putting secrets and other text together.  What is made with a secret in it
 * is a secret; a text with a secret's mark in it is refused, for there the
 * value is lost already.
 */
#include "lsecret.h"

#include "lfail.h"

#include <stdio.h>

static const char derived[] = "text with ";

void lunL_pushderivedname(lua_State *L, int index)
{
  const char *name = lunL_secretname(L, index);

  if (strncmp(name, derived, sizeof(derived) - 1) == 0)
    lua_pushstring(L, name);
  else
    lua_pushfstring(L, "%s%s", derived, name);
}

static bool is_float(lua_State *L, int index)
{
  return lua_type(L, index) == LUA_TNUMBER && !lua_isinteger(L, index);
}

/* The bytes of an operand of `..`, and whether they are a secret's. */
static struct lun_span operand(lua_State *L, int index, bool *secret)
{
  int type = lua_type(L, index);
  struct lun_span bytes = {NULL, 0};

  if (is_float(L, index))
    luaL_error(L, "a float cannot be joined to a secret value, for it has "
                  "many forms; use ln.format");
  if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TUSERDATA)
    luaL_error(L, "a %s cannot be joined to a secret value",
               luaL_typename(L, index));
  bytes = lunL_tobytes(L, index, secret);
  if (!*secret)
    lunL_checkmark(L, bytes, "a string that is joined to a secret");
  return bytes;
}

int lunL_secret_concat(lua_State *L)
{
  lun_ctx *ctx = lunL_ctx(L);
  bool secret[2] = {false, false};
  struct lun_span left = operand(L, 1, &secret[0]);
  struct lun_span right = operand(L, 2, &secret[1]);
  struct lunL_secret *s = NULL;
  struct lun_error err = {0};
  char *bytes = NULL;

  if (!secret[0] && !secret[1])
    return luaL_typeerror(L, 1, "lunette.secret");
  lunL_pushderivedname(L, secret[0] ? 1 : 2);
  s = lunL_newsecret(L, lua_tostring(L, -1));
  if (lun_secret_alloc(&s->bytes, ctx, left.len + right.len, &bytes, &err))
    return lunL_fail(L, &err);
  if (left.len > 0)
    memcpy(bytes, left.ptr, left.len);
  if (right.len > 0)
    memcpy(bytes + left.len, right.ptr, right.len);
  return 1;
}

/*
 * core.concat(list): the strings, integers and secret values of a list as one
 * string, which is a secret value if one of them was.
 */
static int l_concat(lua_State *L)
{
  struct lun_buf *out = NULL;
  const int name = 2;
  bool tainted = false;
  bool secret = false;
  bool marked = false;
  lua_Integer i = 0;

  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_pushliteral(L, "");
  out = lunL_buf_new(L, SIZE_MAX);
  for (i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
    struct lun_span bytes = lunL_tobytes(L, -1, &secret);

    if (secret && !tainted) {
      lunL_pushderivedname(L, -1);
      lua_replace(L, name);
    }
    tainted = tainted || secret;
    marked = marked || (!secret && lunL_marked(bytes));
    lun_buf_add_span(out, bytes);
    lua_pop(L, 1);
  }
  lunL_buf_check(L, out, "the text");
  if (tainted && marked)
    lunL_checkmark(L, lun_buf_view(out), "a string that is joined to a secret");
  lunL_pushbytes(L, lun_buf_view(out), tainted, lua_tostring(L, name));
  return 1;
}

/* ----------------------------------------------------------- ln.format -- */

#define FORMAT        1
#define LUA_FORMAT    lua_upvalueindex(1) /* string.format */
#define DIRECTIVE_MAX 32

/* The length of the directive at the start of TEXT, its '%' included. */
static size_t directive_len(lua_State *L, struct lun_span text)
{
  size_t len = 1;

  while (len < text.len && strchr("-+ #0123456789.", text.ptr[len]) != NULL &&
         text.ptr[len] != '\0')
    len++;
  if (len >= text.len || len >= DIRECTIVE_MAX)
    luaL_argerror(L, FORMAT, "a '%' has no conversion behind it");
  return len + 1;
}

/* True for the text of a JSON integer, for %d. */
static bool is_integer(struct lun_span text)
{
  size_t i = text.len > 0 && text.ptr[0] == '-' ? 1 : 0;

  if (i == text.len)
    return false;
  for (; i < text.len; i++)
    if (!lun_text_digit(text.ptr[i]))
      return false;
  return true;
}

/* Appends the secret at ARG for a directive: %s, or %d of an integer. */
static void format_secret(lua_State *L, struct lun_buf *out, int arg,
                          struct lun_span directive)
{
  struct lun_span bytes = lunL_secretview(lunL_checksecret(L, arg));

  if (lun_span_is(directive, "%d") && !is_integer(bytes))
    lunL_failf(L, LUN_EINVALID, NULL, "secret %s is not an integer",
               lunL_secretname(L, arg));
  if (!lun_span_is(directive, "%s") && !lun_span_is(directive, "%d"))
    luaL_argerror(L, arg, "a secret value goes with plain %s or %d alone");
  lun_buf_add_span(out, bytes);
}

/* Appends what string.format makes of any other argument. */
static void format_plain(lua_State *L, struct lun_buf *out, int arg,
                         struct lun_span directive)
{
  struct lun_span piece = {NULL, 0};

  lua_pushvalue(L, LUA_FORMAT);
  lua_pushlstring(L, directive.ptr, directive.len);
  lua_pushvalue(L, arg);
  lua_call(L, 2, 1);
  piece.ptr = luaL_checklstring(L, -1, &piece.len);
  lunL_checkmark(L, piece, "an argument of ln.format");
  lun_buf_add_span(out, piece);
  lua_pop(L, 1);
}

/*
 * ln.format(format, ...): string.format that keeps secrets: %s and %d take
 * them, and the result is a secret value then.
 */
static int l_format(lua_State *L)
{
  struct lun_span rest = {NULL, 0};
  struct lun_buf *out = NULL;
  int args = lua_gettop(L);
  int arg = FORMAT;
  int first = 0; /* the first secret among the arguments */

  rest.ptr = luaL_checklstring(L, FORMAT, &rest.len);
  lunL_checkmark(L, rest, "the format");
  out = lunL_buf_new(L, SIZE_MAX);
  while (rest.len > 0) {
    const char *percent = memchr(rest.ptr, '%', rest.len);
    struct lun_span directive = {percent, 0};
    size_t plain = percent == NULL ? rest.len : (size_t)(percent - rest.ptr);

    lun_buf_add(out, rest.ptr, plain);
    rest.ptr += plain;
    rest.len -= plain;
    if (percent == NULL)
      break;
    directive.len = directive_len(L, rest);
    rest.ptr += directive.len;
    rest.len -= directive.len;
    if (lun_span_is(directive, "%%")) {
      lun_buf_addc(out, '%');
      continue;
    }
    if (++arg > args)
      return luaL_argerror(L, arg, "no value");
    if (lunL_testsecret(L, arg) != NULL) {
      first = first == 0 ? arg : first;
      format_secret(L, out, arg, directive);
    } else {
      format_plain(L, out, arg, directive);
    }
  }
  lunL_buf_check(L, out, "the text");
  if (first == 0) {
    lua_pushlstring(L, lun_buf_text(out), out->len);
    return 1;
  }
  lunL_pushderivedname(L, first);
  lunL_pushsecret(L, lun_buf_view(out), lua_tostring(L, -1));
  return 1;
}

/* --------------------------------------------------- equal and number -- */

/*
 * ln.equal(a, b): compares secret values, strings and integers by their text,
 * in constant time; anything else as == does.  A float has many texts.
 */
static int l_equal(lua_State *L)
{
  bool secret[2] = {false, false};
  bool text[2] = {false, false};
  int i = 0;

  luaL_checkany(L, 2);
  for (i = 0; i < 2; i++) {
    secret[i] = lunL_testsecret(L, i + 1) != NULL;
    text[i] = secret[i] || lua_type(L, i + 1) == LUA_TSTRING ||
              lua_isinteger(L, i + 1);
  }
  if ((secret[0] && is_float(L, 2)) || (secret[1] && is_float(L, 1)))
    return luaL_error(L, "a float cannot be compared with a secret value, for "
                         "it has many forms; use ln.number");
  if (!text[0] || !text[1] ||
      (lua_isinteger(L, 1) && lua_type(L, 2) == LUA_TNUMBER))
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPEQ));
  else
    lua_pushboolean(L, lun_secret_equal(lunL_tobytes(L, 1, NULL),
                                        lunL_tobytes(L, 2, NULL)));
  return 1;
}

#define NUMBER_MAX 200 /* digits: what Lua itself reads */

/* Pushes the number that TEXT is; false if it is none. */
static bool push_number(lua_State *L, struct lun_span text)
{
  char digits[NUMBER_MAX + 1] = "";
  bool number = false;

  if (text.len == 0 || text.len > NUMBER_MAX ||
      memchr(text.ptr, '\0', text.len) != NULL)
    return false;
  memcpy(digits, text.ptr, text.len);
  number = strpbrk(digits, "xXnN \t\r\n\v\f") == NULL &&
           lua_stringtonumber(L, digits) != 0;
  lun_secret_wipe(digits, sizeof(digits));
  return number;
}

/*
 * ln.number(x): the number that a secret value or a string is: an integer
 * where it is written as one (and fits 64 bits, for nothing may be lost),
 * else the nearest float.
 */
static int l_number(lua_State *L)
{
  bool secret = false;
  struct lun_span text = {NULL, 0};
  const char *name = "the text";

  if (lua_type(L, 1) == LUA_TNUMBER) {
    lua_settop(L, 1);
    return 1;
  }
  text = lunL_tobytes(L, 1, &secret);
  if (secret)
    name = lua_pushfstring(L, "secret %s", lunL_secretname(L, 1));
  if (!push_number(L, text))
    return lunL_failf(L, LUN_EINVALID, NULL, "%s is not a number", name);
  if (!lua_isinteger(L, -1) && is_integer(text))
    return lunL_failf(L, LUN_EINVALID,
                      "write it out as it is, without "
                      "calculating",
                      "%s is an integer of more than 64 bits", name);
  if (lua_tonumber(L, -1) - lua_tonumber(L, -1) != 0)
    return lunL_failf(L, LUN_EINVALID, NULL, "%s is too large a number", name);
  return 1;
}

void lunL_add_compose(lua_State *L)
{
  static const luaL_Reg functions[] = {{"concat", l_concat},
                                       {"equal", l_equal},
                                       {"number", l_number},
                                       {NULL, NULL}};

  luaL_setfuncs(L, functions, 0);
  lua_getglobal(L, LUA_STRLIBNAME);
  lua_getfield(L, -1, "format");
  lua_remove(L, -2);
  lua_pushcclosure(L, l_format, 1);
  lua_setfield(L, -2, "format");
}
