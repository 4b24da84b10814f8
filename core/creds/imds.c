/*
 * The instance's role, by the metadata service (aws-behaviour.md section
 * 3.7): its name, then its credentials.  A machine without the service or
 * without a role is passed over; a role that EC2 cannot assume is an error,
 * since nothing but this provider's answer says why.
 *
 * The name is kept with the place, for the next time; if it is not there then,
 * the role has changed, and the list is asked for again.  While AWS has no
 * newer credentials, those that have expired are used on: AWS may have
 * lengthened their life, and if not, the call that is refused says so.
 */
#include "provider.h"

#include "../base/error.h"
#include "../base/log.h"
#include "document.h"

#define ROLES      "/latest/meta-data/iam/security-credentials/"
#define WINDOW_S   900 /* botocore's, as the jitter is */
#define JITTER_MIN 120
#define JITTER_MAX 600

enum state {
  BEGIN,
  LISTING,
  FETCHING,
  PAUSE
};

struct imds_provider {
  struct lun_provider base;
  struct lun_imds_get get;
  bool getting; /* get is initialised */
  enum state state;
  bool listed; /* the role is what the service has just said */
  char role[LUN_IMDS_ROLE + 1];
  struct lun_patience patience;
};

static struct imds_provider *imds_of(struct lun_provider *base)
{
  return (struct imds_provider *)(void *)base;
}

static void end_get(struct imds_provider *provider)
{
  if (provider->getting)
    lun_imds_get_done(&provider->get);
  provider->getting = false;
}

static void release(struct lun_provider *base)
{
  end_get(imds_of(base));
}

static void cancel(struct lun_task *task)
{
  end_get((struct imds_provider *)(void *)task);
}

/* Begins a GET of ROLES, or of the role below it. */
static enum lun_code get(struct imds_provider *provider, enum state state,
                         const char *role, struct lun_error *err)
{
  char path[sizeof(ROLES) + LUN_IMDS_ROLE] = "";
  lun_imds *imds = NULL;
  enum lun_code rc = lun_place_imds(&imds, provider->base.place, err);

  if (rc)
    return rc;
  end_get(provider);
  (void)snprintf(path, sizeof(path), "%s%s", ROLES, role);
  lun_provider_reason(provider->base.looked, "%s%s", lun_imds_endpoint(imds),
                      path);
  lun_imds_get_init(&provider->get, imds);
  provider->getting = true;
  provider->state = state;
  lun_imds_get_start(&provider->get, path, provider->base.task.deadline);
  return LUN_OK;
}

/* ---------------------------------------------------------------- role -- */

/* The first line of the list; it becomes part of a URL, so nothing but the
 * characters of a role's name passes. */
static bool read_role(struct imds_provider *provider)
{
  struct lun_span list = lun_text_trim(lun_buf_view(&provider->get.body));
  const char *end = NULL;

  if (list.len > 0)
    end = memchr(list.ptr, '\n', list.len);
  if (end != NULL)
    list.len = (size_t)(end - list.ptr);
  list = lun_text_trim(list);
  if (!lun_imds_role(list))
    return false;
  memcpy(provider->role, list.ptr, list.len);
  provider->role[list.len] = '\0';
  return true;
}

/* ---------------------------------------------------------- credentials -- */

/* {"Code":"AssumeRoleUnauthorizedAccess","Message":...} with status 200. */
static enum lun_code check_code(const struct lun_document *doc,
                                const struct imds_provider *provider,
                                struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf code = LUN_BUF_INIT(doc->ctx, LUN_DOCUMENT_MAX);
  struct lun_buf message = LUN_BUF_INIT(doc->ctx, LUN_DOCUMENT_MAX);

  rc = lun_document_text(&code, doc, 0, "Code", err);
  if (!rc)
    rc = lun_document_text(&message, doc, 0, "Message", err);
  if (!rc && code.len > 0 && !lun_span_is(lun_buf_view(&code), "Success")) {
    rc = lun_error_set(err, LUN_ECREDENTIALS,
                       "EC2 cannot give out the credentials of role %s: %s: "
                       "%s",
                       provider->role, lun_buf_text(&code),
                       lun_buf_text(&message));
    if (err != NULL)
      lun_error_text(err->aws_code, sizeof(err->aws_code), lun_buf_view(&code));
    lun_error_hint(err, "the role's trust policy has to let ec2.amazonaws.com "
                        "assume it, and the role has to exist still");
  }
  lun_buf_done(&code);
  lun_buf_done(&message);
  return rc;
}

static enum lun_code read_answer(struct imds_provider *provider,
                                 struct lun_error *err)
{
  static const struct lun_document_names names = {
      .access_key_id = "AccessKeyId",
      .secret_access_key = "SecretAccessKey",
      .session_token = "Token",
      .expiration = "Expiration",
      .account_id = "AccountId",
      .token_required = true,
      .expiration_required = true};
  enum lun_code rc = LUN_OK;
  struct lun_document doc = {0};
  char what[64 + LUN_IMDS_ROLE] = "";

