/* What may be asked of STS for a role, and which of it is the same. */
#include "../../core/creds/rolespec.h"
#include "sts.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define POLICY_ARN  "arn:aws:iam::aws:policy/ReadOnlyAccess"

static struct lun_role role;

static enum lun_code make_role(const struct lun_role_options *options)
{
  memset(&error, 0, sizeof(error));
  memset(&role, 0, sizeof(role));
  return lun_role_init(&role, ctx, options, "here: ", &error);
}

static enum lun_code make_web(const struct lun_web_identity_options *options)
{
  memset(&error, 0, sizeof(error));
  memset(&role, 0, sizeof(role));
  return lun_role_init_web(&role, ctx, options, "here: ", "there", &error);
}

/* It is refused, in words that have TEXT in them and nothing of a value. */
static void assert_refused(enum lun_code rc, const char *text)
{
  assert_int_equal(rc, LUN_EINVALID);
  assert_int_equal(error.code, LUN_EINVALID);
  assert_has(error.message, "here: ");
  assert_has(error.message, text);
  assert_null(strstr(error.message, "canary"));
  assert_null(strstr(error.hint, "canary"));
  assert_null(role.ctx);
}

/* --------------------------------------------------------------- copies -- */

static void a_role_is_copied(void **state)
{
  char arn[] = ROLE;
  char name[] = "boot@host";
  struct lun_role_options options = {.role_arn = arn,
                                     .role_session_name = name,
                                     .region = "eu-west-1",
                                     .source_identity = "alice",
                                     .mfa_serial = SERIAL,
                                     .mfa_code = read_device};

  (void)state;
  assert_int_equal(make_role(&options), LUN_OK);
  memset(arn, 'x', sizeof(arn) - 1);
  memset(name, 'x', sizeof(name) - 1);
  assert_string_equal(role.arn, ROLE);
  assert_string_equal(role.session_name, "boot@host");
  assert_true(role.named);
  assert_string_equal(role.region, "eu-west-1");
  assert_string_equal(role.source_identity, "alice");
  assert_string_equal(role.mfa_serial, SERIAL);
  assert_ptr_equal(role.mfa_code, read_device);
  assert_null(role.token_file);
  lun_role_done(&role);
  lun_role_done(&role); /* twice does no harm */
}

static void a_name_is_made_up(void **state)
{
  struct lun_role_options options = {.role_arn = ROLE};

  (void)state;
  assert_int_equal(make_role(&options), LUN_OK);
  assert_string_equal(role.session_name, SESSION);
  assert_false(role.named);
  assert_string_equal(role.form, "");
  lun_role_done(&role);
}

static void a_web_identity_is_copied(void **state)
{
  static const char *const arns[] = {POLICY_ARN};
  struct lun_web_identity_options options = {.role_arn = ROLE,
                                             .token_file = "/token",
                                             .role_session_name = "boot",
                                             .duration_seconds = 900,
                                             .policy = "{}",
                                             .policy_arns = arns,
                                             .npolicy_arns = 1,
                                             .provider_id = "www.amazon.com",
                                             .region = "eu-west-1"};

  (void)state;
  assert_int_equal(make_web(&options), LUN_OK);
  assert_string_equal(role.token_file, "/token");
  assert_string_equal(role.token_from, "there");
  assert_string_equal(role.session_name, "boot");
  assert_string_equal(role.region, "eu-west-1");
  assert_string_equal(role.form,
                      "&ProviderId=www.amazon.com&DurationSeconds=900"
                      "&Policy=%7B%7D&PolicyArns.member.1.arn=arn%3Aaws%3Aiam"
                      "%3A%3Aaws%3Apolicy%2FReadOnlyAccess");
  lun_role_done(&role);
}

