/* Sessions on roles and on tokens, and how many calls of STS they take. */
#include "session.h"
#include "sts.h"

static void a_role_in_code(void **state)
{
  struct answer script[] = {{SEND_IT, reader_answer("ASIAONE")}};
  struct lun_role_options options = {
      .size = sizeof(options), .role_arn = ROLE, .region = "eu-west-3"};
  lun_session *role = NULL;

  (void)state;
  env_keys();
  serve(script, 1);
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_assume_role(&role, session, &options, &error),
                   LUN_OK);
  assert_int_equal(requests(), 0); /* not before it is needed */
  assert_string_equal(key_of(role), "ASIAONE");
  assert_string_equal(key_of(role), "ASIAONE");
  assert_int_equal(requests(), 1); /* one call for a role */
  assert_signed_by(request(0), "AKIDENV");
  assert_has(request(0), "/eu-west-3/sts/aws4_request");
  assert_string_equal(lun_session_region(role), "eu-west-3");
  assert_ptr_equal(lun_session_loop(role), lun_session_loop(session));
  assert_string_equal(key_of(session), "AKIDENV");
  lun_session_unref(session); /* the role lives on its own */
  session = NULL;
  assert_string_equal(key_of(role), "ASIAONE");
  lun_session_unref(role);
}

/* Sessions beside each other have one source as long as their settings are
 * the same, and so one call for a role. */
static void a_role_from_two_sessions(void **state)
{
  struct answer script[] = {{SEND_IT, reader_answer("ASIAONE")},
                            {SEND_IT, reader_answer("ASIATWO")}};
  struct lun_session_options settings_of[] = {{.size = sizeof(settings_of[0])},
                                              {.size = sizeof(settings_of[0])}};
  struct lun_role_options options = {.size = sizeof(options), .role_arn = ROLE};
  lun_session *beside = NULL;
  lun_session *role = NULL;
  size_t i = 0;

  (void)state;
  env_keys();
  set_config("[default]\n");
  serve(script, 2);
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_assume_role(&role, session, &options, &error),
                   LUN_OK);
  assert_string_equal(key_of(role), "ASIAONE");
  lun_session_unref(role);
  settings_of[1].max_attempts = 2;
  for (i = 0; i < 3; i++) {
    if (i == 2) /* a file that has changed may say something else */
      set_config("[default]\nmax_attempts = 2\n");
    assert_int_equal(
        lun_session_beside(&beside, session, &settings_of[i > 0], &error),
        LUN_OK);
    assert_int_equal(lun_session_source(beside) == lun_session_source(session),
                     i == 0);
    assert_int_equal(lun_session_assume_role(&role, beside, &options, &error),
                     LUN_OK);
    if (i < 2) {
      assert_string_equal(key_of(role), i == 0 ? "ASIAONE" : "ASIATWO");
      assert_int_equal(requests(), i + 1);
    }
    lun_session_unref(role);
    lun_session_unref(beside);
  }
}

static void a_role_on_a_role(void **state)
{
  struct answer script[] = {
      {SEND_IT, assumed("111122223333", "hop/" SESSION, "ASIAHOP", LATER)},
      {SEND_IT, reader_answer("ASIAONE")}};
  struct lun_role_options options = {.size = sizeof(options)};
  lun_session *hop = NULL;
  lun_session *role = NULL;

  (void)state;
  env_keys();
  serve(script, 2);
  assert_int_equal(make(NULL), LUN_OK);
  options.role_arn = "arn:aws:iam::111122223333:role/hop";
  assert_int_equal(lun_session_assume_role(&hop, session, &options, &error),
                   LUN_OK);
  options.role_arn = ROLE;
  assert_int_equal(lun_session_assume_role(&role, hop, &options, &error),
                   LUN_OK);
  assert_string_equal(key_of(role), "ASIAONE");
  assert_signed_by(request(0), "AKIDENV");
  assert_signed_by(request(1), "ASIAHOP");
  assert_string_equal(key_of(hop), "ASIAHOP");
  assert_int_equal(requests(), 2);
  lun_session_unref(hop);
  lun_session_unref(role);
}

