/*
 * AssumeRole and AssumeRoleWithWebIdentity, in the awsQuery protocol.  What
 * comes back is used only if it is for the role, the account and the session
 * that were asked for.
 */
#include "assume.h"

#include "../base/error.h"
#include "../os/file.h"
#include "../text/xml.h"

#include <stdio.h>

#define FORM_LEN  ((size_t)2 << 20)
#define TOKEN_MAX ((size_t)64 << 10) /* of a web identity; STS takes 20000 */
#define CODE_LEN  6
#define CODE_SIZE 64 /* what is longer than a code is seen to be longer */

static bool is_web(const struct lun_role *role)
{
  return role->token_file != NULL;
}

/* -------------------------------------------------------------- request -- */

static void put(struct lun_buf *form, const char *name, struct lun_span value)
{
  lun_buf_addf(form, "&%s=", name);
  lun_uri_encode(form, value, false);
}

/* The file is read again for each call, and used as it is: somebody renews
 * it, and what is in it is the identity provider's matter. */
static enum lun_code put_token(struct lun_buf *form,
                               const struct lun_role *role,
                               struct lun_error *err)
{
  struct lun_buf token = LUN_BUF_INIT(form->ctx, TOKEN_MAX);
  struct lun_error why = {.code = LUN_OK};
  enum lun_code rc = lun_file_read(&token, role->token_file, &why);

  if (!rc && token.len == 0)
    rc = lun_error_set(&why, LUN_EFILE, "%s: there is no token in it",
                       role->token_file);
  if (rc == LUN_EFILE) {
    rc = lun_error_set(err, LUN_ECREDENTIALS, "the token file of %s: %s",
                       role->token_from, why.message);
    lun_error_hint(err, "%s",
                   why.hint[0] != '\0' ? why.hint
                                       : "the platform that runs this writes "
                                         "the file: look there, or name "
                                         "another one");
  } else if (rc) {
    rc = lun_error_nomem(err);
  } else {
    put(form, "WebIdentityToken", lun_buf_view(&token));
  }
  lun_buf_done(&token);
  return rc;
}

static bool is_code(const char *code)
{
  struct lun_span text = {code, strnlen(code, CODE_SIZE)};
  size_t i = 0;

  for (i = 0; i < text.len && lun_text_digit(text.ptr[i]); i++)
    continue;
  return i == CODE_LEN && text.len == CODE_LEN;
}

static enum lun_code no_code(const struct lun_assume *assume,
                             struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "%sMFA token required: mfa_serial names %s, and there "
                      "is nobody to ask for its code",
                      assume->again ? "Cannot refresh credentials: " : "",
                      assume->role->mfa_serial);
  lun_error_hint(err, "run it where somebody can type the code, or give the "
                      "session a function mfa_code that knows it");
  return LUN_ECREDENTIALS;
}

/* Asks for the code of the role's device; it is never shown. */
static enum lun_code put_code(struct lun_buf *form,
                              const struct lun_assume *assume,
                              struct lun_error *err)
{
  const struct lun_role *role = assume->role;
  const struct lun_settings *settings = assume->place->settings;
  lun_mfa_function ask = role->mfa_code;
  void *data = role->mfa_data;
  char code[CODE_SIZE] = "";
  struct lun_error why = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  if (ask == NULL) {
    ask = settings->mfa_code;
    data = settings->mfa_data;
  }
  if (ask != NULL)
    rc = ask(data, role->mfa_serial, code, sizeof(code), &why);
  if (rc && why.code == LUN_OK)
    rc = lun_error_set(err, rc, "mfa_code failed, and does not say why");
  else if (rc)
    *err = why;
  else if (code[0] == '\0')
    rc = no_code(assume, err);
  else if (!is_code(code))
    rc =
        lun_error_set(err, LUN_ECREDENTIALS,
                      "the code for %s has to be six digits", role->mfa_serial);
  else
    put(form, "TokenCode", (struct lun_span){code, CODE_LEN});
  lun_secret_wipe(code, sizeof(code));
  return rc;
}

