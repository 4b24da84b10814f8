/* The file of a session of `aws login`: what is needed in it, its renewal. */
#include "login.h"

#include "../../core/creds/loginfile.h"

static struct lun_login_file file;

static int free_all(void **state)
{
  lun_login_file_done(&file);
  lun_login_file_done(&file);
  drop_login();
  return free_scene(state);
}

#define FILE_TEST(function)                                                    \
  cmocka_unit_test_setup_teardown(function, make_login, free_all)

/* A session's file in the scene as it is now, not loaded. */
static void find(void)
{
  lun_login_file_done(&file);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_login_file_init(&file, place, SESSION_NAME, &error),
                   LUN_OK);
}

static enum lun_code load(void)
{
  memset(&error, 0, sizeof(error));
  return lun_login_file_load(&file, &error);
}

static void loads(void)
{
  if (load())
    fail_msg("%s", error.message);
}

/* It is refused, for a reason that ends with TEXT. */
static void refuses(const char *text)
{
  size_t len = strlen(text);

  assert_int_equal(load(), LUN_ECREDENTIALS);
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_null(strstr(error.message, "canary"));
  assert_has(error.message, session_path);
  if (strlen(error.message) < len ||
      strcmp(error.message + strlen(error.message) - len, text) != 0)
    fail_msg("\"%s\" does not end with \"%s\"", error.message, text);
}

/* -------------------------------------------------------------- reading -- */

static void whole(void **state)
{
  (void)state;
  set_session(session_text("ASIAONE", IN_15_MINUTES));
  find();
  assert_string_equal(file.path, session_path);
  assert_null(file.cred);
  loads();
  assert_string_equal(file.cred->access_key_id, "ASIAONE");
  assert_string_equal(file.cred->account_id, "012345678901");
  assert_string_equal(file.cred->provider, "login");
  assert_int_equal(file.cred->expires_at, NOW + 900);
  assert_span(lun_secret_view(file.cred->secret_access_key), "canary-secret");
  assert_span(lun_secret_view(file.cred->session_token), "token-ASIAONE");
  assert_string_equal(lun_buf_text(&file.body),
                      "{\"clientId\":\"arn:aws:signin:::devtools/same-device\","
                      "\"refreshToken\":\"canary-refresh\","
                      "\"grantType\":\"refresh_token\"}");
  assert_memory_equal(lun_buf_text(&file.dpop), "-----BEGIN PRIVATE KEY-----\n",
                      28);
  /* Once more, with what is there now. */
  set_session(session_text("ASIATWO", PAST));
  loads();
  assert_string_equal(file.cred->access_key_id, "ASIATWO");
  assert_int_equal(file.cred->expires_at, NOW - 1);
}

/* In the folder that a variable names, with a home and variables in it. */
static void in_another_folder(void **state)
{
  static const char *const names[] = {"~/cache", "$HOME/cache",
                                      "${HOME}/cache"};
  size_t i = 0;

  (void)state;
  assert_int_equal(mkdir(below_home("cache"), 0700), 0);
  (void)snprintf(session_folder, sizeof(session_folder), "%s",
                 below_home("cache"));
  (void)snprintf(session_path, sizeof(session_path), "%s/%s", session_folder,
                 SESSION_FILE);
  set_session(session_text("ASIAONE", IN_15_MINUTES));
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    set_env("AWS_LOGIN_CACHE_DIRECTORY", names[i]);
    find();
    assert_string_equal(file.path, session_path);
    loads();
  }
}

static void without_a_home(void **state)
{
  (void)state;
  set_env("HOME", NULL);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_login_file_init(&file, place, SESSION_NAME, &error),
                   LUN_ECREDENTIALS);
  assert_has(error.message, "HOME is not set");
}

static void nothing_there(void **state)
{
  char text[300] = "";

  (void)state;
  find();
  (void)snprintf(text, sizeof(text), "there is no %s", session_path);
  refuses(text);
  assert_int_equal(mkdir(session_path, 0700), 0);
  refuses(": not a regular file");
}

static void not_a_document(void **state)
{
  static const char *const rows[][2] = {
      {"", ""},
      {"canary", ""},
      {"[]", ": the whole of it is an array, not an object"},
      {"{}", ": accessToken is missing or empty"},
      {"{\"accessToken\":\"canary\"}",
       ": accessToken is a string, not an object"},
      {"{\"accessToken\":{},\"accessToken\":{}}", ": accessToken occurs twice"},
      {"{\"accessToken\":null}", ": accessToken is missing or empty"},
  };
  size_t i = 0;

  (void)state;
  find();
  for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    set_session(rows[i][0]);
    refuses(rows[i][1]);
  }
}

