/* The metadata service, as it is and as it should not be. */
#include "metadata.h"

static void token_then_get(void **state)
{
  struct answer script[] = {TOKEN,
                            {SEND_IT, answer_text(200, "", "role-1")},
                            {SEND_IT, answer_text(200, "", "eu-central-1")}};
  struct lun_span value = {NULL, 0};

  (void)state;
  begin(script, 3, plain);
  assert_int_equal(ask("/latest/meta-data/iam/security-credentials/"), 0);
  assert_string_equal(lun_buf_text(&get.body), "role-1");
  assert_true(lun_http_header(&get.http, "Content-Length", &value));
  assert_int_equal(ask("/latest/meta-data/placement/region"), LUN_OK);
  assert_string_equal(lun_buf_text(&get.body), "eu-central-1");
  assert_int_equal(requests(), 3);
  assert_int_equal(atomic_load(&server.log->connections), 1);
  assert_memory_equal(server.log->text[0], "PUT /latest/api/token HTTP/1.1\r\n",
                      32);
  assert_non_null(strstr(server.log->text[0],
                         "\r\nX-aws-ec2-metadata-token-ttl-seconds: "
                         "21600\r\n"));
  assert_memory_equal(server.log->text[1],
                      "GET /latest/meta-data/iam/security-credentials/ ", 48);
  assert_non_null(strstr(server.log->text[2], "\r\nX-aws-ec2-metadata-token: "
                                              "canary-token==\r\n"));
}

/* Two at once share one token. */
static void shared_token(void **state)
{
  struct answer script[] = {TOKEN, {SEND_IT, answer_text(200, "", "x")}};
  struct lun_imds_get other;

  (void)state;
  begin(script, 2, plain);
  lun_imds_get_init(&other, imds);
  lun_imds_get_start(&other, "/other", 0);
  assert_int_equal(ask("/one"), LUN_OK);
  assert_int_equal(lun_loop_run(loop, &other.task, NULL), LUN_OK);
  assert_int_equal(requests(), 3);
  lun_imds_get_done(&other);
}

/* The deadline of the one who asked first is not the other's. */
static void shared_wait(void **state)
{
  struct answer script[] = {{HANG, NULL}};
  struct lun_imds_options options = {.timeout_ms = 400};
  struct lun_imds_get hasty;
  int64_t now = lun_clock_mono_ms(ctx);

  (void)state;
  begin(script, 1, options);
  lun_imds_get_init(&hasty, imds);
  lun_imds_get_start(&hasty, "/one", now + 100);
  lun_imds_get_start(&get, "/two", now + 20000);
  assert_int_equal(lun_loop_run(loop, &get.task, &error), LUN_ENETWORK);
  assert_in_range(lun_clock_mono_ms(ctx) - now, 350, 2000);
  assert_int_equal(hasty.task.rc, LUN_EDEADLINE);
  assert_int_equal(requests(), 1);
  lun_imds_get_done(&hasty);
}

/* What took long is the answer, not a connection that was there already. */
static void slow_on_a_kept_connection(void **state)
{
  struct answer script[] = {TOKEN, {HANG, NULL}};
  struct lun_imds_options options = {.timeout_ms = 300};

  (void)state;
  begin(script, 2, options);
  assert_int_equal(ask("/x"), LUN_ENETWORK);
  assert_int_equal(atomic_load(&server.log->connections), 1);
  assert_non_null(strstr(error.message, "no complete answer in time"));
}

static void path_of_any_length(void **state)
{
  struct answer script[] = {TOKEN, {SEND_IT, answer_text(200, "", "x")}};
  char path[257] = "";

  (void)state;
  begin(script, 2, plain);
  memset(path, 'a', 256);
  path[0] = '/';
  assert_int_equal(ask(path), LUN_EINVALID);
  assert_non_null(strstr(error.message, "from 1 to 255 bytes"));
  assert_int_equal(ask(""), LUN_EINVALID);
  assert_int_equal(requests(), 0);
  path[255] = '\0';
  assert_int_equal(ask(path), LUN_OK);
  assert_int_equal(requests(), 2);
}

static int64_t now_ms;

static int64_t mono(void *data)
{
  (void)data;
  return now_ms;
}

