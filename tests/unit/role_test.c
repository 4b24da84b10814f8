/* Roles that a profile names, down to whoever has keys. */
#include "provider.h"
#include "sts.h"

#define LATER "2026-11-23T01:00:00Z"
#define KEYS                                                                   \
  "aws_access_key_id = AKIDBASE\naws_secret_access_key = canary-secret\n"
#define ROLE_OF(account, name) "arn:aws:iam::" account ":role/" name

static const char *answer_of(const char *account, const char *name,
                             const char *key)
{
  char session[128] = "";

  (void)snprintf(session, sizeof(session), "%s/" SESSION, name);
  return assumed(account, session, key, LATER);
}

/* "PATH:LINE" of the config file. */
static const char *at_line(int line)
{
  static char places[4][160];
  static int next;
  char *where = places[next++ % 4];

  (void)snprintf(where, sizeof(places[0]), "%s:%d", scene.config, line);
  return where;
}

static void role_fails(const char *text)
{
  fails(lun_provider_profile_role, NULL, text);
}

/* Asks as the chain does for whoever wants to know why. */
static enum lun_code ask_traced(struct lun_trace *trace)
{
  drop_provider();
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_profile_role(&provider, place, NULL, &error),
                   LUN_OK);
  lun_trace_init(trace, ctx);
  provider->trace = trace;
  provider->depth = 1;
  lun_task_start(loop, &provider->task, 0);
  return lun_loop_run(loop, &provider->task, &error);
}

/* The step N of TRACE, which ended as END and has these texts in it. */
static void assert_step(const struct lun_trace *trace, size_t n,
                        const char *name, enum lun_trace_end end,
                        const char *looked, const char *why)
{
  assert_in_range(n + 1, 1, trace->nsteps);
  assert_string_equal(trace->steps[n].name, name);
  assert_int_equal(trace->steps[n].end, end);
  assert_int_equal(trace->steps[n].depth, 1);
  assert_has(trace->steps[n].looked, looked);
  assert_has(trace->steps[n].why, why);
}

/* -------------------------------------------------------------- no role -- */

static void profiles_without_a_role(void **state)
{
  (void)state;
  passes(lun_provider_profile_role, NULL, "no role_arn");
  set_config("[default]\nrole_arn =\n");
  passes(lun_provider_profile_role, NULL, "no role_arn");
  set_config("[default]\nrole_arn = " ROLE "\n"
             "web_identity_token_file = /canary\n");
  passes(lun_provider_profile_role, NULL, "web_identity_token_file");
  assert_string_equal(provider->name, "assume-role");
}

/* ------------------------------------------------------- source_profile -- */

static void source_with_keys(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")}};

  (void)state;
  serve(script, 1);
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = base\n"
             "external_id = ex:1\nduration_seconds = 1200\n"
             "role_session_name = " SESSION "\n"
             "[profile base]\nregion = ap-south-1\n" KEYS);
  gives(lun_provider_profile_role, NULL, "ASIAONE", "token-ASIAONE");
  assert_int_equal(provider->cred->expires_at, NOW + 3600);
  assert_string_equal(provider->cred->account_id, "444455556666");
  assert_int_equal(requests(), 1);
  assert_signed_by(request(0), "AKIDBASE");
  assert_has(request(0), "&DurationSeconds=1200&ExternalId=ex%3A1");
  /* STS is asked in the region of the profile on top, never the source's. */
  assert_has(request(0), "/eu-central-1/sts/aws4_request");
}

