/* The role of a token, as environment and profile name both. */
#include "provider.h"
#include "sts.h"

#define LATER "2026-11-23T01:00:00Z"
#define OTHER "arn:aws:iam::222222222222:role/other"

/* Writes the config file: TEXT, in which %s is the token's file. */
static void configure(const char *text)
{
  char whole[1024] = "";
  const char *at = strstr(text, "%s");

  if (at == NULL)
    (void)snprintf(whole, sizeof(whole), "%s", text);
  else
    (void)snprintf(whole, sizeof(whole), "%.*s%s%s", (int)(at - text), text,
                   token_file(), at + 2);
  set_config(whole);
}

static const char *reader(const char *key)
{
  return web_assumed("444455556666", "reader/" SESSION, key, LATER);
}

static void web_passes(const struct lun_session_options *options)
{
  passes(lun_provider_web_identity, options, "no web_identity_token_file");
}

static void web_fails(const char *text)
{
  fails(lun_provider_web_identity, NULL, text);
}

static void web_gives(const struct lun_session_options *options,
                      const char *key)
{
  char token[32] = "";

  (void)snprintf(token, sizeof(token), "token-%s", key);
  gives(lun_provider_web_identity, options, key, token);
}

/* ------------------------------------------------------- where it looks -- */

static void nothing_named(void **state)
{
  struct lun_session_options options = {.profile = "p"};

  (void)state;
  web_passes(NULL);
  assert_string_equal(provider->looked,
                      "AWS_WEB_IDENTITY_TOKEN_FILE, "
                      "web_identity_token_file of profile \"default\"");
  set_env("AWS_ROLE_ARN", ROLE); /* a role alone is nothing */
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", "");
  configure("[default]\nrole_arn = " ROLE "\nweb_identity_token_file =\n"
            "[profile p]\n");
  web_passes(NULL);
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", "/canary");
  web_passes(&options);
  assert_string_equal(provider->looked,
                      "web_identity_token_file of profile \"p\"");
}

static void by_environment(void **state)
{
  struct answer script[] = {
      {SEND_IT, web_assumed("444455556666", "reader/pod-1", "ASIAWEB", LATER)}};

  (void)state;
  serve(script, 1);
  set_token("canary");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", token_file());
  set_env("AWS_ROLE_ARN", ROLE);
  set_env("AWS_ROLE_SESSION_NAME", "pod-1");
  configure("[default]\nrole_arn = " OTHER "\nrole_session_name = x1\n"
            "web_identity_token_file = /nowhere\nexternal_id = canary\n"
            "duration_seconds = 900\n");
  web_gives(NULL, "ASIAWEB");
  assert_int_equal(provider->cred->expires_at, NOW + 3600);
  assert_has(provider->looked, token_file());
  assert_has(provider->looked, "(AWS_WEB_IDENTITY_TOKEN_FILE)");
  assert_string_equal(provider->found,
                      "arn:aws:sts::444455556666:assumed-role/reader/pod-1, "
                      "until " LATER);
  assert_null(strstr(request(0), "DurationSeconds")); /* not of this one */
  assert_has(request(0), "&RoleSessionName=pod-1&WebIdentityToken=canary");
  assert_null(strstr(request(0), "Authorization:"));
}

static void by_profile(void **state)
{
  struct answer script[] = {{SEND_IT, reader("ASIAWEB")}};

  (void)state;
  serve(script, 1);
  set_token("canary");
  configure("[default]\nrole_arn = " ROLE "\nweb_identity_token_file = %s\n");
  web_gives(NULL, "ASIAWEB");
  assert_has(provider->looked, "(web_identity_token_file in ");
  assert_has(provider->looked, "/config:3)");
  assert_has(request(0), "&RoleSessionName=" SESSION "&WebIdentityToken=");
}

