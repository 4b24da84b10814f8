/* A role of IAM Identity Center. */
#include "provider.h"
#include "sso.h"

#define LATER (NOW + 3600)

static int free_all(void **state)
{
  drop_provider();
  drop_cache();
  return free_scene(state);
}

#define SSO(function)                                                          \
  cmocka_unit_test_setup_teardown(function, make_scene, free_all)

static void set_up(const char *config, const struct answer *script, int count)
{
  set_config(config);
  set_env("AWS_PROFILE", "dev");
  serve(script, count);
}

static void a_role(void **state)
{
  struct answer script[] = {{SEND_IT, role_answer("", "ASIAONE", LATER)}};
  char looked[512] = "";

  (void)state;
  set_up(CONFIG, script, 1);
  set_cache(FILE_NEW, TOKEN_NEW(IN_20_MINUTES));
  gives(lun_provider_sso, NULL, "ASIAONE", "token-ASIAONE");
  assert_string_equal(provider->cred->account_id, "012345678901");
  assert_int_equal(provider->cred->expires_at, LATER);
  assert_int_equal(provider->skew, 0);
  (void)snprintf(looked, sizeof(looked), "profile \"dev\" in %s:3, token in %s",
                 scene.config, cache_file);
  assert_string_equal(provider->looked, looked);
  assert_string_equal(provider->found, "role Reader in account 012345678901");
  assert_int_equal(requests(), 1);
  assert_has(request(0), "GET /federation/credentials?role_name=Reader&"
                         "account_id=012345678901 HTTP/1.1\r\n");
  assert_has(request(0), "\r\nx-amz-sso_bearer_token: canary-token\r\n");
  assert_null(strstr(request(0), "Authorization:"));
}

static void of_the_older_form(void **state)
{
  struct answer script[] = {{SEND_IT, role_answer("", "ASIAONE", LATER)}};

  (void)state;
  set_up(CONFIG_OLD, script, 1);
  set_cache(FILE_OLD, TOKEN_OLD(IN_10_MINUTES));
  gives(lun_provider_sso, NULL, "ASIAONE", "token-ASIAONE");
}

static void with_a_token_that_is_renewed(void **state)
{
  struct answer script[] = {{SEND_IT, token_answer("")},
                            {SEND_IT, role_answer("", "ASIAONE", LATER)}};

  (void)state;
  set_up(CONFIG, script, 2);
  set_cache(FILE_NEW, TOKEN_NEW(PAST));
  gives(lun_provider_sso, NULL, "ASIAONE", "token-ASIAONE");
  assert_has(request(1), "\r\nx-amz-sso_bearer_token: canary-renewed\r\n");
}

/* A name is part of the query, whatever it is. */
static void a_name_that_needs_escapes(void **state)
{
  struct answer script[] = {{SEND_IT, role_answer("", "ASIAONE", LATER)}};

  (void)state;
  set_up("[profile dev]\nsso_account_id = 1\nsso_role_name = a b&c=d/\xC3\xA9\n"
         "sso_start_url = https://ssotest.awsapps.com/start\n"
         "sso_region = eu-west-2\n",
         script, 1);
  set_cache(FILE_OLD, TOKEN_OLD(IN_10_MINUTES));
  gives(lun_provider_sso, NULL, "ASIAONE", "token-ASIAONE");
  assert_has(request(0), "?role_name=a%20b%26c%3Dd%2F%C3%A9&account_id=1 ");
}

/* What the portal's clock says of the end counts. */
static void a_clock_that_is_wrong(void **state)
{
  struct answer script[] = {
      {SEND_IT, role_answer("Date: Mon, 23 Nov 2026 00:01:00 GMT\r\n",
                            "ASIAONE", LATER)}};

  (void)state;
  set_up(CONFIG, script, 1);
  set_cache(FILE_NEW, TOKEN_NEW(IN_20_MINUTES));
  gives(lun_provider_sso, NULL, "ASIAONE", "token-ASIAONE");
  assert_int_equal(provider->skew, 60);
}

static void as_the_source_of_a_role(void **state)
{
  struct answer script[] = {{SEND_IT, role_answer("", "ASIAONE", LATER)}};

  (void)state;
  set_up(CONFIG, script, 1);
  set_cache(FILE_NEW, TOKEN_NEW(IN_20_MINUTES));
  set_env("AWS_PROFILE", NULL);
  drop_provider();
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_sso(&provider, place, "dev", &error), LUN_OK);
  lun_task_start(loop, &provider->task, 0);
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_OK);
  assert_string_equal(provider->cred->access_key_id, "ASIAONE");
}

