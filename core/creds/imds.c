/*
 * The instance's role, by IMDSv2 (aws-behaviour.md section 3.7): its name,
 * then its credentials.  A machine without IMDS or without a role is passed
 * over; a role that EC2 cannot assume is an error, since nothing but this
 * provider's answer says why.
 */
#include "provider.h"

#include "../base/error.h"
#include "document.h"

#define ROLES    "/latest/meta-data/iam/security-credentials/"
#define ROLE_LEN 64

enum state {
  BEGIN,
  LISTING,
  FETCHING
};

struct imds_provider {
  struct lun_provider base;
  struct lun_imds_get get;
  bool getting; /* get is initialised */
  enum state state;
  char role[ROLE_LEN + 1];
};

static void end_get(struct imds_provider *provider)
{
  if (provider->getting)
    lun_imds_get_done(&provider->get);
  provider->getting = false;
}

static void release(struct lun_provider *base)
{
  struct imds_provider *provider = (struct imds_provider *)(void *)base;

  end_get(provider);
}

static void cancel(struct lun_task *task)
{
  end_get((struct imds_provider *)(void *)task);
}

static enum lun_code get(struct imds_provider *provider, const char *path,
                         struct lun_error *err)
{
  lun_imds *imds = NULL;
  enum lun_code rc = lun_place_imds(&imds, provider->base.place, err);

  if (rc)
    return rc;
  end_get(provider);
  lun_imds_get_init(&provider->get, imds);
  provider->getting = true;
  lun_imds_get_start(&provider->get, path, provider->base.task.deadline);
  return LUN_OK;
}

/* ---------------------------------------------------------------- role -- */

/* The first line of the list; it becomes part of a URL, so nothing but the
 * characters of a role's name passes. */
static bool read_role(struct imds_provider *provider)
{
  struct lun_span list = lun_buf_view(&provider->get.body);
  const char *end = NULL;

  if (list.len > 0)
    end = memchr(list.ptr, '\n', list.len);
  if (end != NULL)
    list.len = (size_t)(end - list.ptr);
  list = lun_text_trim(list);
  if (list.len > ROLE_LEN || !lun_text_of(list, "_+=,.@-"))
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
      .token_required = true,
      .expiration_required = true};
  enum lun_code rc = LUN_OK;
  struct lun_document doc = {0};
  char what[64 + ROLE_LEN] = "";

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

/* ---------------------------------------------------------------- steps -- */

/* A GET that failed: nobody there, no role, or refused. */
static enum lun_step not_there(struct imds_provider *provider)
{
  struct lun_task *task = &provider->base.task;
  const struct lun_task *got = &provider->get.task;

  if (got->rc == LUN_ENOTFOUND)
    return lun_provider_pass(&provider->base,
                             "the instance has no role attached");
  if (got->rc == LUN_ENETWORK || got->rc == LUN_ECREDENTIALS)
    return lun_provider_pass(&provider->base, got->err.message);
  return lun_task_end(task, got->rc, &got->err);
}

static enum lun_step fetch(struct imds_provider *provider)
{
  char path[sizeof(ROLES) + ROLE_LEN] = "";
  enum lun_code rc = LUN_OK;

  if (!read_role(provider))
    return lun_provider_pass(&provider->base,
                             "the metadata service's list of roles has no "
                             "role's name in it");
  (void)snprintf(path, sizeof(path), "%s%s", ROLES, provider->role);
  rc = get(provider, path, &provider->base.task.err);
  if (rc)
    return lun_task_end(&provider->base.task, rc, NULL);
  provider->state = FETCHING;
  (void)lun_task_await(&provider->base.task, &provider->get.task);
  return LUN_STEP_WAIT;
}

static enum lun_step step(struct lun_task *task)
{
  struct imds_provider *provider = (struct imds_provider *)(void *)task;
  enum lun_code rc = LUN_OK;

  if (provider->state == BEGIN) {
    if (provider->base.place->settings->imds_disabled)
      return lun_provider_pass(&provider->base,
                               "AWS_EC2_METADATA_DISABLED is true");
    rc = get(provider, ROLES, &task->err);
    if (rc)
      return lun_task_end(task, rc, NULL);
    provider->state = LISTING;
  }
  if (!lun_task_await(task, &provider->get.task))
    return LUN_STEP_WAIT;
  if (provider->get.task.rc)
    return not_there(provider);
  if (provider->state == LISTING)
    return fetch(provider);
  provider->base.skew = lun_provider_skew(&provider->base, &provider->get.http);
  rc = read_answer(provider, &task->err);
  return lun_task_end(task, rc, NULL);
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