/* What the trace says that was looked at. */
static void describe(struct lun_assume *assume, const struct lun_target *target)
{
  const struct lun_role *role = assume->role;
  struct lun_uri uri = {0};

  if (lun_uri_parse(&uri, lun_buf_view(&target->url), "the endpoint", NULL))
    uri.host = LUN_SPAN_LIT("STS");
  lun_provider_reason(assume->looked, "%s as %s, at %.*s%s%s", role->arn,
                      role->session_name, (int)uri.host.len, uri.host.ptr,
                      is_web(role) ? ", by the token in " : "",
                      is_web(role) ? role->token_file : "");
}

static enum lun_code fill_form(struct lun_buf *form,
                               const struct lun_assume *assume,
                               struct lun_error *err)
{
  const struct lun_role *role = assume->role;
  enum lun_code rc = LUN_OK;

  put(form, "RoleArn", lun_span_of(role->arn));
  put(form, "RoleSessionName", lun_span_of(role->session_name));
  lun_buf_adds(form, role->form);
  if (is_web(role))
    rc = put_token(form, role, err);
  else if (role->mfa_serial != NULL)
    rc = put_code(form, assume, err);
  return rc ? rc : lun_buf_status(form, "the request for a role", err);
}

static enum lun_code send(struct lun_assume *assume, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = assume->place->ctx;
  const struct lun_settings *settings = assume->place->settings;
  const struct lun_region_wait *region = &assume->region;
  struct lun_buf form = LUN_BUF_INIT(ctx, FORM_LEN);
  struct lun_call_input input = {.op = assume->op, .cred = assume->with};
  struct lun_target target = {0};

  if (region->region[0] == '\0')
    return lun_region_wait_none(region, assume->op->service->name, err);
  lun_target_init(&target, ctx);
  rc = lun_target_find(&target, settings, assume->op->service, region->region,
                       err);
  if (!rc) {
    describe(assume, &target);
    rc = fill_form(&form, assume, err);
  }
  if (!rc) {
    lun_target_input(&input, &target, settings);
    input.connect_ms = region->connect_ms;
    input.body = lun_buf_view(&form);
    input.quota = &assume->quota;
    rc = lun_call_start(&assume->call, assume->task.loop, &input,
                        assume->task.deadline, err);
  }
  lun_target_done(&target);
  lun_buf_done(&form);
  return rc;
}

/* --------------------------------------------------------------- answer -- */

static enum lun_code bad_answer(const struct lun_assume *assume,
                                const char *what, struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ESERVICE, "the answer of %s %s",
                      assume->op->name, what);
  lun_error_hint(err,
                 "what answers at %s is not AWS, or something on the way "
                 "changes its answers: look at the endpoint and the proxy",
                 assume->call.http.peer);
  return LUN_ESERVICE;
}

/* The text at PATH below the answer's result. */
static bool result(struct lun_span *out, const struct lun_assume *assume,
                   const lun_xml *xml, const char *path)
{
  char whole[128] = "";

  (void)snprintf(whole, sizeof(whole), "%sResult/%s", assume->op->name, path);
  return lun_xml_find(xml, whole, out);
}

/*
 * True if the answer's ARN is "arn:P:sts::ACCOUNT:assumed-role/NAME/SESSION"
 * of the role that was asked for.  IAM's names differ in more than case.
 */
static bool is_asked(const struct lun_role *role, struct lun_span text)
{
  static const char assumed[] = "assumed-role/";
  struct lun_arn asked = {0};
  struct lun_arn got = {0};
  struct lun_span asked_name = {0};
  struct lun_span name = {0};
  const char *slash = NULL;

  if (!lun_arn_role(&asked, &asked_name, lun_span_of(role->arn)) ||
      !lun_arn_parse(&got, text) || !lun_span_is(got.service, "sts") ||
      !lun_text_same(got.partition, asked.partition) ||
      !lun_text_same(got.account, asked.account) ||
      !lun_text_prefix(got.resource, assumed))
    return false;
  name.ptr = got.resource.ptr + sizeof(assumed) - 1;
  name.len = got.resource.len - (sizeof(assumed) - 1);
  slash = memchr(name.ptr, '/', name.len);
  if (slash == NULL)
    return false;
  text.ptr = slash + 1;
  text.len = name.len - (size_t)(slash - name.ptr) - 1;
  name.len = (size_t)(slash - name.ptr);
  return lun_text_same(name, asked_name) &&
         lun_span_is(text, role->session_name);
}

