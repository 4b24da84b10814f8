/* Where a call goes, by the rules and the settings. */
#include "scene.h"

#include "../../core/conf/target.h"

static struct lun_target target;

/* "URL REGION", or the error's message. */
static const char *find(enum lun_service_id service, const char *region)
{
  static char text[1200];

  memset(&error, 0, sizeof(error));
  lun_target_init(&target, ctx);
  if (lun_target_find(&target, settings, lun_service_get(service), region,
                      &error))
    (void)snprintf(text, sizeof(text), "%s", error.message);
  else
    (void)snprintf(text, sizeof(text), "%s %s", lun_buf_text(&target.url),
                   lun_buf_text(&target.region));
  lun_target_done(&target);
  return text;
}

static void by_the_rules(void **state)
{
  (void)state;
  set_env("AWS_REGION", "eu-west-1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(find(LUN_SERVICE_SM, NULL),
                      "https://secretsmanager.eu-west-1.amazonaws.com "
                      "eu-west-1");
  assert_string_equal(find(LUN_SERVICE_SM, "cn-north-1"),
                      "https://secretsmanager.cn-north-1.amazonaws.com.cn "
                      "cn-north-1");
  set_env("AWS_STS_REGIONAL_ENDPOINTS", "legacy");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(find(LUN_SERVICE_STS, NULL),
                      "https://sts.amazonaws.com us-east-1");
  set_env("AWS_USE_FIPS_ENDPOINT", "true");
  set_env("AWS_USE_DUALSTACK_ENDPOINT", "true");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(find(LUN_SERVICE_STS, NULL),
                      "https://sts-fips.eu-west-1.api.aws eu-west-1");
}

static void by_configuration(void **state)
{
  (void)state;
  set_env("AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://vpce.example");
  set_env("AWS_REGION", "eu-west-1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(find(LUN_SERVICE_SM, NULL),
                      "https://vpce.example eu-west-1");
  assert_string_equal(find(LUN_SERVICE_SM, "eu-west-2"),
                      "https://vpce.example eu-west-2");
  assert_string_equal(find(LUN_SERVICE_STS, NULL),
                      "https://sts.eu-west-1.amazonaws.com eu-west-1");
  set_env("AWS_USE_FIPS_ENDPOINT", "true");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_has(find(LUN_SERVICE_SM, NULL), "FIPS and a custom endpoint");
  set_env("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://elsewhere.example");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_has(find(LUN_SERVICE_SM, NULL), "AWS_ENDPOINT_URL_SECRETS_MANAGER");
}

static void without_a_region(void **state)
{
  (void)state;
  set_env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(find(LUN_SERVICE_SM, NULL),
                      "no region is known for secretsmanager");
  assert_has(error.hint, "ARN");
  assert_string_equal(find(LUN_SERVICE_SM, "us-east-1"),
                      "http://127.0.0.1:1 us-east-1");
}

static void of_identity_center(void **state)
{
  (void)state;
  set_env("AWS_REGION", "eu-west-1");
  set_env("AWS_ENDPOINT_URL_SSO_OIDC", "https://oidc.example");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(find(LUN_SERVICE_SSO, "eu-west-2"),
                      "https://portal.sso.eu-west-2.amazonaws.com eu-west-2");
  assert_string_equal(find(LUN_SERVICE_SSO_OIDC, "eu-west-2"),
                      "https://oidc.example eu-west-2");
  assert_string_equal(find(LUN_SERVICE_SIGNIN, NULL),
                      "https://eu-west-1.signin.aws.amazon.com eu-west-1");
}

/* What a call takes from the settings; TRACE is what it has to be. */
static void takes(const char *trace)
{
  struct lun_call_input input = {.op = NULL};

  settings->connect_ms = 1100;
  settings->wait = true;
  lun_target_init(&target, ctx);
  assert_int_equal(lun_target_find(&target, settings,
                                   lun_service_get(LUN_SERVICE_SM), NULL,
                                   &error),
                   LUN_OK);
  lun_target_input(&input, &target, settings);
  assert_string_equal(input.endpoint,
                      "https://secretsmanager.eu-west-1.amazonaws.com");
  assert_string_equal(input.region, "eu-west-1");
  assert_string_equal(input.ca, "/ca.pem");
  assert_int_equal(input.max_attempts, 5);
  assert_int_equal(input.connect_ms, 1100);
  assert_true(input.wait);
  if (trace == NULL)
    assert_null(input.trace);
  else
    assert_string_equal(input.trace, trace);
  lun_target_done(&target);
}

static void what_a_call_takes(void **state)
{
  (void)state;
  set_env("AWS_REGION", "eu-west-1");
  set_env("AWS_CA_BUNDLE", "/ca.pem");
  set_env("AWS_MAX_ATTEMPTS", "5");
  set_env("_X_AMZN_TRACE_ID", "Root=1-5759e988;Sampled=1 \n{\"a\"}");
  assert_int_equal(load_settings(NULL), LUN_OK);
  takes(NULL); /* not in Lambda */
  set_env("AWS_LAMBDA_FUNCTION_NAME", "f");
  assert_int_equal(load_settings(NULL), LUN_OK);
  takes("Root=1-5759e988;Sampled=1%20%0A{\"a\"}");
}

static enum lun_code one(struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  lun_target_init(&target, ctx);
  rc = lun_target_find(&target, settings, lun_service_get(LUN_SERVICE_SM),
                       "eu-west-1", err);
  lun_target_done(&target);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  set_env("_X_AMZN_TRACE_ID", "Root=1");
  set_env("AWS_LAMBDA_FUNCTION_NAME", "f");
  assert_int_equal(load_settings(NULL), LUN_OK);
  sweep(one);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      SCENE(by_the_rules),      SCENE(by_configuration),
      SCENE(without_a_region),  SCENE(of_identity_center),
      SCENE(what_a_call_takes), SCENE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
