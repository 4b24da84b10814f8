/*
 * lunette.h's session for C programs: option structs of any version, and a
 * secret in one call.
 */
#include "../base/error.h"
#include "fetch.h"

void lun_session_options_init(struct lun_session_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
}

void lun_role_options_init(struct lun_role_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
}

void lun_web_identity_options_init(struct lun_web_identity_options *options)
{
  memset(options, 0, sizeof(*options));
  options->size = sizeof(*options);
}

/* A program that was built with an earlier header has fewer members. */
enum lun_code lun_session_new(lun_session **out, lun_ctx *ctx,
                              const struct lun_session_options *options,
                              struct lun_error *err)
{
  struct lun_env env = lun_env_process();
  struct lun_session_options known = {0};

  if (options != NULL &&
      (options->size < sizeof(options->size) || options->size > sizeof(known)))
    return lun_error_set(err, LUN_EINVALID,
                         "the options of a session are of another version");
  if (options != NULL)
    memcpy(&known, options, options->size);
  return lun_session_make(out, ctx, &known, &env, err);
}

enum lun_code lun_session_get(lun_secret **out, lun_session *session,
                              const char *text, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = lun_session_ctx(session);
  struct lun_ref ref = {0};
  lun_session *asked = NULL;
  lun_fetch *fetch = NULL;
  struct lun_value *value = NULL;

  rc = lun_ref_parse(&ref, ctx, lun_span_of(text), err);
  if (rc)
    return rc;
  rc = lun_session_for_ref(&asked, session, &ref, err);
  if (!rc)
    rc = lun_fetch_start(&fetch, asked, &ref, err);
  if (!rc)
    rc = lun_fetch_wait(fetch, &value, err);
  if (!rc)
    rc = lun_value_pick(out, value, ref.path, err);
  lun_value_unref(value);
  lun_fetch_free(fetch);
  lun_session_unref(asked);
  lun_ref_done(&ref);
  return rc;
}
