/*
 * Strings are proved valid before anything decodes them, so that decoding
 * cannot fail and needs no place to say so.
 */
#include "jstring.h"

/* The value of four hexadecimal digits at PTR, or -1. */
static int32_t hex4(const char *ptr)
{
  int32_t value = 0;
  size_t i = 0;

  for (i = 0; i < 4; i++) {
    int digit = lun_text_unhex(ptr[i]);

    if (digit < 0)
      return -1;
    value = value << 4 | digit;
  }
  return value;
}

static bool high_surrogate(int32_t unit)
{
  return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool low_surrogate(int32_t unit)
{
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

/*
 * The length of the escape at the start of TEXT (which begins with '\'), and
 * what it stands for; 0 if it is none.
 */
static size_t escape(struct lun_span text, uint32_t *codepoint)
{
  static const char letters[] = "\"\\/bfnrt";
  static const char meant[] = "\"\\/\b\f\n\r\t";
  const char *letter = NULL;
  int32_t unit = 0;
  int32_t low = 0;

  if (text.len < 2 || text.ptr[1] == '\0')
    return 0;
  letter = strchr(letters, text.ptr[1]);
  if (letter != NULL) {
    *codepoint = (unsigned char)meant[letter - letters];
    return 2;
  }
  if (text.ptr[1] != 'u' || text.len < 6)
    return 0;
  unit = hex4(text.ptr + 2);
  if (unit < 0 || low_surrogate(unit))
    return 0;
  *codepoint = (uint32_t)unit;
  if (!high_surrogate(unit))
    return 6;
  if (text.len < 12 || text.ptr[6] != '\\' || text.ptr[7] != 'u')
    return 0;
  low = hex4(text.ptr + 8);
  if (!low_surrogate(low))
    return 0;
  *codepoint =
      0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
  return 12;
}

/* Writes CODEPOINT as UTF-8; its length. */
static size_t put_utf8(char out[4], uint32_t codepoint)
{
  if (codepoint < 0x80) {
    out[0] = (char)codepoint;
    return 1;
  }
  if (codepoint < 0x800) {
    out[0] = (char)(0xC0 | codepoint >> 6);
    out[1] = (char)(0x80 | (codepoint & 0x3F));
    return 2;
  }
  if (codepoint < 0x10000) {
    out[0] = (char)(0xE0 | codepoint >> 12);
    out[1] = (char)(0x80 | (codepoint >> 6 & 0x3F));
    out[2] = (char)(0x80 | (codepoint & 0x3F));
    return 3;
  }
  out[0] = (char)(0xF0 | codepoint >> 18);
  out[1] = (char)(0x80 | (codepoint >> 12 & 0x3F));
  out[2] = (char)(0x80 | (codepoint >> 6 & 0x3F));
  out[3] = (char)(0x80 | (codepoint & 0x3F));
  return 4;
}

size_t lun_jstring_next(struct lun_span *raw, char out[4])
{
  uint32_t codepoint = 0;
  size_t len = 1;
  size_t used = 1;

  out[0] = raw->ptr[0];
  if (raw->ptr[0] == '\\') {
    used = escape(*raw, &codepoint);
    len = put_utf8(out, codepoint);
    if (used == 0) /* cannot be: the scanner let it pass */
      used = raw->len;
  }
  raw->ptr += used;
  raw->len -= used;
  return len;
}

const char *lun_jstring_scan(struct lun_span text, size_t *len, bool *escaped)
{
  size_t i = 0;

  *escaped = false;
  while (i < text.len && text.ptr[i] != '"') {
    struct lun_span rest = {text.ptr + i, text.len - i};
    unsigned char c = (unsigned char)text.ptr[i];
    uint32_t codepoint = 0;
    size_t used = 1;

    if (c < 0x20) {
      *len = i;
      return "a control character must be escaped in a string";
    }
    if (c == '\\') {
      *escaped = true;
      used = escape(rest, &codepoint);
    } else if (c >= 0x80) {
      used = lun_text_utf8(rest, NULL);
    }
    if (used == 0) {
      *len = i;
      return c == '\\' ? "no valid escape" : "no valid UTF-8";
    }
    i += used;
  }
  *len = i;
  return i < text.len ? NULL : "a string has no end";
}

bool lun_jstring_is(struct lun_span raw, bool escaped, struct lun_span text)
{
  char c[4] = {0};

  if (!escaped)
    return lun_span_same(raw, text);
  while (raw.len > 0) {
    size_t len = lun_jstring_next(&raw, c);

    if (len > text.len || !lun_span_same((struct lun_span){c, len},
                                         (struct lun_span){text.ptr, len}))
      return false;
    text.ptr += len;
    text.len -= len;
  }
  return text.len == 0;
}

void lun_jstring_decode(struct lun_buf *out, struct lun_span raw)
{
  char c[4] = {0};

  while (raw.len > 0)
    lun_buf_add(out, c, lun_jstring_next(&raw, c));
  explicit_bzero(c, sizeof(c));
}

void lun_json_quote(struct lun_buf *out, struct lun_span text)
{
  static const char letters[] = "\"\\\b\f\n\r\t";
  static const char escapes[] = "\"\\bfnrt";
  size_t i = 0;

  lun_buf_addc(out, '"');
  for (i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    const char *letter = c == '\0' ? NULL : strchr(letters, c);

    if (letter != NULL) {
      lun_buf_addc(out, '\\');
      lun_buf_addc(out, escapes[letter - letters]);
    } else if ((unsigned char)c < 0x20) {
      lun_buf_adds(out, (unsigned char)c < 0x10 ? "\\u000" : "\\u001");
      lun_buf_addc(out, "0123456789abcdef"[c & 15]);
    } else {
      lun_buf_addc(out, c);
    }
  }
  lun_buf_addc(out, '"');
}