/* "arn:...:assumed-role/R/S, until 2026-11-23T01:00:00Z" */
static enum lun_code say_found(struct lun_assume *assume, struct lun_span arn,
                               struct lun_error *err)
{
  struct lun_buf end = LUN_BUF_INIT(assume->place->ctx, 64);
  enum lun_code rc = LUN_OK;

  lun_text_put_iso(&end, assume->cred->expires_at);
  rc = lun_buf_status(&end, "a date", err);
  lun_provider_reason(assume->found, "%.*s, until %s", (int)arn.len, arn.ptr,
                      lun_buf_text(&end));
  lun_buf_done(&end);
  return rc;
}

static enum lun_code read_credentials(struct lun_assume *assume,
                                      const lun_xml *xml, struct lun_error *err)
{
  const struct lun_role *role = assume->role;
  struct lun_cred_fields fields = {
      .provider =
          is_web(role) ? "assume-role-with-web-identity" : "assume-role"};
  struct lun_span arn = {0};
  struct lun_span expiration = {0};
  struct lun_span identity = {0};
  struct lun_arn parts = {0};
  enum lun_code rc = LUN_OK;

  if (!result(&arn, assume, xml, "AssumedRoleUser/Arn") || !is_asked(role, arn))
    return bad_answer(assume, "is for another role than the one asked for",
                      err);
  if (role->source_identity != NULL &&
      result(&identity, assume, xml, "SourceIdentity") &&
      !lun_span_is(identity, role->source_identity))
    return bad_answer(assume, "has another source identity than was asked for",
                      err);
  if (!result(&fields.access_key_id, assume, xml, "Credentials/AccessKeyId") ||
      !result(&fields.secret_access_key, assume, xml,
              "Credentials/SecretAccessKey") ||
      !result(&fields.session_token, assume, xml, "Credentials/SessionToken") ||
      !result(&expiration, assume, xml, "Credentials/Expiration") ||
      fields.session_token.len == 0)
    return bad_answer(assume, "has no complete credentials in it", err);
  if (!lun_text_date_iso(expiration, &fields.expires_at))
    return bad_answer(assume, "has an Expiration that is no date", err);
  if (lun_arn_parse(&parts, arn))
    fields.account_id = parts.account;
  rc = lun_cred_new(&assume->cred, assume->place->ctx, &fields, err);
  return rc ? rc : say_found(assume, arn, err);
}

static enum lun_code read_answer(struct lun_assume *assume,
                                 struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = assume->place->ctx;
  lun_xml *xml = NULL;
  char root[64] = "";

  if (assume->call.date != 0)
    assume->skew = assume->call.date - lun_clock_wall_ms(ctx) / 1000;
  (void)snprintf(root, sizeof(root), "%sResponse", assume->op->name);
  rc = lun_xml_parse(&xml, ctx, lun_buf_view(&assume->call.answer),
                     "the answer", err);
  if (rc == LUN_EINVALID)
    rc = bad_answer(assume, "is not XML", err);
  if (!rc && !lun_span_is(lun_xml_root(xml), root))
    rc = bad_answer(assume, "is another operation's", err);
  if (!rc)
    rc = read_credentials(assume, xml, err);
  lun_xml_free(xml);
  return rc;
}

/* --------------------------------------------------------------- errors -- */

/* Who has to act on what STS says of a token, by the beginning of its code. */
static const char *token_advice(const char *code)
{
  static const struct {
    const char *code;
    const char *advice;
  } table[] = {
      {"InvalidIdentityToken",
       "the role's account has to have an identity provider for the token's "
       "issuer and audience, and the token has to be whole"},
      {"ExpiredToken", "the token has expired: whoever writes it has to renew "
                       "it"},
      {"IDPRejectedClaim", "the identity provider does not stand by the token: "
                           "get a new one"},
      {"IDPCommunicationError", "AWS could not reach the identity provider, "
                                "which it asks about the token"},
      {"AccessDenied", "the role's trust policy has to allow "
                       "sts:AssumeRoleWithWebIdentity to the token's issuer, "
                       "on conditions (aud, sub) that the token meets"},
  };
  size_t i = 0;

  for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
    if (strncmp(code, table[i].code, strlen(table[i].code)) == 0)
      return table[i].advice;
  return NULL;
}