/* In the awsQuery form of lists, in the order given. */
static void the_form(void **state)
{
  static const char *const arns[] = {
      POLICY_ARN, "arn:aws:iam::444455556666:policy/team/Some+Thing"};
  static const struct lun_tag tags[] = {{"Team", "a&b=c"},
                                        {"cost center", ""},
                                        {"Stra\xC3\x9F"
                                         "e",
                                         "\xC3\xA9"}};
  static const char *const transitive[] = {"team", "Team"};
  struct lun_role_options options = {.role_arn = ROLE,
                                     .external_id = "a=b,c",
                                     .duration_seconds = 1800,
                                     .policy = "{\"Version\": \"x\"}\n",
                                     .policy_arns = arns,
                                     .npolicy_arns = 2,
                                     .tags = tags,
                                     .ntags = 2,
                                     .transitive_tag_keys = transitive,
                                     .ntransitive_tag_keys = 2,
                                     .source_identity = "alice@home",
                                     .mfa_serial = "GAHT12345678"};

  (void)state;
  assert_refused(make_role(&options), "tags: the value"); /* '&' */
  options.tags = tags + 1;
  options.ntags = 2;
  options.ntransitive_tag_keys = 0;
  assert_int_equal(make_role(&options), LUN_OK);
  assert_string_equal(
      role.form, "&DurationSeconds=1800&ExternalId=a%3Db%2Cc"
                 "&Policy=%7B%22Version%22%3A%20%22x%22%7D%0A"
                 "&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2F"
                 "ReadOnlyAccess&PolicyArns.member.2.arn=arn%3Aaws%3Aiam%3A%3A"
                 "444455556666%3Apolicy%2Fteam%2FSome%2BThing"
                 "&Tags.member.1.Key=cost%20center&Tags.member.1.Value="
                 "&Tags.member.2.Key=Stra%C3%9Fe&Tags.member.2.Value=%C3%A9"
                 "&SourceIdentity=alice%40home&SerialNumber=GAHT12345678");
  lun_role_done(&role);
}

static void transitive_tags(void **state)
{
  static const struct lun_tag tags[] = {{"Team", "blue"}, {"Env", "test"}};
  static const char *const keys[] = {"team", "Env"};
  static const char *const wrong[] = {"Env", "Taem"};
  struct lun_role_options options = {.role_arn = ROLE,
                                     .tags = tags,
                                     .ntags = 2,
                                     .transitive_tag_keys = keys,
                                     .ntransitive_tag_keys = 2};

  (void)state;
  assert_int_equal(make_role(&options), LUN_OK);
  assert_has(role.form, "&TransitiveTagKeys.member.1=team"
                        "&TransitiveTagKeys.member.2=Env");
  lun_role_done(&role);
  options.transitive_tag_keys = wrong;
  assert_refused(make_role(&options),
                 "transitive_tag_keys: \"Taem\" is no key of tags");
  assert_string_equal(error.hint, "did you mean \"Team\"?");
}

/* ------------------------------------------------------------- refusals -- */

static void texts_refused(void **state)
{
  static char long_text[2100];
  char session[66] = "";
  char external[1226] = "";
  const struct {
    struct lun_role_options options;
    const char *text;
  } cases[] = {
      {{.role_arn = NULL}, "role_arn is missing"},
      {{.role_arn = "canary"}, "role_arn is not the ARN of a role"},
      {{.role_arn = "arn:aws:iam::444455556666:instance-profile/canary"},
       "role_arn is not the ARN of a role"},
      {{.role_arn = long_text}, "role_arn"},
      {{.role_arn = ROLE, .role_session_name = "c"}, "role_session_name has"},
      {{.role_arn = ROLE, .role_session_name = session}, "2 to 64"},
      {{.role_arn = ROLE, .role_session_name = "can ary"}, "role_session"},
      {{.role_arn = ROLE, .role_session_name = "can/ary"}, "role_session"},
      {{.role_arn = ROLE, .external_id = "c"}, "external_id has"},
      {{.role_arn = ROLE, .external_id = ""}, "external_id has"},
      {{.role_arn = ROLE, .external_id = "canary canary"}, "external_id"},
      {{.role_arn = ROLE, .external_id = external}, "2 to 1224"},
      {{.role_arn = ROLE, .source_identity = "c"}, "source_identity has"},
      {{.role_arn = ROLE, .source_identity = "aws:canary"}, "source_identity"},
      {{.role_arn = ROLE, .source_identity = session}, "2 to 64"},
      {{.role_arn = ROLE, .mfa_serial = "canary8c"}, "mfa_serial has"},
      {{.role_arn = ROLE, .mfa_serial = "canary canary"}, "9 to 256"},
      {{.role_arn = ROLE, .mfa_code = read_device}, "mfa_code goes with"},
      {{.role_arn = ROLE, .duration_seconds = 899}, "duration_seconds has"},
      {{.role_arn = ROLE, .duration_seconds = 43201}, "900 to 43200"},
      {{.role_arn = ROLE, .duration_seconds = -1}, "duration_seconds"},
      {{.role_arn = ROLE, .region = "Canary"}, "region is not a region"},
  };
  size_t i = 0;

  (void)state;
  memset(session, 's', 65);
  memset(external, 'e', 1225);
  (void)snprintf(long_text, sizeof(long_text), "%s", ROLE);
  memset(long_text + strlen(long_text), 'x',
         2049 - strlen(long_text)); /* one too many */
  for (i = 0; i < COUNT(cases); i++)
    assert_refused(make_role(&cases[i].options), cases[i].text);
}

