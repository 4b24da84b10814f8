/* One operation in a session's name. */
#include "../../core/aws/operation.h"
#include "aws.h"

static lun_session *session;
static struct lun_operation operation;

static int make_operation(void **state)
{
  if (make_scene(state))
    return -1;
  session = NULL;
  set_env("AWS_ACCESS_KEY_ID", "AKIDENV");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  return 0;
}

static int free_operation(void **state)
{
  lun_operation_done(&operation);
  lun_operation_done(&operation); /* twice does no harm */
  lun_session_unref(session);
  return free_scene(state);
}

static void make(const struct lun_session_options *options)
{
  struct lun_session_options none = {.max_attempts = 1};

  assert_int_equal(lun_session_make(&session, ctx,
                                    options == NULL ? &none : options,
                                    &scene_env, &error),
                   LUN_OK);
}

static enum lun_code run(const char *region)
{
  enum lun_code rc = LUN_OK;

  memset(&error, 0, sizeof(error));
  lun_operation_init(&operation, session, LUN_OP_GetSecretValue);
  lun_buf_adds(&operation.body, "{\"SecretId\":\"a\"}");
  rc = lun_operation_start(&operation, region, &error);
  return rc ? rc
            : lun_loop_run(lun_session_loop(session), &operation.task, &error);
}

static void whole(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(200, JSON_HEADER, "{\"a\":\"canary\"}")}};

  (void)state;
  serve(script, 1);
  make(NULL);
  assert_int_equal(run(NULL), LUN_OK);
  assert_string_equal(lun_buf_text(&operation.answer), "{\"a\":\"canary\"}");
  assert_has(request(0), "/eu-central-1/secretsmanager/aws4_request");
  lun_operation_done(&operation);
  assert_int_equal(run("eu-west-2"), LUN_OK);
  assert_has(request(1), "/eu-west-2/secretsmanager/aws4_request");
  assert_has(request(1), "\r\n\r\n{\"SecretId\":\"a\"}");
}

/* What cannot be asked is said before credentials are looked for. */
static void refused_at_once(void **state)
{
  (void)state;
  make(NULL);
  lun_operation_init(&operation, session, LUN_OP_GetSecretValue);
  assert_int_equal(lun_operation_start(&operation, NULL, &error), LUN_EINVALID);
  assert_has(error.message, "no region is known for secretsmanager");
  lun_operation_done(&operation);
  lun_operation_init(&operation, session, LUN_OP_GetSecretValue);
  assert_int_equal(lun_operation_start(&operation, "No", &error), LUN_EINVALID);
  assert_has(error.message, "\"No\" is not a region");
  lun_operation_done(&operation);
  set_env("AWS_ENDPOINT_URL", "http://elsewhere.example");
  lun_operation_init(&operation, session, LUN_OP_GetSecretValue);
  assert_int_equal(lun_operation_start(&operation, "eu-west-1", &error),
                   LUN_EINVALID);
  assert_has(error.message, "AWS_ENDPOINT_URL is plain http");
}

/* A region that nobody names is the machine's own; an explicit one asks
 * nobody. */
static void region_of_the_machine(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(200, JSON_HEADER, "{}")}};
  struct answer metadata[] = {{SEND_IT, imds_token()},
                              {SEND_IT, answer_text(200, "", "eu-south-1")}};

  (void)state;
  serve(script, 1);
  serve_imds(metadata, 2);
  set_env("AWS_REGION", NULL);
  make(NULL);
  assert_int_equal(run("eu-west-2"), LUN_OK);
  assert_has(request(0), "/eu-west-2/secretsmanager/aws4_request");
  assert_int_equal(imds_requests(), 0);
  lun_operation_done(&operation);
  assert_int_equal(run(NULL), LUN_OK);
  assert_has(request(1), "/eu-south-1/secretsmanager/aws4_request");
  assert_string_equal(operation.region.region, "eu-south-1");
  lun_operation_done(&operation);
  assert_int_equal(run(NULL), LUN_OK);
  assert_int_equal(imds_requests(), 2);
}

static void no_region_of_the_machine(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(200, JSON_HEADER, "{}")}};
  struct answer metadata[] = {{SEND_IT, answer_text(403, "", "")}};

  (void)state;
  serve(script, 1);
  serve_imds(metadata, 1);
  set_env("AWS_REGION", NULL);
  make(NULL);
  assert_int_equal(run(NULL), LUN_EINVALID);
  assert_has(error.message, "no region is known for secretsmanager: the "
                            "instance metadata service at 127.0.0.1:");
  assert_has(error.message, "is disabled for this instance");
  assert_has(error.hint, "set AWS_REGION");
  assert_int_equal(requests(), 0);
}

static void without_credentials(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(200, JSON_HEADER, "{}")}};

  (void)state;
  set_env("AWS_ACCESS_KEY_ID", NULL);
  serve(script, 1);
  make(NULL);
  assert_int_equal(run(NULL), LUN_ECREDENTIALS);
  assert_has(error.message, "no credentials found");
  assert_int_equal(requests(), 0);
}

/* One deadline for credentials, calls and all that is tried again. */
static void deadline(void **state)
{
  struct lun_session_options options = {.deadline_ms = 100};
  struct answer script[] = {{HANG, NULL}};

  (void)state;
  serve(script, 1);
  make(&options);
  assert_int_equal(run(NULL), LUN_EDEADLINE);
  assert_has(error.message, "the deadline of 100 ms passed while waiting for");
  lun_operation_done(&operation);
  lun_operation_init(&operation, session, LUN_OP_GetSecretValue);
  assert_int_equal(lun_operation_start(&operation, NULL, &error), LUN_OK);
  lun_operation_done(&operation); /* stopped before it had begun */
}

static void tries(void **state)
{
  struct lun_session_options options = {.max_attempts = 2};
  struct answer script[] = {{SEND_IT, json_error(500, "InternalServiceError")},
                            {SEND_IT, answer_text(200, JSON_HEADER, "{}")},
                            {SEND_IT, json_error(500, "InternalServiceError")}};

  (void)state;
  serve(script, 3);
  make(&options);
  assert_int_equal(run(NULL), LUN_OK);
  assert_int_equal(requests(), 2);
  lun_operation_done(&operation);
  assert_int_equal(run(NULL), LUN_ESERVICE);
  assert_int_equal(error.attempts, 2);
  /* The quota is the session's. */
  assert_true(lun_session_quota(session)->capacity < 500);
}

#define CASE(function)                                                         \
  cmocka_unit_test_setup_teardown(function, make_operation, free_operation)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(whole),
      CASE(refused_at_once),
      CASE(region_of_the_machine),
      CASE(no_region_of_the_machine),
      CASE(without_credentials),
      CASE(deadline),
      CASE(tries),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
