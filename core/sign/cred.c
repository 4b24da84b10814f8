/*
 * Credentials are checked once, when they come in, so that whoever puts them
 * into a header needs no check of its own.
 */
#include "cred.h"

#include "../base/error.h"
#include "../text/text.h"

static enum lun_code check(const struct lun_cred_fields *fields,
                           struct lun_error *err)
{
  const struct {
    const char *name;
    struct lun_span value;
    bool required;
  } parts[] = {
      {"access key id", fields->access_key_id, true},
      {"secret access key", fields->secret_access_key, true},
      {"session token", fields->session_token, false},
  };
  size_t i = 0;

  for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
    if (parts[i].required && parts[i].value.len == 0)
      return lun_error_set(err, LUN_ECREDENTIALS,
                           "the credentials of %s have no %s", fields->provider,
                           parts[i].name);
    if (lun_text_word(parts[i].value))
      continue;
    (void)lun_error_set(err, LUN_ECREDENTIALS,
                        "the %s of %s has a blank, a control character or a "
                        "character that is not ASCII",
                        parts[i].name, fields->provider);
    lun_error_hint(err,
                   "copy the %s again, without quotes and blanks around "
                   "it",
                   parts[i].name);
    return LUN_ECREDENTIALS;
  }
  return LUN_OK;
}

/* Fills the strings and the secrets of a new set. */
static enum lun_code fill(struct lun_cred *cred,
                          const struct lun_cred_fields *fields,
                          struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_span secret = fields->secret_access_key;
  struct lun_span token = fields->session_token;

  cred->expires_at = fields->expires_at;
  cred->access_key_id = lun_mem_copy(cred->ctx, fields->access_key_id.ptr,
                                     fields->access_key_id.len);
  cred->provider = lun_mem_strdup(cred->ctx, fields->provider);
  if (cred->access_key_id == NULL || cred->provider == NULL)
    return lun_error_nomem(err);
  if (fields->account_id.len > 0) {
    cred->account_id =
        lun_mem_copy(cred->ctx, fields->account_id.ptr, fields->account_id.len);
    if (cred->account_id == NULL)
      return lun_error_nomem(err);
  }
  rc = lun_secret_new(&cred->secret_access_key, cred->ctx, secret.ptr,
                      secret.len, err);
  if (rc == LUN_OK && token.len > 0)
    rc = lun_secret_new(&cred->session_token, cred->ctx, token.ptr, token.len,
                        err);
  return rc;
}

enum lun_code lun_cred_new(struct lun_cred **out, lun_ctx *ctx,
                           const struct lun_cred_fields *fields,
                           struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_cred *cred = NULL;

  rc = check(fields, err);
  if (rc)
    return rc;
  cred = lun_mem_alloc(ctx, sizeof(*cred));
  if (cred == NULL)
    return lun_error_nomem(err);
  cred->ctx = ctx;
  cred->refs = 1;
  rc = fill(cred, fields, err);
  if (rc) {
    lun_cred_unref(cred);
    return rc;
  }
  *out = cred;
  return LUN_OK;
}

struct lun_cred *lun_cred_ref(struct lun_cred *cred)
{
  if (cred != NULL)
    cred->refs++;
  return cred;
}

void lun_cred_unref(struct lun_cred *cred)
{
  if (cred == NULL || --cred->refs > 0)
    return;
  lun_secret_unref(cred->secret_access_key);
  lun_secret_unref(cred->session_token);
  lun_mem_free(cred->ctx, cred->access_key_id);
  lun_mem_free(cred->ctx, cred->account_id);
  lun_mem_free(cred->ctx, cred->provider);
  lun_mem_free(cred->ctx, cred);
}

void lun_cred_blame(const struct lun_cred *cred, struct lun_error *err)
{
  if (cred == NULL || cred->provider == NULL || err->code != LUN_ECREDENTIALS ||
      err->aws_code[0] == '\0')
    return;
  lun_error_hint(err, "%s%sthe call was signed with the credentials of %s",
                 err->hint, err->hint[0] != '\0' ? "; " : "", cred->provider);
}