static void roles_refused(void **state)
{
  struct lun_role_options options = {.size = sizeof(options)};
  lun_session *role = NULL;

  (void)state;
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_assume_role(&role, session, &options, &error),
                   LUN_EINVALID);
  assert_has(error.message, "role_arn is missing");
  options.role_arn = ROLE;
  options.size = offsetof(struct lun_role_options, role_arn);
  assert_int_equal(lun_session_assume_role(&role, session, &options, &error),
                   LUN_EINVALID);
  assert_has(error.message, "role_arn is missing");
  options.size = sizeof(options) + 8;
  assert_int_equal(lun_session_assume_role(&role, session, &options, &error),
                   LUN_EINVALID);
  assert_has(error.message, "of another version");
  options.size = 1;
  assert_int_equal(lun_session_assume_role(&role, session, &options, &error),
                   LUN_EINVALID);
  assert_null(role);
}

/* The base's credentials have expired when STS is asked: once with others. */
static void an_expired_base(void **state)
{
  struct answer script[] = {
      {SEND_IT, assumed("111122223333", "hop/" SESSION, "ASIAOLD", LATER)},
      {SEND_IT, sts_error(403, "ExpiredToken")},
      {SEND_IT, assumed("111122223333", "hop/" SESSION, "ASIANEW", LATER)},
      {SEND_IT, reader_answer("ASIAONE")},
      {SEND_IT, sts_error(403, "ExpiredToken")}};
  struct lun_role_options options = {.size = sizeof(options), .role_arn = ROLE};
  lun_session *role = NULL;

  (void)state;
  set_config("[default]\nrole_arn = arn:aws:iam::111122223333:role/hop\n"
             "source_profile = keys\n"
             "[profile keys]\naws_access_key_id = AKIDKEYS\n"
             "aws_secret_access_key = canary-secret\n");
  serve(script, 5);
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_assume_role(&role, session, &options, &error),
                   LUN_OK);
  assert_string_equal(key_of(role), "ASIAONE");
  assert_signed_by(request(0), "AKIDKEYS");
  assert_signed_by(request(1), "ASIAOLD");
  assert_signed_by(request(2), "AKIDKEYS");
  assert_signed_by(request(3), "ASIANEW");
  assert_int_equal(requests(), 4);
  lun_session_unref(role);
}

/* ------------------------------------------------------------------ why -- */

/* Asked anew each time, and recorded; what is at hand then is what was
 * found. */
static void why(void **state)
{
  struct answer script[] = {{SEND_IT, reader_answer("ASIAONE")},
                            {SEND_IT, reader_answer("ASIATWO")},
                            {SEND_IT, sts_error(403, "AccessDenied")}};
  struct lun_role_options options = {.size = sizeof(options), .role_arn = ROLE};
  struct lun_trace trace = {.ctx = NULL};
  lun_session *role = NULL;

  (void)state;
  env_keys();
  serve(script, 3);
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_assume_role(&role, session, &options, &error),
                   LUN_OK);
  assert_string_equal(key_of(role), "ASIAONE");
  lun_trace_init(&trace, ctx);
  assert_int_equal(lun_session_why(&trace, &cred, role, &error), LUN_OK);
  assert_string_equal(cred->access_key_id, "ASIATWO");
  lun_cred_unref(cred);
  assert_int_equal(trace.nsteps, 2); /* what the base asked comes first */
  assert_string_equal(trace.steps[0].name, "env");
  assert_int_equal(trace.steps[0].end, LUN_TRACE_FOUND);
  assert_string_equal(trace.steps[1].name, "AssumeRole");
  assert_int_equal(trace.steps[1].depth, 0);
  assert_int_equal(trace.steps[1].end, LUN_TRACE_FOUND);
  lun_trace_clear(&trace);
  assert_string_equal(key_of(role), "ASIATWO");

  assert_int_equal(lun_session_why(&trace, &cred, role, &error), LUN_EACCESS);
  assert_int_equal(trace.nsteps, 2);
  assert_int_equal(trace.steps[1].end, LUN_TRACE_FAILED);
  lun_trace_clear(&trace);
  assert_string_equal(key_of(role), "ASIATWO"); /* as good as before */
  assert_int_equal(requests(), 3);
  lun_session_unref(role);
}