/* Keys may stand in the credentials file, the role in the config file. */
static void keys_in_the_other_file(void **state)
{
  struct lun_session_options options = {.profile = "app"};
  struct answer script[] = {
      {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")}};

  (void)state;
  serve(script, 1);
  set_config("[profile app]\nrole_arn = " ROLE "\nsource_profile = base\n");
  set_credentials("[base]\n" KEYS "aws_session_token = canary-token\n");
  gives(lun_provider_profile_role, &options, "ASIAONE", "token-ASIAONE");
  assert_has(request(0), "X-Amz-Security-Token: canary-token\r\n");
}

static void chain_of_three(void **state)
{
  struct answer script[] = {{SEND_IT, answer_of("111111111111", "c", "ASIAC")},
                            {SEND_IT, answer_of("222222222222", "b", "ASIAB")},
                            {SEND_IT, answer_of("333333333333", "a", "ASIAA")}};

  (void)state;
  serve(script, 3);
  set_config("[default]\nrole_arn = " ROLE_OF(
      "333333333333", "a") "\n"
                           "source_profile = b\n"
                           "[profile b]\nrole_arn = " ROLE_OF(
                               "222222222222",
                               "b") "\n"
                                    "source_profile = c\n"
                                    "[profile c]\nrole_arn = " ROLE_OF(
                                        "111111111111",
                                        "c") "\n"
                                             "source_profile = keys\n"
                                             "[profile keys]\n" KEYS);
  gives(lun_provider_profile_role, NULL, "ASIAA", "token-ASIAA");
  assert_int_equal(requests(), 3);
  assert_signed_by(request(0), "AKIDBASE");
  assert_has(request(0), "111111111111%3Arole%2Fc&");
  assert_signed_by(request(1), "ASIAC");
  assert_has(request(1), "222222222222%3Arole%2Fb&");
  assert_signed_by(request(2), "ASIAB");
  assert_has(request(2), "333333333333%3Arole%2Fa&");
}

/* A source with keys uses them, whatever role it has of its own. */
static void keys_before_a_role(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")}};

  (void)state;
  serve(script, 1);
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = b\n"
             "[profile b]\nrole_arn = " ROLE_OF(
                 "222222222222", "b") "\n"
                                      "source_profile = nowhere\n" KEYS);
  gives(lun_provider_profile_role, NULL, "ASIAONE", "token-ASIAONE");
  assert_int_equal(requests(), 1);
}

static void a_profile_that_names_itself(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")}};

  (void)state;
  serve(script, 1);
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = default\n" KEYS);
  gives(lun_provider_profile_role, NULL, "ASIAONE", "token-ASIAONE");
  assert_signed_by(request(0), "AKIDBASE");
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = default\n");
  role_fails("Infinite loop in credential configuration detected: default -> "
             "default");
  assert_has(error.message, at_line(3));
  assert_has(error.hint, "a source_profile with keys");
}

static void circles(void **state)
{
  struct lun_session_options options = {.profile = "a"};

  (void)state;
  set_config("[profile a]\nrole_arn = " ROLE "\nsource_profile = b\n"
             "[profile b]\nrole_arn = " ROLE "\nsource_profile = c\n"
             "[profile c]\nrole_arn = " ROLE "\nsource_profile = a\n");
  fails(lun_provider_profile_role, &options,
        "Infinite loop in credential configuration detected: a -> b -> c -> "
        "a");
  assert_has(error.message, at_line(9));
  /* Keys of a profile that comes round again do not make it good. */
  set_config("[profile a]\nrole_arn = " ROLE "\nsource_profile = b\n" KEYS
             "[profile b]\nrole_arn = " ROLE "\nsource_profile = a\n");
  fails(lun_provider_profile_role, &options, "a -> b -> a");
}

static void sources_that_are_not_there(void **state)
{
  (void)state;
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = bsae\n"
             "[profile base]\nregion = eu-west-1\n");
  role_fails("The source_profile \"bsae\" referenced in the profile "
             "\"default\" does not exist");
  assert_has(error.message, at_line(3));
  assert_string_equal(error.hint, "did you mean \"base\"?");
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = base\n"
             "[profile base]\nregion = eu-west-1\n");
  role_fails("The source profile \"base\" must have credentials.");
  assert_has(error.message, at_line(3));
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = base\n"
             "[profile base]\naws_access_key_id = AKIDBASE\n");
  role_fails("Partial credentials found in config-file, missing: "
             "aws_secret_access_key");
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = base\n"
             "[profile base]\naws_secret_access_key = canary\n");
  role_fails("The source profile \"base\" must have credentials.");
}

/* ----------------------------------------------- sources of other kinds -- */

static void source_with_a_process(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")}};

  (void)state;
  serve(script, 1);
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = base\n"
             "[profile base]\ncredential_process = /bin/echo "
             "'{\"Version\":1,\"AccessKeyId\":\"AKIDPROC\","
             "\"SecretAccessKey\":\"canary-secret\"}'\n");
  gives(lun_provider_profile_role, NULL, "ASIAONE", "token-ASIAONE");
  assert_signed_by(request(0), "AKIDPROC");
}

