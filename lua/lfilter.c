/*
 * What templates do with text before they write it.  A string gives a string
 * and a secret value gives a secret value: the work is done here, on its
 * protected bytes, and nothing of it becomes a Lua string.
 */
#include "../core/text/text.h"
#include "lfail.h"
#include "lsecret.h"

#define TEXT   1 /* stack slots of arguments */
#define SECOND 2
#define THIRD  3

/* The text at TEXT; a string with a secret's mark in it is refused. */
static struct lun_span take(lua_State *L, bool *secret)
{
  struct lun_span text = lunL_tobytes(L, TEXT, secret);

  if (!*secret)
    lunL_checkmark(L, text, "the text");
  return text;
}

/* Pushes BYTES, of the kind that the text at TEXT was. */
static int give(lua_State *L, struct lun_span bytes, bool secret)
{
  if (!secret) {
    lua_pushlstring(L, bytes.len > 0 ? bytes.ptr : "", bytes.len);
    return 1;
  }
  lunL_pushderivedname(L, TEXT);
  lunL_pushsecret(L, bytes, lua_tostring(L, -1));
  lunL_checksecret(L, -1)->scanned = true; /* it is text, not JSON */
  return 1;
}

static int give_buf(lua_State *L, const struct lun_buf *out, bool secret)
{
  lunL_buf_check(L, out, "the text");
  return give(L, lun_buf_view(out), secret);
}

static char upper(char c)
{
  return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* core.filter.upper(s), lower(s): of ASCII. */
static int change_case(lua_State *L, char (*change)(char))
{
  bool secret = false;
  struct lun_span text = take(L, &secret);
  struct lun_buf *out = lunL_buf_new(L, SIZE_MAX);

  for (size_t i = 0; i < text.len; i++)
    lun_buf_addc(out, change(text.ptr[i]));
  return give_buf(L, out, secret);
}

static int l_upper(lua_State *L)
{
  return change_case(L, upper);
}

static int l_lower(lua_State *L)
{
  return change_case(L, lun_text_lower);
}

static int l_hex(lua_State *L)
{
  bool secret = false;
  struct lun_span text = take(L, &secret);
  struct lun_buf *out = lunL_buf_new(L, SIZE_MAX);

  lun_text_hex(out, (const unsigned char *)text.ptr, text.len);
  return give_buf(L, out, secret);
}

static int l_trim(lua_State *L)
{
  bool secret = false;
  struct lun_span text = take(L, &secret);

  return give(L, lun_text_trim(text), secret);
}

static bool begins(struct lun_span text, struct lun_span part)
{
  return part.len > 0 && part.len <= text.len &&
         lun_secret_equal((struct lun_span){text.ptr, part.len}, part);
}

static int l_trim_prefix(lua_State *L)
{
  bool secret = false;
  struct lun_span text = take(L, &secret);
  struct lun_span part = {NULL, 0};

  part.ptr = luaL_checklstring(L, SECOND, &part.len);
  if (begins(text, part)) {
    text.ptr += part.len;
    text.len -= part.len;
  }
  return give(L, text, secret);
}

static int l_trim_suffix(lua_State *L)
{
  bool secret = false;
  struct lun_span text = take(L, &secret);
  struct lun_span part = {NULL, 0};
  struct lun_span end = text;

  part.ptr = luaL_checklstring(L, SECOND, &part.len);
  if (part.len <= text.len) {
    end.ptr += text.len - part.len;
    end.len = part.len;
    if (begins(end, part))
      text.len -= part.len;
  }
  return give(L, text, secret);
}

/* replace(s, old, new): every OLD, plain text and no pattern. */
static int l_replace(lua_State *L)
{
  bool secret = false;
  struct lun_span text = take(L, &secret);
  struct lun_span old = {NULL, 0};
  struct lun_span new = {NULL, 0};
  struct lun_buf *out = NULL;

  old.ptr = luaL_checklstring(L, SECOND, &old.len);
  new.ptr = luaL_checklstring(L, THIRD, &new.len);
  lunL_checkmark(L, new, "the text");
  luaL_argcheck(L, old.len > 0, SECOND, "it is empty");
  out = lunL_buf_new(L, SIZE_MAX);
  while (text.len > 0) {
    bool found = begins(text, old);
    size_t step = found ? old.len : 1;
    if (found)
      lun_buf_add_span(out, new);
    else
      lun_buf_addc(out, text.ptr[0]);
    text.ptr += step;
    text.len -= step;
  }
  return give_buf(L, out, secret);
}

/* indent(s, n): N blanks before each line but the first. */
static int l_indent(lua_State *L)
{
  bool secret = false;
  struct lun_span text = take(L, &secret);
  lua_Integer n = luaL_checkinteger(L, SECOND);
  struct lun_buf *out = NULL;

  luaL_argcheck(L, n >= 0 && n <= 1000, SECOND, "it is not from 0 to 1000");
  out = lunL_buf_new(L, SIZE_MAX);
  for (size_t i = 0; i < text.len; i++) {
    lun_buf_addc(out, text.ptr[i]);
    if (text.ptr[i] == '\n' && i + 1 < text.len && text.ptr[i + 1] != '\n') {
      for (lua_Integer k = 0; k < n; k++)
        lun_buf_addc(out, ' ');
    }
  }
  return give_buf(L, out, secret);
}

void lunL_add_filter(lua_State *L)
{
  static const luaL_Reg filters[] = {
      {"upper", l_upper},
      {"lower", l_lower},
      {"hex", l_hex},
      {"trim", l_trim},
      {"trim_prefix", l_trim_prefix},
      {"trim_suffix", l_trim_suffix},
      {"replace", l_replace},
      {"indent", l_indent},
      {NULL, NULL},
  };

  luaL_newlib(L, filters);
  lua_setfield(L, -2, "filter");
}