static void why_of_fixed_keys(void **state)
{
  struct lun_session_options options = {.access_key_id = "AKIDFIXED",
                                        .secret_access_key = "canary-secret"};
  struct lun_trace trace = {.ctx = NULL};

  (void)state;
  env_keys();
  assert_int_equal(make(&options), LUN_OK);
  lun_trace_init(&trace, ctx);
  assert_int_equal(lun_session_why(&trace, &cred, session, &error), LUN_OK);
  assert_string_equal(cred->access_key_id, "AKIDFIXED");
  lun_cred_unref(cred);
  assert_int_equal(trace.nsteps, 1);
  assert_string_equal(trace.steps[0].name, "session");
  assert_string_equal(trace.steps[0].why, "keys given in code");
  lun_trace_clear(&trace);
}

/* -------------------------------------------------- one call for a role -- */

/* A session on a role of the session's. */
static lun_session *on_role(const struct lun_role_options *options)
{
  struct lun_role_options sized = *options;
  lun_session *role = NULL;

  sized.size = sizeof(sized);
  memset(&error, 0, sizeof(error));
  if (lun_session_assume_role(&role, session, &sized, &error))
    fail_msg("%s", error.message);
  return role;
}

/* How many calls of STS the two take together, each having keys in the end. */
static int calls_of(const struct lun_role_options *one,
                    const struct lun_role_options *two)
{
  struct answer script[] = {{SEND_IT, reader_answer("ASIAONE")},
                            {SEND_IT, reader_answer("ASIATWO")}};
  lun_session *first = NULL;
  lun_session *second = NULL;
  const char *key = NULL;
  int calls = 0;

  serve(script, 2);
  assert_int_equal(make(NULL), LUN_OK);
  first = on_role(one);
  assert_string_equal(key_of(first), "ASIAONE");
  lun_session_unref(first); /* the run remembers it */
  second = on_role(two);
  key = key_of(second);
  calls = requests();
  assert_string_equal(key, calls == 1 ? "ASIAONE" : "ASIATWO");
  lun_session_unref(second);
  lun_session_unref(session);
  session = NULL;
  end_servers();
  return calls;
}

static void the_same_role_twice(void **state)
{
  static const struct lun_tag tags[] = {{"Team", "blue"}};
  struct lun_role_options plain = {.role_arn = ROLE};
  struct lun_role_options full = {.role_arn = ROLE,
                                  .role_session_name = SESSION,
                                  .external_id = "one",
                                  .duration_seconds = 900,
                                  .region = "eu-west-1",
                                  .policy = "{}",
                                  .tags = tags,
                                  .ntags = 1,
                                  .source_identity = "alice"};
  struct lun_role_options same = full;

  (void)state;
  env_keys();
  assert_int_equal(calls_of(&plain, &plain), 1);
  assert_int_equal(calls_of(&full, &same), 1);
  assert_int_equal(calls_of(&plain, &full), 2);
}

/* What is not the same to whoever reads the trail, or to a trust policy, is
 * another session. */