  (void)snprintf(what, sizeof(what),
                 "the metadata service's credentials of role %s",
                 provider->role);
  rc = lun_document_open(&doc, provider->base.place->ctx,
                         lun_buf_view(&provider->get.body), what, err);
  if (!rc)
    rc = check_code(&doc, provider, err);
  if (!rc)
    rc = lun_document_cred(&provider->base.cred, &doc, 0, &names,
                           provider->base.name, NULL, err);
  lun_document_close(&doc);
  return rc;
}

/* ----------------------------------------------------- static stability -- */

/* Seconds that no two instances have alike, lest all ask at once. */
static int64_t jitter(const lun_ctx *ctx)
{
  uint32_t dice = 0;

  if (lun_clock_random(ctx, &dice, sizeof(dice), NULL) != LUN_OK)
    return JITTER_MAX;
  return JITTER_MIN + dice % (JITTER_MAX - JITTER_MIN + 1);
}

/* Lengthens the life of credentials that are at its end. */
static void extend(struct imds_provider *provider)
{
  struct lun_cred *cred = provider->base.cred; /* nobody else has it yet */
  const lun_ctx *ctx = provider->base.place->ctx;
  int64_t now = lun_clock_wall_ms(ctx) / 1000 + provider->base.skew;
  int64_t window = WINDOW_S + jitter(ctx);
  struct lun_field fields[] = {
      {"role", LUN_FIELD_NAME, 0, provider->role},
      {"left_s", LUN_FIELD_INT, cred->expires_at - now, NULL},
      {"extended_s", LUN_FIELD_INT, window, NULL}};

  if (now < cred->expires_at - window)
    return;
  cred->expires_at = now + window;
  cred->extended = true;
  lun_log(ctx, LUN_WARN, "creds.extended", fields,
          sizeof(fields) / sizeof(fields[0]));
}

/* What was found, but for what is secret. */
static void describe(struct imds_provider *provider)
{
  const struct lun_cred *cred = provider->base.cred;

  lun_provider_reason(provider->base.found, "role %s%s%s%s", provider->role,
                      cred->account_id != NULL ? ", account " : "",
                      cred->account_id != NULL ? cred->account_id : "",
                      cred->extended ? ", at their end and used on, as AWS has "
                                       "no newer ones"
                                     : "");
}

/* ---------------------------------------------------------------- steps -- */

/* Ends a step: passed over, for the reason in WHY, with its cause if nobody
 * has better ADVICE. */
static enum lun_step pass(struct imds_provider *provider,
                          const struct lun_error *why, const char *advice)
{
  bool cause = advice == NULL && why->hint[0] != '\0';

  provider->base.hint = advice;
  lun_provider_reason(provider->base.reason, "%.300s%s%.200s", why->message,
                      cause ? "; " : "", cause ? why->hint : "");
  return lun_provider_pass(&provider->base, provider->base.reason);
}

/* There is no role, or none with credentials, says WHY: the end of it, or a
 * pause, for one may be attached any moment. */
static enum lun_step no_role(struct imds_provider *provider,
                             struct lun_error *why, const char *advice)
{
  struct lun_place *place = provider->base.place;

  place->role[0] = '\0';
  if (place->settings->wait &&
      lun_patience_again(&provider->patience, &provider->base.task,
                         LUN_AWAITED_ROLE, lun_imds_time(provider->get.imds),
                         why)) {
    provider->state = PAUSE;
    return LUN_STEP_WAIT;
  }
  lun_patience_tell(&provider->patience, place->ctx, why);
  return pass(provider, why, advice);
}

static enum lun_step not_attached(struct imds_provider *provider)
{
  struct lun_error why = {.code = LUN_OK};

  (void)lun_error_set(&why, LUN_ECREDENTIALS,
                      "the instance has no role attached");
  return no_role(provider, &why,
                 "attach a role to the instance: an instance profile that has "
                 "one");
}

/* Another step of the same task, or its end if there is no memory for it. */
static enum lun_step go_on(struct imds_provider *provider, enum state state,
                           const char *role)
{
  struct lun_task *task = &provider->base.task;
  enum lun_code rc = get(provider, state, role, &task->err);

  return rc ? lun_task_end(task, rc, NULL) : LUN_STEP_WAIT;
}

/* The list, or with a name that is known the credentials. */
static enum lun_step begin(struct imds_provider *provider)
{
  const struct lun_place *place = provider->base.place;
  const char *fixed = place->settings->imds_role;

