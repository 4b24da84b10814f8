/* The chain: its order, what it says of each, and what it says of none. */
#include "source.h"

/* ---------------------------------------------------------------- order -- */

/* The chain, and what has each of its providers asked: a line of the config
 * file's default profile, of the credentials file's, or two variables. */
static const struct {
  const char *name;
  const char *config;
  const char *credentials;
  const char *variables[4];
} chain_of[] = {
    {"env", NULL, NULL, {"AWS_ACCESS_KEY_ID", "AKIDENV"}},
    {"assume-role",
     "role_arn = " ROLE "\nsource_profile = lost\n",
     NULL,
     {NULL}},
    {"assume-role-with-web-identity",
     NULL,
     NULL,
     {"AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token", "AWS_ROLE_ARN", ROLE}},
    {"sso", "sso_account_id = 111122223333\n", NULL, {NULL}},
    {"shared-credentials-file", NULL, "aws_access_key_id = AKID\n", {NULL}},
    {"login", "login_session = arn:aws:iam::1:user/lost\n", NULL, {NULL}},
    {"custom-process", "credential_process = /nowhere/program\n", NULL, {NULL}},
    {"config-file", "aws_access_key_id = AKID\n", NULL, {NULL}},
    {"container-role",
     NULL,
     NULL,
     {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://elsewhere.example/"}},
    {"iam-role", NULL, NULL, {NULL}},
};

#define CHAIN_LEN (sizeof(chain_of) / sizeof(chain_of[0]))

/* Writes a file with a default profile that has what RANK and later want. */
static void write_from(size_t rank, const char *path, bool config)
{
  FILE *file = fopen(path, "w");
  size_t i = 0;

  assert_non_null(file);
  assert_true(fputs("[default]\n", file) >= 0);
  for (i = rank; i < CHAIN_LEN; i++) {
    const char *line = config ? chain_of[i].config : chain_of[i].credentials;

    assert_true(fputs(line != NULL ? line : "", file) >= 0);
  }
  assert_int_equal(fclose(file), 0);
}

/* Sets all up that comes at RANK and later, and nothing else. */
static void set_from(size_t rank)
{
  size_t i = 0;
  size_t k = 0;

  for (i = 0; i < CHAIN_LEN; i++)
    for (k = 0; k < 4 && chain_of[i].variables[k] != NULL; k += 2)
      set_env(chain_of[i].variables[k],
              i >= rank ? chain_of[i].variables[k + 1] : NULL);
  write_from(rank, scene.config, true);
  write_from(rank, scene.credentials, false);
}

/* The steps of the chain itself are those of the providers up to RANK, which
 * was the last. */
static void assert_asked(size_t rank)
{
  enum lun_trace_end end =
      rank == CHAIN_LEN - 1 ? LUN_TRACE_PASSED : LUN_TRACE_FAILED;
  size_t at = 0;
  size_t i = 0;

  for (i = 0; i < trace.nsteps; i++) {
    if (trace.steps[i].depth > 0)
      continue; /* what one of them asked */
    assert_in_range(at, 0, rank);
    assert_string_equal(trace.steps[i].name, chain_of[at].name);
    assert_int_equal(trace.steps[i].end, at < rank ? LUN_TRACE_PASSED : end);
    at++;
  }
  assert_int_equal(at, rank + 1);
}

/* Each is asked before all that follow.  All but the last fail here, since
 * what they are given is no good: that stops the chain, too. */
static void the_order(void **state)
{
  size_t rank = 0;

  (void)state;
  for (rank = 0; rank < CHAIN_LEN; rank++) {
    set_from(rank);
    chain(NULL);
    start_why(0);
    assert_int_not_equal(finish(0), LUN_OK);
    assert_asked(rank);
    lun_cred_wait_done(&waits[0]);
    lun_source_unref(source);
    source = NULL;
  }
}

/* Who names a profile in code means that, whatever the environment has; who
 * names it by a variable does not. */
static void a_profile_in_code(void **state)
{
  struct lun_session_options options = {.profile = "default"};

  (void)state;
  set_credentials("[default]\naws_access_key_id = AKIDFILE\n"
                  "aws_secret_access_key = canary-secret\n");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token");
  set_env("AWS_ROLE_ARN", ROLE);
  set_env("AWS_REGION", "eu-central-1");
  env_keys("AKIDENV");
  chain(&options);
  assert_string_equal(key(), "AKIDFILE");
  lun_source_unref(source);
  set_env("AWS_PROFILE", "default");
  chain(NULL);
  assert_string_equal(key(), "AKIDENV");
  lun_source_unref(source);
  set_env("AWS_ACCESS_KEY_ID", NULL);
  chain(NULL);
  assert_has(key(), "/nowhere/token");
}

/* Of keys in both files the credentials file's are taken, as a set. */
static void keys_in_both_files(void **state)
{
  (void)state;
  set_config("[default]\naws_access_key_id = AKIDCONFIG\n"
             "aws_secret_access_key = canary-secret\n"
             "aws_session_token = token-config\n");
  chain(NULL);
  assert_string_equal(key(), "AKIDCONFIG");
  assert_span(lun_secret_view(waits[0].cred->session_token), "token-config");
  lun_source_unref(source);
  set_credentials("[default]\naws_access_key_id = AKIDFILE\n"
                  "aws_secret_access_key = canary-secret\n");
  chain(NULL);
  assert_string_equal(key(), "AKIDFILE");
  assert_null(waits[0].cred->session_token);
}

/* A provider that is configured and fails stops the chain. */
static void an_error_stops_it(void **state)
{
  (void)state;
  set_credentials("[default]\naws_access_key_id = AKIDFILE\n"
                  "aws_secret_access_key = canary-secret\n");
  set_env("AWS_ACCESS_KEY_ID", "AKIDENV");
  chain(NULL);
  assert_has(key(), "Partial credentials found in env");
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  lun_source_unref(source);
  set_env("AWS_ACCESS_KEY_ID", NULL);
  set_config("[default]\nrole_arn = " ROLE "\n");
  chain(NULL);
  assert_has(key(), "missing: source_profile or credential_source");
}

/* But the metadata service's failures are its own: nobody has set it up. */
static void the_metadata_service_may_fail(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(500, "", "")}};

  (void)state;
  serve_imds(script, 1);
  chain(NULL);
  start_why(0);
  assert_int_equal(finish(0), LUN_ECREDENTIALS);
  assert_asked(CHAIN_LEN - 1);
  assert_has(error.message, "no credentials found: ");
  assert_has(error.message, "; instance metadata: ");
}

