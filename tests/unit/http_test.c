/* Requests against a loopback server that misbehaves on order. */
#include "../../core/net/http.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "server.h"

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

static lun_ctx *ctx;
static lun_loop *loop;
static struct lun_http http;
static struct lun_error error;

static int set_up(void **state)
{
  (void)state;
  if (lun_ctx_new(&ctx, NULL) || lun_loop_new(&loop, ctx, NULL))
    return -1;
  lun_http_init(&http, ctx);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  lun_http_done(&http);
  lun_loop_free(loop);
  assert_int_equal(ctx->account.live_blocks, 0);
  lun_ctx_free(ctx);
  return 0;
}

static enum lun_code run(const struct lun_http_request *request,
                         int64_t deadline)
{
  enum lun_code rc = LUN_OK;

  memset(&error, 0, sizeof(error));
  rc = lun_http_start(&http, loop, request, deadline, &error);
  return rc ? rc : lun_loop_run(loop, &http.task, &error);
}

/* A GET of a server that gives SCRIPT's one answer. */
static enum lun_code get(const struct answer *answer, struct server *server)
{
  struct lun_http_request request = {.method = "GET"};
  enum lun_code rc = LUN_OK;

  server_start(server, answer, 1);
  request.url = server->url;
  rc = run(&request, 0);
  server_stop(server);
  return rc;
}

static void fails(const struct answer *answer, enum lun_code code,
                  bool retryable, const char *text)
{
  struct server server;

  assert_int_equal(get(answer, &server), code);
  assert_int_equal(error.retryable, retryable);
  assert_non_null(strstr(error.message, text));
  /* The place comes first, in every text. */
  assert_memory_equal(error.message, server.url + 7, strlen(server.url + 7));
  assert_null(http.easy);
}

/* ------------------------------------------------------------- requests -- */

static void what_is_sent(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(200, "X-Odd:  a b \r\n", "hello")}};
  struct lun_header headers[] = {
      {LUN_SPAN_LIT("Content-Type"), LUN_SPAN_LIT("application/json")},
      {LUN_SPAN_LIT("X-Empty"), LUN_SPAN_LIT("")},
      {LUN_SPAN_LIT("Authorization"), LUN_SPAN_LIT("canary-1")}};
  struct lun_http_request request = {.method = "POST",
                                     .headers = headers,
                                     .nheaders = 3,
                                     .body = LUN_SPAN_LIT("{\"a\":1}")};
  struct lun_span value = {NULL, 0};
  struct server server;
  char url[128] = "";
  char want[512] = "";

  (void)state;
  server_start(&server, script, COUNT(script));
  (void)snprintf(url, sizeof(url), "%s/a/../b?c=d", server.url);
  request.url = url;
  assert_int_equal(run(&request, 0), LUN_OK);
  assert_int_equal(http.status, 200);
  assert_true(http.sent);
  assert_string_equal(lun_buf_text(&http.body), "hello");
  assert_true(lun_http_header(&http, "x-oDD", &value));
  assert_true(lun_span_is(value, "a b"));
  assert_false(lun_http_header(&http, "X-Od", &value));
  (void)snprintf(want, sizeof(want),
                 "POST /a/../b?c=d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                 "Content-Type: application/json\r\nX-Empty:\r\n"
                 "Authorization: canary-1\r\nContent-Length: 7\r\n\r\n"
                 "{\"a\":1}",
                 server.port);
  assert_string_equal(server.log->text[0], want);
  server_stop(&server);
}

static void put_without_a_body(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(200, "", "")}};
  struct lun_http_request request = {.method = "PUT", .direct = true};
  struct server server;
  char want[512] = "";

  (void)state;
  server_start(&server, script, COUNT(script));
  request.url = server.url;
  assert_int_equal(run(&request, 0), LUN_OK);
  assert_int_equal(http.body.len, 0);
  (void)snprintf(want, sizeof(want),
                 "PUT / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                 "Content-Length: 0\r\n\r\n",
                 server.port);
  assert_string_equal(server.log->text[0], want);
  server_stop(&server);
}

static void connections_are_kept(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(200, "", "x")}};
  struct lun_http_request request = {.method = "GET"};
  struct server server;
  int i = 0;

  (void)state;
  server_start(&server, script, COUNT(script));
  request.url = server.url;
  for (i = 0; i < 5; i++)
    assert_int_equal(run(&request, 0), LUN_OK);
  assert_int_equal(atomic_load(&server.log->requests), 5);
  assert_int_equal(atomic_load(&server.log->connections), 1);
  server_stop(&server);
}

