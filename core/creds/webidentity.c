/*
 * The role that a token of an identity provider stands for, as environment or
 * profile name both (aws-behaviour.md section 3.2): IAM roles for service
 * accounts of EKS, jobs of CI systems.  Each of the three settings is looked
 * for by itself, so that a token file from one place and a role from another
 * make a whole.
 */
#include "assume.h"

#include "../base/error.h"

#include <stdio.h>

#define PLACE_LEN 640

struct web_provider {
  struct lun_provider base;
  struct lun_role role;
  struct lun_assume assume;
  bool assuming; /* assume is initialised */
};

/* A setting, and where it is. */
struct found {
  const char *value; /* NULL: nowhere */
  char place[PLACE_LEN];
};

/* A profile that was named in code is asked for what it says alone. */
static bool asks_environment(const struct lun_provider *provider)
{
  return !provider->source && !provider->place->settings->profile_explicit;
}

static void look_up(struct found *found, const struct lun_provider *provider,
                    const char *variable, const char *key)
{
  struct lun_setting setting = {0};

  memset(found, 0, sizeof(*found));
  if (asks_environment(provider)) {
    found->value = lun_env_get(&provider->place->settings->env, variable);
    (void)snprintf(found->place, sizeof(found->place), "%s", variable);
  }
  if (found->value != NULL)
    return;
  setting = lun_provider_get(provider, key);
  found->value = setting.value;
  (void)snprintf(found->place, sizeof(found->place), "%s in %s:%d", key,
                 setting.path, setting.line);
}

static enum lun_code no_role(const struct lun_provider *provider,
                             const struct found *token, struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "a token file is named (%s), but no role to take on "
                      "with it",
                      token->place);
  if (asks_environment(provider))
    lun_error_hint(err,
                   "set AWS_ROLE_ARN, or role_arn in profile \"%s\"; on EKS "
                   "the pod's service account has to have the annotation "
                   "eks.amazonaws.com/role-arn",
                   provider->profile);
  else
    lun_error_hint(err,
                   "set role_arn in profile \"%s\"; the environment is not "
                   "looked at for it",
                   provider->profile);
  return LUN_ECREDENTIALS;
}

static enum lun_code make_role(struct web_provider *provider,
                               const struct found *token, struct lun_error *err)
{
  const struct lun_provider *base = &provider->base;
  struct lun_web_identity_options options = {.token_file = token->value};
  struct found role = {0};
  struct found name = {0};
  char place[2 * PLACE_LEN + 32] = "";
  enum lun_code rc = LUN_OK;

  look_up(&role, base, "AWS_ROLE_ARN", "role_arn");
  look_up(&name, base, "AWS_ROLE_SESSION_NAME", "role_session_name");
  if (role.value == NULL)
    return no_role(base, token, err);
  options.role_arn = role.value;
  options.role_session_name = name.value;
  (void)snprintf(place, sizeof(place), "web identity (%s%s%s): ", role.place,
                 name.value != NULL ? "; " : "",
                 name.value != NULL ? name.place : "");
  rc = lun_role_init_web(&provider->role, base->place->ctx, &options, place,
                         token->place, err);
  if (rc != LUN_EINVALID)
    return rc;
  /* What is wrong with a provider's settings is no fault of the caller's. */
  err->code = LUN_ECREDENTIALS;
  return LUN_ECREDENTIALS;
}

static void drop_work(struct web_provider *provider)
{
  if (provider->assuming)
    lun_assume_done(&provider->assume);
  provider->assuming = false;
  lun_role_done(&provider->role);
}

static void start(struct web_provider *provider)
{
  struct lun_provider *base = &provider->base;

  lun_assume_init(&provider->assume, base->place);
  provider->assume.trace = base->trace;
  provider->assume.depth = base->depth;
  provider->assume.again = base->before != NULL;
  lun_assume_start(&provider->assume, &provider->role, NULL,
                   base->task.deadline);
  provider->assuming = true;
}

/* True if it has been started; else the step has ended. */
static bool begin(struct web_provider *provider)
{
  struct lun_provider *base = &provider->base;
  struct found token = {0};
  enum lun_code rc = LUN_OK;

  look_up(&token, base, "AWS_WEB_IDENTITY_TOKEN_FILE",
          "web_identity_token_file");
  lun_provider_reason(
      base->looked, "%sweb_identity_token_file of profile \"%s\"",
      asks_environment(base) ? "AWS_WEB_IDENTITY_TOKEN_FILE, " : "",
      base->profile);
  if (token.value == NULL) {
    (void)lun_provider_pass(base, "no web_identity_token_file");
    return false;
  }
  lun_provider_reason(base->looked, "%s (%s)", token.value, token.place);
  rc = make_role(provider, &token, &base->task.err);
  if (rc) {
    (void)lun_task_end(&base->task, rc, NULL);
    return false;
  }
  start(provider);
  return true;
}

static enum lun_step step(struct lun_task *task)
{
  struct web_provider *provider = (struct web_provider *)(void *)task;
  struct lun_assume *assume = &provider->assume;

  if (!provider->assuming && !begin(provider))
    return LUN_STEP_DONE;
  if (!lun_task_await(task, &assume->task))
    return LUN_STEP_WAIT;
  if (assume->task.rc)
    return lun_task_end(task, assume->task.rc, &assume->task.err);
  provider->base.cred = lun_cred_ref(assume->cred);
  provider->base.skew = assume->skew;
  memcpy(provider->base.found, assume->found, sizeof(assume->found));
  return lun_task_end(task, LUN_OK, NULL);
}

static void cancel(struct lun_task *task)
{
  drop_work((struct web_provider *)(void *)task);
}

static void release(struct lun_provider *base)
{
  drop_work((struct web_provider *)(void *)base);
}

enum lun_code lun_provider_web_identity(struct lun_provider **out,
                                        struct lun_place *place,
                                        const char *source_profile,
                                        struct lun_error *err)
{
  enum lun_code rc = lun_provider_new(out, sizeof(struct web_provider),
                                      "assume-role-with-web-identity", step,
                                      place, source_profile, err);

  if (rc)
    return rc;
  (*out)->task.cancel = cancel;
  (*out)->release = release;
  return LUN_OK;
}
