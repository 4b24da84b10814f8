/* One call of an operation against a loopback server with a script. */
#include "calls.h"

#define JSON "Content-Type: application/x-amz-json-1.1\r\n"
#define ID   "x-amzn-RequestId: 11111111-2222-3333-4444-555555555555\r\n"

/* The call against a server with this script; it is gone afterwards. */
static enum lun_code against(const struct answer *script, int count,
                             int *requests)
{
  struct lun_call_input input;
  struct server server;
  enum lun_code rc = LUN_OK;

  server_start(&server, script, count);
  input = input_for(&server);
  rc = run(&input, 0);
  *requests = atomic_load(&server.log->requests);
  server_stop(&server);
  return rc;
}

/* Verifies the signature of a recorded request with the signer's own half. */
static void signed_well(const char *request)
{
  static const char *const names[] = {
      "Host",          "Content-Type",         "amz-sdk-invocation-id",
      "X-Amz-Target",  "amz-sdk-request",      "X-Amz-Date",
      "Authorization", "X-Amz-Security-Token", NULL};
  struct lun_header headers[8];
  struct lun_sigv4_request received = {.method = LUN_SPAN_LIT("POST"),
                                       .path = LUN_SPAN_LIT("/"),
                                       .headers = headers};
  struct lun_sigv4_result result;
  struct lun_sigv4_claim claim;
  char values[8][512];
  bool valid = false;

  received.body = lun_span_of(strstr(request, "\r\n\r\n") + 4);
  for (; names[received.nheaders] != NULL; received.nheaders++) {
    size_t i = received.nheaders;

    (void)snprintf(values[i], sizeof(values[0]), "%s",
                   header_of(request, names[i]));
    headers[i] =
        (struct lun_header){lun_span_of(names[i]), lun_span_of(values[i])};
  }
  assert_int_equal(lun_sigv4_claim_read(&claim, ctx, &received, &error), 0);
  assert_true(lun_span_is(claim.region, "eu-central-1"));
  assert_true(lun_span_is(claim.service, "secretsmanager"));
  lun_sigv4_result_init(&result, ctx);
  assert_int_equal(lun_sigv4_verify(&valid, &result, &received, &claim,
                                    LUN_SPAN_LIT(SECRET), &error),
                   LUN_OK);
  assert_true(valid);
  lun_sigv4_result_done(&result);
  lun_sigv4_claim_done(&claim);
}

/* -------------------------------------------------------------- success -- */

static void json_call(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(200,
                            JSON ID "Date: Mon, 23 Nov 2026 00:00:00 "
                                    "GMT\r\n",
                            "{\"SecretString\":\"canary-1\"}")}};
  struct lun_call_input input;
  struct server server;
  const char *request = NULL;

  (void)state;
  server_start(&server, script, 1);
  input = input_for(&server);
  assert_int_equal(run(&input, 0), LUN_OK);
  assert_string_equal(lun_buf_text(&call.answer),
                      "{\"SecretString\":\"canary-1\"}");
  assert_string_equal(call.request_id, "11111111-2222-3333-4444-"
                                       "555555555555");
  assert_int_equal(call.date, 1795392000);
  assert_false(call.expired);
  assert_int_equal(quota.capacity, 500);
  request = server.log->text[0];
  assert_memory_equal(request, "POST / HTTP/1.1\r\n", 17);
  assert_string_equal(header_of(request, "Content-Type"),
                      "application/x-amz-json-1.1");
  assert_string_equal(header_of(request, "X-Amz-Target"),
                      "secretsmanager.GetSecretValue");
  assert_string_equal(header_of(request, "amz-sdk-request"),
                      "attempt=1; max=3");
  assert_string_equal(header_of(request, "X-Amz-Security-Token"),
                      "canary-token");
  assert_memory_equal(header_of(request, "User-Agent"), "lunette/0.1.0 ", 14);
  assert_int_equal(strlen(header_of(request, "amz-sdk-invocation-id")), 36);
  assert_non_null(strstr(request, "\r\n\r\n{\"SecretId\":\"prod/db\"}"));
  signed_well(request);
  server_stop(&server);
}

