/* The cache in front of the chain, with a clock that the test moves. */
#include "../../core/base/log.h"
#include "source.h"

#define HOUR 3600

/* Events of one word. */
struct counter {
  const char *word;
  enum lun_level level; /* of the last one */
  int count;
};

static void count_event(void *data, const struct lun_event *event)
{
  struct counter *counter = data;

  if (strcmp(event->word, counter->word) != 0)
    return;
  counter->count++;
  counter->level = event->level;
}

static enum lun_step pause_step(struct lun_task *task)
{
  if (lun_clock_mono_ms(ctx) < task->started_at + 100) {
    lun_task_sleep(task, task->started_at + 100);
    return LUN_STEP_WAIT;
  }
  return lun_task_end(task, LUN_OK, NULL);
}

/* Turns the loop for a while, as a call does that is under way, so that what
 * nobody waits for goes on. */
static void turn(void)
{
  struct lun_task pause = {.step = pause_step};

  lun_task_start(loop, &pause, 0);
  assert_int_equal(lun_loop_run(loop, &pause, &error), LUN_OK);
  lun_task_stop(&pause);
}

static void iso_at(char *out, size_t size, int64_t seconds)
{
  struct lun_buf text = LUN_BUF_INIT(ctx, 64);

  lun_text_put_iso(&text, seconds);
  (void)snprintf(out, size, "%s", lun_buf_text(&text));
  lun_buf_done(&text);
}

/* A profile whose role's N-th keys are "ASIAn", until NOW + n + 1 hours;
 * behind the COUNT-th it is refused. */
static void a_role(int count)
{
  static struct answer script[8];
  int n = 0;

  set_config("[default]\nrole_arn = " ROLE "\nrole_session_name = app\n"
             "source_profile = base\n"
             "[profile base]\naws_access_key_id = AKIDBASE\n"
             "aws_secret_access_key = canary-secret\n");
  for (n = 0; n < count; n++) {
    char name[16] = "";
    char end[32] = "";

    (void)snprintf(name, sizeof(name), "ASIA%d", n);
    iso_at(end, sizeof(end), NOW + (n + 1) * HOUR);
    script[n] = (struct answer){
        SEND_IT, assumed("444455556666", "reader/app", name, end)};
  }
  script[count] = (struct answer){SEND_IT, sts_error(403, "AccessDenied")};
  serve(script, count + 1);
}

/* --------------------------------------------------------------- refresh -- */

static void one_fetch_for_all(void **state)
{
  (void)state;
  a_role(1);
  chain(NULL);
  start(0, NULL);
  start(1, NULL);
  start(2, NULL);
  assert_int_equal(finish(2), LUN_OK);
  assert_int_equal(finish(0), LUN_OK);
  assert_int_equal(finish(1), LUN_OK);
  assert_ptr_equal(waits[0].cred, waits[2].cred);
  assert_ptr_equal(waits[1].cred, waits[2].cred);
  assert_int_equal(requests(), 1);
  assert_string_equal(key(), "ASIA0");
  assert_int_equal(requests(), 1);
}

/* 15 minutes before the end they are renewed beside the calls, which go on
 * with the old ones. */
static void the_advisory_window(void **state)
{
  (void)state;
  a_role(2);
  chain(NULL);
  assert_string_equal(key(), "ASIA0");
  scene.wall_s = NOW + HOUR - 901;
  scene.mono_skip_ms = 60000;
  assert_string_equal(key(), "ASIA0");
  assert_int_equal(requests(), 1);
  scene.wall_s = NOW + HOUR - 899;
  assert_string_equal(key(), "ASIA0"); /* at once */
  turn();
  assert_string_equal(key(), "ASIA1");
  assert_int_equal(requests(), 2);
}

/* A renewal that nobody waited for was left in the middle, since nobody turned
 * the loop: who needs it later starts anew. */
static void a_refresh_left_lying(void **state)
{
  (void)state;
  a_role(2);
  chain(NULL);
  assert_string_equal(key(), "ASIA0");
  scene.wall_s = NOW + HOUR - 899;
  scene.mono_skip_ms = 60000;
  assert_string_equal(key(), "ASIA0");
  scene.wall_s = NOW + HOUR - 200;
  scene.mono_skip_ms += 699000;
  assert_string_equal(key(), "ASIA1");
}

/* 10 minutes before the end, a call waits for new ones. */
static void the_mandatory_window(void **state)
{
  (void)state;
  a_role(2);
  chain(NULL);
  assert_string_equal(key(), "ASIA0");
  scene.wall_s = NOW + HOUR - 599;
  assert_string_equal(key(), "ASIA1");
  assert_int_equal(requests(), 2);
}

