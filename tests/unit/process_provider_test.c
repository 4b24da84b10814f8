/*
 * A program that prints credentials: one that does as it should, and all the
 * ways not to.  The tests' program is a shell script in the scene's home.
 */
#include "provider.h"

#include "../../core/text/redact.h"
#include "valgrind.h"

#include <errno.h>

#define KEYS                                                                   \
  "\"Version\":1,\"AccessKeyId\":\"ASIAONE\","                                 \
  "\"SecretAccessKey\":\"canary-secret\""
#define LATER "2026-11-23T06:00:00Z"

static char tool[128];

static int begin(void **state)
{
  if (make_scene(state))
    return -1;
  (void)snprintf(tool, sizeof(tool), "%s/tool", scene.home);
  return 0;
}

/* No test leaves a child behind, not even a zombie. */
static int end(void **state)
{
  (void)unlink(tool);
  drop_provider();
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
  return free_scene(state);
}

#define PROCESS(function) cmocka_unit_test_setup_teardown(function, begin, end)

/* The profile's line, which is the third one of the config file. */
static void command(const char *line)
{
  char text[1024] = "";

  (void)snprintf(text, sizeof(text),
                 "[default]\nregion = eu-central-1\ncredential_process = %s\n"
                 "aws_account_id = 111122223333\n",
                 line);
  set_config(text);
}

/* The profile's program is this script. */
static void script(const char *text)
{
  char line[256] = "";

  write_file(tool, text);
  (void)snprintf(line, sizeof(line), "sh '%s' --password canary", tool);
  command(line);
}

/* It prints TEXT and ends well. */
static void prints(const char *text)
{
  char lines[2048] = "";

  (void)snprintf(lines, sizeof(lines), "cat <<'END'\n%s\nEND\n", text);
  script(lines);
}

/* It fails, with an error that begins as they all do, and has TEXT in it. */
static void fails_with(const char *text)
{
  char begin_text[256] = "";

  (void)snprintf(begin_text, sizeof(begin_text),
                 "Error when retrieving credentials from custom-process: "
                 "credential_process in %s:3: ",
                 scene.config);
  fails(lun_provider_process, NULL, text);
  assert_int_equal(strncmp(error.message, begin_text, strlen(begin_text)), 0);
  assert_null(strstr(error.hint, "canary"));
}

/* ----------------------------------------------------------------- good -- */

static void not_configured(void **state)
{
  (void)state;
  set_config("[default]\nregion = eu-central-1\n");
  passes(lun_provider_process, NULL, "no credential_process");
  assert_string_equal(provider->looked, "profile \"default\"");
  set_config("[default]\ncredential_process =\n");
  passes(lun_provider_process, NULL, "no credential_process");
}

static void keys_alone(void **state)
{
  (void)state;
  prints("{" KEYS "}");
  gives(lun_provider_process, NULL, "ASIAONE", NULL);
  assert_string_equal(provider->name, "custom-process");
  assert_string_equal(provider->cred->account_id, "111122223333");
  assert_int_equal(provider->cred->expires_at, 0);
  assert_has(provider->looked, "credential_process in ");
  assert_has(provider->looked, "config:3");
  assert_string_equal(provider->found, "keys from 'sh' that do not expire");
}

static void everything(void **state)
{
  (void)state;
  prints("{" KEYS ",\"SessionToken\":\"canary-token\",\"Expiration\":\"" LATER
         "\",\"AccountId\":\"444455556666\",\"More\":[1]}\n");
  gives(lun_provider_process, NULL, "ASIAONE", "canary-token");
  assert_string_equal(provider->cred->account_id, "444455556666");
  assert_int_equal(provider->cred->expires_at, NOW + 6 * 3600);
  assert_string_equal(provider->found, "keys from 'sh' that expire at " LATER);
}

/* Keys that have expired are the chain's to judge. */
static void expired(void **state)
{
  (void)state;
  prints("{" KEYS ",\"Expiration\":\"2026-11-22T00:00:00+00:00\"}");
  gives(lun_provider_process, NULL, "ASIAONE", NULL);
  assert_int_equal(provider->cred->expires_at, NOW - 24 * 3600);
}

