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
  assert_string_equal(provider->reason, "AWS_ACCESS_KEY_ID is not set");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  passes(lun_provider_env, NULL,
         "AWS_ACCESS_KEY_ID is not set, although AWS_SECRET_ACCESS_KEY is set");
  set_env("AWS_SECRET_ACCESS_KEY", NULL);
  set_env("AWS_ACCESS_KEY_ID", "");
  passes(lun_provider_env, NULL, "AWS_ACCESS_KEY_ID is empty");
  set_env("AWS_ACCESS_KEY_ID", " \t ");
  passes(lun_provider_env, NULL,
         "AWS_ACCESS_KEY_ID has nothing but blanks in it");
  assert_string_equal(provider->looked,
                      "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY");
}

/* What was found says which of two tokens it is, and what it stands before. */
static void what_was_found(void **state)
{
  (void)state;
  set_config("[profile dev]\nregion = eu-west-1\n");
  set_env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  gives(lun_provider_env, NULL, "AKIDEXAMPLE", NULL);
  assert_string_equal(provider->found, "keys without a token");
  set_env("AWS_SESSION_TOKEN", "token-new");
  gives(lun_provider_env, NULL, "AKIDEXAMPLE", "token-new");
  assert_string_equal(provider->found,
                      "keys with a token in AWS_SESSION_TOKEN");
  set_env("AWS_SECURITY_TOKEN", "token-new");
  gives(lun_provider_env, NULL, "AKIDEXAMPLE", "token-new");
  assert_string_equal(provider->found,
                      "keys with a token in AWS_SECURITY_TOKEN");
  set_env("AWS_SECURITY_TOKEN", "token-old");
  set_env("AWS_PROFILE", "dev");
  gives(lun_provider_env, NULL, "AKIDEXAMPLE", "token-old");
  assert_string_equal(provider->found,
                      "keys with a token in AWS_SECURITY_TOKEN; "
                      "AWS_SESSION_TOKEN is another, and not used; they come "
                      "before AWS_PROFILE");
  set_env("AWS_PROFILE", NULL);
  set_env("AWS_DEFAULT_PROFILE", "dev");
  gives(lun_provider_env, NULL, "AKIDEXAMPLE", "token-old");
  assert_has(provider->found, "before AWS_DEFAULT_PROFILE");
}

/* Keys that expire are followed by keys that do. */
static void renewed(void **state)
{
  static const struct lun_cred before = {.expires_at = NOW};
  static const struct lun_cred eternal = {.expires_at = 0};
  const struct lun_cred *all[] = {&before, &eternal, NULL};
  size_t i = 0;

  (void)state;
  set_env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  assert_int_equal(load_settings(NULL), LUN_OK);
  for (i = 0; i < 3; i++) {
    drop_provider();
    assert_int_equal(lun_provider_env(&provider, place, NULL, &error), LUN_OK);
    provider->before = all[i];
    lun_task_start(loop, &provider->task, 0);
    assert_int_equal(lun_loop_run(loop, &provider->task, &error),
                     i == 0 ? LUN_ECREDENTIALS : LUN_OK);
    assert_string_equal(error.message,
                        i == 0 ? "Partial credentials found in env, missing: "
                                 "AWS_CREDENTIAL_EXPIRATION"
                               : "");
    memset(&error, 0, sizeof(error));
  }
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
  passes(lun_provider_env, &options,
         "AWS_ACCESS_KEY_ID is set, but not used, since profile \"dev\" was "
         "asked for");
  set_env("AWS_ACCESS_KEY_ID", NULL);
  passes(lun_provider_env, &options,
         "not looked at, since profile \"dev\" was asked for");
  set_env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
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
      PROVIDER(what_was_found),
      PROVIDER(renewed),
      PROVIDER(half_a_pair),
      PROVIDER(keys_that_cannot_be),
      PROVIDER(a_profile_named_in_code),
      PROVIDER(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
