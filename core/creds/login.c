/*
 * A session of `aws login` (aws-behaviour.md section 3.4).  The keys in its
 * file are used while they last; it takes their end, or somebody who wants
 * others than he has, to renew them.  The file is read each time, since others
 * may have renewed it meanwhile.
 */
#include "../base/error.h"
#include "../base/log.h"
#include "../conf/target.h"
#include "../sign/dpop.h"
#include "loginfile.h"
#include "provider.h"

#define THRESHOLD 300 /* seconds that keys by another have to be good for */
#define PROOF_MAX ((size_t)16 << 10)
#define URL_MAX   ((size_t)8192)

struct login_provider {
  struct lun_provider base;
  struct lun_setting session; /* its name */
  struct lun_login_file file;
  struct lun_target target;
  struct lun_call call;
  struct lun_retry_quota quota;
  size_t step; /* of the trace */
  bool calling;
};

static struct login_provider *login_of(struct lun_task *task)
{
  return (struct login_provider *)(void *)task;
}

static int64_t now_of(const struct login_provider *provider)
{
  return lun_clock_wall_ms(provider->base.place->ctx) / 1000;
}

static void release(struct lun_provider *base)
{
  struct login_provider *provider = (struct login_provider *)(void *)base;

  lun_login_file_done(&provider->file);
  lun_call_done(&provider->call);
  lun_target_done(&provider->target);
}

static void cancel(struct lun_task *task)
{
  lun_call_done(&login_of(task)->call);
}

static void hint_login(const struct login_provider *provider,
                       struct lun_error *err)
{
  lun_error_hint(err, "to log in again run `aws login --profile %s`",
                 provider->base.profile);
}

static enum lun_step fail(struct login_provider *provider, enum lun_code rc)
{
  struct lun_task *task = &provider->base.task;

  if (rc != LUN_ENOMEM)
    lun_error_prefix(&task->err,
                     "profile \"%s\" (%s:%d): ", provider->base.profile,
                     provider->session.path, provider->session.line);
  return lun_task_end(task, rc, NULL);
}

static void log_word(const struct login_provider *provider,
                     enum lun_level level, const char *word, enum lun_code rc)
{
  struct lun_field fields[] = {
      {.key = "profile",
       .kind = LUN_FIELD_NAME,
       .name = provider->base.profile},
      {.key = "kind", .kind = LUN_FIELD_CODE, .name = lun_code_kind(rc)}};

  lun_log(provider->base.place->ctx, level, word, fields, rc == LUN_OK ? 1 : 2);
}

/* ----------------------------------------------------------------- keys -- */

/* Something is wrong with the file: a new one helps. */
static enum lun_code bad_file(const struct login_provider *provider,
                              struct lun_error *err)
{
  lun_error_prefix(err, "Error loading login session token: ");
  if (err->hint[0] == '\0')
    hint_login(provider, err);
  return LUN_ECREDENTIALS;
}

static enum lun_code begin(struct login_provider *provider,
                           struct lun_error *err)
{
  struct lun_provider *base = &provider->base;
  const struct lun_setting *session = &provider->session;
  enum lun_code rc =
      lun_login_file_init(&provider->file, base->place, session->value, err);

  if (rc)
    return rc;
  lun_provider_reason(base->looked, "profile \"%s\" in %s:%d, session in %s",
                      base->profile, session->path, session->line,
                      provider->file.path);
  rc = lun_login_file_load(&provider->file, err);
  return rc == LUN_ECREDENTIALS ? bad_file(provider, err) : rc;
}

/* True if the file's keys will do: any that have not ended for who has none,
 * and for who wants others in place of BEFORE, others that last. */
static bool will_do(const struct login_provider *provider,
                    const struct lun_cred *before)
{
  const struct lun_cred *cred = provider->file.cred;
  int64_t left = cred->expires_at - now_of(provider);

  if (before == NULL)
    return left > 0;
  return left > THRESHOLD &&
         strcmp(before->access_key_id, cred->access_key_id) != 0;
}