static void query_call(void **state)
{
  struct answer script[] = {
      {SEND_IT,
       answer_text(200, "Content-Type: text/xml\r\n",
                   "<GetCallerIdentityResponse xmlns=\"https://x/\">"
                   "<GetCallerIdentityResult><Account>1</Account>"
                   "</GetCallerIdentityResult><ResponseMetadata><RequestId>"
                   "abc</RequestId></ResponseMetadata>"
                   "</GetCallerIdentityResponse>")}};
  struct lun_call_input input;
  struct server server;
  const char *request = NULL;

  (void)state;
  server_start(&server, script, 1);
  input = input_for(&server);
  input.op = lun_op_get(LUN_OP_GetCallerIdentity);
  input.body = (struct lun_span){"&A=b", 4};
  assert_int_equal(run(&input, 0), LUN_OK);
  assert_string_equal(call.request_id, "abc");
  request = server.log->text[0];
  assert_string_equal(header_of(request, "Content-Type"),
                      "application/x-www-form-urlencoded; charset=utf-8");
  assert_non_null(strstr(request, "\r\n\r\nAction=GetCallerIdentity&"
                                  "Version=2011-06-15&A=b"));
  assert_null(strstr(request, "X-Amz-Target"));
  server_stop(&server);
}

static void unsigned_call(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(200, "", "{}")}};
  struct lun_call_input input;
  struct server server;

  (void)state;
  server_start(&server, script, 1);
  input = input_for(&server);
  input.cred = NULL;
  assert_int_equal(run(&input, 0), LUN_OK);
  assert_null(strstr(server.log->text[0], "Authorization"));
  server_stop(&server);
}

/* --------------------------------------------------------------- errors -- */

static void denied(void **state)
{
  static const char text[] =
      "User: arn:aws:sts::111122223333:assumed-role/app/i-1 is not authorized "
      "to perform: secretsmanager:GetSecretValue on resource: "
      "arn:aws:secretsmanager:eu-central-1:444455556666:secret:prod/db-AbCdEf "
      "because no resource-based policy allows the "
      "secretsmanager:GetSecretValue action";
  char body[1024] = "";
  struct answer script[1] = {{SEND_IT, NULL}};
  int requests = 0;

  (void)state;
  (void)snprintf(body, sizeof(body),
                 "{\"__type\":\"com.amazon.coral#AccessDeniedException\","
                 "\"Message\":\"%s\"}",
                 text);
  script[0].text = answer_text(400, JSON ID, body);
  assert_int_equal(against(script, 1, &requests), LUN_EACCESS);
  assert_int_equal(requests, 1);
  assert_string_equal(error.message, text);
  assert_string_equal(error.aws_code, "AccessDeniedException");
  assert_string_equal(error.service, "secretsmanager");
  assert_string_equal(error.operation, "GetSecretValue");
  assert_string_equal(error.request_id, "11111111-2222-3333-4444-"
                                        "555555555555");
  assert_int_equal(error.http_status, 400);
  assert_int_equal(error.attempts, 1);
  assert_int_equal(error.retryable, 0);
  assert_non_null(strstr(error.hint, "secret's resource policy"));
}

static void where_the_code_stands(void **state)
{
  static const struct {
    const char *headers;
    const char *body;
    const char *code;
    const char *message;
  } cases[] = {
      {"x-amzn-errortype: FooException:http://x/\r\n", "{\"code\":\"no\"}",
       "FooException", " answered FooException, without a message"},
      {"", "{\"code\":\"A#BException\",\"__type\":\"C\",\"message\":\"m\"}",
       "BException", "m"},
      {"", "{\"__type\":\"X#Y#ZException\",\"message\":\"a\\nb\"}",
       "ZException", "a b"},
      {"", "<html>what</html>", "",
       " answered with HTTP status 400 and no error of AWS's"},
      {"", "", "", " answered with HTTP status 400 and no error of AWS's"}};
  size_t i = 0;
  int requests = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct answer script[] = {
        {SEND_IT, answer_text(400, cases[i].headers, cases[i].body)}};

    assert_int_equal(against(script, 1, &requests), LUN_EINVALID);
    assert_string_equal(error.aws_code, cases[i].code);
    assert_non_null(strstr(error.message, cases[i].message));
    assert_null(strstr(error.message, "what"));
  }
}