/* A kept connection that the service has closed is no error. */
static void closed_between_requests(void **state)
{
  struct answer script[] = {{SEND_SHUT, answer_text(200, "", "x")}};
  struct lun_http_request request = {.method = "POST",
                                     .body = LUN_SPAN_LIT("again")};
  struct server server;
  int i = 0;

  (void)state;
  server_start(&server, script, COUNT(script));
  request.url = server.url;
  for (i = 0; i < 3; i++) {
    assert_int_equal(run(&request, 0), LUN_OK);
    (void)usleep(20000);
  }
  assert_int_equal(atomic_load(&server.log->requests), 3);
  server_stop(&server);
}

static void many_at_once(void **state)
{
  struct answer script[] = {{DRIP, answer_text(200, "", "x")}};
  struct lun_http_request request = {.method = "GET"};
  struct lun_http many[20];
  struct server server;
  int i = 0;

  (void)state;
  server_start(&server, script, COUNT(script));
  request.url = server.url;
  for (i = 0; i < 20; i++) {
    lun_http_init(&many[i], ctx);
    assert_int_equal(lun_http_start(&many[i], loop, &request, 0, NULL), 0);
  }
  for (i = 0; i < 20; i++)
    assert_int_equal(lun_loop_run(loop, &many[i].task, NULL), LUN_OK);
  for (i = 0; i < 20; i++)
    lun_http_done(&many[i]);
  assert_in_range(atomic_load(&server.log->connections), 2, 8);
  server_stop(&server);
}

/* -------------------------------------------------------------- answers -- */

static void redirects_are_not_followed(void **state)
{
  struct answer there[] = {{SEND_IT, answer_text(200, "", "no")}};
  struct answer script[1] = {{SEND_IT, NULL}};
  char location[128] = "";
  struct server server;
  struct server target;

  (void)state;
  server_start(&target, there, 1);
  (void)snprintf(location, sizeof(location), "Location: %s/\r\n", target.url);
  script[0].text = answer_text(307, location, "");
  assert_int_equal(get(&script[0], &server), LUN_OK);
  assert_int_equal(http.status, 307);
  assert_int_equal(atomic_load(&target.log->connections), 0);
  server_stop(&target);
}