static enum lun_step give(struct login_provider *provider, const char *how)
{
  struct lun_provider *base = &provider->base;

  lun_provider_reason(base->found, "session %s%s", provider->session.value,
                      how);
  base->cred = lun_cred_ref(provider->file.cred);
  return lun_task_end(&base->task, LUN_OK, NULL);
}

/* -------------------------------------------------------------- renewal -- */

/* Appends the proof for a call of OP that begins now. */
static enum lun_code make_proof(struct lun_buf *out,
                                const struct login_provider *provider,
                                const struct lun_op *op, struct lun_error *err)
{
  struct lun_buf url = LUN_BUF_INIT(out->ctx, URL_MAX);
  struct lun_dpop claim = {.key = lun_buf_view(&provider->file.dpop),
                           .method = lun_span_of(op->method),
                           .time = now_of(provider)};
  char id[37] = "";
  enum lun_code rc =
      lun_request_url(&url, lun_buf_text(&provider->target.url), op, NULL, err);

  if (!rc)
    rc = lun_clock_uuid(out->ctx, id, err);
  if (!rc) {
    claim.url =
        (struct lun_span){lun_buf_text(&url), strcspn(lun_buf_text(&url), "?")};
    claim.id = lun_span_of(id);
    rc = lun_dpop_proof(out, &claim, err);
  }
  if (rc == LUN_ECREDENTIALS) {
    lun_error_prefix(err, "%s: ", provider->file.path);
    rc = bad_file(provider, err);
  }
  lun_buf_done(&url);
  return rc;
}

static enum lun_code renew(struct login_provider *provider,
                           struct lun_error *err)
{
  const struct lun_provider *base = &provider->base;
  const struct lun_settings *settings = base->place->settings;
  struct lun_buf proof = LUN_BUF_INIT(base->place->ctx, PROOF_MAX);
  struct lun_header header = {.name = LUN_SPAN_LIT("DPoP")};
  struct lun_call_input input = {.op = lun_op_get(LUN_OP_CreateOAuth2Token),
                                 .body = lun_buf_view(&provider->file.body),
                                 .headers = &header,
                                 .nheaders = 1,
                                 .quota = &provider->quota};
  enum lun_code rc = lun_target_find(&provider->target, settings,
                                     input.op->service, NULL, err);

  if (!rc)
    rc = make_proof(&proof, provider, input.op, err);
  if (!rc) {
    header.value = lun_buf_view(&proof);
    lun_target_input(&input, &provider->target, settings);
    rc = lun_call_start(&provider->call, base->place->loop, &input,
                        base->task.deadline, err);
  }
  if (!rc) {
    provider->calling = true;
    provider->step = lun_trace_begin(base->trace, base->depth, input.op->name);
  }
  lun_buf_done(&proof);
  return rc;
}

static enum lun_code adopt(struct login_provider *provider,
                           struct lun_error *err)
{
  enum lun_code saved = LUN_OK;
  enum lun_code rc = lun_login_file_renew(&provider->file,
                                          lun_buf_view(&provider->call.answer),
                                          now_of(provider), &saved, err);

  if (rc == LUN_ECREDENTIALS) { /* which would mean to log in */
    rc = LUN_ESERVICE;
    err->code = rc;
  }
  if (!rc && saved)
    log_word(provider, LUN_WARN, "login.cache_not_written", saved);
  return rc;
}

/* ------------------------------------------------------------------ end -- */

/* What failed and may work the next time is no reason to log in. */
static bool passing(enum lun_code rc)
{
  return rc == LUN_ENETWORK || rc == LUN_ESERVICE || rc == LUN_ETHROTTLED ||
         rc == LUN_EDEADLINE;
}

/* Says what the failure of a renewal means, and who has to act. */
static enum lun_code not_renewed(const struct login_provider *provider,
                                 struct lun_error *err)
{
  const char *peer = provider->call.http.peer;
  const char *word = provider->call.detail;

