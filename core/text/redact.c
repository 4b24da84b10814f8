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

#define PIECE      6 /* bytes */
#define PIECE_MASK (((uint64_t)1 << 8 * PIECE) - 1)

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

/* As YAML writes it: control characters in two digits. */
static void yaml_form(struct lun_buf *form, struct lun_span secret)
{
  size_t i = 0;

  for (i = 0; i < secret.len; i++) {
    char c = secret.ptr[i];

    switch (c) {
    case '\t': lun_buf_adds(form, "\\t"); break;
    case '\n': lun_buf_adds(form, "\\n"); break;
    case '\r': lun_buf_adds(form, "\\r"); break;
    case '"': lun_buf_adds(form, "\\\""); break;
    case '\\': lun_buf_adds(form, "\\\\"); break;
    default:
      if ((unsigned char)c < 0x20 || c == 0x7F)
        lun_buf_addf(form, "\\x%02X", (unsigned)c);
      else
        lun_buf_addc(form, c);
    }
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
  YAML,
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
  else if (which == YAML)
    yaml_form(&form->text, secret);
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

/* --------------------------------------------------------------- pieces -- */

/*
 * Where each run of PIECE bytes of the text ends, found by those bytes.  If
 * BARE, only letters and digits count, of whatever case, so that quotes,
 * backslashes, blanks and line breaks which a format puts in between hide
 * nothing.
 */
struct runs {
  struct lun_span text;
  bool bare;
  uint64_t *bytes; /* of the run that ends at a place of the text */
  uint32_t *older; /* 1 + the place of the one before it in the same slot */
  uint32_t *slots; /* 1 + the place of the last one; 0: none */
  unsigned bits;   /* the slots are 1 << bits */
};

/* The last bytes that count. */
struct window {
  bool bare;
  size_t seen;
  uint64_t bytes;
};

static bool counts(bool bare, char c)
{
  return !bare || lun_text_alnum(c) || (unsigned char)c >= 0x80;
}

/* Takes the next byte; true if PIECE of them end with it. */
static bool slide(struct window *window, char c)
{
  if (!counts(window->bare, c))
    return false;
  if (window->bare)
    c = lun_text_lower(c);
  window->bytes = (window->bytes << 8 | (unsigned char)c) & PIECE_MASK;
  window->seen++;
  return window->seen >= PIECE;
}

static uint32_t *slot_of(const struct runs *runs, uint64_t bytes)
{
  return &runs->slots[bytes * 0x9E3779B97F4A7C15u >> (64 - runs->bits)];
}

static bool runs_init(struct runs *runs, lun_ctx *ctx, struct lun_span text,
                      bool bare)
{
  struct window window = {.bare = bare};
  size_t i = 0;

  *runs = (struct runs){.text = text, .bare = bare, .bits = 4};
  while (runs->bits < 30 && (size_t)1 << runs->bits < text.len)
    runs->bits++;
  runs->bytes = lun_mem_alloc(ctx, text.len * sizeof(*runs->bytes));
  runs->older = lun_mem_alloc(ctx, text.len * sizeof(*runs->older));
  runs->slots =
      lun_mem_alloc(ctx, ((size_t)1 << runs->bits) * sizeof(*runs->slots));
  if (runs->bytes == NULL || runs->older == NULL || runs->slots == NULL)
    return false;
  for (i = 0; i < text.len; i++)
    if (slide(&window, text.ptr[i])) {
      uint32_t *slot = slot_of(runs, window.bytes);

      runs->bytes[i] = window.bytes;
      runs->older[i] = *slot;
      *slot = (uint32_t)i + 1;
    }
  return true;
}

static void runs_done(struct runs *runs, lun_ctx *ctx)
{
  lun_mem_free(ctx, runs->bytes);
  lun_mem_free(ctx, runs->older);
  lun_mem_free(ctx, runs->slots);
}

/* Hides the run that ends at END, and what stands between its bytes. */
static void hide_run(char *hidden, const struct runs *runs, size_t end)
{
  size_t left = PIECE;
  size_t i = end + 1;

  while (left > 0) {
    i--;
    hidden[i] = 1;
    if (counts(runs->bare, runs->text.ptr[i]))
      left--;
  }
}

/* Hides every run of these BYTES, and forgets it: each is hidden once. */
static void hide_runs(char *hidden, const struct runs *runs, uint64_t bytes)
{
  uint32_t *link = slot_of(runs, bytes);

  while (*link != 0) {
    size_t end = *link - 1;

    if (runs->bytes[end] == bytes) {
      hide_run(hidden, runs, end);
      *link = runs->older[end];
    } else {
      link = &runs->older[end];
    }
  }
}

static void hide_pieces(char *hidden, const struct runs *runs,
                        struct lun_span secret)
{
  struct window window = {.bare = runs->bare};
  size_t i = 0;

  for (i = 0; i < secret.len; i++)
    if (slide(&window, secret.ptr[i]))
      hide_runs(hidden, runs, window.bytes);
}

/* ------------------------------------------------------------- together -- */

struct redaction {
  lun_ctx *ctx;
  struct lun_span text;
  char *hidden; /* for each byte of the text: 1 if it is not to be shown */
  struct runs plain;
  struct runs bare;
};

static enum lun_code hide_value(struct redaction *work, struct lun_span secret,
                                struct lun_error *err)
{
  if (secret.len < LUN_REDACT_MIN)
    return LUN_OK;
  hide_pieces(work->hidden, &work->plain, secret);
  hide_pieces(work->hidden, &work->bare, secret);
  if (secret.len > work->text.len)
    return LUN_OK;
  return mark_secret(work->hidden, work->text, work->ctx, secret, err);
}

/* In JSON, a string is a key if a colon is next. */
static bool is_key(const struct lun_json_node *node, struct lun_span text)
{
  size_t at = (size_t)node->start + node->len + 1; /* behind its quote */

  while (at < text.len && strchr(" \t\r\n", text.ptr[at]) != NULL)
    at++;
  return at < text.len && text.ptr[at] == ':';
}

/* The strings and numbers in a JSON secret; its keys tell nobody anything. */
static enum lun_code hide_members(struct redaction *work,
                                  const struct lun_json *json,
                                  struct lun_span text, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  size_t i = 0;

  for (i = 0; i < json->count && rc == LUN_OK; i++) {
    struct lun_buf value = LUN_BUF_INIT(work->ctx, SIZE_MAX);
    const struct lun_json_node *node = &json->nodes[i];

    if (node->kind == LUN_JSON_NUMBER ||
        (node->kind == LUN_JSON_STRING && !is_key(node, text))) {
      lun_json_decode(&value, json, text, i);
      rc = lun_buf_status(&value, "a secret", err);
    }
    if (rc == LUN_OK)
      rc = hide_value(work, lun_buf_view(&value), err);
    lun_buf_done(&value);
  }
  return rc;
}

static enum lun_code hide_secret(struct redaction *work, struct lun_span secret,
                                 struct lun_error *err)
{
  struct lun_json *json = NULL;
  enum lun_code rc = LUN_OK;
  bool container = false;

  if (secret.len > 0 && strchr("{[ \t\r\n", secret.ptr[0]) != NULL)
    rc = lun_json_parse(&json, work->ctx, secret, "a secret", NULL);
  if (rc == LUN_ENOMEM)
    return lun_error_nomem(err);
  container = json != NULL && (json->nodes[0].kind == LUN_JSON_ARRAY ||
                               json->nodes[0].kind == LUN_JSON_OBJECT);
  if (container) {
    rc = hide_members(work, json, secret, err);
    if (rc == LUN_OK && secret.len <= work->text.len)
      rc = mark_secret(work->hidden, work->text, work->ctx, secret, err);
  } else {
    rc = hide_value(work, secret, err);
  }
  lun_json_unref(json);
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
  struct redaction work = {.ctx = out->ctx, .text = text};
  enum lun_code rc = LUN_OK;
  size_t i = 0;

  if (text.len > LUN_REDACT_MAX)
    return lun_error_set(err, LUN_EINVALID, "the text to redact is too long");
  work.hidden = lun_mem_alloc(work.ctx, text.len);
  if (work.hidden == NULL || !runs_init(&work.plain, work.ctx, text, false) ||
      !runs_init(&work.bare, work.ctx, text, true))
    rc = lun_error_nomem(err);
  for (i = 0; i < nsecrets && rc == LUN_OK; i++)
    rc = hide_secret(&work, secrets[i], err);
  if (rc == LUN_OK) {
    put_rest(out, text, work.hidden);
    rc = lun_buf_status(out, "the redacted text", err);
  }
  runs_done(&work.bare, work.ctx);
  runs_done(&work.plain, work.ctx);
  lun_mem_free(work.ctx, work.hidden);
  return rc;
}