static void a_failed_refresh_keeps_what_is_valid(void **state)
{
  struct counter failures = {.word = "creds.failed"};

  (void)state;
  a_role(1);
  chain(NULL);
  assert_string_equal(key(), "ASIA0");
  lun_log_sink(ctx, count_event, &failures);
  scene.wall_s = NOW + HOUR - 599;
  assert_string_equal(key(), "ASIA0"); /* tried, and failed */
  assert_int_equal(requests(), 2);
  assert_int_equal(failures.count, 1);
  assert_int_equal(failures.level, LUN_WARN);
  assert_string_equal(key(), "ASIA0"); /* not tried by each */
  assert_int_equal(requests(), 2);
  scene.mono_skip_ms = 61000;
  assert_string_equal(key(), "ASIA0");
  assert_int_equal(requests(), 3);
  scene.mono_skip_ms = 122000;
  scene.wall_s = NOW + HOUR - 301;
  assert_string_equal(key(), "ASIA0");
  assert_int_equal(requests(), 4);
  scene.wall_s = NOW + HOUR - 299; /* too little for a call with retries */
  assert_has(key(), "words of AWS");
  assert_int_equal(error.code, LUN_EACCESS);
  assert_int_equal(requests(), 5);
}

/* A renewal that does not end holds nobody up for long. */
static void patience(void **state)
{
  struct answer script[] = {{SEND_IT, assumed("444455556666", "reader/app",
                                              "ASIA0", "2026-11-23T01:00:00Z")},
                            {HANG, NULL}};

  (void)state;
  a_role(0);
  end_servers();
  serve(script, 2);
  chain(NULL);
  assert_string_equal(key(), "ASIA0");
  scene.wall_s = NOW + HOUR - 599;
  start(1, NULL);
  turn();
  assert_false(waits[1].task.done);
  scene.mono_skip_ms = 10000;
  assert_int_equal(finish(1), LUN_OK);
  assert_string_equal(waits[1].cred->access_key_id, "ASIA0");
  assert_int_equal(requests(), 2);
  scene.wall_s = NOW + HOUR - 299; /* now they wait to the end */
  start(1, NULL);
  scene.mono_skip_ms = 20001;
  turn();
  assert_false(waits[1].task.done);
}

/* What could have waited is not tried by every call. */
static void a_pause_between_refreshes(void **state)
{
  struct counter failures = {.word = "creds.failed"};

  (void)state;
  a_role(1);
  chain(NULL);
  assert_string_equal(key(), "ASIA0");
  scene.wall_s = NOW + HOUR - 800;
  assert_string_equal(key(), "ASIA0");
  assert_int_equal(requests(), 1); /* a minute has not gone by */
  lun_log_sink(ctx, count_event, &failures);
  scene.mono_skip_ms = 61000;
  assert_string_equal(key(), "ASIA0");
  turn();
  assert_string_equal(key(), "ASIA0");
  turn();
  assert_string_equal(key(), "ASIA0");
  assert_int_equal(requests(), 2);
  assert_int_equal(failures.count, 1); /* a word to the log, and no error */
  assert_int_equal(failures.level, LUN_WARN);
}

/* Who gives the same keys again until he has newer ones is asked ever less
 * late, not by every call. */
static void the_same_keys_again(void **state)
{
  struct counter found = {.word = "creds.found"};

  (void)state;
  env_keys("AKIDENV");
  set_env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T01:00:00Z");
  chain(NULL);
  lun_log_sink(ctx, count_event, &found);
  assert_string_equal(key(), "AKIDENV");
  scene.wall_s = NOW + HOUR - 599;
  assert_string_equal(key(), "AKIDENV");
  assert_int_equal(found.count, 2);
  scene.mono_skip_ms = 61000;
  scene.wall_s = NOW + HOUR - 151;
  assert_string_equal(key(), "AKIDENV");
  assert_int_equal(found.count, 2);
  scene.wall_s = NOW + HOUR - 99;
  assert_string_equal(key(), "AKIDENV");
  assert_int_equal(found.count, 3);
}

/* A provider may say that the same keys last longer than it said before, as
 * the metadata service's does when AWS has no newer ones. */