/* A role's source is the profile that it names. */
static void of_another_profile(void **state)
{
  (void)state;
  set_config("[default]\nregion = eu-central-1\n[profile base]\n"
             "credential_process = sh -c 'echo \"$0\"' "
             "'{\"Version\":1,\"AccessKeyId\":\"ASIATWO\","
             "\"SecretAccessKey\":\"canary-secret\"}'\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_process(&provider, place, "base", &error),
                   LUN_OK);
  lun_task_start(loop, &provider->task, 0);
  if (lun_loop_run(loop, &provider->task, &error))
    fail_msg("%s", error.message);
  assert_string_equal(provider->cred->access_key_id, "ASIATWO");
  assert_null(provider->cred->account_id);
}

/* The words are split as a shell splits them, and nothing is expanded. */
static void words(void **state)
{
  char line[256] = "";

  (void)state;
  write_file(tool,
             "[ $# = 3 ] && [ \"$1\" = '$HOME' ] && [ \"$2\" = 'a b' ] &&\n"
             "[ \"$3\" = '*' ] && echo '{" KEYS "}'\n");
  (void)snprintf(line, sizeof(line), "sh '%s' $HOME \"a b\" *", tool);
  command(line);
  gives(lun_provider_process, NULL, "ASIAONE", NULL);
}

/* What it is given: our whole environment and no input; what it says on
 * standard error is not looked at.  Where there is a terminal it may ask there
 * (e2e/whoami), so the tests leave theirs. */
static void surroundings(void **state)
{
  (void)state;
  (void)setsid(); /* fails where there is none to leave */
  (void)setenv("AWS_SESSION_TOKEN", "canary-token", 1);
  (void)setenv("SSLKEYLOGFILE", "/nonexistent", 1);
  script("[ \"$AWS_SESSION_TOKEN\" = canary-token ] || exit 3\n"
         "[ \"$SSLKEYLOGFILE\" = /nonexistent ] || exit 4\n"
         "[ -z \"$(cat)\" ] || exit 5\n"
         "[ $(ps -o pgid= -p $$) = $$ ] || exit 6\n"
         "[ $(ps -o sid= -p $$) = $$ ] || exit 7\n"
         "(: </dev/tty) 2>/dev/null && exit 8\n"
         "echo a word on standard error >&2\n"
         "echo '{" KEYS "}'\n");
  gives(lun_provider_process, NULL, "ASIAONE", NULL);
  (void)unsetenv("AWS_SESSION_TOKEN");
  (void)unsetenv("SSLKEYLOGFILE");
}

/* ------------------------------------------------------------- the line -- */

static void lines_that_are_refused(void **state)
{
  static const char *const cases[][3] = {
      {"tool --canary | base64 -d", "there is an unquoted '|' at column 15",
       "sh -c '...'"},
      {"tool && canary", "there is an unquoted '&' at column 6", "sh -c"},
      {"tool 'canary", "a quote without its end at column 6", ""},
      {"\\", "a backslash with nothing behind it at column 1", ""},
      {"PASSWORD=canary tool", "begins with a variable, not a program",
       "env NAME=VALUE"},
      {"''", "the command is empty", ""},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    command(cases[i][0]);
    fails_with(cases[i][1]);
    assert_has(error.hint, cases[i][2]);
  }
}

static void programs_that_cannot_run(void **state)
{
  (void)state;
  if (under_valgrind())
    skip();
  command("lunette-no-such-command --password canary");
  fails_with(": command 'lunette-no-such-command' not found in PATH");
  assert_has(error.hint, "whole path");
  command("/etc/passwd canary");
  fails_with(": cannot run '/etc/passwd': Permission denied");
  assert_has(error.hint, "chmod");
  command("~/lunette-none");
  fails_with(": cannot run '~/lunette-none': No such file");
  assert_has(error.hint, "no shell expands the ~");
}

/* ---------------------------------------------------------- how it ends -- */