/* Those that nobody has set anything for are left out. */
static void nothing_anywhere(void **state)
{
  char want[512] = "";

  (void)state;
  chain(NULL);
  (void)snprintf(want, sizeof(want),
                 "no credentials found: environment: AWS_ACCESS_KEY_ID is not "
                 "set; profile default: neither %s nor %s is there; instance "
                 "metadata: AWS_EC2_METADATA_DISABLED is true",
                 scene.credentials, scene.config);
  assert_string_equal(key(), want);
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_has(error.hint, "attach a role");
}

/* Without credentials, each wait asks once more. */
static void asked_again_after_a_failure(void **state)
{
  (void)state;
  chain(NULL);
  assert_has(key(), "no credentials found");
  env_keys("AKIDENV");
  assert_string_equal(key(), "AKIDENV");
}

/* ----------------------------------------------------------------- hints -- */

/* The hint is for the machine at hand. */
static void hints(void **state)
{
  struct lun_session_options options = {.profile = "dev"};

  (void)state;
  chain(NULL);
  (void)key();
  assert_string_equal(error.hint,
                      "on an EC2 instance attach a role; elsewhere set "
                      "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a "
                      "profile that has credentials; lunette whoami --why "
                      "shows each step");
  set_env("ECS_CONTAINER_METADATA_URI", "http://169.254.170.2/v3/x");
  (void)key();
  assert_has(error.hint, "on ECS give the task a role");
  set_env("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  (void)key();
  assert_has(error.hint, "in Kubernetes give the pod's service account");
  set_env("SUDO_USER", "somebody");
  (void)key();
  assert_has(error.hint, "sudo drops AWS_ variables");
  lun_source_unref(source);
  set_config("[profile dev]\nregion = eu-west-1\n[services x]\n"
             "[profile ops]\n");
  chain(NULL);
  (void)key();
  assert_has(error.hint, "set AWS_PROFILE to one of these: dev, ops;");
  lun_source_unref(source);
  chain(&options);
  (void)key();
  assert_string_equal(error.hint,
                      "give profile \"dev\" credentials (aws login, aws "
                      "configure sso, aws configure), or name another; lunette "
                      "whoami --why shows each step");
  env_keys("AKIDENV");
  (void)key();
  assert_has(error.hint, "or name none: then the keys in the environment");
}

/* Who sees the steps is not told how to. */
static void a_hint_for_who_knows(void **state)
{
  (void)state;
  chain(NULL);
  start_why(0);
  assert_int_equal(finish(0), LUN_ECREDENTIALS);
  assert_has(error.hint, "attach a role");
  assert_null(strstr(error.hint, "--why"));
}

/* ------------------------------------------------------------------- why -- */

static void assert_step(size_t n, int depth, const char *name,
                        enum lun_trace_end end, const char *why)
{
  assert_in_range(n, 0, trace.nsteps - 1);
  assert_int_equal(trace.steps[n].depth, depth);
  assert_string_equal(trace.steps[n].name, name);
  assert_int_equal(trace.steps[n].end, end);
  assert_has(trace.steps[n].why, why);
}

/* All that was asked, in order, up to the one that had some. */
static void why_these(void **state)
{
  static const char *const names[] = {"env", "assume-role",
                                      "assume-role-with-web-identity", "sso",
                                      "shared-credentials-file"};
  size_t i = 0;

  (void)state;
  set_credentials("[default]\naws_access_key_id = AKIDFILE\n"
                  "aws_secret_access_key = canary-secret\n");
  chain(NULL);
  start_why(0);
  assert_int_equal(finish(0), LUN_OK);
  assert_int_equal(trace.nsteps, 5);
  for (i = 0; i < 4; i++)
    assert_step(i, 0, names[i], LUN_TRACE_PASSED, "");
  assert_step(0, 0, "env", LUN_TRACE_PASSED, "AWS_ACCESS_KEY_ID is not set");
  assert_string_equal(trace.steps[0].looked,
                      "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY");
  assert_step(4, 0, "shared-credentials-file", LUN_TRACE_FOUND,
              "keys without a token, in ");
  assert_has(trace.steps[4].looked, "profile \"default\" in ");
  assert_has(trace.steps[4].looked, scene.credentials);
}

static void why_none(void **state)
{
  (void)state;
  chain(NULL);
  start_why(0);
  assert_int_equal(finish(0), LUN_ECREDENTIALS);
  assert_int_equal(trace.nsteps, 10);
  assert_step(9, 0, "iam-role", LUN_TRACE_PASSED, "AWS_EC2_METADATA_DISABLED");
}

/* The one that stops the chain is the last, with its error. */
static void why_it_stops(void **state)
{
  (void)state;
  set_env("AWS_ACCESS_KEY_ID", "AKIDENV");
  chain(NULL);
  start_why(0);
  assert_int_equal(finish(0), LUN_ECREDENTIALS);
  assert_int_equal(trace.nsteps, 1);
  assert_step(0, 0, "env", LUN_TRACE_FAILED, "Partial credentials found in");
}

/* What a role's source asks stands below the role. */
static void why_a_role(void **state)
{
  struct answer script[] = {{SEND_IT, sts_error(403, "AccessDenied")}};

  (void)state;
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = base\n"
             "[profile base]\naws_access_key_id = AKIDBASE\n"
             "aws_secret_access_key = canary-secret\n");
  serve(script, 1);
  chain(NULL);
  start_why(0);
  assert_int_equal(finish(0), LUN_EACCESS);
  assert_step(1, 0, "assume-role", LUN_TRACE_FAILED, "words of AWS");
  assert_step(2, 1, "assume-role-with-web-identity", LUN_TRACE_PASSED, "");
  assert_step(7, 1, "config-file", LUN_TRACE_FOUND, "keys without a token, in");
}