static void the_same_keys_for_longer(void **state)
{
  struct counter found = {.word = "creds.found"};

  (void)state;
  env_keys("AKIDENV");
  set_env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T01:00:00Z");
  chain(NULL);
  lun_log_sink(ctx, count_event, &found);
  assert_string_equal(key(), "AKIDENV");
  scene.wall_s = NOW + HOUR + 10;
  scene.mono_skip_ms = (HOUR + 10) * INT64_C(1000);
  set_env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T01:20:10Z");
  assert_string_equal(key(), "AKIDENV");
  assert_int_equal(found.count, 2);
  scene.wall_s += 890;
  scene.mono_skip_ms += 890000;
  assert_string_equal(key(), "AKIDENV");
  turn();
  assert_int_equal(found.count, 2);
  scene.wall_s += 20; /* a quarter of the 20 minutes is left */
  assert_string_equal(key(), "AKIDENV");
  turn();
  assert_int_equal(found.count, 3);
}

/* Keys for a quarter of an hour are not renewed by every call. */
static void short_lives(void **state)
{
  struct counter found = {.word = "creds.found"};

  (void)state;
  env_keys("AKIDENV");
  set_env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T00:15:00Z");
  chain(NULL);
  lun_log_sink(ctx, count_event, &found);
  assert_string_equal(key(), "AKIDENV");
  scene.mono_skip_ms = 61000;
  scene.wall_s = NOW + 900 - 226;
  assert_string_equal(key(), "AKIDENV");
  turn();
  assert_int_equal(found.count, 1);
  scene.wall_s = NOW + 900 - 224;
  assert_string_equal(key(), "AKIDENV");
  turn();
  assert_int_equal(found.count, 2);
}

/* Others in the chain are not asked for what one of them gave. */
static void a_renewal_asks_the_same_provider(void **state)
{
  (void)state;
  set_config("[default]\naws_access_key_id = AKIDCONFIG\n"
             "aws_secret_access_key = canary-secret\n");
  env_keys("AKIDENV");
  set_env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T01:00:00Z");
  chain(NULL);
  assert_string_equal(key(), "AKIDENV");
  scene.wall_s = NOW + HOUR;
  set_env("AWS_ACCESS_KEY_ID", NULL);
  assert_string_equal(key(), "no credentials found any more: environment: "
                             "AWS_ACCESS_KEY_ID is not set, although "
                             "AWS_SECRET_ACCESS_KEY is set");
  assert_string_equal(error.hint,
                      "they were there before: look at what has changed");
  env_keys("AKIDNEW");
  set_env("AWS_CREDENTIAL_EXPIRATION", NULL);
  assert_has(key(), "Partial credentials found in env, missing: "
                    "AWS_CREDENTIAL_EXPIRATION");
  set_env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T02:00:00Z");
  assert_string_equal(key(), "AKIDNEW");
}

/* ----------------------------------------------------------------- stale -- */

/* Those that the service calls expired, and no others: the error says so, and
 * why. */
static void stale_and_no_others(void **state)
{
  struct lun_cred *old = NULL;

  (void)state;
  a_role(1);
  chain(NULL);
  assert_string_equal(key(), "ASIA0");
  old = lun_cred_ref(waits[0].cred);
  start(1, old);
  assert_int_equal(finish(1), LUN_EACCESS);
  assert_has(error.message, "the credentials of assume-role have expired, and "
                            "there are no others: role arn:");
  assert_int_equal(requests(), 2);
  lun_cred_unref(old);
}

static void stale_ones_are_not_given_again(void **state)
{
  struct lun_cred *old = NULL;

  (void)state;
  a_role(2);
  chain(NULL);
  assert_string_equal(key(), "ASIA0");
  old = lun_cred_ref(waits[0].cred);
  start(1, old);
  start(2, old);
  assert_int_equal(finish(1), LUN_OK);
  assert_int_equal(finish(2), LUN_OK);
  assert_string_equal(waits[1].cred->access_key_id, "ASIA1");
  assert_int_equal(requests(), 2); /* one refresh for both */
  start(1, old); /* who comes late with the old ones finds the new ones */
  assert_int_equal(finish(1), LUN_OK);
  assert_string_equal(waits[1].cred->access_key_id, "ASIA1");
  assert_int_equal(requests(), 2);
  lun_cred_unref(old);
}

static void no_newer_ones(void **state)
{
  struct lun_cred *old = NULL;

  (void)state;
  env_keys("AKIDENV");
  set_env("AWS_SESSION_TOKEN", "canary-token");
  chain(NULL);
  assert_string_equal(key(), "AKIDENV");
  old = lun_cred_ref(waits[0].cred);
  start(1, old);
  assert_int_equal(finish(1), LUN_ECREDENTIALS);
  assert_string_equal(error.message, "the credentials of env have expired, and "
                                     "it has no newer ones");
  set_env("AWS_SESSION_TOKEN", "canary-newer"); /* the same key, a new token */
  start(1, old);
  assert_int_equal(finish(1), LUN_OK);
  assert_span(lun_secret_view(waits[1].cred->session_token), "canary-newer");
  lun_cred_unref(old);
}

