/* Where requests go, by which proxy, and what is trusted on the way. */
#include "../../core/net/http.h"

#include "../../core/net/route.h"

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

static enum lun_code run(const struct lun_http_request *request)
{
  enum lun_code rc = LUN_OK;

  memset(&error, 0, sizeof(error));
  rc = lun_http_start(&http, loop, request, 0, &error);
  return rc ? rc : lun_loop_run(loop, &http.task, &error);
}

static void unusable_trust(void **state)
{
  static const struct {
    const char *ca;
    const char *text;
  } bad[] = {{"/nonexistent/ca.pem", "No such file or directory"},
             {"/dev/null", "neither a file nor a folder"},
             {"/", "the folder has no hashed certificates"}};
  struct lun_http_request request = {.method = "GET",
                                     .url = "https://127.0.0.1:1"};
  char empty[] = "/tmp/lunette-test-XXXXXX";
  int fd = mkstemp(empty);
  int i = 0;

  (void)state;
  assert_true(fd >= 0);
  (void)close(fd);
  for (i = 0; i < COUNT(bad); i++) {
    request.ca = bad[i].ca;
    assert_int_equal(run(&request), LUN_ENETWORK);
    assert_int_equal(error.retryable, 0);
    assert_non_null(strstr(error.message, bad[i].ca));
    assert_non_null(strstr(error.message, bad[i].text));
    assert_string_not_equal(error.hint, "");
  }
  request.ca = empty;
  assert_int_equal(run(&request), LUN_ENETWORK);
  assert_non_null(strstr(error.message, "the file is empty"));
  (void)unlink(empty);
}

/* ---------------------------------------------------------------- proxy -- */

static void set_all(const char *const *names, const char *value)
{
  for (; *names != NULL; names++)
    (void)setenv(*names, value, 1);
}

static void unset_all(const char *const *names)
{
  for (; *names != NULL; names++)
    (void)unsetenv(*names);
}

static const char *const proxies[] = {
    "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
    "all_proxy",  "ALL_PROXY",  NULL};

/* What the environment comes to, without a request. */
static void routes(void **state)
{
  static const struct {
    const char *url;
    bool direct;
    const char *peer;
    const char *proxy;
  } cases[] = {
      {"https://x.invalid", false, "x.invalid:443", "http://upper.invalid"},
      {"https://x.invalid:8443", true, "x.invalid:8443", ""},
      {"https://127.0.0.2", false, "127.0.0.2:443", ""},
      {"https://[::1]:1", false, "[::1]:1", ""},
      {"https://169.254.169.254", false, "169.254.169.254:443", ""},
      {"http://169.254.169.254", true, "169.254.169.254:80", ""},
      {"http://localhost", false, "localhost:80", ""}};
  struct lun_route route;
  int i = 0;

  (void)state;
  set_all(proxies, "http://other.invalid");
  (void)unsetenv("https_proxy");
  (void)setenv("HTTPS_PROXY", "http://upper.invalid", 1);
  (void)setenv("NO_PROXY", ".amazonaws.com", 1);
  for (i = 0; i < COUNT(cases); i++) {
    assert_int_equal(
        lun_route_find(&route, cases[i].url, cases[i].direct, &error), LUN_OK);
    assert_string_equal(route.peer, cases[i].peer);
    assert_string_equal(route.proxy, cases[i].proxy);
    assert_string_equal(route.except, i == 0 ? ".amazonaws.com" : "*");
  }
  (void)setenv("https_proxy", "http://lower.invalid", 1);
  assert_int_equal(lun_route_find(&route, cases[0].url, false, &error), 0);
  assert_string_equal(route.proxy, "http://lower.invalid");
  unset_all(proxies);
  (void)unsetenv("NO_PROXY");
  assert_int_equal(lun_route_find(&route, cases[0].url, false, &error), 0);
  assert_string_equal(route.proxy, "");
  assert_string_equal(route.except, "");
}

static void loopback_needs_no_proxy(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(200, "", "mine")}};
  struct answer wrong[] = {{SEND_IT, answer_text(502, "", "proxy")}};
  struct lun_http_request request = {.method = "GET"};
  struct server proxy;
  struct server server;

  (void)state;
  server_start(&proxy, wrong, 1);
  server_start(&server, script, 1);
  request.url = server.url;
  set_all(proxies, proxy.url);
  assert_int_equal(run(&request), LUN_OK);
  assert_string_equal(lun_buf_text(&http.body), "mine");
  unset_all(proxies);
  assert_int_equal(atomic_load(&proxy.log->connections), 0);
  server_stop(&proxy);
  server_stop(&server);
}

static void https_goes_by_https_proxy(void **state)
{
  static const char *const others[] = {"http_proxy", "all_proxy", "ALL_PROXY",
                                       NULL};
  struct answer script[] = {{SEND_IT, answer_text(407, "", "who?")}};
  struct answer wrong[] = {{SEND_IT, answer_text(502, "", "proxy")}};
  struct lun_http_request request = {.method = "GET",
                                     .url = "https://aws.invalid/"};
  struct server proxy;
  struct server other;
  char url[128] = "";

  (void)state;
  server_start(&proxy, script, 1);
  server_start(&other, wrong, 1);
  set_all(others, other.url);
  (void)snprintf(url, sizeof(url), "http://me:canary@127.0.0.1:%d", proxy.port);
  (void)setenv("HTTPS_PROXY", url, 1);
  assert_int_equal(run(&request), LUN_ENETWORK);
  (void)unsetenv("HTTPS_PROXY");
  unset_all(others);
  assert_non_null(strstr(error.message, "aws.invalid:443: the proxy of "
                                        "HTTPS_PROXY"));
  assert_null(strstr(error.message, "canary"));
  assert_memory_equal(proxy.log->text[0], "CONNECT aws.invalid:443 ", 24);
  assert_int_equal(atomic_load(&other.log->connections), 0);
  server_stop(&proxy);
  server_stop(&other);
}

/* Not even a setting that makes no sense is quoted. */
static void senseless_proxies(void **state)
{
  static const char *const bad[] = {
      "http://me:canary@a b.invalid", "http://me:canary@127.0.0.1:99999",
      "gopher://me:canary@127.0.0.1:1", "http://me:canary@127.0.0.1:1"};
  struct lun_http_request request = {.method = "GET",
                                     .url = "https://aws.invalid/"};
  int i = 0;

  (void)state;
  for (i = 0; i < COUNT(bad); i++) {
    (void)setenv("HTTPS_PROXY", bad[i], 1);
    assert_int_equal(run(&request), LUN_ENETWORK);
    assert_null(strstr(error.message, "canary"));
    assert_non_null(strstr(error.message, "aws.invalid:443: the proxy of"));
  }
  (void)unsetenv("HTTPS_PROXY");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(unusable_trust),          TEST(routes),
      TEST(loopback_needs_no_proxy), TEST(https_goes_by_https_proxy),
      TEST(senseless_proxies),
  };

  unset_all(proxies);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
