/*
 * The endpoint of a container's agent, on loopback.  That of a relative URI
 * has an address that no test may ask outside a network of its own: of that
 * one, only the URL is looked at.
 */
#include "../../core/creds/container.c"
#include "provider.h"

#define LATER "2026-11-23T06:00:00Z"
#define KEYS                                                                   \
  "\"AccessKeyId\":\"ASIAONE\",\"SecretAccessKey\":\"canary-secret\","         \
  "\"Token\":\"canary-token\",\"Expiration\":\"" LATER "\""

static char token_file[128];

static int begin_scene(void **state)
{
  if (make_scene(state))
    return -1;
  (void)snprintf(token_file, sizeof(token_file), "%s/token", scene.home);
  return 0;
}

static int end_scene(void **state)
{
  (void)unlink(token_file);
  return free_provider(state);
}

#define CONTAINER(function)                                                    \
  cmocka_unit_test_setup_teardown(function, begin_scene, end_scene)

/* The endpoint is at the URL's path /creds, and answers so. */
static void endpoint(const struct answer *answers, int count)
{
  static char url[128];

  end_servers();
  server_start(&scene.servers[0], answers, count);
  (void)snprintf(url, sizeof(url), "%s/creds?canary=1", scene.servers[0].url);
  set_env(FULL, url);
}

static void answers_with(int status, const char *body)
{
  struct answer script[] = {{SEND_IT, answer_text(status, "", body)}};

  endpoint(script, 1);
}

/* A new provider, asked with a deadline. */
static enum lun_code ask_until(int64_t deadline)
{
  drop_provider();
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_container(&provider, place, NULL, &error),
                   LUN_OK);
  lun_task_start(loop, &provider->task, deadline);
  return lun_loop_run(loop, &provider->task, &error);
}

/* It fails at once, since the deadline leaves no time for another attempt. */
static void fails_with(const char *text)
{
  assert_int_equal(ask_until(lun_clock_mono_ms(ctx) + 950), LUN_ECREDENTIALS);
  assert_null(provider->cred);
  assert_null(strstr(error.message, "canary"));
  assert_null(strstr(error.hint, "canary"));
  assert_null(strstr(provider->looked, "canary"));
  assert_int_equal(
      strncmp(error.message,
              "Error when retrieving credentials from container-role: ", 55),
      0);
  assert_has(error.message, text);
}

/* ----------------------------------------------------------------- good -- */

static void not_configured(void **state)
{
  (void)state;
  passes(lun_provider_container, NULL, "neither of the two is set");
  assert_string_equal(provider->looked, RELATIVE ", " FULL);
  set_env(FULL, ""); /* like one that is not set */
  passes(lun_provider_container, NULL, "neither of the two is set");
}

static void whole(void **state)
{
  char looked[128] = "";

  (void)state;
  answers_with(200, "{" KEYS ",\"RoleArn\":\"" ROLE "\","
                    "\"AccountId\":\"444455556666\"}");
  set_env("http_proxy", "http://127.0.0.1:1");
  gives(lun_provider_container, NULL, "ASIAONE", "canary-token");
  assert_string_equal(provider->name, "container-role");
  assert_int_equal(provider->cred->expires_at, NOW + 6 * 3600);
  assert_string_equal(provider->cred->account_id, "444455556666");
  assert_int_equal(provider->skew, 0);
  (void)snprintf(looked, sizeof(looked), FULL ": %s/creds",
                 scene.servers[0].url);
  assert_string_equal(provider->looked, looked);
  assert_string_equal(provider->found,
                      "keys of " ROLE " that expire at " LATER);
  assert_has(request(0), "GET /creds?canary=1 HTTP/1.1\r\n");
  assert_has(request(0), "\r\nAccept: application/json\r\n");
  assert_null(strstr(request(0), "Authorization"));
}

/* What may be absent; and the clock that tells the expiry is theirs. */
static void the_least(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(200, "Date: Mon, 23 Nov 2026 02:00:00 GMT\r\n",
                            "{" KEYS "}")}};

  (void)state;
  endpoint(script, 1);
  gives(lun_provider_container, NULL, "ASIAONE", "canary-token");
  assert_null(provider->cred->account_id);
  assert_string_equal(provider->found, "keys that expire at " LATER);
  assert_int_equal(provider->skew, 7200);
}

/* ------------------------------------------------------------------ URL -- */