/* Of services that speak REST, and of OAuth's, which have other words. */
static void where_the_code_of_rest_stands(void **state)
{
  static const struct {
    enum lun_op_id op;
    const char *headers;
    const char *body;
    const char *code;
    const char *detail;
    const char *message;
  } cases[] = {
      {LUN_OP_GetRoleCredentials,
       "x-amzn-errortype: UnauthorizedException:http://x/\r\n",
       "{\"message\":\"Session token not found or invalid\"}",
       "UnauthorizedException", "", "Session token not found or invalid"},
      {LUN_OP_GetRoleCredentials, "",
       "{\"__type\":\"com.amazonaws.switchboard.portal#"
       "UnauthorizedException\",\"Message\":\"m\"}",
       "UnauthorizedException", "", "m"},
      {LUN_OP_CreateToken,
       "x-amzn-ErrorType: com.amazon#InvalidGrantException\r\n",
       "{\"error\":\"invalid_grant\",\"error_description\":\"d\"}",
       "InvalidGrantException", "invalid_grant", "d"},
      {LUN_OP_CreateToken, "",
       "{\"error\":\"invalid_grant\",\"error_description\":\"d\"}",
       "invalid_grant", "invalid_grant", "d"},
      {LUN_OP_CreateOAuth2Token, "",
       "{\"__type\":\"AccessDeniedException\",\"error\":\"TOKEN_EXPIRED\","
       "\"message\":\"m\"}",
       "AccessDeniedException", "TOKEN_EXPIRED", "m"},
      {LUN_OP_CreateOAuth2Token, "", "{\"error\":7,\"message\":null}", "", "",
       "HTTP status 401 and no error of AWS's"},
      /* Nobody else has these words. */
      {LUN_OP_GetSecretValue, "",
       "{\"error\":\"e\",\"error_description\":\"d\"}", "", "",
       "HTTP status 401 and no error of AWS's"}};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct answer script[] = {
        {SEND_IT, answer_text(401, cases[i].headers, cases[i].body)}};
    struct lun_call_input input;
    struct server server;

    server_start(&server, script, 1);
    input = input_for(&server);
    input.op = lun_op_get(cases[i].op);
    input.cred = NULL;
    assert_int_not_equal(run(&input, 0), LUN_OK);
    assert_int_equal(atomic_load(&server.log->requests), 1);
    assert_string_equal(error.aws_code, cases[i].code);
    assert_string_equal(call.detail, cases[i].detail);
    assert_non_null(strstr(error.message, cases[i].message));
    server_stop(&server);
  }
}

static void xml_error(void **state)
{
  struct answer script[] = {
      {SEND_IT,
       answer_text(403, "",
                   "<ErrorResponse xmlns=\"https://sts.amazonaws.com/\">"
                   "<Error><Type>Sender</Type><Code>AccessDenied</Code>"
                   "<Message>not allowed</Message></Error>"
                   "<RequestId>req-1</RequestId></ErrorResponse>")}};
  struct lun_call_input input;
  struct server server;

  (void)state;
  server_start(&server, script, 1);
  input = input_for(&server);
  input.op = lun_op_get(LUN_OP_AssumeRole);
  assert_int_equal(run(&input, 0), LUN_EACCESS);
  assert_string_equal(error.aws_code, "AccessDenied");
  assert_string_equal(error.message, "not allowed");
  assert_string_equal(error.request_id, "req-1");
  assert_string_equal(error.service, "sts");
  assert_non_null(strstr(error.hint, "trust policy"));
  server_stop(&server);
}

static void expired_token(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(400, JSON,
                            "{\"__type\":\"ExpiredTokenException\","
                            "\"message\":\"The security token included in the "
                            "request is expired\"}")}};
  int requests = 0;

  (void)state;
  assert_int_equal(against(script, 1, &requests), LUN_ECREDENTIALS);
  assert_int_equal(requests, 1);
  assert_true(call.expired);
}

/* Where nothing was signed, no refresh of credentials would help. */
static void expired_but_unsigned(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(400, "",
                            "{\"error\":\"expired_token\","
                            "\"code\":\"ExpiredTokenException\"}")}};
  struct lun_call_input input;
  struct server server;

  (void)state;
  server_start(&server, script, 1);
  input = input_for(&server);
  input.op = lun_op_get(LUN_OP_CreateToken);
  input.cred = NULL;
  assert_int_equal(run(&input, 0), LUN_ECREDENTIALS);
  assert_false(call.expired);
  server_stop(&server);
}