static void limits_that_are_just_kept(void **state)
{
  char session[65] = "";
  char external[1225] = "";
  struct lun_role_options options = {.role_arn = ROLE,
                                     .role_session_name = session,
                                     .external_id = external,
                                     .source_identity = session,
                                     .duration_seconds = 43200};

  (void)state;
  memset(session, 's', 64);
  memset(external, 'e', 1224);
  assert_int_equal(make_role(&options), LUN_OK);
  lun_role_done(&role);
  options.role_session_name = "_+=,.@-";
  options.external_id = "_+=,.@:/-";
  options.source_identity = "_+=,.@-";
  options.mfa_serial = "_+=/:,.@-";
  options.duration_seconds = 900;
  assert_int_equal(make_role(&options), LUN_OK);
  lun_role_done(&role);
}

static void policies(void **state)
{
  static char large[3000];
  struct lun_web_identity_options web = {
      .role_arn = ROLE, .token_file = "/token", .policy = large};
  static const struct {
    const char *policy;
    const char *text;
  } cases[] = {
      {"", "policy is no valid JSON: line 1, column 1"},
      {"{\"canary\":\n \"canary\",}", "line 2, column 11"},
      {"[\"canary\"]", "policy has to be a JSON object"},
      {"\"canary\"", "policy has to be a JSON object"},
      {"{\"canary\": \"\xE2\x82\xAC\"}", "policy has a character"},
  };
  struct lun_role_options options = {.role_arn = ROLE};
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    options.policy = cases[i].policy;
    assert_refused(make_role(&options), cases[i].text);
  }
  memset(large, ' ', 2049);
  memcpy(large, "{\"a\":\"\xC3\xA9\"}", 10);
  options.policy = large;
  assert_int_equal(make_role(&options), LUN_OK); /* STS knows how much */
  lun_role_done(&role);
  assert_int_equal(make_web(&web), LUN_OK); /* 2048 characters */
  lun_role_done(&role);
  large[2049] = ' ';
  assert_refused(make_web(&web), "policy has 2049 characters, and 2048 is");
}

static void policy_arns(void **state)
{
  static const char *const wrong[] = {ROLE,
                                      "arn:aws:iam::aws:policy",
                                      "canary",
                                      NULL,
                                      "arn:aws:iam::aws:policy/can ary",
                                      "arn:aws:s3::444455556666:policy/canary"};
  const char *arns[11] = {POLICY_ARN, POLICY_ARN};
  struct lun_role_options options = {
      .role_arn = ROLE, .policy_arns = arns, .npolicy_arns = 2};
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(wrong); i++) {
    arns[1] = wrong[i];
    assert_refused(make_role(&options),
                   "policy_arns: number 2 is not the ARN of a managed policy");
  }
  for (i = 0; i < COUNT(arns); i++)
    arns[i] = POLICY_ARN;
  options.npolicy_arns = 10;
  assert_int_equal(make_role(&options), LUN_OK);
  lun_role_done(&role);
  options.npolicy_arns = 11;
  assert_refused(make_role(&options), "policy_arns: there may be 10 at most");
}