/* The URL that is come to, without asking anybody. */
static enum lun_code url(const char *relative, const char *full)
{
  set_env(RELATIVE, relative);
  set_env(FULL, full);
  drop_provider();
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_container(&provider, place, NULL, &error),
                   LUN_OK);
  return find_url(container_of(&provider->task), &error);
}

static void relative_uris(void **state)
{
  (void)state;
  assert_int_equal(url("/v2/credentials/x?y", "http://127.0.0.1/z"), LUN_OK);
  assert_string_equal(lun_buf_text(&container_of(&provider->task)->url),
                      "http://169.254.170.2/v2/credentials/x?y");
  assert_string_equal(lun_buf_text(&container_of(&provider->task)->place),
                      "http://169.254.170.2/v2/credentials/x");
  /* None of these may make another host of it. */
  assert_int_equal(url("v2", NULL), LUN_ECREDENTIALS);
  assert_string_equal(error.message, RELATIVE " does not begin with a slash");
  assert_has(error.hint, FULL);
  assert_int_equal(url(".example.com/", NULL), LUN_ECREDENTIALS);
  assert_int_equal(url("@example.com/", NULL), LUN_ECREDENTIALS);
  assert_int_equal(url(":80@example.com/", NULL), LUN_ECREDENTIALS);
  assert_int_not_equal(url("/a b", NULL), LUN_OK);
  assert_has(error.message, RELATIVE);
}

static void full_uris(void **state)
{
  static const char *const good[] = {
      "https://example.com/x",       "HTTPS://EXAMPLE.COM",
      "http://127.0.0.1/x",          "http://127.255.0.1:80/x",
      "http://[::1]:8080/x",         "http://169.254.170.2/x",
      "http://169.254.170.23/v1/c",  "http://[fd00:ec2::23]/v1/c",
      "http://[FD00:EC2::23]:80/v1", "http://localhost:1234/x"};
  static const char *const hosts[][2] = {
      {"http://example.com/x", "example.com"},
      {"http://169.254.169.254/x", "169.254.169.254"},
      {"http://169.254.170.2.example.com/", "169.254.170.2.example.com"},
      {"http://10.0.0.1", "10.0.0.1"},
      {"http://localhost.example.com/", "localhost.example.com"},
      {"http://[fd00:ec2::254]/", "fd00:ec2::254"},
      {"http://0.0.0.0/", "0.0.0.0"}};
  static const char *const bad[] = {"http:///x",
                                    "http://",
                                    "/x",
                                    "ftp://127.0.0.1/x",
                                    "http://a@127.0.0.1",
                                    "http://127.0.0.1 /",
                                    "127.0.0.1:80/x",
                                    "http:127.0.0.1"};
  char text[256] = "";
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
    if (url(NULL, good[i]))
      fail_msg("%s: %s", good[i], error.message);
  for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
    assert_int_equal(url(NULL, hosts[i][0]), LUN_ECREDENTIALS);
    (void)snprintf(text, sizeof(text),
                   FULL ": Unsupported host '%s'. Can only retrieve metadata "
                        "from a loopback address or one of these hosts: "
                        "169.254.170.2, 169.254.170.23, fd00:ec2::23, "
                        "localhost",
                   hosts[i][1]);
    assert_string_equal(error.message, text);
    assert_has(error.hint, "https");
  }
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_not_equal(url(NULL, bad[i]), LUN_OK);
    assert_has(error.message, FULL);
  }
}

/* As a whole: such an error has the exit status of credentials. */
static void refused_urls(void **state)
{
  (void)state;
  set_env(FULL, "http://example.com/x");
  fails_with(": " FULL ": Unsupported host 'example.com'.");
  set_env(FULL, "not a URL");
  fails_with(FULL);
  set_env(RELATIVE, "x");
  fails_with(RELATIVE " does not begin with a slash");
}

/* ---------------------------------------------------------------- token -- */

static void tokens(void **state)
{
  (void)state;
  answers_with(200, "{" KEYS "}");
  set_env(TOKEN, "Basic canary-of-the-variable");
  gives(lun_provider_container, NULL, "ASIAONE", "canary-token");
  assert_has(request(0), "\r\nAuthorization: Basic canary-of-the-variable\r\n");
  set_env(TOKEN_FILE, token_file);
  write_file(token_file, "canary-of-the-file");
  gives(lun_provider_container, NULL, "ASIAONE", "canary-token");
  assert_has(request(1), "\r\nAuthorization: canary-of-the-file\r\n");
  write_file(token_file, "canary-renewed"); /* read again */
  gives(lun_provider_container, NULL, "ASIAONE", "canary-token");
  assert_has(request(2), "\r\nAuthorization: canary-renewed\r\n");
}

