/*
 * Keys in the environment (aws-behaviour.md section 2.1).  A key without its
 * secret stops the chain: whoever set one of them meant these.
 */
#include "provider.h"

#include "../base/error.h"

static struct lun_span variable(const struct lun_settings *settings,
                                const char *name)
{
  return lun_text_trim(lun_span_of(lun_env_get(&settings->env, name)));
}

/* When the keys expire, 0 if they say nothing of it. */
static enum lun_code expiry(int64_t *out, const struct lun_settings *settings,
                            struct lun_error *err)
{
  struct lun_span text = variable(settings, "AWS_CREDENTIAL_EXPIRATION");

  *out = 0;
  if (text.len == 0 || lun_text_date_iso(text, out))
    return LUN_OK;
  return lun_error_set(err, LUN_ECREDENTIALS,
                       "AWS_CREDENTIAL_EXPIRATION is not a date as in "
                       "2026-11-23T00:00:00Z");
}

static enum lun_code read_keys(struct lun_provider *provider,
                               struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  const struct lun_settings *settings = provider->place->settings;
  struct lun_cred_fields fields = {.provider = "env"};

  fields.access_key_id = variable(settings, "AWS_ACCESS_KEY_ID");
  fields.secret_access_key = variable(settings, "AWS_SECRET_ACCESS_KEY");
  if (fields.access_key_id.len == 0) {
    lun_provider_reason(provider->reason, "AWS_ACCESS_KEY_ID is not set");
    return LUN_OK;
  }
  if (fields.secret_access_key.len == 0) {
    (void)lun_error_set(err, LUN_ECREDENTIALS,
                        "Partial credentials found in env, missing: "
                        "AWS_SECRET_ACCESS_KEY");
    lun_error_hint(err, "set it, or unset AWS_ACCESS_KEY_ID");
    return LUN_ECREDENTIALS;
  }
  /* The old name first, as AWS's own command line has it. */
  fields.session_token = variable(settings, "AWS_SECURITY_TOKEN");
  if (fields.session_token.len == 0)
    fields.session_token = variable(settings, "AWS_SESSION_TOKEN");
  fields.account_id = variable(settings, "AWS_ACCOUNT_ID");
  rc = expiry(&fields.expires_at, settings, err);
  if (!rc)
    rc = lun_cred_new(&provider->cred, settings->ctx, &fields, err);
  if (rc == LUN_ECREDENTIALS)
    lun_error_prefix(err, "credentials of the environment: ");
  return rc;
}

static enum lun_step step(struct lun_task *task)
{
  struct lun_provider *provider = (struct lun_provider *)(void *)task;
  enum lun_code rc = LUN_OK;

  if (!provider->source && provider->place->settings->profile_explicit) {
    lun_provider_reason(provider->reason,
                        "not looked at, since profile \"%s\" was asked for",
                        provider->profile);
    return lun_provider_pass(provider, provider->reason);
  }
  lun_provider_reason(provider->looked, "AWS_ACCESS_KEY_ID, "
                                        "AWS_SECRET_ACCESS_KEY");
  rc = read_keys(provider, &task->err);
  return lun_task_end(task, rc, NULL);
}

enum lun_code lun_provider_env(struct lun_provider **out,
                               struct lun_place *place,
                               const char *source_profile,
                               struct lun_error *err)
{
  enum lun_code rc = lun_provider_new(out, sizeof(**out), "env", step, place,
                                      source_profile, err);

  if (!rc)
    (void)snprintf((*out)->label, sizeof((*out)->label), "environment");
  return rc;
}
