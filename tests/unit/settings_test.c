/* What options, environment and profile come to. */
#include "scene.h"

/* Loading fails with CODE and a message that has TEXT. */
static void refused(const struct lun_session_options *options,
                    enum lun_code code, const char *text)
{
  assert_int_equal(load_settings(options), code);
  assert_null(settings);
  assert_has(error.message, text);
  assert_null(strstr(error.message, "canary"));
}

/* "PATH:LINE" of the config file. */
static const char *at_line(const char *key, int line)
{
  static char text[192];

  (void)snprintf(text, sizeof(text), "%s in %s:%d", key, scene.config, line);
  return text;
}

/* -------------------------------------------------------------- defaults -- */

static void nothing_is_set(void **state)
{
  (void)state;
  set_env("AWS_EC2_METADATA_DISABLED", NULL);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->profile, "default");
  assert_false(settings->profile_named);
  assert_false(settings->profile_explicit);
  assert_null(settings->region);
  assert_null(settings->region_from);
  assert_false(settings->region_explicit);
  assert_null(settings->endpoint_url);
  assert_null(settings->ca);
  assert_false(settings->fips || settings->dual_stack || settings->sts_legacy);
  assert_int_equal(settings->max_attempts, 3);
  assert_int_equal(settings->deadline_ms, 120000);
  assert_false(settings->imds_disabled);
  assert_null(settings->imds_endpoint);
  assert_int_equal(settings->imds_timeout_ms, 1000);
  assert_int_equal(settings->imds_attempts, 1);
  assert_false(settings->imds_v1 || settings->wait || settings->connect_auto);
  assert_null(settings->imds_role);
  assert_null(settings->here);
  assert_int_equal(settings->connect_ms, 0);
}

static void counted(void **state)
{
  (void)state;
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_ptr_equal(lun_settings_ref(settings), settings);
  lun_settings_unref(settings);
  assert_string_equal(settings->profile, "default");
  assert_null(lun_settings_ref(NULL));
  lun_settings_unref(NULL);
}

/* --------------------------------------------------------------- profile -- */

static void which_profile(void **state)
{
  struct lun_session_options options = {.profile = "c"};

  (void)state;
  set_config("[profile a]\nregion=a-a-1\n[profile b]\nregion=b-b-1\n"
             "[profile c]\nregion=c-c-1\n");
  set_env("AWS_DEFAULT_PROFILE", "a");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->profile, "a");
  assert_true(settings->profile_named);
  assert_false(settings->profile_explicit);
  assert_string_equal(settings->region, "a-a-1");
  set_env("AWS_PROFILE", "b");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->profile, "b");
  assert_string_equal(settings->region, "b-b-1");
  set_env("AWS_PROFILE", ""); /* is not set */
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->profile, "a");
  assert_int_equal(load_settings(&options), LUN_OK);
  assert_string_equal(settings->profile, "c");
  assert_true(settings->profile_explicit);
}

static void a_named_profile_has_to_exist(void **state)
{
  struct lun_session_options options = {.profile = "prdo"};

  (void)state;
  set_credentials("[prod]\naws_access_key_id = AKID\n");
  refused(&options, LUN_ECREDENTIALS, "profile \"prdo\" is in neither");
  assert_string_equal(error.hint, "did you mean \"prod\"?");
  set_env("AWS_PROFILE", "default");
  refused(NULL, LUN_ECREDENTIALS, "profile \"default\"");
  set_env("AWS_PROFILE", "prod");
  assert_int_equal(load_settings(NULL), LUN_OK);
}

/* ---------------------------------------------------------------- region -- */

