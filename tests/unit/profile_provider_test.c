/* What a profile holds besides a role. */
#include "provider.h"

/* ------------------------------------------------------------------ keys -- */

static void keys_in_the_credentials_file(void **state)
{
  char text[320] = "";

  (void)state;
  set_credentials("[default]\naws_access_key_id = AKIDONE\n"
                  "aws_secret_access_key = canary-secret\n"
                  "aws_account_id = 111122223333\n");
  gives(lun_provider_credentials_file, NULL, "AKIDONE", NULL);
  assert_string_equal(provider->name, "shared-credentials-file");
  assert_string_equal(provider->cred->account_id, "111122223333");
  (void)snprintf(text, sizeof(text), "keys without a token, in %s:2",
                 scene.credentials);
  assert_string_equal(provider->found, text);
  set_credentials("[default]\naws_access_key_id = AKIDONE\n"
                  "aws_secret_access_key = canary-secret\n"
                  "aws_session_token = token-new\n");
  gives(lun_provider_credentials_file, NULL, "AKIDONE", "token-new");
  assert_has(provider->found, "keys with a token, in ");
  set_credentials("[default]\naws_access_key_id = AKIDONE\n"
                  "aws_secret_access_key = canary-secret\n"
                  "aws_session_token = token-new\n"
                  "aws_security_token = token-old\n");
  gives(lun_provider_credentials_file, NULL, "AKIDONE", "token-old");
}

static void keys_in_the_config_file(void **state)
{
  struct lun_session_options options = {.profile = "dev"};

  (void)state;
  set_config("[default]\nregion = x-y-1\n"
             "[profile dev]\naws_access_key_id = AKIDTWO\n"
             "aws_secret_access_key = canary-secret\n");
  set_credentials("[other]\naws_access_key_id = AKIDONE\n");
  gives(lun_provider_config_file, &options, "AKIDTWO", NULL);
  assert_string_equal(provider->name, "config-file");
  passes(lun_provider_credentials_file, &options,
         "the file has no such profile");
}

/* Each says what its own file lacks; the one asked last sums up both. */
static void why_there_are_none(void **state)
{
  char text[320] = "";

  (void)state;
  passes(lun_provider_credentials_file, NULL, "there is no such file");
  (void)snprintf(text, sizeof(text), "profile \"default\" in %s",
                 scene.credentials);
  assert_string_equal(provider->looked, text);
  assert_string_equal(provider->label, "");
  passes(lun_provider_config_file, NULL, "there is no such file");
  (void)snprintf(text, sizeof(text), "neither %s nor %s is there",
                 scene.credentials, scene.config);
  assert_string_equal(provider->sum, text);
  assert_string_equal(provider->label, "profile default");

  set_credentials("");
  passes(lun_provider_credentials_file, NULL, "the file has no such profile");
  passes(lun_provider_config_file, NULL, "there is no such file");
  (void)snprintf(text, sizeof(text), "in neither %s nor %s", scene.credentials,
                 scene.config);
  assert_string_equal(provider->sum, text);

  set_config("[default]\nregion = x-y-1\n");
  passes(lun_provider_config_file, NULL, "no aws_access_key_id");
  assert_string_equal(provider->reason, "no aws_access_key_id");
  (void)snprintf(text, sizeof(text), "no aws_access_key_id in %s",
                 scene.config);
  assert_string_equal(provider->sum, text);

  set_credentials("[default]\naws_secret_access_key = canary-secret\n");
  passes(lun_provider_credentials_file, NULL,
         "no aws_access_key_id, although there is an aws_secret_access_key");
  passes(lun_provider_config_file, NULL, "no aws_access_key_id");
  (void)snprintf(text, sizeof(text), "no aws_access_key_id in %s or %s",
                 scene.credentials, scene.config);
  assert_string_equal(provider->sum, text);
}

static void half_a_pair(void **state)
{
  char where[160] = "";

  (void)state;
  set_credentials("[default]\n\naws_access_key_id = AKIDONE\n");
  fails(lun_provider_credentials_file, NULL,
        "Partial credentials found in shared-credentials-file, missing: "
        "aws_secret_access_key");
  (void)snprintf(where, sizeof(where), "%s:3", scene.credentials);
  assert_has(error.message, where);
  set_credentials("");
  /* A pair is of one file: a secret in the other does not complete it. */
  set_config("[default]\naws_access_key_id = AKIDONE\n");
  set_credentials("[default]\naws_secret_access_key = canary-secret\n");
  fails(lun_provider_config_file, NULL,
        "Partial credentials found in config-file");
  passes(lun_provider_credentials_file, NULL, "no aws_access_key_id");
  set_config("[default]\naws_access_key_id =\n");
  passes(lun_provider_config_file, NULL, "no aws_access_key_id");
}

static void keys_that_cannot_be(void **state)
{
  char where[160] = "";

  (void)state;
  set_credentials("[default]\naws_access_key_id = AKIDONE\n"
                  "aws_secret_access_key = canary secret\n");
  (void)snprintf(where, sizeof(where), "%s:2: ", scene.credentials);
  fails(lun_provider_credentials_file, NULL, where);
}

static void no_home(void **state)
{
  (void)state;
  set_env("HOME", NULL);
  set_env("AWS_CONFIG_FILE", NULL);
  set_env("AWS_SHARED_CREDENTIALS_FILE", NULL);
  passes(lun_provider_credentials_file, NULL, "HOME is not set");
  passes(lun_provider_config_file, NULL, "HOME is not set");
  assert_string_equal(provider->looked, "profile \"default\"");
  assert_string_equal(provider->sum, "HOME is not set");
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code once(struct lun_error *err)
{
  return ask_once(lun_provider_credentials_file, err);
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  set_credentials("[default]\naws_access_key_id = AKIDONE\n"
                  "aws_secret_access_key = canary-secret\n"
                  "aws_session_token = canary-token\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  sweep(once);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      PROVIDER(keys_in_the_credentials_file), PROVIDER(keys_in_the_config_file),
      PROVIDER(why_there_are_none),           PROVIDER(half_a_pair),
      PROVIDER(keys_that_cannot_be),          PROVIDER(no_home),
      PROVIDER(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