/* Each of the three is looked for by itself. */
static void a_mix(void **state)
{
  struct answer script[] = {
      {SEND_IT, web_assumed("444455556666", "reader/mixed", "ASIAONE", LATER)},
      {SEND_IT, reader("ASIATWO")}};

  (void)state;
  serve(script, 2);
  set_token("canary");
  set_env("AWS_ROLE_ARN", ROLE);
  configure("[default]\nweb_identity_token_file = %s\n"
            "role_session_name = mixed\n");
  web_gives(NULL, "ASIAONE");
  set_env("AWS_ROLE_ARN", NULL);
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", token_file());
  set_config("[default]\nrole_arn = " ROLE "\n");
  web_gives(NULL, "ASIATWO");
}

/* A profile that was named in code is not mixed with the environment's. */
static void a_profile_in_code(void **state)
{
  struct lun_session_options options = {.profile = "p"};
  struct answer script[] = {{SEND_IT, reader("ASIAONE")},
                            {SEND_IT, reader("ASIATWO")}};

  (void)state;
  serve(script, 2);
  set_token("canary");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere");
  set_env("AWS_ROLE_ARN", OTHER);
  set_env("AWS_ROLE_SESSION_NAME", "other");
  configure("[profile p]\nrole_arn = " ROLE "\n"
            "web_identity_token_file = %s\n");
  web_gives(&options, "ASIAONE");
  /* One that the environment names is. */
  set_env("AWS_PROFILE", "p");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", NULL);
  set_env("AWS_ROLE_ARN", NULL);
  set_env("AWS_ROLE_SESSION_NAME", NULL);
  web_gives(NULL, "ASIATWO");
}

/* -------------------------------------------------------- what is wrong -- */

static void no_role(void **state)
{
  struct lun_session_options options = {.profile = "p"};

  (void)state;
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere");
  web_fails("a token file is named (AWS_WEB_IDENTITY_TOKEN_FILE), but no role");
  assert_has(error.hint, "set AWS_ROLE_ARN, or role_arn in profile "
                         "\"default\"");
  assert_has(error.hint, "eks.amazonaws.com/role-arn");
  set_env("AWS_ROLE_ARN", ROLE);
  set_config("[profile p]\nweb_identity_token_file = /nowhere\n");
  fails(lun_provider_web_identity, &options,
        "a token file is named (web_identity_token_file in ");
  assert_has(error.hint, "the environment is not looked at");
}

static void settings_refused(void **state)
{
  (void)state;
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere");
  set_env("AWS_ROLE_ARN", "canary");
  web_fails("web identity (AWS_ROLE_ARN): role_arn is not the ARN of a role");
  set_env("AWS_ROLE_ARN", NULL);
  set_config("[default]\nrole_arn = " ROLE "\nrole_session_name = can ary\n");
  web_fails("role_session_name has to be 2 to 64");
  assert_has(error.message, "web identity (role_arn in ");
  assert_has(error.message, "/config:2; role_session_name in ");
  assert_has(error.message, "/config:3): ");
}

static void no_token(void **state)
{
  struct answer script[] = {{SEND_IT, sts_error(500, "InternalFailure")}};

  (void)state;
  serve(script, 1);
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", token_file());
  set_env("AWS_ROLE_ARN", ROLE);
  web_fails("role " ROLE
            ": the token file of AWS_WEB_IDENTITY_TOKEN_FILE: /tmp/");
  assert_has(error.message, "No such file");
  set_token("");
  web_fails("there is no token in it");
  configure("[default]\nweb_identity_token_file = %s\n");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", NULL);
  web_fails("the token file of web_identity_token_file in ");
  assert_has(error.message, "/config:2: /tmp/");
  assert_int_equal(requests(), 0);
}

static void another_role_is_answered(void **state)
{
  struct answer script[] = {
      {SEND_IT, web_assumed("222222222222", "other/" SESSION, "ASIA", LATER)},
      {SEND_IT, assumed("444455556666", "reader/" SESSION, "ASIAONE", LATER)}};

  (void)state;
  serve(script, 2);
  set_token("canary");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", token_file());
  set_env("AWS_ROLE_ARN", ROLE);
  assert_int_equal(ask(lun_provider_web_identity, NULL), LUN_ESERVICE);
  assert_has(error.message, "the answer of AssumeRoleWithWebIdentity is for "
                            "another role");
  assert_int_equal(ask(lun_provider_web_identity, NULL), LUN_ESERVICE);
  assert_has(error.message, "is another operation's");
  assert_null(provider->cred);
}

