/* Keys in the environment. */
#include "provider.h"

static void whole(void **state)
{
  (void)state;
  set_env("AWS_ACCESS_KEY_ID", " AKIDEXAMPLE ");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  gives(lun_provider_env, NULL, "AKIDEXAMPLE", NULL);
  assert_string_equal(provider->cred->provider, "env");
  assert_int_equal(provider->cred->expires_at, 0);
  assert_null(provider->cred->account_id);
  set_env("AWS_SESSION_TOKEN", "token-new");
  set_env("AWS_ACCOUNT_ID", "111122223333");
  set_env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T01:00:00Z");
  gives(lun_provider_env, NULL, "AKIDEXAMPLE", "token-new");
  assert_int_equal(provider->cred->expires_at, NOW + 3600);
  assert_string_equal(provider->cred->account_id, "111122223333");
  set_env("AWS_SECURITY_TOKEN", "token-old"); /* it is looked at first */
  gives(lun_provider_env, NULL, "AKIDEXAMPLE", "token-old");
}

static void none(void **state)
{
  (void)state;
  passes(lun_provider_env, NULL, "AWS_ACCESS_KEY_ID is not set");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  passes(lun_provider_env, NULL, "AWS_ACCESS_KEY_ID is not set");
  set_env("AWS_ACCESS_KEY_ID", "");
  passes(lun_provider_env, NULL, "AWS_ACCESS_KEY_ID is not set");
  set_env("AWS_ACCESS_KEY_ID", "  ");
  passes(lun_provider_env, NULL, "AWS_ACCESS_KEY_ID is not set");
}

static void half_a_pair(void **state)
{
  static const char missing[] = "Partial credentials found in env, missing: "
                                "AWS_SECRET_ACCESS_KEY";

  (void)state;
  set_env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  fails(lun_provider_env, NULL, missing);
  set_env("AWS_SECRET_ACCESS_KEY", " ");
  fails(lun_provider_env, NULL, missing);
  assert_has(error.hint, "unset AWS_ACCESS_KEY_ID");
}

static void keys_that_cannot_be(void **state)
{
  (void)state;
  set_env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  set_env("AWS_SECRET_ACCESS_KEY", "canary secret");
  fails(lun_provider_env, NULL, "credentials of the environment: ");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  set_env("AWS_SESSION_TOKEN", "canary\ntoken");
  fails(lun_provider_env, NULL, "credentials of the environment: ");
  set_env("AWS_SESSION_TOKEN", NULL);
  set_env("AWS_CREDENTIAL_EXPIRATION", "canary");
  fails(lun_provider_env, NULL, "AWS_CREDENTIAL_EXPIRATION is not a date");
}

/* A profile that code names comes before the environment; one that a variable
 * names does not. */
static void a_profile_named_in_code(void **state)
{
  struct lun_session_options options = {.profile = "dev"};

  (void)state;
  set_config("[profile dev]\nregion = eu-west-1\n");
  set_env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  passes(lun_provider_env, &options, "profile \"dev\" was asked for");
  set_env("AWS_PROFILE", "dev");
  gives(lun_provider_env, NULL, "AKIDEXAMPLE", NULL);
}

static enum lun_code once(struct lun_error *err)
{
  return ask_once(lun_provider_env, err);
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  set_env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  set_env("AWS_SESSION_TOKEN", "canary-token");
  set_env("AWS_ACCOUNT_ID", "111122223333");
  assert_int_equal(load_settings(NULL), LUN_OK);
  sweep(once);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      PROVIDER(whole),
      PROVIDER(none),
      PROVIDER(half_a_pair),
      PROVIDER(keys_that_cannot_be),
      PROVIDER(a_profile_named_in_code),
      PROVIDER(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