static void roles_that_are_kept_apart(void **state)
{
  const struct lun_role_options one = {
      .role_arn = ROLE, .external_id = "one", .source_identity = "alice"};
  const struct lun_role_options others[] = {
      {.role_arn = ROLE, .external_id = "two", .source_identity = "alice"},
      {.role_arn = ROLE, .external_id = "one", .source_identity = "bob"},
      {.role_arn = ROLE, .source_identity = "alice"},
      {.role_arn = ROLE, .external_id = "one"},
      {.role_arn = ROLE,
       .external_id = "one",
       .source_identity = "alice",
       .policy = "{}"},
      {.role_arn = ROLE,
       .external_id = "one",
       .source_identity = "alice",
       .region = "eu-west-1"},
  };
  size_t i = 0;

  (void)state;
  env_keys();
  for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
    assert_int_equal(calls_of(&one, &others[i]), 2);
}

/* The same role by another's keys is another session as well. */
static void roles_of_two_bases(void **state)
{
  struct answer script[] = {
      {SEND_IT, assumed("111122223333", "hop/" SESSION, "ASIAHOP", LATER)},
      {SEND_IT, reader_answer("ASIABYHOP")},
      {SEND_IT, reader_answer("ASIABYKEYS")}};
  struct lun_role_options hop = {.role_arn =
                                     "arn:aws:iam::111122223333:role/hop"};
  struct lun_role_options reader = {.size = sizeof(reader), .role_arn = ROLE};
  lun_session *between = NULL;
  lun_session *again = NULL;
  lun_session *by_hop = NULL;
  lun_session *by_hop_too = NULL;
  lun_session *by_keys = NULL;

  (void)state;
  env_keys();
  serve(script, 3);
  assert_int_equal(make(NULL), LUN_OK);
  between = on_role(&hop);
  again = on_role(&hop);
  assert_ptr_equal(lun_session_source(between), lun_session_source(again));
  assert_int_equal(lun_session_assume_role(&by_hop, between, &reader, &error),
                   LUN_OK);
  assert_int_equal(lun_session_assume_role(&by_hop_too, again, &reader, &error),
                   LUN_OK);
  by_keys = on_role(&reader);
  assert_string_equal(key_of(by_hop), "ASIABYHOP");
  assert_string_equal(key_of(by_hop_too), "ASIABYHOP");
  assert_string_equal(key_of(by_keys), "ASIABYKEYS");
  assert_int_equal(requests(), 3);
  assert_signed_by(request(1), "ASIAHOP");
  assert_signed_by(request(2), "AKIDENV");
  lun_session_unref(between);
  lun_session_unref(again);
  lun_session_unref(by_hop);
  lun_session_unref(by_hop_too);
  lun_session_unref(by_keys);
}

/* A run of days may take on any number of roles: the oldest is forgotten, and
 * who still has it keeps it. */
static void more_roles_than_a_run_remembers(void **state)
{
  struct answer script[] = {{SEND_IT, reader_answer("ASIAONE")},
                            {SEND_IT, reader_answer("ASIATWO")}};
  struct lun_role_options first = {.role_arn = ROLE, .external_id = "first"};
  lun_session *kept = NULL;
  lun_session *later = NULL;
  int i = 0;

  (void)state;
  env_keys();
  serve(script, 2);
  assert_int_equal(make(NULL), LUN_OK);
  kept = on_role(&first);
  for (i = 0; i < 64; i++) {
    char id[24] = "";
    struct lun_role_options other = {.role_arn = ROLE, .external_id = id};

    (void)snprintf(id, sizeof(id), "other-%d", i);
    lun_session_unref(on_role(&other));
  }
  later = on_role(&first);
  assert_ptr_not_equal(lun_session_source(kept), lun_session_source(later));
  assert_string_equal(key_of(kept), "ASIAONE");
  assert_string_equal(key_of(later), "ASIATWO");
  lun_session_unref(kept);
  lun_session_unref(later);
}