static void redirect(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(301, "Location: http://127.0.0.1:1/\r\n", "")}};
  int requests = 0;

  (void)state;
  assert_int_equal(against(script, 1, &requests), LUN_ESERVICE);
  assert_int_equal(requests, 1);
  assert_non_null(strstr(error.hint, "redirect"));
}

/* -------------------------------------------------------------- retries -- */

static void retried_until_it_works(void **state)
{
  struct answer script[] = {
      {SEND_IT,
       answer_text(500, JSON, "{\"__type\":\"InternalServiceError\"}")},
      {SEND_SHUT, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"},
      {SEND_IT, answer_text(200, JSON, "{}")}};
  struct lun_call_input input;
  struct server server;

  (void)state;
  server_start(&server, script, 3);
  input = input_for(&server);
  assert_int_equal(run(&input, 0), LUN_OK);
  assert_int_equal(atomic_load(&server.log->requests), 3);
  assert_string_equal(header_of(server.log->text[2], "amz-sdk-request"),
                      "attempt=3; max=3");
  assert_string_equal(header_of(server.log->text[0], "amz-sdk-invocation-id"),
                      header_of(server.log->text[2], "amz-sdk-invocation-id"));
  assert_int_equal(quota.capacity, 486);
  server_stop(&server);
}

static void given_up_in_the_end(void **state)
{
  struct answer busy[] = {{SEND_IT, answer_text(503, "", "<html>no</html>")}};
  struct answer half[] = {{SEND_IT, answer_text(200, JSON, "{\"Secret")}};
  struct answer empty[] = {{SEND_IT, "HTTP/1.1 204 None\r\n\r\n"}};
  struct answer list[] = {{SEND_IT, answer_text(200, JSON, "[]")}};
  int requests = 0;

  (void)state;
  assert_int_equal(against(busy, 1, &requests), LUN_ESERVICE);
  assert_int_equal(requests, 3);
  assert_int_equal(error.attempts, 3);
  assert_int_equal(error.http_status, 503);
  assert_int_equal(error.retryable, 1);
  assert_non_null(strstr(error.message, "HTTP status 503"));
  assert_int_equal(against(half, 1, &requests), LUN_ESERVICE);
  assert_int_equal(requests, 3);
  assert_null(strstr(error.message, "Secret"));
  assert_int_equal(against(empty, 1, &requests), LUN_ESERVICE);
  assert_int_equal(against(list, 1, &requests), LUN_ESERVICE);
}

static void throttled(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(400, JSON "x-amz-retry-after: 1\r\n",
                            "{\"__type\":\"ThrottlingException\","
                            "\"message\":\"Rate exceeded\"}")}};
  struct lun_call_input input;
  struct server server;

  (void)state;
  server_start(&server, script, 1);
  input = input_for(&server);
  input.max_attempts = 2;
  assert_int_equal(run(&input, 0), LUN_ETHROTTLED);
  assert_int_equal(error.attempts, 2);
  assert_int_equal(quota.capacity, 495);
  assert_string_equal(error.message, "Rate exceeded");
  server_stop(&server);
}

/* A pause that would not end in time is not begun. */
static void no_time_for_a_pause(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(500, "x-amz-retry-after: 4000\r\n", "")}};
  struct lun_call_input input;
  struct server server;
  int64_t before = lun_clock_mono_ms(ctx);

  (void)state;
  server_start(&server, script, 1);
  input = input_for(&server);
  assert_int_equal(run(&input, before + 2000), LUN_ESERVICE);
  assert_int_equal(error.attempts, 1);
  assert_int_equal(quota.capacity, 500); /* it took no token for good */
  assert_in_range(lun_clock_mono_ms(ctx) - before, 0, 1500);
  server_stop(&server);
}

static void nobody_there(void **state)
{
  struct server server = {.pid = 0};
  struct lun_call_input input;
  int fd = server_listen(&server.port);

  (void)state;
  (void)close(fd);
  (void)snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%d",
                 server.port);
  input = input_for(&server);
  assert_int_equal(run(&input, 0), LUN_ENETWORK);
  assert_int_equal(error.attempts, 3);
  assert_int_equal(error.http_status, 0);
  assert_string_equal(error.operation, "GetSecretValue");
  assert_non_null(strstr(error.message, "Connection refused"));
}

