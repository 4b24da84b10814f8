/*
 * Every member is looked for by find, which refuses one that is there twice:
 * two readers of one document could take two different ones.  Values are
 * decoded into buffers that are wiped; errors have a member's name and its
 * type alone.
 */
#include "document.h"

#include "../base/error.h"

#define FIELD_MAX ((size_t)16 << 10)

static enum lun_code wrong(const struct lun_document *doc, const char *key,
                           const char *why, struct lun_error *err)
{
  return lun_error_set(err, LUN_ECREDENTIALS, "%s: %s %s", doc->what, key, why);
}

static enum lun_code wrong_type(const struct lun_document *doc, const char *key,
                                size_t node, const char *wanted,
                                struct lun_error *err)
{
  static const char *const names[] = {
      [LUN_JSON_NULL] = "null",       [LUN_JSON_FALSE] = "a boolean",
      [LUN_JSON_TRUE] = "a boolean",  [LUN_JSON_NUMBER] = "a number",
      [LUN_JSON_STRING] = "a string", [LUN_JSON_ARRAY] = "an array",
      [LUN_JSON_OBJECT] = "an object"};

  return lun_error_set(err, LUN_ECREDENTIALS, "%s: %s is %s, not %s", doc->what,
                       key, names[doc->json->nodes[node].kind], wanted);
}

/* ------------------------------------------------------------- document -- */

enum lun_code lun_document_open(struct lun_document *doc, lun_ctx *ctx,
                                struct lun_span text, const char *what,
                                struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  *doc = (struct lun_document){.ctx = ctx, .text = text, .what = what};
  if (text.len > LUN_DOCUMENT_MAX)
    return lun_error_set(err, LUN_ECREDENTIALS, "%s is larger than %zu bytes",
                         what, LUN_DOCUMENT_MAX);
  rc = lun_json_parse(&doc->json, ctx, text, what, err);
  if (rc == LUN_EINVALID) {
    rc = LUN_ECREDENTIALS;
    if (err != NULL)
      err->code = rc;
  }
  if (rc)
    return rc;
  if (doc->json->nodes[0].kind != LUN_JSON_OBJECT) {
    rc = wrong_type(doc, "the whole of it", 0, "an object", err);
    lun_document_close(doc);
  }
  return rc;
}

void lun_document_close(struct lun_document *doc)
{
  lun_json_unref(doc->json);
  *doc = (struct lun_document){.ctx = doc->ctx};
}

/* -------------------------------------------------------------- members -- */

/* The member KEY of OBJECT; 0 if it is absent or null. */
static enum lun_code find(size_t *out, const struct lun_document *doc,
                          size_t object, const char *key, struct lun_error *err)
{
  bool twice = false;

  *out =
      lun_json_member(doc->json, doc->text, object, lun_span_of(key), &twice);
  if (twice)
    return wrong(doc, key, "occurs twice", err);
  if (*out != 0 && doc->json->nodes[*out].kind == LUN_JSON_NULL)
    *out = 0;
  return LUN_OK;
}

enum lun_code lun_document_object(size_t *out, const struct lun_document *doc,
                                  size_t object, const char *key,
                                  struct lun_error *err)
{
  enum lun_code rc = find(out, doc, object, key, err);

  if (!rc && *out != 0 && doc->json->nodes[*out].kind != LUN_JSON_OBJECT)
    rc = wrong_type(doc, key, *out, "an object", err);
  return rc;
}

enum lun_code lun_document_text(struct lun_buf *out,
                                const struct lun_document *doc, size_t object,
                                const char *key, struct lun_error *err)
{
  size_t node = 0;
  size_t before = out->len;
  enum lun_code rc = find(&node, doc, object, key, err);

  if (rc || node == 0)
    return rc;
  if (doc->json->nodes[node].kind != LUN_JSON_STRING)
    return wrong_type(doc, key, node, "a string", err);
  lun_json_decode(out, doc->json, doc->text, node);
  if (out->fail == LUN_ENOMEM)
    return lun_error_nomem(err);
  if (out->fail)
    return wrong(doc, key, "is too long", err);
  if (out->len > before &&
      memchr(out->ptr + before, '\0', out->len - before) != NULL)
    return wrong(doc, key, "has a NUL in it", err);
  return LUN_OK;
}

