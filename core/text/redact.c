/*
 * The idea: make every form that a secret may have been printed in, look for
 * each in the text, and note which bytes of it are to be hidden.  The order of
 * the secrets is of no matter then, nor whether they overlap.  Texts are a few
 * KiB and secrets a handful, so plain searching is fast enough.
 *
 * A form that has no room in the text cannot be in it: each is made with the
 * text's length for a limit, and passed over when it does not fit.
 *
 * No list of forms is whole: a parser quotes half a line, a shell doubles its
 * quotes, a block is indented.  So every short run of the text that is a run
 * of a secret is hidden too, whatever stands around it.
 */
#include "redact.h"

#include "../base/error.h"
#include "json.h"
#include "uri.h"

/* A form, and whether a character of base64 at either end of it holds some
 * bits of the secret too, beside others that cannot be known. */
struct form {
  struct lun_buf text;
  bool before;
  bool after;
};

/* ---------------------------------------------------------------- forms -- */

/* As other programs write JSON: '/' may be escaped, or all that is not ASCII;
 * without the quotes around it. */
static void json_form(struct lun_buf *form, struct lun_span secret, bool slash,
                      bool ascii)
{
  struct lun_buf quoted = LUN_BUF_INIT(form->ctx, form->max + 2);
  struct lun_span rest = {NULL, 0};

  lun_json_quote(&quoted, secret);
  if (quoted.fail == LUN_OK)
    rest = (struct lun_span){quoted.ptr + 1, quoted.len - 2};
  else
    form->fail = quoted.fail;
  while (rest.len > 0) {
    uint32_t c = 0;
    size_t len = lun_text_utf8(rest, &c);

    if (slash && c == '/')
      lun_buf_adds(form, "\\/");
    else if (ascii && c > 0xFFFF)
      lun_buf_addf(form, "\\u%04x\\u%04x", (c - 0x10000) >> 10 | 0xD800,
                   (c & 0x3FF) | 0xDC00);
    else if (ascii && c > 0x7F)
      lun_buf_addf(form, "\\u%04x", c);
    else
      lun_buf_add(form, rest.ptr, len);
    rest.ptr += len;
    rest.len -= len;
  }
  lun_buf_done(&quoted);
}

/* As YAML and shells write it: control characters in two digits. */
static void hex_escape_form(struct lun_buf *form, struct lun_span secret)
{
  size_t i = 0;

  for (i = 0; i < secret.len; i++) {
    unsigned char c = (unsigned char)secret.ptr[i];
    const char *letter = c == '\0' ? NULL : strchr("\tt\nn\rr\"\"\\\\", c);

    if (letter != NULL)
      lun_buf_addf(form, "\\%c", letter[c == '"' || c == '\\' ? 0 : 1]);
    else if (c < 0x20 || c == 0x7F)
      lun_buf_addf(form, "\\x%02X", c);
    else
      lun_buf_addc(form, (char)c);
  }
}

static void hex_form(struct lun_buf *form, struct lun_span secret, bool upper)
{
  size_t i = 0;

  lun_text_hex(form, (const unsigned char *)secret.ptr, secret.len);
  for (i = 0; upper && i < form->len; i++)
    if (form->ptr[i] >= 'a')
      form->ptr[i] = (char)(form->ptr[i] - 'a' + 'A');
}

/*
 * Base64 spells the same bytes in three ways, by where they begin within a
 * group of three.  Looked for is what the secret alone decides; URL takes the
 * alphabet that has no '+' and no '/'.
 */
static void base64_form(struct form *form, struct lun_span secret, size_t shift,
                        bool url)
{
  struct lun_buf shifted = LUN_BUF_INIT(form->text.ctx, form->text.max + 2);
  struct lun_buf encoded = LUN_BUF_INIT(form->text.ctx, form->text.max + 8);
  size_t from = (8 * shift + 5) / 6; /* six bits a character */
  size_t to = 8 * (shift + secret.len) / 6;
  size_t i = 0;

  lun_buf_add(&shifted, "\0\0", shift);
  lun_buf_add_span(&shifted, secret);
  lun_text_base64(&encoded, lun_buf_view(&shifted));
  if (shifted.fail != LUN_OK || encoded.fail != LUN_OK)
    form->text.fail = shifted.fail != LUN_OK ? shifted.fail : encoded.fail;
  for (i = from; form->text.fail == LUN_OK && i < to; i++) {
    char c = encoded.ptr[i];

    if (url && (c == '+' || c == '/'))
      c = c == '+' ? '-' : '_';
    lun_buf_addc(&form->text, c);
  }
  form->before = 8 * shift % 6 != 0;
  form->after = 8 * (shift + secret.len) % 6 != 0;
  lun_buf_done(&encoded);
  lun_buf_done(&shifted);
}

