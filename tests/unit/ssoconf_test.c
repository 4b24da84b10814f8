/* What a profile says of IAM Identity Center. */
#include "../../core/creds/ssoconf.h"
#include "sso.h"

static struct lun_sso_conf conf;

static enum lun_code read_conf(const char *config, bool role)
{
  set_config(config);
  set_env("AWS_PROFILE", "dev");
  assert_int_equal(load_settings(NULL), LUN_OK);
  return lun_sso_conf_read(&conf, place, "dev", role, &error);
}

static void refuses(const char *config, bool role, const char *text,
                    const char *hint)
{
  assert_int_equal(read_conf(config, role), LUN_ECREDENTIALS);
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_has(error.message, text);
  assert_has(error.hint, hint);
}

static void with_a_session(void **state)
{
  (void)state;
  assert_int_equal(read_conf(CONFIG, true), LUN_OK);
  assert_string_equal(conf.profile, "dev");
  assert_string_equal(conf.session.value, "corp");
  assert_string_equal(conf.start_url.value, "https://corp.awsapps.com/start");
  assert_string_equal(conf.region.value, "eu-west-2");
  assert_string_equal(conf.account_id.value, "012345678901");
  assert_string_equal(conf.role_name.value, "Reader");
  assert_string_equal(conf.region.path, scene.config);
  assert_int_equal(conf.region.line, 7);
  assert_int_equal(conf.account_id.line, 3);
}

static void of_the_older_form(void **state)
{
  (void)state;
  assert_int_equal(read_conf(CONFIG_OLD, true), LUN_OK);
  assert_null(conf.session.value);
  assert_string_equal(conf.start_url.value,
                      "https://ssotest.awsapps.com/start");
}

/* A session may say everything, and a profile may say it again. */
static void said_in_either(void **state)
{
  (void)state;
  assert_int_equal(read_conf("[profile dev]\nsso_session = s\n"
                             "sso_account_id = 1\nsso_region = eu-west-1\n"
                             "[sso-session s]\nsso_start_url = https://s\n"
                             "sso_region = eu-west-1\nsso_role_name = R\n",
                             true),
                   LUN_OK);
  assert_string_equal(conf.role_name.value, "R");
  assert_string_equal(conf.region.value, "eu-west-1");
}

static void for_a_token_alone(void **state)
{
  (void)state;
  assert_int_equal(read_conf("[profile dev]\nsso_session = s\n[sso-session s]\n"
                             "sso_start_url = https://s\n"
                             "sso_region = eu-west-1\n",
                             false),
                   LUN_OK);
  assert_null(conf.account_id.value);
}

static void no_session(void **state)
{
  (void)state;
  refuses("[profile dev]\nsso_account_id = 1\nsso_session = oops\n", true,
          "The specified sso-session does not exist: \"oops\" (sso_session in ",
          "add [sso-session oops] with sso_start_url and sso_region to ");
  assert_has(error.message, "config:3)");
}

static void contradictions(void **state)
{
  (void)state;
  refuses("[profile dev]\nsso_account_id = 1\nsso_role_name = R\n"
          "sso_session = s\nsso_region = eu-west-1\n"
          "[sso-session s]\nsso_start_url = https://s\n"
          "sso_region = eu-west-2\n",
          true, "The value for sso_region is inconsistent between profile (",
          "take it out of the profile");
  assert_has(error.message, "config:5) and sso-session (");
  assert_has(error.message, "config:8)");
  assert_null(strstr(error.message, "eu-west"));
  /* Whatever the key is. */
  refuses("[profile dev]\nsso_account_id = 1\nsso_role_name = R\n"
          "sso_session = s\nsso_registration_scopes = a\n"
          "[sso-session s]\nsso_start_url = https://s\n"
          "sso_region = eu-west-2\nsso_registration_scopes = b\n",
          true, "The value for sso_registration_scopes is inconsistent", "");
}

static void all_that_is_missing(void **state)
{
  static const char missing[] = "config:2: The profile \"dev\" is configured "
                                "to use SSO but is missing required "
                                "configuration: ";

  (void)state;
  refuses("[profile dev]\nsso_account_id = 1\n", true, missing,
          "`aws configure sso --profile dev`");
  assert_has(error.message,
             "configuration: sso_role_name, sso_start_url, sso_region");
  refuses("[profile dev]\nsso_role_name = R\nsso_region = eu-west-1\n", true,
          missing, "aws configure sso");
  assert_has(error.message, "configuration: sso_account_id, sso_start_url");
  refuses("[profile dev]\nsso_session = s\n[sso-session s]\nsso_region =\n",
          false, missing, "aws configure sso");
  assert_has(error.message, "configuration: sso_start_url, sso_region");
  refuses("[profile dev]\nregion = eu-west-1\n", false,
          "The profile \"dev\" is configured to use SSO", "aws configure sso");
}

static void values_that_cannot_be(void **state)
{
  (void)state;
  refuses("[profile dev]\nsso_account_id = 1\nsso_role_name = R\n"
          "sso_start_url = https://s\nsso_region = evil.example/\n",
          true, "config:5: sso_region is not a region", "\"us-east-1\"");
  refuses("[profile dev]\nsso_account_id = 1&x=y\nsso_role_name = R\n"
          "sso_start_url = https://s\nsso_region = eu-west-1\n",
          true, "config:2: sso_account_id is not an account id", "12 digits");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      SCENE(with_a_session),      SCENE(of_the_older_form),
      SCENE(said_in_either),      SCENE(for_a_token_alone),
      SCENE(no_session),          SCENE(contradictions),
      SCENE(all_that_is_missing), SCENE(values_that_cannot_be),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