static void bad_tokens(void **state)
{
  char text[256] = "";

  (void)state;
  answers_with(200, "{" KEYS "}");
  set_env(TOKEN, "canary\r\nX: y");
  fails_with(": the token in " TOKEN " has a line break");
  set_env(TOKEN, "canary\n");
  fails_with(": the token in " TOKEN " has a line break");
  set_env(TOKEN, "canary\x01");
  fails_with("/creds: the header Authorization has a character");
  set_env(TOKEN_FILE, token_file); /* comes before the variable */
  (void)snprintf(text, sizeof(text),
                 ": " TOKEN_FILE ": %s: cannot open it: No such file",
                 token_file);
  fails_with(text);
  assert_has(error.hint, "whoever starts the container");
  write_file(token_file, "");
  (void)snprintf(text, sizeof(text), ": the token in %s is empty", token_file);
  fails_with(text);
  write_file(token_file, "canary\n");
  (void)snprintf(text, sizeof(text), ": the token in %s has a line break",
                 token_file);
  fails_with(text);
  assert_has(error.hint, "without a line break");
  assert_int_equal(requests(), 0);
}

/* -------------------------------------------------------------- answers -- */

/* Statuses, and what the service says of them. */
static void refusals(void **state)
{
  static const struct {
    int status;
    const char *body;
    const char *end;
  } cases[] = {
      {400, "{\"code\":\"InvalidIdInRequest\",\"message\":\"no such task\"}",
       "HTTP status 400: InvalidIdInRequest: no such task"},
      {403, "{\"Code\":\"AccessDenied\"}", "HTTP status 403: AccessDenied"},
      {404, "{\"message\":\"two\\nlines\"}", "HTTP status 404: two lines"},
      {404, "[id]: (ResourceNotFoundException): no association",
       "HTTP status 404"},
      {400, "Service unavailable\n", "HTTP status 400: Service unavailable"},
      {500, "<html>canary</html>", "HTTP status 500"},
      {500, "{\"code\":1,\"message\":[\"canary\"]}", "HTTP status 500"},
      {502, "", "HTTP status 502"},
      {302, "Location: canary is elsewhere, {",
       "HTTP status 302: Location: " LUN_REDACTED " is elsewhere, {"},
      {500, "{\"SecretAccessKey\":\"canary\"", "HTTP status 500"},
      {401, "{\"message\":\"not the token canary\"}",
       "HTTP status 401: not the token " LUN_REDACTED},
  };
  size_t i = 0;

  (void)state;
  set_env(TOKEN, "canary");
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char end[256] = "";

    answers_with(cases[i].status, cases[i].body);
    (void)snprintf(end, sizeof(end), ": %s/creds: it answered with %s",
                   scene.servers[0].url, cases[i].end);
    fails_with(end);
    assert_string_equal(strstr(error.message, end), end);
    assert_int_equal(error.http_status, cases[i].status);
    assert_int_equal(error.attempts, 1);
  }
  assert_has(error.hint, "it does not take the token");
  set_env(TOKEN, NULL);
  answers_with(401, "");
  fails_with("HTTP status 401");
  assert_has(error.hint, "it wants a token: " TOKEN_FILE " or " TOKEN);
  answers_with(404, "");
  fails_with("HTTP status 404");
  assert_has(error.hint,
             "look at what set " FULL ", and at what answers there");
}