static void token_is_renewed(void **state)
{
  struct answer script[] = {
      TOKEN,
      {SEND_IT, answer_text(200, "", "x")},
      TOKEN,
      {SEND_IT, answer_text(401, "", "")}, /* after its time */
      TOKEN,
      {SEND_IT, answer_text(200, "", "y")},
      {SEND_IT, answer_text(401, "", "")}}; /* and for ever */

  (void)state;
  now_ms = 1000;
  ctx->clock.mono_ms = mono;
  begin(script, 7, plain);
  assert_int_equal(ask("/x"), LUN_OK);
  now_ms += 21600 * 1000 - 119000;
  assert_int_equal(ask("/x"), LUN_OK);
  assert_string_equal(lun_buf_text(&get.body), "y");
  assert_int_equal(requests(), 6);
  assert_int_equal(ask("/x"), LUN_ECREDENTIALS);
}

static void refused_twice(void **state)
{
  struct answer script[] = {TOKEN,
                            {SEND_IT, answer_text(401, "", "")},
                            TOKEN,
                            {SEND_IT, answer_text(401, "", "")}};

  (void)state;
  begin(script, 4, plain);
  assert_int_equal(ask("/x"), LUN_ECREDENTIALS);
  assert_int_equal(requests(), 4);
  assert_non_null(strstr(error.message, "refused /x (HTTP status 401)"));
}

static void not_there(void **state)
{
  struct answer script[] = {
      TOKEN, {SEND_IT, answer_text(404, "", "<html>Not Found</html>")}};

  (void)state;
  begin(script, 2, plain);
  assert_int_equal(ask("/latest/x"), LUN_ENOTFOUND);
  assert_string_equal(error.message,
                      "the instance metadata service has no /latest/x");
}

static void tokens_refused(void **state)
{
  static char huge[70000] = "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n";
  static const struct {
    const char *answer;
    enum lun_code code;
    const char *text;
  } cases[] = {
      {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", LUN_ECREDENTIALS,
       " is disabled for this instance (HTTP status 403)"},
      {"HTTP/1.1 400 No\r\nContent-Length: 9\r\n\r\nbad\001words",
       LUN_ECREDENTIALS, "refused a token (HTTP status 400): bad words"},
      {"HTTP/1.1 405 No\r\nContent-Length: 6\r\n\r\n<html>", LUN_ECREDENTIALS,
       "refused a token (HTTP status 405)"},
      {"HTTP/1.1 503 No\r\nContent-Length: 28\r\n\r\n"
       "{\"Code\":\"A\",\"Message\":\"B c\"}",
       LUN_ECREDENTIALS, "refused a token (HTTP status 503): A: B c"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", LUN_ECREDENTIALS,
       "gave a token that is none"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncanary\r\nX:",
       LUN_ECREDENTIALS, "gave a token that is none"},
      {"HTTP/1.1 301 Go\r\nLocation: http://127.0.0.1:1/\r\n"
       "Content-Length: 0\r\n\r\n",
       LUN_ECREDENTIALS, "refused a token (HTTP status 301)"},
      {huge, LUN_ECREDENTIALS, "the answer is too large"}};
  size_t i = 0;

  (void)state;
  memset(huge + strlen(huge), 't', 65537);
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct answer script[] = {{SEND_IT, cases[i].answer}};

    begin(script, 1, plain);
    assert_int_equal(ask("/x"), cases[i].code);
    assert_non_null(strstr(error.message, cases[i].text));
    assert_null(strstr(error.message, "canary"));
    assert_int_equal(requests(), 1); /* no version 1, no second try */
    drop();
  }
}

static void tried_again_if_asked_for(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(503, "", "")},
                            TOKEN,
                            {SEND_IT, answer_text(500, "", "")},
                            {SEND_IT, answer_text(200, "", "x")}};
  struct lun_imds_options twice = {.attempts = 2};

  (void)state;
  begin(script, 4, twice);
  assert_int_equal(ask("/x"), LUN_OK);
  assert_int_equal(requests(), 4);
}

static void silence(void **state)
{
  struct answer script[] = {{HANG, NULL}};
  int64_t before = lun_clock_mono_ms(ctx);

  (void)state;
  begin(script, 1, plain);
  assert_int_equal(ask("/x"), LUN_ENETWORK);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 900, 2000);
  assert_non_null(strstr(error.message, "the instance metadata service at "
                                        "127.0.0.1:"));
  assert_non_null(strstr(error.message, "no complete answer in time"));
  assert_non_null(strstr(error.hint, "hop limit to 2"));
  assert_string_equal(error.hint, get.advice);
}