/* A code is asked for each call of STS, and there is one. */
static void codes(void **state)
{
  struct device device = {.code = "141421"};
  struct lun_session_options asking = {.mfa_code = read_device,
                                       .mfa_data = &device};
  struct answer script[] = {{SEND_IT, reader_answer("ASIAONE")},
                            {SEND_IT, reader_answer("ASIATWO")},
                            {SEND_IT, reader_answer("ASIADEV")}};
  struct lun_role_options options = {.role_arn = ROLE, .mfa_serial = SERIAL};
  lun_session *one = NULL;
  lun_session *two = NULL;
  lun_session *dev = NULL;

  (void)state;
  env_keys();
  serve(script, 3);
  set_config("[profile dev]\nrole_arn = " ROLE "\nmfa_serial = " SERIAL "\n"
             "credential_source = Environment\n");
  assert_int_equal(make(&asking), LUN_OK);
  one = on_role(&options);
  two = on_role(&options);
  assert_string_equal(key_of(one), "ASIAONE");
  assert_string_equal(key_of(two), "ASIAONE");
  assert_int_equal(device.asked, 1);
  scene.wall_s += 3500; /* the credentials are near their end */
  scene.mono_skip_ms += 3500 * 1000;
  assert_string_equal(key_of(two), "ASIATWO");
  assert_int_equal(device.asked, 2);
  scene.wall_s = NOW;
  dev = for_ref("a?profile=dev"); /* sessions made from it can ask as well */
  assert_string_equal(key_of(dev), "ASIADEV");
  assert_int_equal(device.asked, 3);
  assert_has(request(2), "&TokenCode=141421");
  lun_session_unref(one);
  lun_session_unref(two);
  lun_session_unref(dev);
}

/* Who is asked for a code may be gone with the session that knew him: a
 * renewal in its name is over with it, and so is what the run remembers. */
static void nobody_is_asked_for_a_session_that_is_gone(void **state)
{
  struct device device = {.code = "141421"};
  struct lun_session_options asking = {.mfa_code = read_device,
                                       .mfa_data = &device};
  struct answer script[] = {
      {SEND_IT, reader_answer("ASIAONE")},
      {SEND_IT, assumed("111122223333", "top/" SESSION, "ASIATOP", LATER)},
      {SEND_IT, reader_answer("ASIATWO")}};
  struct lun_role_options reader = {
      .size = sizeof(reader), .role_arn = ROLE, .mfa_serial = SERIAL};
  struct lun_role_options top = {
      .size = sizeof(top), .role_arn = "arn:aws:iam::111122223333:role/top"};
  lun_session *beside = NULL;
  lun_session *role = NULL;
  lun_session *on_top = NULL;

  (void)state;
  env_keys();
  serve(script, 3);
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_beside(&beside, session, &asking, &error),
                   LUN_OK);
  assert_int_equal(lun_session_assume_role(&role, beside, &reader, &error),
                   LUN_OK);
  assert_int_equal(lun_session_assume_role(&on_top, role, &top, &error),
                   LUN_OK);
  assert_string_equal(key_of(on_top), "ASIATOP");
  assert_int_equal(device.asked, 1);
  scene.wall_s += 2800; /* time to renew, beside the calls */
  scene.mono_skip_ms += 2800 * 1000;
  assert_string_equal(key_of(role), "ASIAONE");
  lun_session_unref(role);
  lun_session_unref(on_top);
  lun_session_unref(beside);
  device.code = NULL; /* its memory may be another's now */
  assert_string_equal(key_of(session), "AKIDENV");
  assert_int_equal(device.asked, 1);
  assert_int_equal(requests(), 2);
}

/* --------------------------------------------------------- web identity -- */