/* Says whose the credentials are, or the token, that STS does not take. */
static void advise(const struct lun_assume *assume, struct lun_error *err)
{
  const struct lun_role *role = assume->role;
  const char *advice = NULL;

  if (is_web(role))
    advice = token_advice(err->aws_code);
  if (advice != NULL)
    lun_error_hint(err, "%s; it is in %s (%s)", advice, role->token_file,
                   role->token_from);
  else
    lun_cred_blame(assume->with, err);
}

/* ----------------------------------------------------------------- task -- */

static void record(struct lun_assume *assume, enum lun_trace_end end,
                   const char *why)
{
  if (assume->begun)
    lun_trace_finish(assume->trace, assume->step, assume->looked, end, why);
  assume->begun = false;
}

/* Says which role the error is about, and who has to act. */
static enum lun_step fail(struct lun_assume *assume, enum lun_code rc)
{
  struct lun_error *err = &assume->task.err;

  advise(assume, err);
  record(assume, LUN_TRACE_FAILED, err->message);
  lun_error_prefix(err, "role %s: ", assume->role->arn);
  return lun_task_end(&assume->task, rc, NULL);
}

static void begin(struct lun_assume *assume)
{
  const struct lun_role *role = assume->role;

  assume->op = lun_op_get(is_web(role) ? LUN_OP_AssumeRoleWithWebIdentity
                                       : LUN_OP_AssumeRole);
  lun_provider_reason(assume->looked, "%s", role->arn);
  assume->step =
      lun_trace_begin(assume->trace, assume->depth, assume->op->name);
  assume->begun = true;
  lun_region_wait_init(&assume->region, assume->place);
  lun_region_wait_start(&assume->region, role->region, assume->task.deadline);
}

static enum lun_step step(struct lun_task *task)
{
  struct lun_assume *assume = (struct lun_assume *)(void *)task;
  enum lun_code rc = LUN_OK;

  if (!assume->begun)
    begin(assume);
  if (!assume->calling) {
    if (!lun_task_await(task, &assume->region.task))
      return LUN_STEP_WAIT;
    rc = assume->region.task.rc;
    task->err = assume->region.task.err;
    if (!rc)
      rc = send(assume, &task->err);
    if (rc)
      return fail(assume, rc);
    assume->calling = true;
  }
  if (!lun_task_await(task, &assume->call.task))
    return LUN_STEP_WAIT;
  assume->expired = assume->call.expired;
  rc = assume->call.task.rc;
  task->err = assume->call.task.err;
  if (!rc)
    rc = read_answer(assume, &task->err);
  if (rc)
    return fail(assume, rc);
  record(assume, LUN_TRACE_FOUND, assume->found);
  return lun_task_end(task, LUN_OK, NULL);
}

static void cancel(struct lun_task *task)
{
  struct lun_assume *assume = (struct lun_assume *)(void *)task;

  record(assume, LUN_TRACE_FAILED, task->err.message);
  lun_region_wait_done(&assume->region);
  lun_call_done(&assume->call);
}

void lun_assume_init(struct lun_assume *assume, struct lun_place *place)
{
  memset(assume, 0, sizeof(*assume));
  assume->task.step = step;
  assume->task.cancel = cancel;
  assume->place = lun_place_ref(place);
  lun_call_init(&assume->call, place->ctx);
  lun_retry_quota_init(&assume->quota);
}

void lun_assume_start(struct lun_assume *assume, const struct lun_role *role,
                      struct lun_cred *with, int64_t deadline)
{
  assume->role = role;
  assume->with = lun_cred_ref(with);
  lun_task_start(assume->place->loop, &assume->task, deadline);
}

void lun_assume_done(struct lun_assume *assume)
{
  if (assume->place == NULL)
    return;
  lun_task_stop(&assume->task);
  lun_region_wait_done(&assume->region);
  lun_call_done(&assume->call);
  lun_cred_unref(assume->with);
  lun_cred_unref(assume->cred);
  lun_place_unref(assume->place);
  memset(assume, 0, sizeof(*assume));
}
