/*
 * resolve MODE NOW: resolves credentials as lunette would, in the environment
 * that it is run in, and prints what it came to as one line of JSON.  NOW is
 * what the wall clock says, in seconds since 1970, and keeps saying.
 *
 *   default   the default chain
 *   profile   what the profile has, without the environment and the metadata
 *             services at the ends of the chain
 *   token     the bearer token of IAM Identity Center
 *
 * Exit status 0 whatever it came to; 3 if memory was not given back.
 */
#include "../../core/aws/session.h"
#include "../../core/base/error.h"
#include "../../core/creds/ssotoken.h"
#include "../../core/creds/walk.h"
#include "../../core/text/jstring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)

static int64_t frozen(void *data)
{
  return *(const int64_t *)data;
}

/* ------------------------------------------------------------- printing -- */

static void put_span(struct lun_buf *out, const char *key, struct lun_span text)
{
  lun_buf_addf(out, "%s\"%s\": ", out->ptr[out->len - 1] == '{' ? "" : ", ",
               key);
  lun_json_quote(out, text);
}

static void put_text(struct lun_buf *out, const char *key, const char *text)
{
  if (text != NULL)
    put_span(out, key, lun_span_of(text));
}

static void put_number(struct lun_buf *out, const char *key, int64_t number)
{
  if (number != 0)
    lun_buf_addf(out, ", \"%s\": %" PRId64, key, number);
}

static void put_cred(struct lun_buf *out, const struct lun_cred *cred)
{
  put_text(out, "access_key_id", cred->access_key_id);
  put_span(out, "secret_access_key", lun_secret_view(cred->secret_access_key));
  if (cred->session_token != NULL)
    put_span(out, "session_token", lun_secret_view(cred->session_token));
  put_text(out, "account_id", cred->account_id);
  put_number(out, "expiry", cred->expires_at);
  put_text(out, "provider", cred->provider);
}

static void put_settings(struct lun_buf *out,
                         const struct lun_settings *settings)
{
  put_text(out, "profile", settings->profile);
  put_text(out, "region", settings->region);
}

static void put_error(struct lun_buf *out, enum lun_code rc,
                      const struct lun_error *err)
{
  lun_buf_cut(out, 1);
  put_text(out, "error", lun_code_kind(rc));
  put_text(out, "message", err->message);
  put_text(out, "hint", err->hint);
}

/* ---------------------------------------------------------------- modes -- */

static enum lun_code run_default(struct lun_buf *out, lun_session *session,
                                 struct lun_error *err)
{
  struct lun_cred *cred = NULL;
  enum lun_code rc = lun_session_credentials(&cred, session, err);

  if (!rc)
    put_cred(out, cred);
  lun_cred_unref(cred);
  return rc;
}

/* The default chain's providers that look at the profile, in its order.  They
 * are asked as for a role's source, which keeps them from the environment. */
static lun_provider_make *const of_profile[] = {
    lun_provider_profile_role, lun_provider_web_identity,
    lun_provider_sso,          lun_provider_credentials_file,
    lun_provider_login,        lun_provider_process,
    lun_provider_config_file,
};

static enum lun_code run_profile(struct lun_buf *out, struct lun_place *place,
                                 int64_t deadline, struct lun_error *err)
{
  struct lun_walk walk = {.cred = NULL};
  enum lun_code rc = LUN_OK;

  lun_walk_init(&walk, place, of_profile,
                sizeof(of_profile) / sizeof(of_profile[0]),
                place->settings->profile, NULL, 0);
  lun_walk_start(&walk, deadline);
  rc = lun_loop_run(place->loop, &walk.task, err);
  if (!rc && walk.cred == NULL)
    rc = lun_error_set(err, LUN_ECREDENTIALS, "the profile has none: %s",
                       lun_buf_text(&walk.reasons));
  if (!rc)
    put_cred(out, walk.cred);
  lun_walk_done(&walk);
  return rc;
}

static enum lun_code run_token(struct lun_buf *out, struct lun_place *place,
                               int64_t deadline, struct lun_error *err)
{
  struct lun_sso_token token = {.place = NULL};
  enum lun_code rc =
      lun_sso_token_init(&token, place, place->settings->profile, err);

  if (!rc) {
    lun_sso_token_start(&token, deadline);
    rc = lun_loop_run(place->loop, &token.task, err);
  }
  if (!rc) {
    put_span(out, "token", lun_buf_view(&token.token));
    put_number(out, "expiry", token.expires_at);
  }
  lun_sso_token_done(&token);
  return rc;
}

static enum lun_code run(struct lun_buf *out, lun_ctx *ctx, const char *mode,
                         struct lun_error *err)
{
  struct lun_session_options options = {.size = sizeof(options)};
  struct lun_env env = lun_env_process();
  struct lun_place *place = NULL;
  lun_session *session = NULL;
  enum lun_code rc = lun_session_make(&session, ctx, &options, &env, err);

  if (!rc)
    rc = lun_place_new(&place, lun_session_loop(session),
                       lun_session_settings(session), err);
  if (rc)
    goto done;
  if (strcmp(mode, "default") == 0)
    rc = run_default(out, session, err);
  else if (strcmp(mode, "profile") == 0)
    rc = run_profile(out, place, lun_session_deadline(session), err);
  else if (strcmp(mode, "token") == 0)
    rc = run_token(out, place, lun_session_deadline(session), err);
  else
    rc = lun_error_set(err, LUN_EINVALID, "there is no mode \"%s\"", mode);
  if (!rc)
    put_settings(out, lun_session_settings(session));
done:
  lun_place_unref(place);
  lun_session_unref(session);
  return rc;
}

int main(int argc, char **argv)
{
  lun_ctx *ctx = NULL;
  struct lun_buf line = {.ptr = NULL};
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;
  int64_t now = argc == 3 ? strtoll(argv[2], NULL, 10) * 1000 : 0;
  bool leaked = false;

  if (now <= 0) {
    fprintf(stderr, "usage: resolve default|profile|token NOW\n");
    return 2;
  }
  if (lun_ctx_new(&ctx, &err))
    return 1;
  ctx->clock.wall_ms = frozen;
  ctx->clock.data = &now;
  lun_buf_init(&line, ctx, LINE_MAX_BYTES);
  lun_buf_addc(&line, '{');
  rc = run(&line, ctx, argv[1], &err);
  if (rc)
    put_error(&line, rc, &err);
  printf("%s}\n", lun_buf_text(&line));
  lun_buf_done(&line);
  leaked = ctx->account.live_blocks != 0;
  lun_ctx_free(ctx);
  return leaked ? 3 : 0;
}