static void not_asked_for(void **state)
{
  (void)state;
  passes(lun_provider_sso, NULL, "no sso_account_id");
  assert_string_equal(provider->looked, "profile \"default\"");
  set_config("[default]\nsso_session = s\n"); /* which need not be there */
  passes(lun_provider_sso, NULL,
         "sso_session without sso_account_id and sso_role_name is for tokens "
         "alone");
  set_config("[default]\nsso_account_id =\nsso_start_url = https://s\n");
  passes(lun_provider_sso, NULL, "no sso_account_id");
}

static void half_a_configuration(void **state)
{
  (void)state;
  set_config("[default]\nsso_role_name = R\nsso_region = eu-west-1\n"
             "sso_start_url = https://s\n");
  fails(lun_provider_sso, NULL,
        "is missing required configuration: sso_account_id");
  assert_string_equal(provider->looked, "profile \"default\"");
  set_config("[default]\nsso_account_id = 1\nsso_session = oops\n");
  fails(lun_provider_sso, NULL,
        "The specified sso-session does not exist: \"oops\"");
}

/* It may be one of an endpoint of the user's own, but there is none. */
static void a_region_that_is_none(void **state)
{
  (void)state;
  set_config("[profile dev]\nsso_account_id = 1\nsso_role_name = R\n"
             "sso_start_url = https://ssotest.awsapps.com/start\n"
             "sso_region = home\n");
  set_cache(FILE_OLD, TOKEN_OLD(IN_20_MINUTES));
  fails(lun_provider_sso, NULL, "profile \"dev\", sso_region in ");
  assert_has(error.message, "config:5: \"home\" is not a region");
  assert_has(error.hint, "us-east-1");
}

static void without_a_token(void **state)
{
  static const struct answer never[] = {{SEND_IT, NULL}};

  (void)state;
  set_up(CONFIG, never, 1);
  fails(lun_provider_sso, NULL,
        "Error loading SSO Token: Token for corp does not exist");
  assert_has(error.hint, "aws sso login --profile dev");
  assert_int_equal(requests(), 0);
}

/* --------------------------------------------------------------- refused -- */

static void a_token_that_is_revoked(void **state)
{
  struct answer script[] = {{SEND_IT, sso_error(401, "UnauthorizedException")}};

  (void)state;
  set_up(CONFIG, script, 1);
  set_cache(FILE_NEW, TOKEN_NEW(IN_20_MINUTES));
  fails(lun_provider_sso, NULL,
        "The SSO session associated with this profile has expired or is "
        "otherwise invalid (127.0.0.1:");
  assert_has(error.message, " answered 401 to the token in ");
  assert_has(error.message, cache_file);
  assert_has(error.message, "): words of AWS");
  assert_string_equal(error.hint, "to refresh this SSO session run `aws sso "
                                  "login --profile dev`");
  assert_string_equal(error.aws_code, "UnauthorizedException");
  assert_int_equal(requests(), 1);
}

static void a_role_that_is_not_assigned(void **state)
{
  static const struct {
    int status;
    const char *code;
  } rows[] = {{403, "ForbiddenException"},
              {404, "ResourceNotFoundException"},
              {400, "InvalidRequestException"}};
  size_t i = 0;

  (void)state;
  for (i = 0; i < 3; i++) {
    struct answer script[] = {{SEND_IT, NULL}};

    script[0].text = sso_error(rows[i].status, rows[i].code);
    set_up(CONFIG, script, 1);
    set_cache(FILE_NEW, TOKEN_NEW(IN_20_MINUTES));
    fails(lun_provider_sso, NULL, "role Reader in account 012345678901 (");
    assert_has(error.message, "config:4): words of AWS");
    assert_has(error.hint, "an assignment in IAM Identity Center");
    assert_string_equal(error.aws_code, rows[i].code);
    end_servers();
  }
}