static void whole_answers(void **state)
{
  static const struct answer good[] = {
      {SEND_IT, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nabc\r\n0\r\n\r\n"},
      {SEND_IT, "HTTP/1.1 100 Continue\r\nX-Old: 1\r\n\r\n"
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
      {SEND_IT, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                "content-length: 3\r\nContent-Encoding: identity\r\n\r\nabc"},
      {DRIP, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"}};
  struct lun_span value = {NULL, 0};
  struct server server;
  int i = 0;

  (void)state;
  for (i = 0; i < COUNT(good); i++) {
    assert_int_equal(get(&good[i], &server), LUN_OK);
    assert_string_equal(lun_buf_text(&http.body), "abc");
    assert_false(lun_http_header(&http, "X-Old", &value));
  }
}

static void answers_that_are_refused(void **state)
{
  static const struct {
    struct answer answer;
    enum lun_code code;
    bool retryable;
    const char *text;
  } bad[] = {
      {{SEND_SHUT, "HTTP/1.1 200 OK\r\n\r\n{\"half\":"},
       LUN_ENETWORK,
       true,
       "the answer does not say how long it is"},
      {{SEND_SHUT, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"half\":"},
       LUN_ENETWORK,
       true,
       "the answer was cut off"},
      {{SEND_SHUT, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "5\r\nab"},
       LUN_ENETWORK,
       true,
       "the answer was cut off"},
      {{SEND_SHUT, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                   "Content-Length: 4\r\n\r\nabcd"},
       LUN_ESERVICE,
       false,
       "two different lengths"},
      {{SEND_SHUT, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
       LUN_ESERVICE,
       false,
       "two different lengths"},
      {{SEND_IT, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                 "Content-Encoding: gzip\r\n\r\nabc"},
       LUN_ESERVICE,
       false,
       "compressed"},
      {{FLOOD, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
       LUN_ESERVICE,
       false,
       "the answer is too large"},
      {{SEND_IT, "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\nabc"},
       LUN_ESERVICE,
       false,
       "the answer is too large"},
      {{REPEAT, "HTTP/1.1 100 Continue\r\n\r\n"},
       LUN_ESERVICE,
       false,
       "interim answers without an end"},
      {{SEND_SHUT, "no HTTP at all\r\n\r\n"},
       LUN_ESERVICE,
       false,
       "the answer is not HTTP"},
      {{SEND_SHUT, ""}, LUN_ENETWORK, true, "the connection was lost"},
      {{RESET, NULL}, LUN_ENETWORK, true, "the connection was lost"}};
  int i = 0;

  (void)state;
  for (i = 0; i < COUNT(bad); i++)
    fails(&bad[i].answer, bad[i].code, bad[i].retryable, bad[i].text);
}

/* Of which libcurl would take what it can. */
static void odd_lengths(void **state)
{
  static const struct answer bad[] = {
      {SEND_SHUT, "HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\n\r\n{\"a\":1}"},
      {SEND_SHUT, "HTTP/1.1 200 OK\r\nContent-Length: 7abc\r\n\r\n{\"a\":1}"}};
  int i = 0;

  (void)state;
  for (i = 0; i < COUNT(bad); i++)
    fails(&bad[i], LUN_ESERVICE, false, "one that is no number");
}

static void long_headers(void **state)
{
  static char text[80000] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
  struct answer script = {SEND_IT, text};
  size_t at = strlen(text);

  (void)state;
  while (at < sizeof(text) - 32)
    at += (size_t)snprintf(text + at, 32, "X-Header: %012zu\r\n", at);
  (void)snprintf(text + at, 8, "\r\n");
  fails(&script, LUN_ESERVICE, false, "the answer's header is too large");
}

/* ----------------------------------------------------------------- time -- */

static void no_answer_in_time(void **state)
{
  struct answer script[] = {{HANG, NULL}};
  struct lun_http_request request = {.method = "GET", .total_ms = 100};
  struct server server;
  int64_t before = lun_clock_mono_ms(ctx);

  (void)state;
  server_start(&server, script, COUNT(script));
  request.url = server.url;
  assert_int_equal(run(&request, 0), LUN_ENETWORK);
  assert_non_null(strstr(error.message, "no complete answer in time"));
  assert_int_equal(error.retryable, 1);
  assert_true(http.timed_out);
  assert_true(http.sent);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 90, 5000);
  server_stop(&server);
}

static void deadline_passes(void **state)
{
  struct answer script[] = {{HANG, NULL}};
  struct lun_http_request request = {.method = "GET"};
  struct server server;
  char want[128] = "";

  (void)state;
  server_start(&server, script, COUNT(script));
  request.url = server.url;
  assert_int_equal(run(&request, lun_clock_mono_ms(ctx) + 100), LUN_EDEADLINE);
  (void)snprintf(want, sizeof(want), "passed while waiting for %s",
                 server.url + 7);
  assert_non_null(strstr(error.message, want));
  assert_null(http.easy);
  server_stop(&server);
}

static void given_up_halfway(void **state)
{
  struct answer script[] = {{DRIP, answer_text(200, "", "slow")}};
  struct lun_http_request request = {.method = "GET", .total_ms = 60};
  struct lun_http other;
  struct server server;

  (void)state;
  server_start(&server, script, COUNT(script));
  request.url = server.url;
  lun_http_init(&other, ctx);
  assert_int_equal(lun_http_start(&other, loop, &request, 0, NULL), LUN_OK);
  assert_int_equal(run(&request, 0), LUN_ENETWORK);
  lun_http_done(&other);
  assert_int_equal(lun_http_start(&other, loop, &request, 0, NULL), LUN_OK);
  lun_http_done(&other); /* before its first step */
  server_stop(&server);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int signal)
{
  (void)signal;
  alarms++;
}

static void signals_change_nothing(void **state)
{
  struct answer script[] = {{DRIP, answer_text(200, "", "slow but whole")}};
  struct sigaction act = {.sa_handler = count_alarm};
  struct itimerval often = {{0, 1000}, {0, 1000}};
  struct itimerval never = {{0, 0}, {0, 0}};
  struct server server;

  (void)state;
  (void)sigaction(SIGALRM, &act, NULL);
  server_start(&server, script, 1); /* timers are not inherited */
  (void)setitimer(ITIMER_REAL, &often, NULL);
  struct lun_http_request request = {.method = "GET", .url = server.url};
  assert_int_equal(run(&request, 0), LUN_OK);
  (void)setitimer(ITIMER_REAL, &never, NULL);
  assert_string_equal(lun_buf_text(&http.body), "slow but whole");
  assert_in_range(alarms, 10, 1000000);
  server_stop(&server);
}

/* ------------------------------------------------------ what is refused -- */

static void nobody_listens(void **state)
{
  struct lun_http_request request = {.method = "GET"};
  char url[64] = "";
  int port = 0;
  int fd = server_listen(&port);

  (void)state;
  (void)close(fd);
  (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
  request.url = url;
  assert_int_equal(run(&request, 0), LUN_ENETWORK);
  assert_non_null(strstr(error.message, ": cannot connect: Connection "
                                        "refused"));
  assert_int_equal(error.retryable, 1);
  assert_false(http.sent);
  assert_non_null(strstr(error.hint, "something listens there"));
}

static void refused_before_anything_is_sent(void **state)
{
  struct lun_header bad_value = {LUN_SPAN_LIT("X-Token"),
                                 LUN_SPAN_LIT("canary\r\nX-More: 1")};
  struct lun_header bad_name = {LUN_SPAN_LIT("X Token"), LUN_SPAN_LIT("a")};
  struct lun_http_request request = {.method = "GET",
                                     .url = "http://127.0.0.1:1",
                                     .headers = &bad_value,
                                     .nheaders = 1};

  (void)state;
  assert_int_equal(run(&request, 0), LUN_EINVALID);
  assert_non_null(strstr(error.message, "header X-Token"));
  assert_null(strstr(error.message, "canary"));
  request.headers = &bad_name;
  assert_int_equal(run(&request, 0), LUN_EINVALID);
  request.nheaders = 0;
  request.url = "http://secretsmanager.example/";
  assert_int_equal(run(&request, 0), LUN_EINVALID);
  assert_string_equal(error.message, "secretsmanager.example:80: http without "
                                     "TLS is for this machine alone");
  request.url = "http://169.254.169.254/"; /* only `direct` goes there */
  assert_int_equal(run(&request, 0), LUN_EINVALID);
  request.url = "file:///etc/passwd";
  assert_int_equal(run(&request, 0), LUN_EINVALID);
  request.url = "http://user:canary@127.0.0.1/";
  assert_int_equal(run(&request, 0), LUN_EINVALID);
  assert_null(strstr(error.message, "canary"));
}

/* --------------------------------------------------------------- memory -- */

/* Each allocation of ours fails once; the request fails cleanly or not. */
static void every_allocation_fails_once(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(200, "A: b\r\n", "body")}};
  struct lun_header header = {LUN_SPAN_LIT("X-A"), LUN_SPAN_LIT("b")};
  struct lun_http_request request = {.method = "POST",
                                     .headers = &header,
                                     .nheaders = 1,
                                     .body = LUN_SPAN_LIT("x")};
  enum lun_code rc = LUN_ENOMEM;
  struct server server;
  int n = 0;

  (void)state;
  server_start(&server, script, 1);
  request.url = server.url;
  for (n = 0; rc != LUN_OK; n++) {
    lun_loop *mine = NULL;

    assert_in_range(n, 0, 50);
    assert_int_equal(lun_loop_new(&mine, ctx, NULL), LUN_OK);
    ctx->account.fail_after = n;
    rc = lun_http_start(&http, mine, &request, 0, &error);
    if (rc == LUN_OK)
      rc = lun_loop_run(mine, &http.task, &error);
    ctx->account.fail_after = -1;
    if (rc != LUN_OK)
      assert_int_equal(rc, LUN_ENOMEM);
    lun_http_done(&http);
    lun_loop_free(mine);
  }
  assert_in_range(n, 3, 50);
  server_stop(&server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(what_is_sent),
      TEST(put_without_a_body),
      TEST(connections_are_kept),
      TEST(closed_between_requests),
      TEST(many_at_once),
      TEST(redirects_are_not_followed),
      TEST(whole_answers),
      TEST(answers_that_are_refused),
      TEST(odd_lengths),
      TEST(long_headers),
      TEST(no_answer_in_time),
      TEST(deadline_passes),
      TEST(given_up_halfway),
      TEST(signals_change_nothing),
      TEST(nobody_listens),
      TEST(refused_before_anything_is_sent),
      TEST(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