/* TEXT COUNT times. */
static const char *times(const char *text, size_t count)
{
  static char room[4][600];
  static size_t next;
  char *out = room[next++ % 4];
  size_t len = strlen(text);
  size_t i = 0;

  memset(out, 0, sizeof(room[0]));
  for (i = 0; i < count; i++)
    memcpy(out + i * len, text, len);
  return out;
}

static void tags_refused(void **state)
{
  const struct {
    struct lun_tag tag;
    const char *text;
  } cases[] = {
      {{NULL, "v"}, "tags: the key of number 2 has to be 1 to 128"},
      {{"", "v"}, "tags: the key of number 2"},
      {{times("k", 129), "v"}, "tags: the key of number 2"},
      {{"can*ary", "v"}, "tags: the key of number 2"},
      {{"can\tary", "v"}, "tags: the key of number 2"},
      {{"can\xC3", "v"}, "tags: the key of number 2"},
      {{"can\xC2\x85", "v"}, "tags: the key of number 2"},
      {{"AWS:thing", "v"}, "tags: \"AWS:thing\" begins with \"aws:\""},
      {{"one", "canary#"}, "tags: the value of \"one\" has to be at most 256"},
      {{"one", times("v", 257)}, "tags: the value of \"one\""},
      {{"one", NULL}, "tags: the value of \"one\""},
      {{"tEAM", "v"}, "tags: \"tEAM\" is there twice"},
  };
  struct lun_tag tags[51] = {{"Team", "blue"}};
  char keys[51][8];
  struct lun_role_options options = {
      .role_arn = ROLE, .tags = tags, .ntags = 2};
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    tags[1] = cases[i].tag;
    assert_refused(make_role(&options), cases[i].text);
  }
  for (i = 0; i < COUNT(tags); i++) {
    (void)snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
    tags[i] = (struct lun_tag){keys[i], "_.:/=+-@ "};
  }
  tags[0] = (struct lun_tag){times("\xC3\xA9", 128), times("\xC3\xA9", 256)};
  options.ntags = 50;
  assert_int_equal(make_role(&options), LUN_OK);
  assert_has(role.form, "&Tags.member.50.Key=k49&");
  lun_role_done(&role);
  options.ntags = 51;
  assert_refused(make_role(&options), "tags: there may be 50 at most");
}