enum {
  RAW,
  URL,
  HEX,
  HEX_UPPER,
  JSON, /* 4: without and with the escapes of '/' and of what is not ASCII */
  BASE64 = JSON + 4, /* 3, by their place in a group */
  BASE64_URL = BASE64 + 3,
  FORMS = BASE64_URL + 3
};

static void make_form(struct form *form, struct lun_span secret, int which)
{
  if (which == RAW)
    lun_buf_add_span(&form->text, secret);
  else if (which == URL)
    lun_uri_encode(&form->text, secret, false);
  else if (which < JSON)
    hex_form(&form->text, secret, which == HEX_UPPER);
  else if (which >= BASE64_URL)
    base64_form(form, secret, (size_t)(which - BASE64_URL), true);
  else if (which >= BASE64)
    base64_form(form, secret, (size_t)(which - BASE64), false);
  else if (lun_text_is_utf8(secret))
    json_form(&form->text, secret, (which - JSON) & 1, (which - JSON) & 2);
}

/* --------------------------------------------------------------- hiding -- */

static bool base64_digit(char c)
{
  return lun_text_alnum(c) || (c != '\0' && strchr("+/-_", c) != NULL);
}

/* Marks in HIDDEN every place of TEXT where FORM stands. */
static void mark(char *hidden, struct lun_span text, const struct form *form)
{
  struct lun_span part = lun_buf_view(&form->text);
  size_t at = 0;

  if (part.len < LUN_REDACT_MIN)
    return;
  for (;;) {
    const char *hit = memmem(text.ptr + at, text.len - at, part.ptr, part.len);
    size_t from = 0;

    if (hit == NULL)
      return;
    from = (size_t)(hit - text.ptr);
    at = from + part.len;
    memset(hidden + from, 1, part.len);
    if (form->before && from > 0 && base64_digit(text.ptr[from - 1]))
      hidden[from - 1] = 1;
    if (form->after && at < text.len && base64_digit(text.ptr[at]))
      hidden[at] = 1;
  }
}

/* Marks every form of one secret. */
static enum lun_code mark_secret(char *hidden, struct lun_span text,
                                 lun_ctx *ctx, struct lun_span secret,
                                 struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  int which = 0;

  for (which = 0; which < FORMS && rc == LUN_OK; which++) {
    struct form form = {.text = LUN_BUF_INIT(ctx, text.len)};

    make_form(&form, secret, which);
    if (form.text.fail == LUN_OK)
      mark(hidden, text, &form);
    else if (form.text.fail == LUN_ENOMEM)
      rc = lun_error_nomem(err);
    lun_buf_done(&form.text);
  }
  return rc;
}

/* Appends TEXT with a mark for each stretch that is hidden. */
static void put_rest(struct lun_buf *out, struct lun_span text,
                     const char *hidden)
{
  size_t from = 0;
  size_t to = 0;

  for (from = 0; from < text.len; from = to) {
    for (to = from; to < text.len && hidden[to] == hidden[from]; to++)
      continue;
    if (hidden[from])
      lun_buf_adds(out, LUN_REDACTED);
    else
      lun_buf_add(out, text.ptr + from, to - from);
  }
}

enum lun_code lun_redact(struct lun_buf *out, struct lun_span text,
                         const struct lun_span *secrets, size_t nsecrets,
                         struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  char *hidden = lun_mem_alloc(out->ctx, text.len);
  size_t i = 0;

  if (hidden == NULL)
    return lun_error_nomem(err);
  for (i = 0; i < nsecrets && rc == LUN_OK; i++)
    if (secrets[i].len >= LUN_REDACT_MIN && secrets[i].len <= text.len)
      rc = mark_secret(hidden, text, out->ctx, secrets[i], err);
  if (rc == LUN_OK) {
    put_rest(out, text, hidden);
    rc = lun_buf_status(out, "the redacted text", err);
  }
  lun_mem_free(out->ctx, hidden);
  return rc;
}