static void deadline(void **state)
{
  struct answer script[] = {{HANG, NULL}};
  struct lun_call_input input;
  struct server server;

  (void)state;
  server_start(&server, script, 1);
  input = input_for(&server);
  assert_int_equal(run(&input, lun_clock_mono_ms(ctx) + 100), LUN_EDEADLINE);
  assert_string_equal(error.operation, "GetSecretValue");
  assert_int_equal(error.attempts, 1);
  assert_non_null(strstr(error.message, "passed while waiting for 127.0.0.1:"));
  server_stop(&server);
}

/* ---------------------------------------------------------------- clock -- */

static int64_t wrong_wall_ms(void *data)
{
  (void)data;
  return INT64_C(1795392000000) - 3600000; /* an hour behind the service */
}

static void clock_is_corrected_once(void **state)
{
  static const char late[] =
      "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature "
      "expired: 20261122T230000Z is now earlier than 20261122T235500Z\"}";
  static const char date[] = "Date: Mon, 23 Nov 2026 00:00:00 GMT\r\n";
  struct answer script[] = {{SEND_IT, answer_text(400, date, late)},
                            {SEND_IT, answer_text(200, date, "{}")},
                            {SEND_IT, answer_text(200, date, "{}")},
                            {SEND_IT, answer_text(400, date, late)}};
  struct lun_call_input input;
  struct server server;

  (void)state;
  ctx->clock.wall_ms = wrong_wall_ms;
  server_start(&server, script, 4);
  input = input_for(&server);
  input.max_attempts = 1;
  assert_int_equal(run(&input, 0), LUN_OK);
  assert_int_equal(quota.skew, 3600);
  assert_string_equal(header_of(server.log->text[0], "X-Amz-Date"),
                      "20261122T230000Z");
  assert_string_equal(header_of(server.log->text[1], "X-Amz-Date"),
                      "20261123T000000Z");
  signed_well(server.log->text[1]);
  /* The next call knows it from the start. */
  assert_int_equal(run(&input, 0), LUN_OK);
  assert_string_equal(header_of(server.log->text[2], "X-Amz-Date"),
                      "20261123T000000Z");
  /* With the right time, it is no matter of the clock any more. */
  assert_int_equal(run(&input, 0), LUN_ECREDENTIALS);
  assert_int_equal(atomic_load(&server.log->requests), 4);
  server_stop(&server);
}

/* --------------------------------------------------------------- memory -- */

static void every_allocation_fails_once(void **state)
{
  struct answer good[] = {{SEND_IT, answer_text(200, JSON ID, "{\"a\":[1]}")}};
  struct answer bad[] = {{SEND_IT, answer_text(400, JSON ID,
                                               "{\"__type\":\"FooException\","
                                               "\"message\":\"a\\nb\"}")}};
  struct lun_header more = {LUN_SPAN_LIT("DPoP"), LUN_SPAN_LIT("canary")};
  enum lun_code end = LUN_OK;
  int which = 0;
  int n = 0;

  (void)state;
  for (which = 0; which < 2; which++) {
    enum lun_code rc = LUN_ENOMEM;
    struct server server;
    struct lun_call_input input;

    server_start(&server, which == 0 ? good : bad, 1);
    input = input_for(&server);
    input.headers = &more;
    input.nheaders = 1;
    input.trace = "Root=1";
    end = which == 0 ? LUN_OK : LUN_EINVALID;
    for (n = 0; rc == LUN_ENOMEM; n++) {
      assert_in_range(n, 0, 300);
      ctx->account.fail_after = n;
      rc = run(&input, 0);
      ctx->account.fail_after = -1;
      lun_call_done(&call);
    }
    assert_int_equal(rc, end);
    assert_in_range(n, 10, 300);
    server_stop(&server);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(json_call),
      TEST(query_call),
      TEST(unsigned_call),
      TEST(denied),
      TEST(where_the_code_stands),
      TEST(where_the_code_of_rest_stands),
      TEST(xml_error),
      TEST(expired_token),
      TEST(expired_but_unsigned),
      TEST(redirect),
      TEST(retried_until_it_works),
      TEST(given_up_in_the_end),
      TEST(throttled),
      TEST(no_time_for_a_pause),
      TEST(nobody_there),
      TEST(deadline),
      TEST(clock_is_corrected_once),
      TEST(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