  if (strcmp(word, "TOKEN_EXPIRED") == 0 ||
      strcmp(word, "USER_CREDENTIALS_CHANGED") == 0) {
    lun_error_prefix(err,
                     "Your session has expired or credentials have changed. "
                     "Please reauthenticate using 'aws login'. %s answered "
                     "%s: ",
                     peer, word);
    hint_login(provider, err);
  } else if (strcmp(word, "INSUFFICIENT_PERMISSIONS") == 0) {
    lun_error_prefix(err,
                     "the login session cannot be renewed without permission "
                     "for signin:CreateOAuth2Token. %s answered %s: ",
                     peer, word);
    lun_error_hint(err,
                   "have a policy of whoever logged in allow "
                   "signin:CreateOAuth2Token, then run `aws login --profile "
                   "%s`",
                   provider->base.profile);
  } else {
    lun_error_prefix(err, "the login session could not be renewed: ");
    if (!passing(err->code) && err->http_status >= 400)
      hint_login(provider, err);
  }
  if (!passing(err->code))
    err->code = LUN_ECREDENTIALS;
  return err->code;
}

/* A refresh token may end by another's renewal: then *GOOD, his keys do. */
static enum lun_code look_again(struct login_provider *provider, bool *good)
{
  struct lun_cred *before = lun_cred_ref(provider->file.cred);
  struct lun_error why = {.code = LUN_OK};
  enum lun_code rc = lun_login_file_load(&provider->file, &why);

  *good = !rc && will_do(provider, before);
  lun_cred_unref(before);
  return rc == LUN_ENOMEM ? rc : LUN_OK;
}

static enum lun_step answered(struct login_provider *provider)
{
  struct lun_provider *base = &provider->base;
  struct lun_error err = provider->call.task.err;
  enum lun_code rc = provider->call.task.rc;
  bool good = false;

  if (!rc)
    rc = adopt(provider, &err);
  lun_trace_finish(
      base->trace, provider->step, lun_buf_text(&provider->target.url),
      rc ? LUN_TRACE_FAILED : LUN_TRACE_FOUND, rc ? err.message : "new keys");
  log_word(provider, rc ? LUN_WARN : LUN_INFO,
           rc ? "login.renew_failed" : "login.renewed", rc);
  if (!rc)
    return give(provider, ", renewed");
  if (rc != LUN_ENOMEM && look_again(provider, &good) == LUN_ENOMEM)
    rc = lun_error_nomem(&err);
  if (good)
    return give(provider, ", renewed by another");
  if (rc != LUN_ENOMEM)
    rc = not_renewed(provider, &err);
  base->task.err = err;
  return fail(provider, rc);
}

static enum lun_step step(struct lun_task *task)
{
  struct login_provider *provider = login_of(task);
  struct lun_provider *base = &provider->base;
  enum lun_code rc = LUN_OK;

  if (!provider->calling) {
    lun_provider_reason(base->looked, "login_session of profile \"%s\"",
                        base->profile);
    provider->session = lun_provider_get(base, "login_session");
    if (provider->session.value == NULL)
      return lun_provider_pass(base, "no login_session");
    rc = begin(provider, &task->err);
    if (!rc && will_do(provider, base->before))
      return give(provider, "");
    if (!rc)
      rc = renew(provider, &task->err);
    if (rc)
      return fail(provider, rc);
  }
  if (!lun_task_await(task, &provider->call.task))
    return LUN_STEP_WAIT;
  return answered(provider);
}

enum lun_code lun_provider_login(struct lun_provider **out,
                                 struct lun_place *place,
                                 const char *source_profile,
                                 struct lun_error *err)
{
  struct login_provider *provider = NULL;
  enum lun_code rc = lun_provider_new(out, sizeof(*provider), "login", step,
                                      place, source_profile, err);

  if (rc)
    return rc;
  provider = (struct login_provider *)(void *)*out;
  provider->base.release = release;
  provider->base.task.cancel = cancel;
  lun_target_init(&provider->target, place->ctx);
  lun_call_init(&provider->call, place->ctx);
  lun_retry_quota_init(&provider->quota);
  return LUN_OK;
}
