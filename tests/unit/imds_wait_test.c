/* The metadata service without tokens, and while it boots. */
#include "metadata.h"

#include "../../core/base/log.h"

/* ------------------------------------------------------------ version 1 -- */

static int warnings;

static void count_v1(void *data, const struct lun_event *event)
{
  (void)data;
  if (strcmp(event->word, "imds.v1") == 0 && event->level == LUN_WARN)
    warnings++;
}

/* Where it is allowed, a service that gives no token is asked without. */
static void without_a_token(void **state)
{
  static const int statuses[] = {403, 404, 405};
  struct lun_imds_options options = {.v1 = true};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
    struct answer script[] = {{SEND_IT, answer_text(statuses[i], "", "")},
                              {SEND_IT, answer_text(200, "", "x")}};

    warnings = 0;
    lun_log_sink(ctx, count_v1, NULL);
    begin(script, 2, options);
    assert_int_equal(ask("/x"), LUN_OK);
    assert_string_equal(lun_buf_text(&get.body), "x");
    assert_memory_equal(server.log->text[1], "GET /x ", 7);
    assert_null(strcasestr(server.log->text[1], "token"));
    assert_int_equal(ask("/x"), LUN_OK);
    assert_int_equal(requests(), 3); /* and no token is asked for again */
    assert_int_equal(warnings, 1);
    drop();
  }
}

/* Silence is how a service of version 1 may say it, too. */
static void without_a_token_in_time(void **state)
{
  struct answer script[] = {{HANG, NULL}, {SEND_IT, answer_text(200, "", "x")}};
  struct lun_imds_options options = {.v1 = true, .timeout_ms = 300};

  (void)state;
  begin(script, 2, options);
  assert_int_equal(ask("/x"), LUN_OK);
  assert_int_equal(requests(), 2);
}

/* Other answers mean something else. */
static void no_version_1_for_that(void **state)
{
  static const int statuses[] = {400, 401, 500, 302};
  struct lun_imds_options options = {.v1 = true};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
    struct answer script[] = {{SEND_IT, answer_text(statuses[i], "", "")}};

    begin(script, 1, options);
    assert_int_equal(ask("/x"), LUN_ECREDENTIALS);
    assert_int_equal(get.wrong, statuses[i] == 400);
    assert_int_equal(requests(), 1);
    drop();
  }
}

/* A service that wants a token after all is asked for one again. */
static void a_token_after_all(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(404, "", "")},
                            {SEND_IT, answer_text(401, "", "")},
                            TOKEN,
                            {SEND_IT, answer_text(200, "", "x")}};
  struct lun_imds_options options = {.v1 = true};

  (void)state;
  begin(script, 4, options);
  assert_int_equal(ask("/x"), LUN_OK);
  assert_non_null(strstr(server.log->text[3], "canary-token=="));
}

/* -------------------------------------------------------------- waiting -- */

static int64_t skipped_ms;

/* A clock on which pauses are over as soon as they have begun. */
static int64_t hasty(void *data)
{
  struct lun_clock clock = {.data = NULL};
  int64_t now = 0;

  (void)data;
  lun_clock_system(&clock);
  now = clock.mono_ms(NULL) + skipped_ms;
  if (get.patience.resume_at > now)
    skipped_ms += get.patience.resume_at - now;
  return clock.mono_ms(NULL) + skipped_ms;
}

static const struct lun_imds_options patient = {.timeout_ms = 5000,
                                                .wait = true};

static enum lun_code ask_for(int64_t time_ms)
{
  memset(&error, 0, sizeof(error));
  lun_imds_get_start(&get, "/x", lun_clock_mono_ms(ctx) + time_ms);
  return lun_loop_run(loop, &get.task, &error);
}

/* What a service answers while it boots is not its last word. */
static void until_it_is_well(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(503, "", "")}, {SEND_IT, answer_text(401, "", "")},
      {SEND_IT, answer_text(429, "", "")}, TOKEN,
      {SEND_IT, answer_text(401, "", "")}, TOKEN,
      {SEND_IT, answer_text(401, "", "")}, {SEND_IT, answer_text(500, "", "")},
      {SEND_IT, answer_text(200, "", "x")}};

  (void)state;
  begin(script, 9, patient);
  skipped_ms = 0;
  ctx->clock.mono_ms = hasty;
  assert_int_equal(ask_for(100000), LUN_OK);
  assert_string_equal(lun_buf_text(&get.body), "x");
  assert_int_equal(requests(), 9);
  assert_in_range(skipped_ms, 14900, 15000); /* 1 to 5 s */
}

/* What kept a token away is no cause of what follows, once there is one. */
static void advice_of_the_past(void **state)
{
  struct answer script[] = {
      {HANG, NULL}, TOKEN, {SEND_IT, answer_text(403, "", "")}};
  struct lun_imds_options options = {.timeout_ms = 300, .wait = true};

  (void)state;
  begin(script, 3, options);
  skipped_ms = 0;
  ctx->clock.mono_ms = hasty;
  assert_int_equal(ask_for(100000), LUN_ECREDENTIALS);
  assert_int_equal(requests(), 3);
  assert_null(get.advice);
}

/* These stay as they are: nothing is gained by waiting. */
static void what_is_not_waited_for(void **state)
{
  static const int statuses[] = {400, 403, 404, 405, 302};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
    struct answer script[] = {{SEND_IT, answer_text(statuses[i], "", "")}};

    begin(script, 1, patient);
    assert_int_equal(ask_for(100000), LUN_ECREDENTIALS);
    assert_int_equal(requests(), 1);
    drop();
  }
}

static void a_path_that_is_not_there(void **state)
{
  struct answer script[] = {TOKEN, {SEND_IT, answer_text(404, "", "")}};

  (void)state;
  begin(script, 2, patient);
  assert_int_equal(ask_for(100000), LUN_ENOTFOUND);
  assert_int_equal(requests(), 2);
}

/* Nobody comes: the reason, while there is time to say it. */
static void until_there_is_no_time(void **state)
{
  struct lun_imds_options options = {.timeout_ms = 200, .wait = true};
  int64_t before = lun_clock_mono_ms(ctx);
  char url[64] = "";
  int port = 0;
  int fd = server_listen(&port);

  (void)state;
  (void)close(fd);
  (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
  options.endpoint = url;
  assert_int_equal(lun_imds_new(&imds, loop, &options, &error), LUN_OK);
  lun_imds_get_init(&get, imds);
  assert_int_equal(ask_for(2000), LUN_ENETWORK);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 1000, 1900);
  assert_non_null(
      strstr(error.message, "Connection refused, after waiting for 1 s"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(without_a_token),          TEST(without_a_token_in_time),
      TEST(no_version_1_for_that),    TEST(a_token_after_all),
      TEST(until_it_is_well),         TEST(what_is_not_waited_for),
      TEST(a_path_that_is_not_there), TEST(until_there_is_no_time),
      TEST(advice_of_the_past),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