static void source_with_a_web_identity(void **state)
{
  struct answer script[] = {
      {SEND_IT, web_assumed("222222222222", "b/" SESSION, "ASIAB", LATER)},
      {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")}};
  char text[512] = "";

  (void)state;
  serve(script, 2);
  set_token("canary-token");
  (void)snprintf(text, sizeof(text),
                 "[default]\nrole_arn = " ROLE "\nsource_profile = b\n"
                 "[profile b]\nrole_arn = " ROLE_OF(
                     "222222222222", "b") "\nweb_identity_token_file = %s\n",
                 token_file());
  set_config(text);
  gives(lun_provider_profile_role, NULL, "ASIAONE", "token-ASIAONE");
  assert_has(request(0), "Action=AssumeRoleWithWebIdentity&");
  assert_null(strstr(request(0), "Authorization:"));
  assert_signed_by(request(1), "ASIAB");
  drop_token();
}

/* Whoever is a source is asked for all that a profile can have, in order. */
static void source_is_asked_for_all(void **state)
{
  static const char *const names[] = {"assume-role-with-web-identity",
                                      "sso",
                                      "shared-credentials-file",
                                      "login",
                                      "custom-process",
                                      "config-file"};
  struct lun_trace trace;
  size_t i = 0;

  (void)state;
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = base\n"
             "[profile base]\nregion = eu-west-1\n");
  assert_int_equal(ask_traced(&trace), LUN_ECREDENTIALS);
  assert_int_equal(trace.nsteps, 6);
  for (i = 0; i < trace.nsteps; i++)
    assert_step(&trace, i, names[i], LUN_TRACE_PASSED, "", "");
  lun_trace_clear(&trace);
}

/* Each hop of a chain is recorded, with the role that it came to. */
static void hops_are_recorded(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_of("222222222222", "b", "ASIAB")},
      {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")},
      {SEND_IT, answer_of("222222222222", "b", "ASIAB")},
      {SEND_IT, sts_error(403, "AccessDenied")}};
  struct lun_trace trace;

  (void)state;
  serve(script, 4);
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = b\n"
             "[profile b]\nrole_arn = " ROLE_OF(
                 "222222222222", "b") "\n"
                                      "source_profile = c\n[profile c]\n" KEYS);
  assert_int_equal(ask_traced(&trace), LUN_OK);
  assert_has(provider->looked, "role_arn of profile \"default\" in ");
  assert_has(provider->looked, at_line(2));
  assert_has(provider->found,
             "arn:aws:sts::444455556666:assumed-role/reader/" SESSION
             ", until " LATER);
  assert_int_equal(trace.nsteps, 8);
  assert_step(&trace, 5, "config-file", LUN_TRACE_FOUND, "profile \"c\"",
              "keys");
  assert_step(&trace, 6, "AssumeRole", LUN_TRACE_FOUND,
              ROLE_OF("222222222222", "b") " as " SESSION ", at 127.0.0.1",
              "arn:aws:sts::222222222222:assumed-role/b/" SESSION
              ", until " LATER);
  assert_step(&trace, 7, "AssumeRole", LUN_TRACE_FOUND, ROLE " as ",
              "assumed-role/reader/");
  lun_trace_clear(&trace);
  assert_int_equal(ask_traced(&trace), LUN_EACCESS);
  assert_int_equal(trace.nsteps, 8);
  assert_step(&trace, 7, "AssumeRole", LUN_TRACE_FAILED, ROLE " as ",
              "words of AWS");
  lun_trace_clear(&trace);
}

/* The environment's web identity is nobody's source. */
static void variables_do_not_reach_a_source(void **state)
{
  (void)state;
  set_env("AWS_WEB_IDENTITY_TOKEN_FILE", "/canary");
  set_env("AWS_ROLE_ARN", ROLE);
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = base\n"
             "[profile base]\nregion = eu-west-1\n");
  role_fails("The source profile \"base\" must have credentials.");
}

/* Nor does it lend a source the half that this one lacks. */
static void half_a_web_identity(void **state)
{
  (void)state;
  set_env("AWS_ROLE_ARN", ROLE);
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = base\n"
             "[profile base]\nweb_identity_token_file = /nowhere\n");
  role_fails("a token file is named (web_identity_token_file in ");
  assert_has(error.message, at_line(5));
  assert_has(error.hint, "set role_arn in profile \"base\"");
}

/* ---------------------------------------------------- what is asked for -- */

