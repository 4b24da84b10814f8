/*
 * The idea: make every form that a secret may have been printed in, then take
 * each out of the text in turn.  Texts are a few KiB and secrets a handful, so
 * plain searching is fast enough; what matters is that no form is forgotten.
 */
#include "redact.h"
#include "json.h"
#include "uri.h"

#define FORM_MAX ((size_t)512 << 10)

/* Replaces FORM in TEXT by the mark. */
static enum lun_code replace(struct lun_buf *text, struct lun_span form,
                             struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf out = LUN_BUF_INIT(text->ctx, text->max);
  const char *at = lun_buf_text(text);
  const char *end = at + text->len;
  const char *hit = NULL;

  if (form.len < LUN_REDACT_MIN ||
      memmem(at, text->len, form.ptr, form.len) == NULL)
    return LUN_OK;
  while ((hit = memmem(at, (size_t)(end - at), form.ptr, form.len)) != NULL) {
    lun_buf_add(&out, at, (size_t)(hit - at));
    lun_buf_adds(&out, LUN_REDACTED);
    at = hit + form.len;
  }
  lun_buf_add(&out, at, (size_t)(end - at));
  rc = lun_buf_status(&out, "the redacted text", err);
  if (rc == LUN_OK) {
    lun_buf_cut(text, 0);
    lun_buf_add_span(text, lun_buf_view(&out));
    rc = lun_buf_status(text, "the redacted text", err);
  }
  lun_buf_done(&out);
  return rc;
}

/*
 * Base64 spells the same bytes in three ways, by where they begin within a
 * group of three.  The characters at either end that also depend on what
 * stands beside the secret are left out of the search.
 */
static void base64_form(struct lun_buf *form, struct lun_span secret,
                        size_t shift)
{
  static const size_t skip[3] = {0, 2, 3}; /* characters a prefix touches */
  struct lun_buf shifted = LUN_BUF_INIT(form->ctx, FORM_MAX);
  struct lun_buf encoded = LUN_BUF_INIT(form->ctx, FORM_MAX);
  size_t whole = (shift + secret.len) / 3 * 4;

  lun_buf_add(&shifted, "\0\0", shift);
  lun_buf_add_span(&shifted, secret);
  lun_text_base64(&encoded, lun_buf_view(&shifted));
  if (encoded.len > skip[shift] && whole > skip[shift] && encoded.len >= whole)
    lun_buf_add(form, encoded.ptr + skip[shift], whole - skip[shift]);
  lun_buf_done(&encoded);
  lun_buf_done(&shifted);
}

enum {
  RAW,
  JSON,
  URL,
  HEX,
  BASE64,
  BASE64_1,
  BASE64_2,
  FORMS
};

static void make_form(struct lun_buf *form, struct lun_span secret, int which)
{
  if (which == RAW)
    lun_buf_add_span(form, secret);
  else if (which == URL)
    lun_uri_encode(form, secret, false);
  else if (which == HEX)
    lun_text_hex(form, (const unsigned char *)secret.ptr, secret.len);
  else if (which >= BASE64)
    base64_form(form, secret, (size_t)(which - BASE64));
  else if (lun_text_is_utf8(secret))
    lun_json_quote(form, secret);
}

enum lun_code lun_redact(struct lun_buf *out, struct lun_span text,
                         const struct lun_span *secrets, size_t nsecrets,
                         struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf work = LUN_BUF_INIT(out->ctx, out->max);
  struct lun_buf form = LUN_BUF_INIT(out->ctx, FORM_MAX);
  size_t i = 0;

  lun_buf_add_span(&work, text);
  rc = lun_buf_status(&work, "text to redact", err);
  for (i = 0; i < nsecrets * FORMS && rc == LUN_OK; i++) {
    int which = (int)(i % FORMS);
    struct lun_span found = {NULL, 0};

    if (secrets[i / FORMS].len < LUN_REDACT_MIN)
      continue;
    lun_buf_cut(&form, 0);
    make_form(&form, secrets[i / FORMS], which);
    rc = lun_buf_status(&form, "a secret to redact", err);
    if (rc)
      break;
    found = lun_buf_view(&form);
    if (which == JSON && found.len >= 2) /* without its quotes */
      found = (struct lun_span){found.ptr + 1, found.len - 2};
    rc = replace(&work, found, err);
  }
  if (rc == LUN_OK) {
    lun_buf_add_span(out, lun_buf_view(&work));
    rc = lun_buf_status(out, "the redacted text", err);
  }
  lun_buf_done(&form);
  lun_buf_done(&work);
  return rc;
}