/* Asked anew although there are some, and although others wait for others. */
static void why_in_the_middle(void **state)
{
  (void)state;
  env_keys("AKIDOLD");
  chain(NULL);
  assert_string_equal(key(), "AKIDOLD");
  env_keys("AKIDNEW");
  assert_string_equal(key(), "AKIDOLD");
  start(1, waits[0].cred); /* a fetch that records nothing */
  start_why(2);
  assert_int_equal(finish(2), LUN_OK);
  assert_int_equal(finish(1), LUN_OK);
  assert_int_equal(trace.nsteps, 1);
  assert_step(0, 0, "env", LUN_TRACE_FOUND, "keys without a token");
  assert_string_equal(waits[2].cred->access_key_id, "AKIDNEW");
  assert_string_equal(key(), "AKIDNEW");
}

/* Who gives up has what was recorded until then, and the fetch goes on. */
static void why_given_up(void **state)
{
  struct answer script[] = {
      {HANG, NULL},
      {SEND_IT,
       assumed("444455556666", "reader/app", "ASIA0", "2026-11-23T01:00:00Z")}};

  (void)state;
  set_config("[default]\nrole_arn = " ROLE "\nrole_session_name = app\n"
             "source_profile = base\n"
             "[profile base]\naws_access_key_id = AKIDBASE\n"
             "aws_secret_access_key = canary-secret\n");
  serve(script, 2);
  chain(NULL);
  start_why(0);
  waits[0].task.deadline = lun_clock_mono_ms(ctx) + 100;
  start(1, NULL);
  assert_int_equal(finish(0), LUN_EDEADLINE);
  lun_cred_wait_done(&waits[0]);
  assert_step(0, 0, "env", LUN_TRACE_PASSED, "AWS_ACCESS_KEY_ID is not set");
  assert_step(1, 0, "assume-role", LUN_TRACE_FAILED, "not at its end");
  assert_false(waits[1].task.done);
  lun_cred_wait_done(&waits[1]);
  lun_source_unref(source); /* with the fetch under way */
  chain(NULL);
  assert_string_equal(key(), "ASIA0");
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code ask_why(struct lun_error *err)
{
  struct lun_cred_wait wait = {.joined = false};
  struct lun_trace mine;
  lun_source *asked = NULL;
  enum lun_code rc = lun_source_chain(&asked, place, err);

  if (rc)
    return rc;
  lun_trace_init(&mine, ctx);
  lun_cred_wait_init(&wait, asked);
  wait.trace = &mine;
  lun_cred_wait_start(&wait, NULL, 0);
  rc = lun_loop_run(loop, &wait.task, err);
  lun_cred_wait_done(&wait);
  if (!rc && mine.lost)
    rc = lun_error_nomem(err);
  lun_trace_clear(&mine);
  lun_source_unref(asked);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  set_credentials("[default]\naws_access_key_id = AKIDFILE\n"
                  "aws_secret_access_key = canary-secret\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  sweep(ask_why);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      CHAIN(the_order),
      CHAIN(a_profile_in_code),
      CHAIN(keys_in_both_files),
      CHAIN(an_error_stops_it),
      CHAIN(the_metadata_service_may_fail),
      CHAIN(nothing_anywhere),
      CHAIN(asked_again_after_a_failure),
      CHAIN(hints),
      CHAIN(a_hint_for_who_knows),
      CHAIN(why_these),
      CHAIN(why_none),
      CHAIN(why_it_stops),
      CHAIN(why_a_role),
      CHAIN(why_in_the_middle),
      CHAIN(why_given_up),
      CHAIN(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
