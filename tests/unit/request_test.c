/* The request that a call makes: its URL, its headers, its body. */
#include "calls.h"

static void begins(const char *request, const char *line)
{
  assert_memory_equal(request, line, strlen(line));
}

static void rest_get(void **state)
{
  struct lun_header token = {LUN_SPAN_LIT("x-amz-sso_bearer_token"),
                             LUN_SPAN_LIT("canary-bearer")};
  struct answer script[] = {
      {SEND_IT, answer_text(500, "", "")},
      {SEND_IT, answer_text(200, "", "{\"roleCredentials\":{}}")}};
  struct lun_call_input input;
  struct server server;
  const char *request = NULL;

  (void)state;
  server_start(&server, script, 2);
  input = input_for(&server);
  input.op = lun_op_get(LUN_OP_GetRoleCredentials);
  input.body = (struct lun_span){NULL, 0};
  input.query = "role_name=a%20b&account_id=1";
  input.cred = NULL;
  input.headers = &token;
  input.nheaders = 1;
  assert_int_equal(run(&input, 0), LUN_OK);
  request = server.log->text[1];
  begins(request, "GET /federation/credentials?role_name=a%20b&account_id=1 "
                  "HTTP/1.1\r\n");
  assert_string_equal(header_of(request, "x-amz-sso_bearer_token"),
                      "canary-bearer");
  assert_string_equal(header_of(request, "amz-sdk-request"),
                      "attempt=2; max=3");
  assert_null(strcasestr(request, "\r\nContent-Type:"));
  assert_null(strcasestr(request, "\r\nContent-Length:"));
  assert_null(strstr(request, "Authorization"));
  server_stop(&server);
}

static void rest_post(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(200, "", "{}")}};
  struct lun_call_input input;
  struct server server;
  const char *request = NULL;

  (void)state;
  server_start(&server, script, 1);
  input = input_for(&server);
  input.op = lun_op_get(LUN_OP_CreateToken);
  input.body = LUN_SPAN_LIT("{\"grantType\":\"refresh_token\"}");
  input.cred = NULL;
  input.trace = "Root=1-2";
  assert_int_equal(run(&input, 0), LUN_OK);
  request = server.log->text[0];
  begins(request, "POST /token HTTP/1.1\r\n");
  assert_string_equal(header_of(request, "Content-Type"), "application/json");
  assert_string_equal(header_of(request, "X-Amzn-Trace-Id"), "Root=1-2");
  assert_non_null(strstr(request, "\r\n\r\n{\"grantType\":"));
  assert_null(strstr(request, "X-Amz-Target"));
  server_stop(&server);
}

/* The path of the endpoint stays in front, and its query is not lost. */
static void endpoints_with_a_path(void **state)
{
  static const struct {
    enum lun_op_id op;
    const char *endpoint;
    const char *query;
    const char *line;
  } cases[] = {
      {LUN_OP_GetSecretValue, "", NULL, "POST / HTTP/1.1\r\n"},
      {LUN_OP_GetSecretValue, "/base", NULL, "POST /base HTTP/1.1\r\n"},
      {LUN_OP_GetSecretValue, "/base/?a=b", NULL,
       "POST /base/?a=b HTTP/1.1\r\n"},
      {LUN_OP_CreateToken, "/", NULL, "POST /token HTTP/1.1\r\n"},
      {LUN_OP_CreateToken, "/base/", NULL, "POST /base/token HTTP/1.1\r\n"},
      {LUN_OP_GetRoleCredentials, "/base?a=b", "c=d",
       "GET /base/federation/credentials?a=b&c=d HTTP/1.1\r\n"},
  };
  struct answer script[] = {{SEND_IT, answer_text(200, "", "{}")}};
  struct server server;
  int i = 0;

  (void)state;
  server_start(&server, script, 1);
  for (i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
    struct lun_call_input input = input_for(&server);
    char endpoint[128] = "";

    (void)snprintf(endpoint, sizeof(endpoint), "%s%s", server.url,
                   cases[i].endpoint);
    input.op = lun_op_get(cases[i].op);
    input.endpoint = endpoint;
    input.query = cases[i].query;
    assert_int_equal(run(&input, 0), LUN_OK);
    begins(server.log->text[i], cases[i].line);
  }
  server_stop(&server);
}

static void too_many_headers(void **state)
{
  struct lun_header headers[LUN_CALL_HEADERS + 1];
  struct server server = {.url = "http://127.0.0.1:1"};
  struct lun_call_input input = input_for(&server);
  size_t i = 0;

  (void)state;
  for (i = 0; i < LUN_CALL_HEADERS + 1; i++)
    headers[i] = (struct lun_header){LUN_SPAN_LIT("a"), LUN_SPAN_LIT("b")};
  input.headers = headers;
  input.nheaders = LUN_CALL_HEADERS + 1;
  assert_int_equal(run(&input, 0), LUN_EINVALID);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(rest_get),
      TEST(rest_post),
      TEST(endpoints_with_a_path),
      TEST(too_many_headers),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
