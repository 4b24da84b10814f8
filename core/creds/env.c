/*
 * Keys in the environment (aws-behaviour.md section 2.1).  A key without its
 * secret stops the chain: whoever set one of them meant these.
 */
#include "provider.h"

#include "../base/error.h"

#define KEY        "AWS_ACCESS_KEY_ID"
#define SECRET     "AWS_SECRET_ACCESS_KEY"
#define OLD_TOKEN  "AWS_SECURITY_TOKEN"
#define TOKEN      "AWS_SESSION_TOKEN"
#define EXPIRATION "AWS_CREDENTIAL_EXPIRATION"

static struct lun_span variable(const struct lun_settings *settings,
                                const char *name)
{
  return lun_text_trim(lun_span_of(lun_env_get(&settings->env, name)));
}

/* The token's variable, NULL if neither is set: the old name first, as AWS's
 * own command line has it. */
static const char *token_name(const struct lun_settings *settings)
{
  if (variable(settings, OLD_TOKEN).len > 0)
    return OLD_TOKEN;
  return variable(settings, TOKEN).len > 0 ? TOKEN : NULL;
}

/* ---------------------------------------------------------------- words -- */

/* Why there is no key: an empty variable looks like one that is set. */
static void no_key(struct lun_provider *provider)
{
  const struct lun_settings *settings = provider->place->settings;
  const char *value = settings->env.get(settings->env.data, KEY);
  bool secret = variable(settings, SECRET).len > 0;
  const char *what = " is not set";

  if (value != NULL)
    what = value[0] == '\0' ? " is empty" : " has nothing but blanks in it";
  lun_provider_reason(provider->reason, KEY "%s%s", what,
                      secret ? ", although " SECRET " is set" : "");
}

/* The keys are there, but whoever named a profile in code meant that. */
static void not_asked(struct lun_provider *provider)
{
  bool set = variable(provider->place->settings, KEY).len > 0;

  lun_provider_reason(
      provider->reason, "%s, since profile \"%s\" was asked for",
      set ? KEY " is set, but not used" : "not looked at", provider->profile);
}

/* What was found, and what those who set it may not expect of it. */
static void describe(struct lun_provider *provider)
{
  const struct lun_settings *settings = provider->place->settings;
  const char *token = token_name(settings);
  const char *other = "";
  const char *profile = "";

  if (token != NULL && variable(settings, TOKEN).len > 0 &&
      !lun_span_same(variable(settings, token), variable(settings, TOKEN)))
    other = "; " TOKEN " is another, and not used";
  if (!provider->source && settings->profile_named)
    profile = lun_env_get(&settings->env, "AWS_PROFILE") != NULL
                  ? "; they come before AWS_PROFILE"
                  : "; they come before AWS_DEFAULT_PROFILE";
  lun_provider_reason(provider->found, "keys %s%s%s%s",
                      token == NULL ? "without a token" : "with a token in ",
                      token == NULL ? "" : token, other, profile);
}

/* ----------------------------------------------------------------- keys -- */

static enum lun_code missing(const char *name, const char *hint,
                             struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "Partial credentials found in env, missing: %s", name);
  lun_error_hint(err, "%s", hint);
  return LUN_ECREDENTIALS;
}

/* When the keys expire, 0 if they say nothing of it; those that are to take
 * the place of ones that did have to. */
static enum lun_code expiry(int64_t *out, const struct lun_provider *provider,
                            struct lun_error *err)
{
  struct lun_span text = variable(provider->place->settings, EXPIRATION);
  const struct lun_cred *before = provider->before;

  *out = 0;
  if (text.len == 0 && before != NULL && before->expires_at != 0)
    return missing(EXPIRATION, "the keys before these had it: set it too", err);
  if (text.len == 0 || lun_text_date_iso(text, out))
    return LUN_OK;
  (void)lun_error_set(err, LUN_ECREDENTIALS, EXPIRATION " is not a date");
  lun_error_hint(err, "write it as in 2026-11-23T00:00:00Z, or unset it if "
                      "the keys do not expire");
  return LUN_ECREDENTIALS;
}

static enum lun_code read_keys(struct lun_provider *provider,
                               struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  const struct lun_settings *settings = provider->place->settings;
  const char *token = token_name(settings);
  struct lun_cred_fields fields = {.provider = provider->name};

  fields.access_key_id = variable(settings, KEY);
  fields.secret_access_key = variable(settings, SECRET);
  if (fields.access_key_id.len == 0) {
    no_key(provider);
    return LUN_OK;
  }
  if (fields.secret_access_key.len == 0)
    return missing(SECRET, "set it, or unset " KEY, err);
  if (token != NULL)
    fields.session_token = variable(settings, token);
  fields.account_id = variable(settings, "AWS_ACCOUNT_ID");
  rc = expiry(&fields.expires_at, provider, err);
  if (rc)
    return rc;
  rc = lun_cred_new(&provider->cred, settings->ctx, &fields, err);
  if (!rc)
    describe(provider);
  else if (rc == LUN_ECREDENTIALS)
    lun_error_prefix(err, "credentials of the environment: ");
  return rc;
}

/* ------------------------------------------------------------- provider -- */

static enum lun_step step(struct lun_task *task)
{
  struct lun_provider *provider = (struct lun_provider *)(void *)task;
  enum lun_code rc = LUN_OK;

  lun_provider_reason(provider->looked, KEY ", " SECRET);
  if (!provider->source && provider->place->settings->profile_explicit) {
    not_asked(provider);
    return lun_task_end(task, LUN_OK, NULL);
  }
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