enum lun_code lun_document_int(int64_t *out, bool *found,
                               const struct lun_document *doc, size_t object,
                               const char *key, struct lun_error *err)
{
  size_t node = 0;
  enum lun_code rc = find(&node, doc, object, key, err);

  *found = false;
  if (rc || node == 0)
    return rc;
  if (doc->json->nodes[node].kind != LUN_JSON_NUMBER)
    return wrong_type(doc, key, node, "a number", err);
  if (!lun_text_int(lun_json_raw(doc->json, doc->text, node), 0, INT64_MAX,
                    out))
    return wrong(doc, key, "is not a whole number", err);
  *found = true;
  return LUN_OK;
}

/* ---------------------------------------------------------- credentials -- */

/* A member that is text; NAME of NULL is one that such a document has not. */
static enum lun_code take(struct lun_buf *out, const struct lun_document *doc,
                          size_t object, const char *name, bool required,
                          struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  if (name == NULL)
    return LUN_OK;
  rc = lun_document_text(out, doc, object, name, err);
  if (!rc && required && out->len == 0)
    rc = wrong(doc, name, "is missing or empty", err);
  return rc;
}

static enum lun_code
take_expiration(int64_t *out, const struct lun_document *doc, size_t object,
                const struct lun_document_names *names, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  const char *name = names->expiration;
  struct lun_buf text = LUN_BUF_INIT(doc->ctx, FIELD_MAX);
  size_t node = 0;
  bool good = false;

  if (name == NULL)
    return LUN_OK;
  rc = find(&node, doc, object, name, err);
  if (!rc && node == 0 && names->expiration_required)
    rc = wrong(doc, name, "is missing or empty", err);
  if (rc || node == 0)
    return rc;
  if (names->expiration_ms) {
    rc = lun_document_int(out, &good, doc, object, name, err);
    *out /= 1000;
  } else {
    rc = lun_document_text(&text, doc, object, name, err);
    good = !rc && lun_text_date_iso(lun_buf_view(&text), out);
  }
  lun_buf_done(&text);
  if (!rc && !good)
    rc = wrong(doc, name, "is not a date", err);
  if (!rc && *out <= 0)
    *out = 1; /* long past; 0 would be "never" */
  return rc;
}

/* Account ids are shown, and become part of host names. */
static enum lun_code check_account(const struct lun_document *doc,
                                   const char *name, struct lun_span id,
                                   struct lun_error *err)
{
  if (id.len == 0 || lun_text_of(id, ""))
    return LUN_OK;
  return wrong(doc, name, "is no account id", err);
}

enum lun_code lun_document_cred(struct lun_cred **out,
                                const struct lun_document *doc, size_t object,
                                const struct lun_document_names *names,
                                const char *provider, const char *account_id,
                                struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_cred_fields fields = {.provider = provider};
  const char *const keys[4] = {names->access_key_id, names->secret_access_key,
                               names->session_token, names->account_id};
  const bool required[4] = {true, true, names->token_required, false};
  struct lun_buf values[4];
  size_t i = 0;

  for (i = 0; i < 4; i++)
    lun_buf_init(&values[i], doc->ctx, FIELD_MAX);
  for (i = 0; !rc && i < 4; i++)
    rc = take(&values[i], doc, object, keys[i], required[i], err);
  if (!rc)
    rc = check_account(doc, keys[3], lun_buf_view(&values[3]), err);
  if (!rc)
    rc = take_expiration(&fields.expires_at, doc, object, names, err);
  if (!rc) {
    fields.access_key_id = lun_buf_view(&values[0]);
    fields.secret_access_key = lun_buf_view(&values[1]);
    fields.session_token = lun_buf_view(&values[2]);
    fields.account_id =
        values[3].len > 0 ? lun_buf_view(&values[3]) : lun_span_of(account_id);
    rc = lun_cred_new(out, doc->ctx, &fields, err);
    if (rc == LUN_ECREDENTIALS && err != NULL) {
      lun_error_prefix(err, "%s: ", doc->what);
      err->hint[0] = '\0'; /* it is for those who type their keys */
    }
  }
  for (i = 0; i < 4; i++)
    lun_buf_done(&values[i]);
  return rc;
}