static void a_web_identity_in_code(void **state)
{
  struct answer script[] = {
      {SEND_IT,
       web_assumed("444455556666", "reader/" SESSION, "ASIAWEB", LATER)}};
  struct lun_web_identity_options options;
  lun_session *web = NULL;
  lun_session *same = NULL;

  (void)state;
  env_keys(); /* not asked for */
  serve(script, 1);
  set_token("canary");
  assert_int_equal(make(NULL), LUN_OK);
  lun_web_identity_options_init(&options);
  assert_int_equal(options.size, sizeof(options));
  options.role_arn = ROLE;
  options.token_file = token_file();
  options.region = "eu-west-3";
  assert_int_equal(lun_session_web_identity(&web, session, &options, &error),
                   LUN_OK);
  assert_int_equal(lun_session_web_identity(&same, session, &options, &error),
                   LUN_OK);
  assert_int_equal(requests(), 0);
  assert_string_equal(key_of(web), "ASIAWEB");
  assert_string_equal(key_of(same), "ASIAWEB");
  assert_int_equal(requests(), 1);
  assert_has(request(0), "Action=AssumeRoleWithWebIdentity&");
  assert_null(strstr(request(0), "Authorization:"));
  assert_string_equal(lun_session_region(web), "eu-west-3");
  lun_session_unref(session);
  session = NULL;
  lun_session_unref(same);
  assert_string_equal(key_of(web), "ASIAWEB");
  lun_session_unref(web);
  drop_token();
}

/* A role on top of it, as of any session. */
static void a_role_on_a_web_identity(void **state)
{
  struct answer script[] = {
      {SEND_IT, web_assumed("111122223333", "web/" SESSION, "ASIAWEB", LATER)},
      {SEND_IT, reader_answer("ASIAONE")}};
  struct lun_web_identity_options options = {
      .size = sizeof(options),
      .role_arn = "arn:aws:iam::111122223333:role/web",
      .token_file = token_file()};
  struct lun_role_options reader = {.size = sizeof(reader), .role_arn = ROLE};
  lun_session *web = NULL;
  lun_session *role = NULL;

  (void)state;
  serve(script, 2);
  set_token("canary");
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_web_identity(&web, session, &options, &error),
                   LUN_OK);
  assert_int_equal(lun_session_assume_role(&role, web, &reader, &error),
                   LUN_OK);
  assert_string_equal(key_of(role), "ASIAONE");
  assert_signed_by(request(1), "ASIAWEB");
  lun_session_unref(web);
  lun_session_unref(role);
  drop_token();
}

static void web_identities_refused(void **state)
{
  struct lun_web_identity_options options = {.size = sizeof(options)};
  lun_session *web = NULL;

  (void)state;
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_web_identity(&web, session, &options, &error),
                   LUN_EINVALID);
  assert_has(error.message, "role_arn is missing");
  options.role_arn = ROLE;
  options.token_file = "/nowhere";
  options.size = offsetof(struct lun_web_identity_options, token_file);
  assert_int_equal(lun_session_web_identity(&web, session, &options, &error),
                   LUN_EINVALID);
  assert_has(error.message, "token_file is missing");
  options.size = sizeof(options) + 8;
  assert_int_equal(lun_session_web_identity(&web, session, &options, &error),
                   LUN_EINVALID);
  assert_has(error.message, "of another version");
  options.size = 1;
  assert_int_equal(lun_session_web_identity(&web, session, &options, &error),
                   LUN_EINVALID);
  options.size = sizeof(options);
  assert_int_equal(lun_session_web_identity(&web, session, &options, &error),
                   LUN_OK);
  assert_has(key_of(web), "role " ROLE ": no region is known");
  lun_session_unref(web);
  set_env("AWS_REGION", "eu-central-1");
  lun_session_unref(session);
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_web_identity(&web, session, &options, &error),
                   LUN_OK);
  assert_has(key_of(web), "the token file of the option token_file: /nowhere");
  lun_session_unref(web);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(a_role_in_code),
      CASE(a_role_from_two_sessions),
      CASE(a_role_on_a_role),
      CASE(roles_refused),
      CASE(an_expired_base),
      CASE(why),
      CASE(why_of_fixed_keys),
      CASE(the_same_role_twice),
      CASE(roles_that_are_kept_apart),
      CASE(roles_of_two_bases),
      CASE(more_roles_than_a_run_remembers),
      CASE(codes),
      CASE(nobody_is_asked_for_a_session_that_is_gone),
      CASE(a_web_identity_in_code),
      CASE(a_role_on_a_web_identity),
      CASE(web_identities_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