/* What may pass is no reason to change anything. */
static void a_portal_in_trouble(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(503, "", "")}};

  (void)state;
  set_up(CONFIG, script, 1);
  set_cache(FILE_NEW, TOKEN_NEW(IN_20_MINUTES));
  set_env("AWS_MAX_ATTEMPTS", "2");
  assert_int_equal(ask(lun_provider_sso, NULL), LUN_ESERVICE);
  assert_int_equal(error.attempts, 2);
  assert_int_equal(error.retryable, 1);
  assert_string_equal(error.operation, "GetRoleCredentials");
}

static void answers_that_cannot_be(void **state)
{
  static const char *const rows[][2] = {
      {"{}", "has no roleCredentials"},
      {"{\"roleCredentials\":[]}", "roleCredentials is an array"},
      {"{\"roleCredentials\":{}}", "accessKeyId is missing"},
      {"{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":"
       "\"canary\"}}",
       "sessionToken is missing"},
      {"{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":"
       "\"canary\",\"sessionToken\":\"canary\"}}",
       "expiration is missing"},
      {"{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":"
       "\"canary\",\"sessionToken\":\"canary\",\"expiration\":\"soon\"}}",
       "expiration is a string"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct answer script[] = {{SEND_IT, NULL}};

    script[0].text = answer_text(200, "", rows[i][0]);
    set_up(CONFIG, script, 1);
    set_cache(FILE_NEW, TOKEN_NEW(IN_20_MINUTES));
    fails(lun_provider_sso, NULL, "the answer of GetRoleCredentials");
    assert_has(error.message, rows[i][1]);
    end_servers();
  }
}

/* ---------------------------------------------------------------- traced -- */

static void traced(void **state)
{
  struct answer script[] = {{SEND_IT, token_answer("")},
                            {SEND_IT, role_answer("", "ASIAONE", LATER)}};
  struct lun_trace trace;

  (void)state;
  set_up(CONFIG, script, 2);
  set_cache(FILE_NEW, TOKEN_NEW(PAST));
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_sso(&provider, place, NULL, &error), LUN_OK);
  lun_trace_init(&trace, ctx);
  provider->trace = &trace;
  provider->depth = 1;
  lun_task_start(loop, &provider->task, 0);
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_OK);
  assert_int_equal(trace.nsteps, 2);
  assert_string_equal(trace.steps[0].name, "CreateToken");
  assert_int_equal(trace.steps[0].depth, 1);
  assert_string_equal(trace.steps[1].name, "GetRoleCredentials");
  assert_string_equal(trace.steps[1].looked, scene.servers[0].url);
  assert_string_equal(trace.steps[1].why,
                      "role Reader in account 012345678901");
  assert_int_equal(trace.steps[1].end, LUN_TRACE_FOUND);
  lun_trace_clear(&trace);
}

static void a_deadline(void **state)
{
  static const struct answer never[] = {{HANG, NULL}};

  (void)state;
  set_up(CONFIG, never, 1);
  set_cache(FILE_NEW, TOKEN_NEW(IN_20_MINUTES));
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_sso(&provider, place, NULL, &error), LUN_OK);
  lun_task_start(loop, &provider->task, lun_clock_mono_ms(ctx) + 100);
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_EDEADLINE);
  assert_has(error.message, "waiting for 127.0.0.1:");
}

/* ---------------------------------------------------------------- memory -- */

static enum lun_code once(struct lun_error *err)
{
  return ask_once(lun_provider_sso, err);
}

static void every_allocation_fails_once(void **state)
{
  struct answer script[] = {{SEND_IT, role_answer("", "ASIAONE", LATER)}};

  (void)state;
  set_up(CONFIG, script, 1);
  set_cache(FILE_NEW, TOKEN_NEW(IN_20_MINUTES));
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(once(NULL), LUN_OK); /* the loop has its driver now */
  sweep(once);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      SSO(a_role),
      SSO(of_the_older_form),
      SSO(with_a_token_that_is_renewed),
      SSO(a_name_that_needs_escapes),
      SSO(a_clock_that_is_wrong),
      SSO(as_the_source_of_a_role),
      SSO(not_asked_for),
      SSO(half_a_configuration),
      SSO(a_region_that_is_none),
      SSO(without_a_token),
      SSO(a_token_that_is_revoked),
      SSO(a_role_that_is_not_assigned),
      SSO(a_portal_in_trouble),
      SSO(answers_that_cannot_be),
      SSO(traced),
      SSO(a_deadline),
      SSO(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