static void answers_that_are_not_whole(void **state)
{
  static const char *const cases[][2] = {
      {"<html>canary</html>", "its answer is no valid JSON: line 1, column 1"},
      {"", "its answer is no valid JSON"},
      {"canary", "its answer is no valid JSON"},
      {"[\"canary\"]", "its answer: the whole of it is an array"},
      {"{}", "its answer: AccessKeyId is missing or empty"},
      {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"canary\"}",
       "its answer: Token is missing or empty"},
      {"{" KEYS ",\"Token\":\"canary\"}", "its answer: Token occurs twice"},
      {"{" KEYS ",\"AccountId\":1}",
       "its answer: AccountId is a number, not a string"},
      {"{\"code\":\"NoRole\",\"message\":\"the task has none\"}",
       "its answer: AccessKeyId is missing or empty: NoRole: the task has "
       "none"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    answers_with(200, cases[i][0]);
    fails_with(cases[i][1]);
    assert_has(error.message, "/creds: ");
    assert_int_equal(error.http_status, 200);
  }
}

/* ------------------------------------------------------------- attempts -- */

/* Whatever is no answer is tried again: three attempts, a second between. */
static void attempts(void **state)
{
  struct answer flaky[] = {{RESET, NULL},
                           {SEND_IT, answer_text(200, "", "canary")},
                           {SEND_IT, answer_text(200, "", "{" KEYS "}")}};
  struct answer down[] = {{SEND_IT, answer_text(500, "", "")},
                          {SEND_IT, answer_text(404, "", "")},
                          {SEND_IT, answer_text(503, "", "busy")}};
  struct answer half[] = {{SEND_IT, answer_text(200, "", "{\"code\":\"X\"}")}};
  int64_t before = lun_clock_mono_ms(ctx);

  (void)state;
  endpoint(flaky, 3);
  gives(lun_provider_container, NULL, "ASIAONE", "canary-token");
  assert_int_equal(requests(), 3);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 2000, 20000);
  endpoint(down, 3);
  fails(lun_provider_container, NULL, "HTTP status 503: busy");
  assert_int_equal(requests(), 3);
  assert_int_equal(error.attempts, 3);
  endpoint(half, 1); /* an answer, if not a good one */
  fails(lun_provider_container, NULL, "AccessKeyId is missing or empty: X");
  assert_int_equal(requests(), 1);
}

static void nobody_there(void **state)
{
  char url_text[64] = "";
  char want[256] = "";
  int port = 0;
  int fd = server_listen(&port);

  (void)state;
  (void)close(fd);
  (void)snprintf(url_text, sizeof(url_text), "http://127.0.0.1:%d/x", port);
  set_env(FULL, url_text);
  (void)snprintf(want, sizeof(want), ": %s: cannot connect: Connection refused",
                 url_text);
  fails_with(want);
  assert_int_equal(error.http_status, 0);
  assert_has(error.hint, "look at the agent of this container");
}

/* Two seconds for each attempt; the deadline for all of them. */
static void silence(void **state)
{
  struct answer script[] = {{HANG, NULL}};
  int64_t before = lun_clock_mono_ms(ctx);

  (void)state;
  endpoint(script, 1);
  assert_int_equal(ask_until(before + 2900), LUN_ECREDENTIALS);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 1990, 2890);
  assert_has(error.message, "/creds: no complete answer in time");
  assert_int_equal(ask_until(lun_clock_mono_ms(ctx) + 100), LUN_EDEADLINE);
  assert_has(error.message, " passed while waiting for 127.0.0.1:");
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code work(struct lun_error *err)
{
  return ask_once(lun_provider_container, err);
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  answers_with(200, "{" KEYS ",\"RoleArn\":\"" ROLE "\"}");
  set_env(TOKEN_FILE, token_file);
  write_file(token_file, "canary");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(work(NULL), LUN_OK); /* what the loop makes once */
  sweep(work);
}

/* The same on the way to an error. */
static void every_allocation_of_an_error_fails_once(void **state)
{
  bool failed = true;
  int n = 0;

  (void)state;
  answers_with(200, "{\"code\":\"X\",\"message\":\"canary\"}");
  set_env(TOKEN, "canary");
  assert_int_equal(load_settings(NULL), LUN_OK);
  for (n = 0; failed; n++) {
    enum lun_code rc = LUN_OK;

    assert_in_range(n, 0, 200);
    ctx->account.fail_after = n;
    rc = work(&error);
    failed = ctx->account.fail_after < 0;
    ctx->account.fail_after = -1;
    assert_int_equal(rc, failed ? LUN_ENOMEM : LUN_ECREDENTIALS);
  }
  assert_in_range(n, 10, 200);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      CONTAINER(not_configured),
      CONTAINER(whole),
      CONTAINER(the_least),
      CONTAINER(relative_uris),
      CONTAINER(full_uris),
      CONTAINER(refused_urls),
      CONTAINER(tokens),
      CONTAINER(bad_tokens),
      CONTAINER(refusals),
      CONTAINER(answers_that_are_not_whole),
      CONTAINER(attempts),
      CONTAINER(nobody_there),
      CONTAINER(silence),
      CONTAINER(every_allocation_fails_once),
      CONTAINER(every_allocation_of_an_error_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