static void no_region(void **state)
{
  (void)state;
  set_token("canary");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", token_file());
  set_env("AWS_ROLE_ARN", ROLE);
  assert_int_equal(ask(lun_provider_web_identity, NULL), LUN_EINVALID);
  assert_has(error.message, "no region is known for sts");
}

/* ------------------------------------------------------------ over time -- */

/* Whoever writes the token may do so between two calls. */
static void a_token_that_is_renewed(void **state)
{
  struct answer script[] = {{SEND_IT, reader("ASIAONE")},
                            {SEND_IT, reader("ASIATWO")}};

  (void)state;
  serve(script, 2);
  set_token("canary-1");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", token_file());
  set_env("AWS_ROLE_ARN", ROLE);
  web_gives(NULL, "ASIAONE");
  set_token("canary-2");
  web_gives(NULL, "ASIATWO");
  assert_has(request(0), "&WebIdentityToken=canary-1");
  assert_has(request(1), "&WebIdentityToken=canary-2");
}

static void the_record(void **state)
{
  struct answer script[] = {{SEND_IT, reader("ASIAONE")}};
  struct lun_trace trace;

  (void)state;
  serve(script, 1);
  set_token("canary");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", token_file());
  set_env("AWS_ROLE_ARN", ROLE);
  lun_trace_init(&trace, ctx);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_web_identity(&provider, place, NULL, &error),
                   LUN_OK);
  provider->trace = &trace;
  provider->depth = 1;
  lun_task_start(loop, &provider->task, 0);
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_OK);
  assert_int_equal(trace.nsteps, 1);
  assert_int_equal(trace.steps[0].depth, 1);
  assert_string_equal(trace.steps[0].name, "AssumeRoleWithWebIdentity");
  assert_has(trace.steps[0].looked, ROLE " as " SESSION ", at 127.0.0.1, by "
                                         "the token in /tmp/");
  assert_has(trace.steps[0].why, "assumed-role/reader/" SESSION ", until ");
  assert_null(strstr(trace.steps[0].looked, "canary"));
  lun_trace_clear(&trace);
}

/* Stopped in the middle, it leaves nothing behind. */
static void stopped(void **state)
{
  struct answer script[] = {{HANG, NULL}};

  (void)state;
  serve(script, 1);
  set_token("canary");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", token_file());
  set_env("AWS_ROLE_ARN", ROLE);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_web_identity(&provider, place, NULL, &error),
                   LUN_OK);
  lun_task_start(loop, &provider->task, lun_clock_mono_ms(ctx) + 100);
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_EDEADLINE);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code once(struct lun_error *err)
{
  return ask_once(lun_provider_web_identity, err);
}

static void every_allocation_fails_once(void **state)
{
  struct answer script[] = {{SEND_IT, reader("ASIAONE")}};

  (void)state;
  serve(script, 1);
  set_token("canary");
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", token_file());
  set_env("AWS_ROLE_ARN", ROLE);
  web_gives(NULL, "ASIAONE");
  drop_provider();
  sweep(once);
}

static int free_web(void **state)
{
  drop_token();
  return free_provider(state);
}

#define WEB(function)                                                          \
  cmocka_unit_test_setup_teardown(function, make_scene, free_web)

int main(void)
{
  const struct CMUnitTest tests[] = {
      WEB(nothing_named),
      WEB(by_environment),
      WEB(by_profile),
      WEB(a_mix),
      WEB(a_profile_in_code),
      WEB(no_role),
      WEB(settings_refused),
      WEB(no_token),
      WEB(another_role_is_answered),
      WEB(no_region),
      WEB(a_token_that_is_renewed),
      WEB(the_record),
      WEB(stopped),
      WEB(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