static void bad_ends(void **state)
{
  static const char *const cases[][2] = {
      {"exit 3", ": 'sh' ended with status 3"},
      {"echo '{" KEYS "}'; exit 1", ": 'sh' ended with status 1"},
      {"echo first >&2; printf '\\n the last \\n\\n' >&2; exit 255",
       ": 'sh' ended with status 255: the last"},
      {"printf 'a\\033[31mred\\a\\tb\\377\\n' >&2; exit 1",
       ": 'sh' ended with status 1: a [31mred  b?"},
      {"kill -TERM $$", ": 'sh' was ended by signal 15 (Terminated)"},
      {"echo so >&2; kill -SEGV $$",
       ": 'sh' was ended by signal 11 (Segmentation fault): so"},
      {"head -c 70000 /dev/zero",
       ": the output of 'sh' is larger than 65536 bytes"},
      {"yes canary", ": the output of 'sh' is larger than 65536 bytes"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    script(cases[i][0]);
    fails_with(cases[i][1]);
    assert_string_equal(strstr(error.message, cases[i][1]), cases[i][1]);
    assert_string_not_equal(error.hint, "");
  }
  script("exit 1");
  fails_with("status 1");
  assert_has(error.hint, "it did not say why");
  script("head -c 9000 /dev/zero | tr '\\0' x >&2; exit 1");
  fails_with("status 1: xxx");
  assert_has(error.message, "xxx...");
  assert_in_range(strlen(strstr(error.message, ": xxx")), 190, 202);
}

/* Of what it says, nothing that is a secret gets into the error. */
static void secrets_on_standard_error(void **state)
{
  (void)state;
  set_env("AWS_SECRET_ACCESS_KEY", "canary-of-the-environment");
  script("echo '{" KEYS "}'; echo 'not good: canary-secret' >&2; exit 1");
  fails_with("status 1: not good: " LUN_REDACTED);
  script("echo '{\"SecretAccessKey\": \"canary-half'\n"
         "echo '+ token canary-half' >&2; exit 1");
  fails_with("status 1: + token " LUN_REDACTED);
  script("echo it was canary-of-the-environment >&2; exit 1");
  fails_with("status 1: it was " LUN_REDACTED);
}

static void outputs_that_are_none(void **state)
{
#define BAD(text, why)                                                         \
  {                                                                            \
    text, ": its output" why                                                   \
  }
#define VERSION(v)                                                             \
  ": Unsupported version '" v "' for credential process provider, supported "  \
  "versions: 1"
  static const char *const cases[][2] = {
      BAD("canary", " is no valid JSON: line 1, column 1: "),
      BAD("{" KEYS "} canary", " is no valid JSON: line 1, column 73: "),
      BAD("[]", ": the whole of it is an array, not an object"),
      {"{}", VERSION("<Version key not provided>")},
      {"{\"Version\":2}", VERSION("2")},
      BAD("{\"Version\":\"canary\"}", ": Version is a string, not a number"),
      BAD("{\"Version\":1.5}", ": Version is not a whole number"),
      BAD("{\"Version\":1,\"Version\":1}", ": Version occurs twice"),
      BAD("{\"Version\":1}", ": AccessKeyId is missing or empty"),
      BAD("{\"Version\":1,\"AccessKeyId\":\"A\"}",
          ": SecretAccessKey is missing or empty"),
      BAD("{" KEYS ",\"Expiration\":\"canary\"}", ": Expiration is not a date"),
      BAD("{" KEYS ",\"Expiration\":1}",
          ": Expiration is a number, not a string"),
      BAD("{" KEYS ",\"SessionToken\":{}}",
          ": SessionToken is an object, not a string"),
      BAD("{" KEYS ",\"AccountId\":\"canary/\"}",
          ": AccountId is no account id"),
  };
  size_t i = 0;

  (void)state;
  script("true");
  fails_with(": its output is no valid JSON: line 1, column 1: the text is "
             "empty");
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    prints(cases[i][0]);
    fails_with(cases[i][1]);
    assert_has(error.hint, "one JSON object: Version 1");
  }
}

/* ------------------------------------------------------------------ time -- */

static enum lun_step wait_only(struct lun_task *task)
{
  (void)task;
  return LUN_STEP_WAIT;
}

/* Runs the loop for so long. */
static void run_for(int64_t ms)
{
  struct lun_task task = {.step = wait_only};

  lun_task_start(loop, &task, lun_clock_mono_ms(ctx) + ms);
  assert_int_equal(lun_loop_run(loop, &task, NULL), LUN_EDEADLINE);
}

/*
 * Starts a program that does not end, with a child of its own, and waits
 * until both are there.  Gives the child's pid.
 */
