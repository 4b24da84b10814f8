/*
 * A role of IAM Identity Center (aws-behaviour.md section 3.3): a token, which
 * the portal changes for the role's credentials.
 */
#include "../base/error.h"
#include "../text/uri.h"
#include "ssotoken.h"

#include <inttypes.h>

#define QUERY_LEN    ((size_t)4096)
#define UNAUTHORIZED 401

enum state {
  BEGIN,
  TOKEN,
  CALL
};

struct sso_provider {
  struct lun_provider base;
  struct lun_sso_conf conf;
  struct lun_sso_token token;
  struct lun_target target;
  struct lun_call call;
  struct lun_retry_quota quota;
  size_t step; /* of the trace */
  enum state state;
};

static struct sso_provider *sso_of(struct lun_task *task)
{
  return (struct sso_provider *)(void *)task;
}

static void release(struct lun_provider *base)
{
  struct sso_provider *provider = (struct sso_provider *)(void *)base;

  lun_sso_token_done(&provider->token);
  lun_call_done(&provider->call);
  lun_target_done(&provider->target);
}

static void cancel(struct lun_task *task)
{
  struct sso_provider *provider = sso_of(task);

  lun_sso_token_done(&provider->token);
  lun_call_done(&provider->call);
}

/* ----------------------------------------------------------------- begin -- */

/* A profile with a token alone has no credentials, and other providers may. */
static enum lun_step pass(struct lun_provider *base)
{
  if (lun_provider_get(base, "sso_session").value != NULL)
    return lun_provider_pass(base, "sso_session without sso_account_id and "
                                   "sso_role_name is for tokens alone");
  return lun_provider_pass(base, "no sso_account_id");
}

static enum lun_code begin(struct sso_provider *provider, struct lun_error *err)
{
  struct lun_provider *base = &provider->base;
  const struct lun_sso_conf *conf = &provider->conf;
  enum lun_code rc =
      lun_sso_conf_read(&provider->conf, base->place, base->profile, true, err);

  if (!rc)
    rc = lun_sso_token_init(&provider->token, base->place, base->profile, err);
  if (rc)
    return rc;
  lun_provider_reason(base->looked, "profile \"%s\" in %s:%d, token in %s",
                      base->profile, conf->account_id.path,
                      conf->account_id.line, provider->token.path);
  provider->token.trace = base->trace;
  provider->token.depth = base->depth;
  lun_sso_token_start(&provider->token, base->task.deadline);
  provider->state = TOKEN;
  return LUN_OK;
}

/* ------------------------------------------------------------------ call -- */

static enum lun_code call(struct sso_provider *provider, struct lun_error *err)
{
  struct lun_provider *base = &provider->base;
  const struct lun_settings *settings = base->place->settings;
  const struct lun_sso_conf *conf = &provider->conf;
  struct lun_buf query = LUN_BUF_INIT(base->place->ctx, QUERY_LEN);
  struct lun_header bearer = {LUN_SPAN_LIT("x-amz-sso_bearer_token"),
                              lun_buf_view(&provider->token.token)};
  struct lun_call_input input = {.op = lun_op_get(LUN_OP_GetRoleCredentials),
                                 .headers = &bearer,
                                 .nheaders = 1,
                                 .quota = &provider->quota};
  enum lun_code rc = lun_sso_conf_target(&provider->target, conf, base->place,
                                         input.op->service, err);

  lun_buf_adds(&query, "role_name=");
  lun_uri_encode(&query, lun_span_of(conf->role_name.value), false);
  lun_buf_addf(&query, "&account_id=%s", conf->account_id.value);
  if (!rc)
    rc = lun_buf_status(&query, "sso_role_name", err);
  if (!rc) {
    lun_target_input(&input, &provider->target, settings);
    input.query = lun_buf_text(&query);
    rc = lun_call_start(&provider->call, base->place->loop, &input,
                        base->task.deadline, err);
  }
  if (!rc) {
    provider->step = lun_trace_begin(base->trace, base->depth, input.op->name);
    provider->state = CALL;
  }
  lun_buf_done(&query);
  return rc;
}

static enum lun_code read_answer(struct sso_provider *provider,
                                 struct lun_error *err)
{
  static const struct lun_document_names names = {
      .access_key_id = "accessKeyId",
      .secret_access_key = "secretAccessKey",
      .session_token = "sessionToken",
      .expiration = "expiration",
      .token_required = true,
      .expiration_required = true,
      .expiration_ms = true,
  };
  struct lun_provider *base = &provider->base;
  struct lun_document doc = {.json = NULL};
  size_t object = 0;
  enum lun_code rc = lun_document_open(&doc, base->place->ctx,
                                       lun_buf_view(&provider->call.answer),
                                       "the answer of GetRoleCredentials", err);