/* The environment's keys are read again when their time is over. */
static void keys_of_the_environment_that_expire(void **state)
{
  (void)state;
  env_keys("AKIDOLD");
  set_env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T01:00:00Z");
  chain(NULL);
  assert_string_equal(key(), "AKIDOLD");
  set_env("AWS_ACCESS_KEY_ID", "AKIDNEW");
  set_env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T02:00:00Z");
  assert_string_equal(key(), "AKIDOLD");
  scene.wall_s = NOW + HOUR;
  assert_string_equal(key(), "AKIDNEW");
  scene.wall_s = NOW + 2 * HOUR;
  assert_string_equal(key(), "Credentials were refreshed, but the refreshed "
                             "credentials are still expired: those of env "
                             "ended at 2026-11-23T02:00:00Z");
  assert_has(error.hint, "which says 2026-11-23T02:00:00Z");
}

/* Nor does a role get any with keys that are past their end. */
static void expired_keys_of_a_role(void **state)
{
  struct answer script[] = {{SEND_IT, sts_error(403, "AccessDenied")}};
  struct lun_session_options options = {.profile = "app"};

  (void)state;
  serve(script, 1);
  set_config("[profile app]\nrole_arn = " ROLE "\n"
             "credential_source = Environment\n");
  env_keys("AKIDENV");
  set_env("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T00:00:00Z");
  chain(&options);
  assert_has(key(), "are still expired: those of env ended at 2026-11-23T00");
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_int_equal(requests(), 0);
}

/* ----------------------------------------------------------------- fixed -- */

static void fixed_ones(void **state)
{
  static const struct lun_cred_fields fields = {
      .access_key_id = {"AKIDFIXED", 9},
      .secret_access_key = {"canary-secret", 13},
      .provider = "session"};
  struct lun_cred *cred = NULL;

  (void)state;
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_cred_new(&cred, ctx, &fields, &error), LUN_OK);
  assert_int_equal(lun_source_fixed(&source, place, cred, &error), LUN_OK);
  assert_string_equal(key(), "AKIDFIXED");
  scene.wall_s = NOW + 1000 * HOUR;
  assert_string_equal(key(), "AKIDFIXED");
  start(1, cred);
  assert_int_equal(finish(1), LUN_ECREDENTIALS);
  assert_has(error.message, "the credentials given to the session have");
  lun_cred_unref(cred);
}

/* -------------------------------------------------------------- deadline -- */

/* Who gives up does not take the fetch from the others. */
static void one_gives_up(void **state)
{
  struct answer script[] = {{DRIP, imds_token()},
                            {SEND_IT, answer_text(200, "", "app")},
                            {SEND_IT, imds_keys("ASIA0", "2026-11-23T01:00:00Z"
                                                         "")}};

  (void)state;
  set_env("AWS_METADATA_SERVICE_TIMEOUT", "5");
  serve_imds(script, 3);
  chain(NULL);
  lun_cred_wait_init(&waits[0], source);
  lun_cred_wait_start(&waits[0], NULL, lun_clock_mono_ms(ctx) + 50);
  start(1, NULL);
  assert_int_equal(finish(0), LUN_EDEADLINE);
  assert_int_equal(finish(1), LUN_OK);
  assert_string_equal(waits[1].cred->access_key_id, "ASIA0");
  assert_int_equal(imds_requests(), 3);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      CHAIN(one_fetch_for_all),
      CHAIN(the_advisory_window),
      CHAIN(a_refresh_left_lying),
      CHAIN(the_mandatory_window),
      CHAIN(a_failed_refresh_keeps_what_is_valid),
      CHAIN(patience),
      CHAIN(a_pause_between_refreshes),
      CHAIN(the_same_keys_again),
      CHAIN(the_same_keys_for_longer),
      CHAIN(short_lives),
      CHAIN(a_renewal_asks_the_same_provider),
      CHAIN(stale_and_no_others),
      CHAIN(stale_ones_are_not_given_again),
      CHAIN(no_newer_ones),
      CHAIN(keys_of_the_environment_that_expire),
      CHAIN(expired_keys_of_a_role),
      CHAIN(fixed_ones),
      CHAIN(one_gives_up),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