/* Writes the session's file with the first OLD in it as NEW. */
static void set_changed(const char *old, const char *new)
{
  const char *text = session_text("ASIAONE", IN_15_MINUTES);
  const char *at = strstr(text, old);
  char changed[4096] = "";

  assert_non_null(at);
  (void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text,
                 new, at + strlen(old));
  set_session(changed);
}

static void members_that_are_wrong(void **state)
{
  static const char *const rows[][3] = {
      {"\"accessKeyId\"", "\"x\"", ": accessKeyId is missing or empty"},
      {"\"secretAccessKey\"", "\"x\"", ": secretAccessKey is missing or empty"},
      {"\"sessionToken\"", "\"x\"", ": sessionToken is missing or empty"},
      {"\"accountId\"", "\"x\"", ": accountId is missing or empty"},
      {"\"expiresAt\"", "\"x\"", ": expiresAt is missing or empty"},
      {"\"clientId\"", "\"x\"", ": clientId is missing or empty"},
      {"\"refreshToken\"", "\"x\"", ": refreshToken is missing or empty"},
      {"\"dpopKey\"", "\"x\"", ": dpopKey is missing or empty"},
      {"\"canary-refresh\"", "\"\"", ": refreshToken is missing or empty"},
      {"\"canary-refresh\"", "null", ": refreshToken is missing or empty"},
      {"\"canary-refresh\"", "7", ": refreshToken is a number, not a string"},
      {"\"canary-refresh\"", "\"canary\\u0000\"",
       ": refreshToken has a NUL in it"},
      {"\"tokenType\"", "\"clientId\"", ": clientId occurs twice"},
      {"\"" IN_15_MINUTES "\"", "\"canary\"", ": expiresAt is not a date"},
      {"\"012345678901\"", "\"../canary\"", ": accountId is no account id"},
      {"\"canary-secret\"", "\"canary secret\"",
       "or a character that is not ASCII"},
  };
  size_t i = 0;

  (void)state;
  find();
  for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    set_changed(rows[i][0], rows[i][1]);
    refuses(rows[i][2]);
  }
  set_changed("tokenType", "a member that is nobody's");
  loads();
}

static void too_large(void **state)
{
  static char text[LUN_DOCUMENT_MAX + 2];

  (void)state;
  find();
  memset(text, ' ', sizeof(text) - 1);
  set_session(text);
  refuses(": larger than 65536 bytes");
}

/* -------------------------------------------------------------- renewal -- */

#define KEYS                                                                   \
  "\"accessToken\":{\"accessKeyId\":\"ASIATWO\",\"secretAccessKey\":"          \
  "\"canary-secret\",\"sessionToken\":\"token-ASIATWO\"}"
#define REFRESH "\"refreshToken\":\"canary-next \\\"refresh\\\"\""

static enum lun_code renew(const char *answer, enum lun_code *saved)
{
  memset(&error, 0, sizeof(error));
  return lun_login_file_renew(&file, lun_span_of(answer), NOW, saved, &error);
}

static void load_past(void)
{
  set_session(session_text("ASIAONE", PAST));
  find();
  loads();
}

/* All that is not ours to change stays, byte for byte. */
static void renewed(void **state)
{
  enum lun_code saved = LUN_EFILE;
  struct stat info;

  (void)state;
  load_past();
  assert_int_equal(chmod(session_path, 0644), 0);
  assert_int_equal(renew("{" KEYS "," REFRESH ",\"expiresIn\":900,"
                         "\"idToken\":\"canary-id\"}",
                         &saved),
                   LUN_OK);
  assert_int_equal(saved, LUN_OK);
  assert_string_equal(file.cred->access_key_id, "ASIATWO");
  assert_string_equal(file.cred->account_id, "012345678901");
  assert_int_equal(file.cred->expires_at, NOW + 900);
  assert_string_equal(file_text(), renewed_text("ASIATWO", IN_15_MINUTES));
  assert_int_equal(stat(session_path, &info), 0);
  assert_int_equal(info.st_mode & 07777, 0600);
  /* It is a session's file again. */
  loads();
  assert_has(lun_buf_text(&file.body),
             "\"refreshToken\":\"canary-next \\\"refresh\\\"\"");
}