static void one_source_exactly(void **state)
{
  (void)state;
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = b\n"
             "credential_source = Environment\n[profile b]\n" KEYS);
  role_fails("The profile \"default\" contains both source_profile");
  assert_string_equal(error.hint, "take one of the two out");
  assert_has(error.message, at_line(3));
  assert_has(error.message, at_line(4));
  set_config("[default]\nrole_arn = " ROLE "\n");
  role_fails("Partial credentials found in assume-role, missing: "
             "source_profile or credential_source");
  assert_has(error.message, at_line(2));
}

static void settings_of_a_role(void **state)
{
  static const struct {
    const char *line;
    const char *text;
  } cases[] = {
      {"mfa_serial = arn canary", "mfa_serial has to be 9 to 256"},
      {"external_id = c", "external_id has to be"},
      {"role_session_name = can ary", "role_session_name has"},
      {"duration_seconds = canary", "duration_seconds in /tmp/"},
      {"duration_seconds = 60", "duration_seconds has to be 900"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char text[512] = "";

    (void)snprintf(text, sizeof(text),
                   "[default]\nrole_arn = " ROLE "\nsource_profile = b\n%s\n"
                   "[profile b]\n" KEYS,
                   cases[i].line);
    set_config(text);
    role_fails(cases[i].text);
    assert_has(error.message, scene.config);
  }
  set_config("[default]\nrole_arn = canary\nsource_profile = b\n"
             "[profile b]\n" KEYS);
  role_fails("profile \"default\" (");
  assert_has(error.message, at_line(2));
  assert_has(error.message, "role_arn is not the ARN of a role");
}

/* A code for each role that wants one. */
static void codes(void **state)
{
  struct device device = {.code = "314159"};
  struct lun_session_options options = {.mfa_code = read_device,
                                        .mfa_data = &device};
  struct answer script[] = {
      {SEND_IT, answer_of("222222222222", "b", "ASIAB")},
      {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")}};

  (void)state;
  serve(script, 2);
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = b\n"
             "mfa_serial = GAHT12345678\n"
             "[profile b]\nrole_arn = " ROLE_OF(
                 "222222222222", "b") "\n"
                                      "mfa_serial = " SERIAL "\n"
                                      "source_profile = c\n[profile c]\n" KEYS);
  gives(lun_provider_profile_role, &options, "ASIAONE", "token-ASIAONE");
  assert_int_equal(device.asked, 2);
  assert_string_equal(device.serial, "GAHT12345678");
  assert_has(request(0), "&SerialNumber=arn%3Aaws%3Aiam%3A%3A111122223333%3Amfa"
                         "%2Fsomebody&TokenCode=314159");
  assert_has(request(1), "&SerialNumber=GAHT12345678&TokenCode=314159");
}

static void nobody_to_ask_for_a_code(void **state)
{
  struct answer script[] = {{SEND_IT, sts_error(500, "InternalFailure")}};

  (void)state;
  serve(script, 1);
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = b\n"
             "mfa_serial = " SERIAL "\n[profile b]\n" KEYS);
  role_fails("role " ROLE ": MFA token required: mfa_serial names " SERIAL);
  assert_has(error.hint, "mfa_code");
  assert_int_equal(requests(), 0);
}

/* ---------------------------------------------------- credential_source -- */

static void source_environment(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")}};

  (void)state;
  serve(script, 1);
  set_config("[default]\nrole_arn = " ROLE "\n"
             "credential_source = environment\n");
  role_fails("No credentials found in credential_source \"environment\" "
             "referenced in profile \"default\"");
  assert_has(error.message, "AWS_ACCESS_KEY_ID is not set");
  assert_has(error.message, at_line(3));
  assert_has(error.hint, "set AWS_ACCESS_KEY_ID");
  set_env("AWS_ACCESS_KEY_ID", "AKIDENV");
  role_fails("Partial credentials found in env");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  gives(lun_provider_profile_role, NULL, "ASIAONE", "token-ASIAONE");
  assert_signed_by(request(0), "AKIDENV");
}

static void source_instance(void **state)
{
  struct answer imds[] = {{SEND_IT, imds_token()},
                          {SEND_IT, answer_text(200, "", "app")},
                          {SEND_IT, imds_keys("ASIAIMDS", LATER)}};
  struct answer script[] = {
      {SEND_IT, answer_of("222222222222", "b", "ASIAB")},
      {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")}};

  (void)state;
  serve(script, 2);
  set_config(
      "[default]\nrole_arn = " ROLE "\nsource_profile = b\n"
      "[profile b]\nrole_arn = " ROLE_OF(
          "222222222222", "b") "\n"
                               "credential_source = Ec2InstanceMetadata\n");
  role_fails("No credentials found in credential_source "
             "\"Ec2InstanceMetadata\" referenced in profile \"b\"");
  assert_has(error.message, "AWS_EC2_METADATA_DISABLED is true");
  assert_has(error.hint, "unset AWS_EC2_METADATA_DISABLED");
  assert_has(error.message, at_line(6));
  serve_imds(imds, 3);
  gives(lun_provider_profile_role, NULL, "ASIAONE", "token-ASIAONE");
  assert_signed_by(request(0), "ASIAIMDS");
  assert_signed_by(request(1), "ASIAB");
}

static void sources_that_are_none(void **state)
{
  (void)state;
  set_config("[default]\nrole_arn = " ROLE "\n"
             "credential_source = EcsContainer\n");
  role_fails("No credentials found in credential_source \"EcsContainer\"");
  assert_has(error.message, "the environment does not say where");
  assert_has(error.hint, "a container that has a role of its own");
  set_config("[default]\nrole_arn = " ROLE "\ncredential_source = Nobody\n");
  role_fails("The credential source \"Nobody\" referenced in profile "
             "\"default\" is not valid");
  assert_has(error.hint, "Environment, Ec2InstanceMetadata and EcsContainer");
}

/* ------------------------------------------------------------- failures -- */

static void a_role_that_is_denied(void **state)
{
  struct answer script[] = {{SEND_IT, answer_of("222222222222", "b", "ASIAB")},
                            {SEND_IT, sts_error(403, "AccessDenied")}};

  (void)state;
  serve(script, 2);
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = b\n"
             "[profile b]\nrole_arn = " ROLE_OF(
                 "222222222222", "b") "\n"
                                      "source_profile = c\n[profile c]\n" KEYS);
  assert_int_equal(ask(lun_provider_profile_role, NULL), LUN_EACCESS);
  assert_has(error.message, "role " ROLE ": words of AWS");
  assert_null(provider->cred);
}

static enum lun_code once(struct lun_error *err)
{
  return ask_once(lun_provider_profile_role, err);
}

static void every_allocation_fails_once(void **state)
{
  enum lun_code rc = LUN_ENOMEM;
  int n = 0;

  (void)state;
  set_config("[default]\nrole_arn = " ROLE "\nsource_profile = b\n"
             "[profile b]\nrole_arn = " ROLE_OF(
                 "222222222222", "b") "\n"
                                      "source_profile = c\n[profile c]\n" KEYS);
  for (n = 0; rc == LUN_ENOMEM; n++) {
    struct answer script[] = {
        {SEND_IT, answer_of("222222222222", "b", "ASIAB")},
        {SEND_IT, answer_of("444455556666", "reader", "ASIAONE")}};

    assert_in_range(n, 0, 400);
    end_servers();
    serve(script, 2);
    assert_int_equal(load_settings(NULL), LUN_OK);
    ctx->account.fail_after = n;
    rc = once(&error);
    ctx->account.fail_after = -1;
    assert_int_equal(ctx->live_secrets, 0);
  }
  assert_int_equal(rc, LUN_OK);
  assert_in_range(n, 40, 400);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      PROVIDER(profiles_without_a_role),
      PROVIDER(source_with_keys),
      PROVIDER(keys_in_the_other_file),
      PROVIDER(chain_of_three),
      PROVIDER(keys_before_a_role),
      PROVIDER(a_profile_that_names_itself),
      PROVIDER(circles),
      PROVIDER(sources_that_are_not_there),
      PROVIDER(source_with_a_process),
      PROVIDER(source_with_a_web_identity),
      PROVIDER(source_is_asked_for_all),
      PROVIDER(hops_are_recorded),
      PROVIDER(variables_do_not_reach_a_source),
      PROVIDER(half_a_web_identity),
      PROVIDER(one_source_exactly),
      PROVIDER(settings_of_a_role),
      PROVIDER(codes),
      PROVIDER(nobody_to_ask_for_a_code),
      PROVIDER(source_environment),
      PROVIDER(source_instance),
      PROVIDER(sources_that_are_none),
      PROVIDER(a_role_that_is_denied),
      PROVIDER(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