static void nobody(void **state)
{
  struct lun_imds_options options = {.attempts = 2};
  char url[64] = "";
  int port = 0;
  int fd = server_listen(&port);

  (void)state;
  (void)close(fd);
  (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
  options.endpoint = url;
  assert_int_equal(lun_imds_new(&imds, loop, &options, &error), LUN_OK);
  lun_imds_get_init(&get, imds);
  assert_int_equal(ask("/x"), LUN_ENETWORK);
  assert_non_null(strstr(error.message, "cannot connect: Connection refused"));
  assert_non_null(strstr(error.hint, "AWS_EC2_METADATA_SERVICE_ENDPOINT"));
  assert_null(get.advice);
}

static void bad_endpoint(void **state)
{
  struct lun_imds_options options = {.endpoint = "ftp://x"};
  lun_imds *none = NULL;

  (void)state;
  assert_int_equal(lun_imds_new(&none, loop, &options, &error), LUN_EINVALID);
  assert_non_null(strstr(error.message, "AWS_EC2_METADATA_SERVICE_ENDPOINT"));
  assert_null(none);
}

static void advice(void **state)
{
  static const struct {
    int status;
    const char *text;
  } cases[] = {{403, "modify-instance-metadata-options"},
               {404, "AWS_EC2_METADATA_V1_DISABLED is false"},
               {405, "AWS_EC2_METADATA_V1_DISABLED is false"},
               {401, NULL},
               {500, NULL}};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct answer script[] = {{SEND_IT, answer_text(cases[i].status, "", "")}};

    begin(script, 1, plain);
    assert_int_equal(ask("/x"), LUN_ECREDENTIALS);
    if (cases[i].text == NULL) {
      assert_null(get.advice);
    } else {
      assert_non_null(strstr(get.advice, cases[i].text));
      assert_string_equal(error.hint, get.advice);
    }
    drop();
  }
}

static void names_of_roles(void **state)
{
  char name[66] = "";

  (void)state;
  memset(name, 'a', 65);
  assert_false(lun_imds_role(lun_span_of(name)));
  name[64] = '\0';
  assert_true(lun_imds_role(lun_span_of(name)));
  assert_true(lun_imds_role(LUN_SPAN_LIT("aZ0_+=,.@-")));
  assert_false(lun_imds_role(LUN_SPAN_LIT("")));
  assert_false(lun_imds_role(LUN_SPAN_LIT("a/b")));
  assert_false(lun_imds_role(LUN_SPAN_LIT("a b")));
  assert_false(lun_imds_role(LUN_SPAN_LIT("a?b")));
}

static void longest_time(void **state)
{
  struct lun_imds_options options = {.timeout_ms = INT64_C(1000) * INT32_MAX,
                                     .attempts = INT32_MAX};

  (void)state;
  assert_int_equal(lun_imds_new(&imds, loop, &options, &error), LUN_OK);
  lun_imds_get_init(&get, imds);
  assert_int_equal(lun_imds_time(imds), INT64_C(2) * INT32_MAX * INT32_MAX);
}

static void given_up(void **state)
{
  struct answer script[] = {{HANG, NULL}};

  (void)state;
  begin(script, 1, plain);
  lun_imds_get_start(&get, "/x", lun_clock_mono_ms(ctx) + 50);
  assert_int_equal(lun_loop_run(loop, &get.task, &error), LUN_EDEADLINE);
  assert_non_null(strstr(error.message, "passed while waiting for 127."));
}

static void every_allocation_fails_once(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(200, "", "token-or-role")}};
  enum lun_code rc = LUN_ENOMEM;
  int n = 0;

  (void)state;
  begin(script, 1, plain);
  for (n = 0; rc != LUN_OK; n++) {
    struct lun_imds_options options = {.endpoint = server.url};
    struct lun_imds_get mine;
    lun_imds *client = NULL;

    assert_in_range(n, 0, 100);
    ctx->account.fail_after = n;
    rc = lun_imds_new(&client, loop, &options, &error);
    if (rc == LUN_OK) {
      lun_imds_get_init(&mine, client);
      lun_imds_get_start(&mine, "/x", 0);
      rc = lun_loop_run(loop, &mine.task, &error);
      lun_imds_get_done(&mine);
    }
    ctx->account.fail_after = -1;
    assert_true(rc == LUN_OK || rc == LUN_ENOMEM);
    lun_imds_free(client);
  }
  assert_in_range(n, 5, 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(token_then_get),
      TEST(shared_token),
      TEST(shared_wait),
      TEST(slow_on_a_kept_connection),
      TEST(path_of_any_length),
      TEST(token_is_renewed),
      TEST(refused_twice),
      TEST(not_there),
      TEST(tokens_refused),
      TEST(tried_again_if_asked_for),
      TEST(silence),
      TEST(nobody),
      TEST(bad_endpoint),
      TEST(advice),
      TEST(names_of_roles),
      TEST(longest_time),
      TEST(given_up),
      TEST(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