static void answers_that_cannot_be(void **state)
{
  static const char *const rows[][2] = {
      {"canary", "is no valid JSON: line 1, column 1"},
      {"[]", ": the whole of it is an array, not an object"},
      {"{}", ": accessToken is missing or empty"},
      {"{" REFRESH ",\"expiresIn\":900,\"accessToken\":{}}",
       ": accessKeyId is missing or empty"},
      {"{" REFRESH ",\"expiresIn\":900,\"accessToken\":{\"accessKeyId\":\"A\","
       "\"accessKeyId\":\"A\"}}",
       ": accessKeyId occurs twice"},
      {"{" REFRESH ",\"expiresIn\":900,\"accessToken\":{\"accessKeyId\":\"A\","
       "\"secretAccessKey\":\"canary b\",\"sessionToken\":\"c\"}}",
       "the secret access key of login has a blank"},
      {"{" KEYS ",\"expiresIn\":900}", ": refreshToken is missing or empty"},
      {"{" KEYS "," REFRESH "}", ": expiresIn is missing"},
      {"{" KEYS "," REFRESH ",\"expiresIn\":0}", ": expiresIn is no lifetime"},
      {"{" KEYS "," REFRESH ",\"expiresIn\":604801}",
       ": expiresIn is no lifetime"},
      {"{" KEYS "," REFRESH ",\"expiresIn\":\"900\"}",
       ": expiresIn is a string, not a number"},
  };
  enum lun_code saved = LUN_OK;
  size_t i = 0;

  (void)state;
  load_past();
  for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    assert_int_equal(renew(rows[i][0], &saved), LUN_ECREDENTIALS);
    assert_has(error.message, "the answer of CreateOAuth2Token");
    assert_null(strstr(error.message, "canary"));
    assert_has(error.message, rows[i][1]);
    assert_string_equal(file.cred->access_key_id, "ASIAONE");
    assert_string_equal(file_text(), session_text("ASIAONE", PAST));
  }
}

/* What somebody else has written meanwhile stays, and so does a symlink. */
static void not_written(void **state)
{
  static const char answer[] = "{" KEYS "," REFRESH ",\"expiresIn\":900}";
  enum lun_code saved = LUN_OK;
  char real[300] = "";

  (void)state;
  load_past();
  set_session(session_text("ASIATHREE", IN_15_MINUTES));
  assert_int_equal(renew(answer, &saved), LUN_OK);
  assert_int_equal(saved, LUN_EFILE);
  assert_string_equal(file.cred->access_key_id, "ASIATWO");
  assert_string_equal(file_text(), session_text("ASIATHREE", IN_15_MINUTES));
  load_past();
  assert_int_equal(unlink(session_path), 0);
  assert_int_equal(renew(answer, &saved), LUN_OK);
  assert_int_equal(saved, LUN_ENOTFOUND);
  load_past();
  (void)snprintf(real, sizeof(real), "%s.real", session_path);
  assert_int_equal(rename(session_path, real), 0);
  assert_int_equal(symlink(real, session_path), 0);
  assert_int_equal(renew(answer, &saved), LUN_OK);
  assert_int_equal(saved, LUN_EFILE);
  assert_string_equal(file.cred->access_key_id, "ASIATWO");
  assert_string_equal(file_text(), session_text("ASIAONE", PAST));
  assert_int_equal(unlink(real), 0);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code work(struct lun_error *err)
{
  struct lun_login_file mine = {.ctx = NULL};
  enum lun_code saved = LUN_OK;
  enum lun_code rc = LUN_OK;

  set_session(session_text("ASIAONE", PAST));
  rc = lun_login_file_init(&mine, place, SESSION_NAME, err);
  if (!rc)
    rc = lun_login_file_load(&mine, err);
  if (!rc)
    rc = lun_login_file_renew(
        &mine, LUN_SPAN_LIT("{" KEYS "," REFRESH ",\"expiresIn\":900}"), NOW,
        &saved, err);
  lun_login_file_done(&mine);
  if (!rc)
    assert_int_equal(saved, LUN_OK);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  find();
  sweep(work);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      FILE_TEST(whole),
      FILE_TEST(in_another_folder),
      FILE_TEST(without_a_home),
      FILE_TEST(nothing_there),
      FILE_TEST(not_a_document),
      FILE_TEST(members_that_are_wrong),
      FILE_TEST(too_large),
      FILE_TEST(renewed),
      FILE_TEST(answers_that_cannot_be),
      FILE_TEST(not_written),
      FILE_TEST(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