static void web_identities_refused(void **state)
{
  static const struct {
    struct lun_web_identity_options options;
    const char *text;
  } cases[] = {
      {{.token_file = "/token"}, "role_arn is missing"},
      {{.role_arn = ROLE}, "token_file is missing"},
      {{.role_arn = ROLE, .token_file = ""}, "token_file is missing"},
      {{.role_arn = ROLE, .token_file = "/t", .role_session_name = "c"},
       "role_session_name has"},
      {{.role_arn = ROLE, .token_file = "/t", .provider_id = "can"},
       "provider_id has to be the name of a host"},
      {{.role_arn = ROLE, .token_file = "/t", .provider_id = "can ary"},
       "provider_id"},
      {{.role_arn = ROLE, .token_file = "/t", .duration_seconds = 1},
       "duration_seconds"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(cases); i++)
    assert_refused(make_web(&cases[i].options), cases[i].text);
}

/* ----------------------------------------------------------- comparison -- */

static void roles_that_are_one(void **state)
{
  static const char *const arns[] = {POLICY_ARN};
  static const struct lun_tag tags[] = {{"Team", "blue"}};
  static const char *const keys[] = {"Team"};
  static const struct lun_role_options cases[] = {
      {.role_arn = ROLE},
      {.role_arn = ROLE "s"},
      {.role_arn = ROLE, .role_session_name = SESSION},
      {.role_arn = ROLE, .role_session_name = "other"},
      {.role_arn = ROLE, .external_id = "one"},
      {.role_arn = ROLE, .external_id = "two"},
      {.role_arn = ROLE, .source_identity = "one"},
      {.role_arn = ROLE, .source_identity = "two"},
      {.role_arn = ROLE, .duration_seconds = 900},
      {.role_arn = ROLE, .region = "eu-west-1"},
      {.role_arn = ROLE, .policy = "{}"},
      {.role_arn = ROLE, .policy_arns = arns, .npolicy_arns = 1},
      {.role_arn = ROLE, .tags = tags, .ntags = 1},
      {.role_arn = ROLE,
       .tags = tags,
       .ntags = 1,
       .transitive_tag_keys = keys,
       .ntransitive_tag_keys = 1},
      {.role_arn = ROLE, .mfa_serial = SERIAL},
      {.role_arn = ROLE, .mfa_serial = SERIAL, .mfa_code = read_device},
      {.role_arn = ROLE,
       .mfa_serial = SERIAL,
       .mfa_code = read_device,
       .mfa_data = (void *)&role},
  };
  struct lun_role roles[COUNT(cases)];
  size_t i = 0;
  size_t j = 0;

  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    assert_int_equal(make_role(&cases[i]), LUN_OK);
    roles[i] = role;
  }
  scene.wall_s += 60; /* another name is made up */
  for (i = 0; i < COUNT(cases); i++) {
    assert_int_equal(make_role(&cases[i]), LUN_OK);
    for (j = 0; j < COUNT(cases); j++)
      assert_int_equal(lun_role_same(&role, &roles[j]), i == j);
    lun_role_done(&role);
  }
  for (i = 0; i < COUNT(cases); i++)
    lun_role_done(&roles[i]);
}

static void web_identities_that_are_one(void **state)
{
  struct lun_web_identity_options options = {.role_arn = ROLE,
                                             .token_file = "/one"};
  struct lun_role_options plain = {.role_arn = ROLE};
  struct lun_role first = {.ctx = NULL};

  (void)state;
  assert_int_equal(make_web(&options), LUN_OK);
  first = role;
  assert_int_equal(make_web(&options), LUN_OK);
  assert_true(lun_role_same(&first, &role));
  lun_role_done(&role);
  options.token_file = "/two";
  assert_int_equal(make_web(&options), LUN_OK);
  assert_false(lun_role_same(&first, &role));
  lun_role_done(&role);
  assert_int_equal(make_role(&plain), LUN_OK);
  assert_false(lun_role_same(&first, &role));
  lun_role_done(&role);
  lun_role_done(&first);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code make_both(struct lun_error *err)
{
  static const struct lun_tag tags[] = {{"Team", "blue"}};
  static const char *const arns[] = {POLICY_ARN};
  static const struct lun_role_options options = {.role_arn = ROLE,
                                                  .external_id = "ab",
                                                  .region = "eu-west-1",
                                                  .policy = "{}",
                                                  .policy_arns = arns,
                                                  .npolicy_arns = 1,
                                                  .tags = tags,
                                                  .ntags = 1,
                                                  .source_identity = "alice",
                                                  .mfa_serial = SERIAL};
  static const struct lun_web_identity_options web = {
      .role_arn = ROLE, .token_file = "/token", .provider_id = "host"};
  struct lun_role mine = {.ctx = NULL};
  enum lun_code rc = lun_role_init(&mine, ctx, &options, "", err);

  lun_role_done(&mine);
  if (!rc)
    rc = lun_role_init_web(&mine, ctx, &web, "", "there", err);
  lun_role_done(&mine);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  sweep(make_both);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      SCENE(a_role_is_copied),
      SCENE(a_name_is_made_up),
      SCENE(a_web_identity_is_copied),
      SCENE(the_form),
      SCENE(transitive_tags),
      SCENE(texts_refused),
      SCENE(limits_that_are_just_kept),
      SCENE(policies),
      SCENE(policy_arns),
      SCENE(tags_refused),
      SCENE(web_identities_refused),
      SCENE(roles_that_are_one),
      SCENE(web_identities_that_are_one),
      SCENE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
