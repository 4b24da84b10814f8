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
  set_credentials("");
  (void)snprintf(text, sizeof(text), "in neither %s nor %s", scene.credentials,
                 scene.config);
  passes(lun_provider_config_file, NULL, text);
  assert_string_equal(provider->reason, text);
  assert_string_equal(provider->label, "profile default");
  set_credentials("[default]\naws_access_key_id = AKIDONE\n"
                  "aws_secret_access_key = canary-secret\n"
                  "aws_session_token = token-new\n");
  gives(lun_provider_credentials_file, NULL, "AKIDONE", "token-new");
  set_credentials("[default]\naws_access_key_id = AKIDONE\n"
                  "aws_secret_access_key = canary-secret\n"
                  "aws_session_token = token-new\n"
                  "aws_security_token = token-old\n");
  gives(lun_provider_credentials_file, NULL, "AKIDONE", "token-old");
}

static void keys_in_the_config_file(void **state)
{
  struct lun_session_options options = {.profile = "dev"};
  char text[320] = "";

  (void)state;
  set_config("[default]\nregion = x-y-1\n"
             "[profile dev]\naws_access_key_id = AKIDTWO\n"
             "aws_secret_access_key = canary-secret\n");
  set_credentials("[other]\naws_access_key_id = AKIDONE\n");
  gives(lun_provider_config_file, &options, "AKIDTWO", NULL);
  assert_string_equal(provider->name, "config-file");
  passes(lun_provider_credentials_file, &options, "no profile \"dev\" in /tmp");
  (void)snprintf(text, sizeof(text), "no aws_access_key_id in %s",
                 scene.config);
  passes(lun_provider_config_file, NULL, text);
  assert_string_equal(provider->reason, text);
  set_credentials("[default]\nregion = x\n");
  (void)snprintf(text, sizeof(text), "no aws_access_key_id in %s or %s",
                 scene.credentials, scene.config);
  passes(lun_provider_config_file, NULL, text);
}

static void half_a_pair(void **state)
{
  char place[160] = "";

  (void)state;
  set_credentials("[default]\n\naws_access_key_id = AKIDONE\n");
  fails(lun_provider_credentials_file, NULL,
        "Partial credentials found in shared-credentials-file, missing: "
        "aws_secret_access_key");
  (void)snprintf(place, sizeof(place), "%s:3", scene.credentials);
  assert_has(error.message, place);
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
  char place[160] = "";

  (void)state;
  set_credentials("[default]\naws_access_key_id = AKIDONE\n"
                  "aws_secret_access_key = canary secret\n");
  (void)snprintf(place, sizeof(place), "%s:2: ", scene.credentials);
  fails(lun_provider_credentials_file, NULL, place);
}

static void no_home(void **state)
{
  (void)state;
  set_env("HOME", NULL);
  set_env("AWS_CONFIG_FILE", NULL);
  set_env("AWS_SHARED_CREDENTIALS_FILE", NULL);
  passes(lun_provider_credentials_file, NULL, "HOME is not set");
  passes(lun_provider_config_file, NULL, "HOME is not set");
}

/* ----------------------------------------------------- what is not there -- */

/* A source that this version cannot use is an error that names it, for the
 * next provider's credentials would be somebody else's. */
static void kinds_that_are_not_there(void **state)
{
  static const struct {
    lun_provider_make *make;
    const char *name;
    const char *key;
    const char *what;
  } kinds[] = {
      {lun_provider_web_identity, "assume-role-with-web-identity",
       "web_identity_token_file", "web identity"},
      {lun_provider_sso, "sso", "sso_session", "IAM Identity Center"},
      {lun_provider_sso, "sso", "sso_account_id", "IAM Identity Center"},
      {lun_provider_sso, "sso", "sso_role_name", "IAM Identity Center"},
      {lun_provider_sso, "sso", "sso_start_url", "IAM Identity Center"},
      {lun_provider_login, "login", "login_session", "aws login"},
      {lun_provider_process, "custom-process", "credential_process",
       "a credential process"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    char text[256] = "";

    set_config("");
    passes(kinds[i].make, NULL, "no ");
    assert_string_equal(provider->name, kinds[i].name);
    (void)snprintf(text, sizeof(text), "[default]\n%s = canary\n",
                   kinds[i].key);
    set_config(text);
    (void)snprintf(text, sizeof(text),
                   "profile \"default\" takes its credentials from %s (%s in "
                   "%s:2)",
                   kinds[i].what, kinds[i].key, scene.config);
    fails(kinds[i].make, NULL, text);
    assert_has(error.hint, "--profile default");
  }
}

static void web_identity_by_the_environment(void **state)
{
  struct lun_session_options options = {.profile = "dev"};

  (void)state;
  set_config("[profile dev]\nregion = x-y-1\n");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", "/canary");
  fails(lun_provider_web_identity, NULL, "AWS_WEB_IDENTITY_TOKEN_FILE is set");
  assert_has(error.hint, "unset AWS_WEB_IDENTITY_TOKEN_FILE");
  passes(lun_provider_web_identity, &options, "web_identity_token_file");
}

static void containers(void **state)
{
  (void)state;
  passes(lun_provider_container, NULL, "AWS_CONTAINER_CREDENTIALS_* is not");
  assert_string_equal(provider->name, "container-role");
  set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://canary");
  fails(lun_provider_container, NULL, "AWS_CONTAINER_CREDENTIALS_FULL_URI is");
  set_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/canary");
  fails(lun_provider_container, NULL,
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is");
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
      PROVIDER(keys_in_the_credentials_file),
      PROVIDER(keys_in_the_config_file),
      PROVIDER(half_a_pair),
      PROVIDER(keys_that_cannot_be),
      PROVIDER(no_home),
      PROVIDER(kinds_that_are_not_there),
      PROVIDER(web_identity_by_the_environment),
      PROVIDER(containers),
      PROVIDER(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