  if (!rc)
    rc = lun_document_object(&object, &doc, 0, "roleCredentials", err);
  if (!rc && object == 0)
    rc = lun_error_set(err, LUN_ECREDENTIALS, "%s has no roleCredentials",
                       doc.what);
  if (!rc)
    rc = lun_document_cred(&base->cred, &doc, object, &names, base->name,
                           provider->conf.account_id.value, err);
  lun_document_close(&doc);
  return rc;
}

/* ------------------------------------------------------------------- end -- */

/* Says what the portal's refusal means, and who has to act. */
static enum lun_code refused(struct sso_provider *provider,
                             struct lun_error *err)
{
  const struct lun_sso_conf *conf = &provider->conf;
  const struct lun_setting *role = &conf->role_name;

  if (err->http_status == UNAUTHORIZED) {
    lun_error_prefix(err,
                     "The SSO session associated with this profile has "
                     "expired or is otherwise invalid (%s answered %d to the "
                     "token in %s): ",
                     provider->call.http.peer, err->http_status,
                     provider->token.path);
    lun_sso_conf_hint(conf, err);
  } else {
    lun_error_prefix(err, "role %s in account %s (%s:%d): ", role->value,
                     conf->account_id.value, role->path, role->line);
    lun_error_hint(err, "check sso_account_id and sso_role_name: the user has "
                        "to have this role in this account by an assignment "
                        "in IAM Identity Center");
  }
  err->code = LUN_ECREDENTIALS;
  return err->code;
}

static enum lun_step answered(struct sso_provider *provider)
{
  struct lun_provider *base = &provider->base;
  struct lun_error *err = &base->task.err;
  enum lun_code rc = provider->call.task.rc;

  *err = provider->call.task.err;
  if (!rc)
    rc = read_answer(provider, err);
  else if (rc == LUN_EACCESS || rc == LUN_ECREDENTIALS || rc == LUN_EINVALID ||
           rc == LUN_ENOTFOUND)
    rc = refused(provider, err);
  if (!rc && provider->call.date != 0)
    base->skew =
        provider->call.date - lun_clock_wall_ms(base->place->ctx) / 1000;
  lun_provider_reason(base->found, "role %s in account %s",
                      provider->conf.role_name.value,
                      provider->conf.account_id.value);
  lun_trace_finish(
      base->trace, provider->step, lun_buf_text(&provider->target.url),
      rc ? LUN_TRACE_FAILED : LUN_TRACE_FOUND, rc ? err->message : base->found);
  return lun_task_end(&base->task, rc, NULL);
}

static enum lun_step step(struct lun_task *task)
{
  struct sso_provider *provider = sso_of(task);
  struct lun_provider *base = &provider->base;
  enum lun_code rc = LUN_OK;

  if (provider->state == BEGIN) {
    lun_provider_reason(base->looked, "profile \"%s\"", base->profile);
    if (lun_provider_get(base, "sso_account_id").value == NULL &&
        lun_provider_get(base, "sso_role_name").value == NULL)
      return pass(base);
    rc = begin(provider, &task->err);
    if (rc)
      return lun_task_end(task, rc, NULL);
  }
  if (provider->state == TOKEN) {
    if (!lun_task_await(task, &provider->token.task))
      return LUN_STEP_WAIT;
    if (provider->token.task.rc)
      return lun_task_end(task, provider->token.task.rc,
                          &provider->token.task.err);
    rc = call(provider, &task->err);
    if (rc)
      return lun_task_end(task, rc, NULL);
  }
  if (!lun_task_await(task, &provider->call.task))
    return LUN_STEP_WAIT;
  return answered(provider);
}

enum lun_code lun_provider_sso(struct lun_provider **out,
                               struct lun_place *place,
                               const char *source_profile,
                               struct lun_error *err)
{
  struct sso_provider *provider = NULL;
  enum lun_code rc = lun_provider_new(out, sizeof(*provider), "sso", step,
                                      place, source_profile, err);

  if (rc)
    return rc;
  provider = (struct sso_provider *)(void *)*out;
  provider->base.release = release;
  provider->base.task.cancel = cancel;
  lun_target_init(&provider->target, place->ctx);
  lun_call_init(&provider->call, place->ctx);
  lun_retry_quota_init(&provider->quota);
  return LUN_OK;
}