static void which_region(void **state)
{
  struct lun_session_options options = {.region = "o-o-1"};

  (void)state;
  set_config("[default]\nregion = p-p-1\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->region, "p-p-1");
  assert_string_equal(settings->region_from, at_line("region", 2));
  set_env("AWS_DEFAULT_REGION", "d-d-1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->region, "d-d-1");
  assert_string_equal(settings->region_from, "AWS_DEFAULT_REGION");
  set_env("AWS_REGION", "r-r-1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->region, "r-r-1");
  assert_false(settings->region_explicit);
  assert_int_equal(load_settings(&options), LUN_OK);
  assert_string_equal(settings->region, "o-o-1");
  assert_string_equal(settings->region_from, "the region option");
  assert_true(settings->region_explicit);
}

static void what_is_no_region(void **state)
{
  struct lun_session_options options = {.region = "Canary_1"};

  (void)state;
  refused(&options, LUN_EINVALID, "the region option is not a region");
  set_config("[default]\nregion = canary_1\n");
  refused(NULL, LUN_EINVALID, at_line("region", 2));
  set_env("AWS_DEFAULT_REGION", "canary/1");
  refused(NULL, LUN_EINVALID, "AWS_DEFAULT_REGION is not a region");
  set_env("AWS_REGION", "canary.1");
  refused(NULL, LUN_EINVALID, "AWS_REGION is not a region");
  assert_has(error.hint, "us-east-1");
}

/* ---------------------------------------------------------------- limits -- */

static void limits(void **state)
{
  struct lun_session_options options = {.max_attempts = 7, .deadline_ms = 50};

  (void)state;
  set_config("[default]\nmax_attempts = 4\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(settings->max_attempts, 4);
  set_env("AWS_MAX_ATTEMPTS", "5");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(settings->max_attempts, 5);
  assert_int_equal(load_settings(&options), LUN_OK);
  assert_int_equal(settings->max_attempts, 7);
  assert_int_equal(settings->deadline_ms, 50);
  set_env("AWS_MAX_ATTEMPTS", "0"); /* no retry, as AWS's tools have it */
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(settings->max_attempts, 1);
  set_env("AWS_MAX_ATTEMPTS", "canary");
  refused(NULL, LUN_EINVALID, "AWS_MAX_ATTEMPTS has to be a whole number");
  set_env("AWS_MAX_ATTEMPTS", NULL);
  set_config("[default]\n\nmax_attempts = -1\n");
  refused(NULL, LUN_EINVALID, at_line("max_attempts", 3));
  set_config("");
  options.max_attempts = -1;
  refused(&options, LUN_EINVALID, "the option max_attempts");
  options.max_attempts = 0;
  options.deadline_ms = INT64_MAX; /* a point in time comes of it still */
  assert_int_equal(load_settings(&options), LUN_OK);
  assert_int_equal(settings->deadline_ms, INT64_C(31536000000));
  options.deadline_ms = -1;
  refused(&options, LUN_EINVALID, "the option deadline");
}

/* ----------------------------------------------------------------- flags -- */

static void only_true_is_true(void **state)
{
  static const char *const words[] = {"true", "TRUE", "True", "1",
                                      "yes",  "on",   "false"};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    set_env("AWS_USE_FIPS_ENDPOINT", words[i]);
    set_env("AWS_USE_DUALSTACK_ENDPOINT", words[i]);
    set_env("AWS_EC2_METADATA_DISABLED", words[i]);
    assert_int_equal(load_settings(NULL), LUN_OK);
    assert_int_equal(settings->fips, i < 3);
    assert_int_equal(settings->dual_stack, i < 3);
    assert_int_equal(settings->imds_disabled, i < 3);
  }
}

static void flags_of_the_profile(void **state)
{
  (void)state;
  set_env("AWS_EC2_METADATA_DISABLED", NULL);
  set_config("[default]\nuse_fips_endpoint = true\n"
             "use_dualstack_endpoint = True\nsts_regional_endpoints = legacy\n"
             "ca_bundle = /x/ca.pem\nec2_metadata_disabled = true\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_true(settings->fips && settings->dual_stack && settings->sts_legacy);
  assert_string_equal(settings->ca, "/x/ca.pem");
  set_env("REQUESTS_CA_BUNDLE", "/z/ca"); /* if nothing else is set */
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->ca, "/x/ca.pem");
  assert_false(settings->imds_disabled); /* a variable alone says that */
  set_env("AWS_USE_FIPS_ENDPOINT", "false");
  set_env("AWS_CA_BUNDLE", "/y/ca");
  set_env("AWS_STS_REGIONAL_ENDPOINTS", "Regional");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_false(settings->fips || settings->sts_legacy);
  assert_string_equal(settings->ca, "/y/ca");
  set_env("AWS_STS_REGIONAL_ENDPOINTS", "canary");
  refused(NULL, LUN_EINVALID,
          "AWS_STS_REGIONAL_ENDPOINTS has to be regional or legacy");
  set_env("AWS_STS_REGIONAL_ENDPOINTS", NULL);
  set_env("AWS_CA_BUNDLE", NULL);
  set_config("");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->ca, "/z/ca");
}

/* ------------------------------------------------------------------ IMDS -- */

static void metadata_service(void **state)
{
  (void)state;
  set_config("[default]\nec2_metadata_service_endpoint = http://a:1/\n"
             "metadata_service_timeout = 3\n"
             "metadata_service_num_attempts = 4\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->imds_endpoint, "http://a:1/");
  assert_int_equal(settings->imds_timeout_ms, 3000);
  assert_int_equal(settings->imds_attempts, 4);
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://b:2");
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6"); /* loses */
  set_env("AWS_METADATA_SERVICE_TIMEOUT", "0");
  set_env("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->imds_endpoint, "http://b:2");
  assert_int_equal(settings->imds_timeout_ms, 1000);
  assert_int_equal(settings->imds_attempts, 1);
  set_env("AWS_METADATA_SERVICE_TIMEOUT", "canary");
  refused(NULL, LUN_EINVALID, "AWS_METADATA_SERVICE_TIMEOUT");
  set_env("AWS_METADATA_SERVICE_TIMEOUT", NULL);
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "canary");
  refused(NULL, LUN_EINVALID, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
}

static void metadata_by_ipv6(void **state)
{
  (void)state;
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->imds_endpoint, "http://[fd00:ec2::254]");
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv4");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_null(settings->imds_endpoint);
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", NULL);
  set_config("[default]\nec2_metadata_service_endpoint_mode = canary\n");
  refused(NULL, LUN_EINVALID, "has to be ipv4 or ipv6");
}

/* The older words for it, which the mode overrules. */
static void metadata_by_ipv6_as_botocore_says_it(void **state)
{
  (void)state;
  set_config("[default]\nimds_use_ipv6 = true\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->imds_endpoint, "http://[fd00:ec2::254]");
  set_env("AWS_IMDS_USE_IPV6", "false");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_null(settings->imds_endpoint);
  set_env("AWS_IMDS_USE_IPV6", "True");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->imds_endpoint, "http://[fd00:ec2::254]");
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv4");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_null(settings->imds_endpoint);
}

/* Version 1 only where somebody says in so many words that it is not off. */
static void metadata_without_a_token(void **state)
{
  static const char *const words[] = {"false", "FALSE", "true", "0", "no"};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    set_env("AWS_EC2_METADATA_V1_DISABLED", words[i]);
    assert_int_equal(load_settings(NULL), LUN_OK);
    assert_int_equal(settings->imds_v1, i < 2);
  }
  set_config("[default]\nec2_metadata_v1_disabled = false\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_false(settings->imds_v1); /* the variable says so */
  set_env("AWS_EC2_METADATA_V1_DISABLED", NULL);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_true(settings->imds_v1);
}

static void metadata_role(void **state)
{
  static const char *const bad[] = {"", " ", "a/../canary", "a canary",
                                    "a234567890123456789012345678901234567890"
                                    "1234567890123456789012345"};
  size_t i = 0;

  (void)state;
  set_config("[default]\nec2_instance_profile_name = from-file\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->imds_role, "from-file");
  set_env("AWS_EC2_INSTANCE_PROFILE_NAME", "app_1+=,.@-");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->imds_role, "app_1+=,.@-");
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    set_env("AWS_EC2_INSTANCE_PROFILE_NAME", bad[i]);
    refused(NULL, LUN_EINVALID,
            "AWS_EC2_INSTANCE_PROFILE_NAME is not the name of a role");
    assert_has(error.hint, "unset it");
  }
  set_env("AWS_EC2_INSTANCE_PROFILE_NAME", NULL);
  set_config("[default]\nec2_instance_profile_name =\n");
  refused(NULL, LUN_EINVALID, at_line("ec2_instance_profile_name", 2));
}

/* ------------------------------------------------------------------ boot -- */

static void wait_while_it_boots(void **state)
{
  struct lun_session_options options = {.wait = -1};

  (void)state;
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_false(settings->wait);
  scene.booting = true;
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_true(settings->wait);
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_true(settings->wait);
  assert_int_equal(load_settings(&options), LUN_OK);
  assert_false(settings->wait);
  /* An endpoint that is set is no machine's that boots. */
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_false(settings->wait);
  options.wait = 1; /* but one may ask for it */
  assert_int_equal(load_settings(&options), LUN_OK);
  assert_true(settings->wait);
  scene.booting = false;
  assert_int_equal(load_settings(&options), LUN_OK);
  assert_true(settings->wait);
}

/* -------------------------------------------------------- defaults modes -- */

static void defaults_modes(void **state)
{
  static const struct {
    const char *word;
    int64_t connect_ms;
  } cases[] = {{"legacy", 0},          {"standard", 3100}, {"in-region", 1100},
               {"Cross-Region", 3100}, {"mobile", 30000},  {"auto", 3100}};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    set_env("AWS_DEFAULTS_MODE", cases[i].word);
    assert_int_equal(load_settings(NULL), LUN_OK);
    assert_int_equal(settings->connect_ms, cases[i].connect_ms);
    assert_int_equal(settings->connect_auto, i == 5);
    assert_int_equal(lun_settings_connect(settings, "eu-west-1", "eu-west-1"),
                     i == 5 ? 1100 : cases[i].connect_ms);
    assert_int_equal(lun_settings_connect(settings, "eu-west-1", "eu-west-2"),
                     cases[i].connect_ms);
    assert_int_equal(lun_settings_connect(settings, "eu-west-1", ""),
                     cases[i].connect_ms);
  }
  set_env("AWS_DEFAULTS_MODE", "canary");
  refused(NULL, LUN_EINVALID, "AWS_DEFAULTS_MODE has to be legacy, standard,");
  set_env("AWS_DEFAULTS_MODE", NULL);
  set_config("[default]\ndefaults_mode = mobile\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(settings->connect_ms, 30000);
  set_config("[default]\n\ndefaults_mode = canary\n");
  refused(NULL, LUN_EINVALID, at_line("defaults_mode", 3));
}

/* Where an environment of AWS's own is, which spares asking. */
static void where_this_is(void **state)
{
  (void)state;
  set_env("AWS_DEFAULTS_MODE", "auto");
  set_env("AWS_DEFAULT_REGION", "eu-west-1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_null(settings->here); /* it may be anybody's */
  set_env("AWS_EXECUTION_ENV", "AWS_Lambda_provided");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->here, "eu-west-1");
  set_env("AWS_REGION", "eu-west-2");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(settings->here, "eu-west-2");
  set_env("AWS_DEFAULTS_MODE", "standard");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_null(settings->here);
}

/* ------------------------------------------------------------- endpoints -- */

/* The configured endpoint of a service, "(none)", or "!" and the error. */
static const char *endpoint(const char *service)
{
  static char text[1100];
  const char *url = NULL;

  memset(&error, 0, sizeof(error));
  if (lun_settings_endpoint(&url, settings, service, &error))
    (void)snprintf(text, sizeof(text), "!%s", error.message);
  else
    (void)snprintf(text, sizeof(text), "%s", url == NULL ? "(none)" : url);
  return text;
}

static void order_of_endpoints(void **state)
{
  struct lun_session_options options = {.endpoint_url = "https://option"};

  (void)state;
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(endpoint("STS"), "(none)");
  set_config("[default]\nendpoint_url = https://profile\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(endpoint("STS"), "https://profile");
  set_config("[default]\nservices = mine\nendpoint_url = https://profile\n"
             "[services mine]\nsecrets_manager =\n"
             "  endpoint_url = https://section\nsts =\n  other = x\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(endpoint("SECRETS_MANAGER"), "https://section");
  assert_string_equal(endpoint("STS"), "https://profile");
  assert_string_equal(endpoint("KMS"), "https://profile");
  set_env("AWS_ENDPOINT_URL", "https://all"); /* it beats the section */
  assert_string_equal(endpoint("SECRETS_MANAGER"), "https://all");
  set_env("AWS_ENDPOINT_URL_STS", "https://one");
  assert_string_equal(endpoint("STS"), "https://one");
  assert_string_equal(endpoint("SECRETS_MANAGER"), "https://all");
  set_env("AWS_ENDPOINT_URL_STS", "");
  assert_string_equal(endpoint("STS"), "https://all");
  assert_int_equal(load_settings(&options), LUN_OK);
  assert_string_equal(endpoint("STS"), "https://option");
}

static void endpoints_ignored(void **state)
{
  struct lun_session_options options = {.endpoint_url = "https://option"};

  (void)state;
  set_env("AWS_ENDPOINT_URL", "https://all");
  set_env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
  set_config("[default]\nservices = nowhere\nendpoint_url = https://p\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(endpoint("STS"), "(none)");
  assert_int_equal(load_settings(&options), LUN_OK);
  assert_string_equal(endpoint("STS"), "https://option");
  set_env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", NULL);
  set_env("AWS_ENDPOINT_URL", NULL);
  set_config("[default]\nignore_configured_endpoint_urls = True\n"
             "endpoint_url = https://p\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(endpoint("STS"), "(none)");
}

static void endpoints_refused(void **state)
{
  struct lun_session_options options = {.endpoint_url =
                                            "http://canary.example"};

  (void)state;
  refused(&options, LUN_EINVALID,
          "the endpoint_url option is plain http to another machine");
  assert_has(error.hint, "use https");
  options.endpoint_url = "canary";
  refused(&options, LUN_EINVALID, "the endpoint_url option");
  set_config("[default]\nservices = nowhere\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_has(endpoint("STS"), at_line("services", 2));
  assert_has(endpoint("STS"), "there is no [services nowhere]");
  set_config("[default]\nservices = mine\n[services mine]\nsts =\n"
             "  endpoint_url = http://canary.example\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_has(endpoint("STS"), at_line("endpoint_url of sts", 4));
  assert_null(strstr(error.message, "canary"));
  set_env("AWS_ENDPOINT_URL_STS", "http://user:canary@127.0.0.1");
  assert_has(endpoint("STS"), "!AWS_ENDPOINT_URL_STS");
  assert_null(strstr(error.message, "canary"));
  set_env("AWS_ENDPOINT_URL_STS", "http://[::1]:8080");
  assert_string_equal(endpoint("STS"), "http://[::1]:8080");
  set_env("AWS_ENDPOINT_URL_STS", "http://localhost/x");
  assert_string_equal(endpoint("STS"), "http://localhost/x");
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code all(struct lun_error *err)
{
  struct lun_session_options options = {.endpoint_url = "https://option",
                                        .region = "eu-west-1"};
  struct lun_settings *mine = NULL;
  enum lun_code rc = lun_settings_new(&mine, ctx, &options, &scene_env, err);

  lun_settings_unref(mine);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  set_config("[profile a]\nca_bundle = /x\n"
             "ec2_metadata_service_endpoint = http://a:1\n"
             "ec2_instance_profile_name = app\ndefaults_mode = auto\n");
  set_env("AWS_PROFILE", "a");
  set_env("AWS_EXECUTION_ENV", "x");
  set_env("AWS_REGION", "eu-west-1");
  sweep(all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      SCENE(nothing_is_set),
      SCENE(counted),
      SCENE(which_profile),
      SCENE(a_named_profile_has_to_exist),
      SCENE(which_region),
      SCENE(what_is_no_region),
      SCENE(limits),
      SCENE(only_true_is_true),
      SCENE(flags_of_the_profile),
      SCENE(metadata_service),
      SCENE(metadata_by_ipv6),
      SCENE(metadata_by_ipv6_as_botocore_says_it),
      SCENE(metadata_without_a_token),
      SCENE(metadata_role),
      SCENE(wait_while_it_boots),
      SCENE(defaults_modes),
      SCENE(where_this_is),
      SCENE(order_of_endpoints),
      SCENE(endpoints_ignored),
      SCENE(endpoints_refused),
      SCENE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