static pid_t hang(int64_t deadline_ms)
{
  int64_t until = lun_clock_mono_ms(ctx) + 20000;
  FILE *file = NULL;
  long pid = 0;
  char path[160] = "";

  (void)snprintf(path, sizeof(path), "%s.pid", tool);
  script("echo 'Enter MFA code:' >&2\nsleep 300 &\n"
         "echo $! >\"$0.new\"; mv \"$0.new\" \"$0.pid\"; wait\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_process(&provider, place, NULL, &error),
                   LUN_OK);
  lun_task_start(loop, &provider->task,
                 deadline_ms == 0 ? 0 : lun_clock_mono_ms(ctx) + deadline_ms);
  while (file == NULL && lun_clock_mono_ms(ctx) < until) {
    run_for(5);
    file = fopen(path, "r");
  }
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%ld", &pid), 1);
  (void)fclose(file);
  (void)unlink(path);
  assert_int_equal(kill((pid_t)pid, 0), 0);
  return (pid_t)pid;
}

/* An orphan that was killed is gone when whoever inherits it has reaped it. */
static void assert_gone(pid_t pid)
{
  int i = 0;

  for (i = 0; kill(pid, 0) == 0 && i < 10000; i++)
    (void)usleep(1000);
  assert_int_equal(kill(pid, 0), -1);
}

static void one_that_hangs(void **state)
{
  pid_t pid = hang(0);

  (void)state;
  scene.mono_skip_ms = 59000;
  run_for(5);
  assert_false(provider->task.done);
  scene.mono_skip_ms = 60001;
  assert_int_equal(lun_loop_run(loop, &provider->task, &error),
                   LUN_ECREDENTIALS);
  assert_has(error.message, ":3: 'sh' had not ended after 60 s, and was "
                            "killed: Enter MFA code:");
  assert_has(error.hint, "it gets no input");
  assert_gone(pid);
}

static void the_deadline(void **state)
{
  pid_t pid = hang(30000);

  (void)state;
  scene.mono_skip_ms = 30001;
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_EDEADLINE);
  assert_has(error.message, "the deadline of ");
  assert_has(error.message, " passed while waiting for 'sh' to end");
  assert_gone(pid);
}

static void given_up(void **state)
{
  pid_t pid = hang(0);

  (void)state;
  drop_provider();
  assert_gone(pid);
}

/* Who is left behind in the background is nobody's business. */
static void left_in_the_background(void **state)
{
  int64_t before = lun_clock_mono_ms(ctx);

  (void)state;
  script("sleep 5 & echo '{" KEYS "}'");
  gives(lun_provider_process, NULL, "ASIAONE", NULL);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 0, 4900);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code work(struct lun_error *err)
{
  return ask_once(lun_provider_process, err);
}

/* Has the loop wait for a child, and so make what it makes once. */
static void wait_once(void)
{
  script("sleep 0.1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(work(NULL), LUN_ECREDENTIALS);
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  wait_once();
  prints("{" KEYS ",\"SessionToken\":\"canary\",\"Expiration\":\"" LATER "\"}");
  assert_int_equal(load_settings(NULL), LUN_OK);
  sweep(work);
}

/* The same on the way to an error. */
static void every_allocation_of_an_error_fails_once(void **state)
{
  size_t blocks = 0;
  bool failed = true;
  int n = 0;

  (void)state;
  wait_once();
  script("echo '{\"SecretAccessKey\":\"canary-secret\"}'\n"
         "echo canary-secret >&2; exit 1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(work(NULL), LUN_ECREDENTIALS);
  blocks = ctx->account.live_blocks;
  for (n = 0; failed; n++) {
    enum lun_code rc = LUN_OK;

    assert_in_range(n, 0, 200);
    ctx->account.fail_after = n;
    rc = work(&error);
    failed = ctx->account.fail_after < 0;
    ctx->account.fail_after = -1;
    assert_int_equal(rc, failed ? LUN_ENOMEM : LUN_ECREDENTIALS);
    assert_int_equal(ctx->account.live_blocks, blocks);
  }
  assert_in_range(n, 10, 200);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      PROCESS(not_configured),
      PROCESS(keys_alone),
      PROCESS(everything),
      PROCESS(expired),
      PROCESS(of_another_profile),
      PROCESS(words),
      PROCESS(surroundings),
      PROCESS(lines_that_are_refused),
      PROCESS(programs_that_cannot_run),
      PROCESS(bad_ends),
      PROCESS(secrets_on_standard_error),
      PROCESS(outputs_that_are_none),
      PROCESS(one_that_hangs),
      PROCESS(the_deadline),
      PROCESS(given_up),
      PROCESS(left_in_the_background),
      PROCESS(every_allocation_fails_once),
      PROCESS(every_allocation_of_an_error_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