  provider->listed = false;
  (void)snprintf(provider->role, sizeof(provider->role), "%s",
                 fixed != NULL ? fixed : place->role);
  return go_on(provider, provider->role[0] == '\0' ? LISTING : FETCHING,
               provider->role);
}

/* The service has no credentials of the role. */
static enum lun_step not_found(struct imds_provider *provider)
{
  const struct lun_place *place = provider->base.place;
  bool fixed = place->settings->imds_role != NULL;
  struct lun_error why = {.code = LUN_OK};

  if (!fixed && !provider->listed)
    return go_on(provider, LISTING, ""); /* it was an earlier one */
  (void)lun_error_set(&why, LUN_ECREDENTIALS,
                      "the metadata service has no credentials of the role "
                      "%s, which %s",
                      provider->role,
                      fixed ? "AWS_EC2_INSTANCE_PROFILE_NAME (in a profile: "
                              "ec2_instance_profile_name) names"
                            : "it lists");
  return no_role(provider, &why,
                 fixed ? "unset the name to have the instance's role looked up"
                       : "the instance's role is being changed: try again");
}

/* A GET that failed: nobody there, nothing there, or refused. */
static enum lun_step failed(struct imds_provider *provider)
{
  const struct lun_task *got = &provider->get.task;

  if (got->rc == LUN_ENOTFOUND)
    return provider->state == LISTING ? not_attached(provider)
                                      : not_found(provider);
  if (!provider->get.wrong &&
      (got->rc == LUN_ENETWORK || got->rc == LUN_ECREDENTIALS))
    return pass(provider, &got->err, provider->get.advice);
  return lun_task_end(&provider->base.task, got->rc, &got->err);
}

static enum lun_step listed(struct imds_provider *provider)
{
  struct lun_place *place = provider->base.place;

  if (lun_text_trim(lun_buf_view(&provider->get.body)).len == 0)
    return not_attached(provider);
  if (!read_role(provider))
    return lun_provider_pass(&provider->base,
                             "the metadata service's list of roles has no "
                             "role's name in it");
  provider->listed = true;
  memcpy(place->role, provider->role, sizeof(place->role));
  return go_on(provider, FETCHING, provider->role);
}

static enum lun_step fetched(struct imds_provider *provider)
{
  struct lun_provider *base = &provider->base;
  enum lun_code rc = LUN_OK;

  base->skew = lun_provider_skew(base, &provider->get.http);
  rc = read_answer(provider, &base->task.err);
  if (rc) {
    base->place->role[0] = '\0';
    if (base->task.err.hint[0] == '\0')
      lun_error_hint(&base->task.err, "does something else answer at %s?",
                     base->looked);
    return lun_task_end(&base->task, rc, NULL);
  }
  extend(provider);
  describe(provider);
  return lun_task_end(&base->task, LUN_OK, NULL);
}

/* The answer is there: what comes next, or LUN_STEP_DONE. */
static enum lun_step answered(struct imds_provider *provider)
{
  if (provider->get.task.rc)
    return failed(provider);
  return provider->state == LISTING ? listed(provider) : fetched(provider);
}

static enum lun_step switched_off(struct imds_provider *provider)
{
  static const char variable[] = "AWS_EC2_METADATA_DISABLED";

  lun_provider_reason(provider->base.looked, "%s", variable);
  lun_provider_reason(provider->base.reason, "%s is true", variable);
  if (provider->base.source)
    provider->base.hint = "unset AWS_EC2_METADATA_DISABLED: the profile wants "
                          "the instance's role";
  return lun_provider_pass(&provider->base, provider->base.reason);
}

static enum lun_step step(struct lun_task *task)
{
  struct imds_provider *provider = (struct imds_provider *)(void *)task;

  for (;;) {
    switch (provider->state) {
    case BEGIN:
      if (provider->base.place->settings->imds_disabled)
        return switched_off(provider);
      if (begin(provider) == LUN_STEP_DONE)
        return LUN_STEP_DONE;
      break;
    case PAUSE:
      if (lun_task_rest(task, provider->patience.resume_at))
        return LUN_STEP_WAIT;
      provider->state = BEGIN;
      break;
    default: /* LISTING, FETCHING */
      if (!lun_task_await(task, &provider->get.task))
        return LUN_STEP_WAIT;
      if (answered(provider) == LUN_STEP_DONE)
        return LUN_STEP_DONE;
      break;
    }
  }
}

enum lun_code lun_provider_imds(struct lun_provider **out,
                                struct lun_place *place,
                                const char *source_profile,
                                struct lun_error *err)
{
  enum lun_code rc =
      lun_provider_new(out, sizeof(struct imds_provider), "iam-role", step,
                       place, source_profile, err);

  if (rc)
    return rc;
  (void)snprintf((*out)->label, sizeof((*out)->label), "instance metadata");
  (*out)->task.cancel = cancel;
  (*out)->release = release;
  return LUN_OK;
}
