/* The two shared files: where they are, and what they come to together. */
#include "scene.h"

#include "../../core/base/log.h"

static struct lun_files files;

static enum lun_code load(void)
{
  memset(&error, 0, sizeof(error));
  memset(&files, 0, sizeof(files));
  return lun_files_load(&files, ctx, &scene_env, &error);
}

/* The value of a property, "(none)" if there is none. */
static const char *value(const char *profile, const char *key)
{
  const struct lun_ini_property *property =
      lun_files_get(&files, profile, key, NULL);

  return property == NULL ? "(none)" : property->value;
}

/* ------------------------------------------------------------- variables -- */

static void empty_variables_are_not_set(void **state)
{
  struct lun_env process = lun_env_process();

  (void)state;
  set_env("AWS_REGION", "");
  assert_null(lun_env_get(&scene_env, "AWS_REGION"));
  set_env("AWS_REGION", "x");
  assert_string_equal(lun_env_get(&scene_env, "AWS_REGION"), "x");
  assert_null(lun_env_get(&scene_env, "AWS_DEFAULT_REGION"));
  assert_int_equal(setenv("LUNETTE_TEST_VARIABLE", "seen", 1), 0);
  assert_string_equal(lun_env_get(&process, "LUNETTE_TEST_VARIABLE"), "seen");
  assert_int_equal(unsetenv("LUNETTE_TEST_VARIABLE"), 0);
  assert_null(lun_env_get(&process, "LUNETTE_TEST_VARIABLE"));
}

/* ----------------------------------------------------------------- paths -- */

static void where_they_are(void **state)
{
  char path[128] = "";

  (void)state;
  set_env("AWS_CONFIG_FILE", NULL);
  set_env("AWS_SHARED_CREDENTIALS_FILE", "~/elsewhere");
  assert_int_equal(load(), LUN_OK);
  (void)snprintf(path, sizeof(path), "%s/.aws/config", scene.home);
  assert_string_equal(files.config_path, path);
  (void)snprintf(path, sizeof(path), "%s/elsewhere", scene.home);
  assert_string_equal(files.credentials_path, path);
  lun_files_done(&files);

  set_env("AWS_CONFIG_FILE", ""); /* is not set */
  set_env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
  assert_int_equal(load(), LUN_OK);
  (void)snprintf(path, sizeof(path), "%s/.aws/config", scene.home);
  assert_string_equal(files.config_path, path);
  assert_string_equal(files.credentials_path, "/dev/null");
  assert_false(lun_files_has(&files, "default"));
  lun_files_done(&files);
}

/* What a setting's path comes to; "(none)" where there is no home. */
static const char *expanded(const char *path)
{
  static char text[256];
  char *out = NULL;

  assert_int_equal(
      lun_files_expand(&out, ctx, &scene_env, path, "AWS_X", &error), LUN_OK);
  (void)snprintf(text, sizeof(text), "%s", out == NULL ? "(none)" : out);
  lun_mem_free(ctx, out);
  return text;
}

static void variables_in_paths(void **state)
{
  (void)state;
  set_env("HOME", "/home/u");
  set_env("STAGE", "dev");
  set_env("EMPTY", "");
  set_env("AT", "~/$STAGE");
  assert_string_equal(expanded("/a/$STAGE/b"), "/a/dev/b");
  assert_string_equal(expanded("/a/${STAGE}s/$STAGE-x$EMPTY."),
                      "/a/devs/dev-x.");
  assert_string_equal(expanded("~/x"), "/home/u/x");
  assert_string_equal(expanded("~"), "/home/u");
  assert_string_equal(expanded("/x/~"), "/x/~");
  assert_string_equal(expanded("~root/x"), "~root/x");
  assert_string_equal(expanded("$AT/x"), "/home/u/$STAGE/x"); /* once */
  assert_string_equal(expanded("$STAGES/${NONE}/${STAGE/$/$$/${}"),
                      "$STAGES/${NONE}/${STAGE/$/$$/${}");
  assert_string_equal(expanded(""), "");
  set_env("HOME", NULL);
  assert_string_equal(expanded("~/x"), "(none)");
  assert_string_equal(expanded("$STAGE"), "dev");
}

static void a_path_too_long(void **state)
{
  char path[4200] = "";
  char *out = NULL;

  (void)state;
  memset(path, 'a', sizeof(path) - 1);
  assert_int_equal(
      lun_files_expand(&out, ctx, &scene_env, path, "AWS_X", &error),
      LUN_EINVALID);
  assert_has(error.message, "AWS_X");
  assert_null(out);
  memset(path, 'A', 300); /* no variable has such a name */
  path[0] = '$';
  path[300] = '\0';
  assert_int_equal(
      lun_files_expand(&out, ctx, &scene_env, path, "AWS_X", &error), LUN_OK);
  assert_string_equal(out, path);
  lun_mem_free(ctx, out);
}

static void no_home(void **state)
{
  (void)state;
  set_env("HOME", NULL);
  set_env("AWS_CONFIG_FILE", NULL);
  set_env("AWS_SHARED_CREDENTIALS_FILE", NULL);
  assert_int_equal(load(), LUN_OK);
  assert_null(files.config_path);
  assert_null(files.credentials_path);
  assert_int_equal(lun_files_no_profile(&files, "dev", &error),
                   LUN_ECREDENTIALS);
  assert_has(error.message, "(no HOME)");
  lun_files_done(&files);
  lun_files_done(&files); /* twice does no harm */
}

static void missing_files_are_empty(void **state)
{
  (void)state;
  assert_int_equal(load(), LUN_OK);
  assert_false(lun_files_has(&files, "default"));
  assert_string_equal(value("default", "region"), "(none)");
  lun_files_done(&files);
}

static void what_cannot_be_read(void **state)
{
  (void)state;
  set_env("AWS_CONFIG_FILE", scene.home); /* a folder */
  assert_int_equal(load(), LUN_EFILE);
  assert_has(error.message, scene.home);
}

/* ----------------------------------------------------------------- merge -- */

static void credentials_win(void **state)
{
  const struct lun_ini_property *property = NULL;
  const char *path = NULL;

  (void)state;
  set_config("[default]\nregion = one\n"
             "[profile dev]\nregion = two\noutput = json\n"
             "aws_access_key_id = AKIDCONFIG\n"
             "[dev]\nregion = never\n" /* no profile, in this file */
             "[profile both]\nregion = three\n");
  set_credentials("[dev]\naws_access_key_id = AKIDCREDENTIALS\n"
                  "[profile odd]\nregion = never\n"
                  "[only]\nREGION = four\n"
                  "[both]\nregion =\n");
  assert_int_equal(load(), LUN_OK);
  assert_string_equal(value("default", "region"), "one");
  assert_string_equal(value("dev", "region"), "two");
  assert_string_equal(value("dev", "output"), "json");
  assert_string_equal(value("dev", "aws_access_key_id"), "AKIDCREDENTIALS");
  assert_string_equal(value("only", "region"), "four");
  assert_string_equal(value("both", "region"), ""); /* it is there */
  assert_true(lun_files_has(&files, "dev"));
  assert_true(lun_files_has(&files, "only"));
  assert_false(lun_files_has(&files, "odd"));

  property = lun_files_get(&files, "dev", "aws_access_key_id", &path);
  assert_string_equal(path, scene.credentials);
  assert_int_equal(property->line, 2);
  property = lun_files_get(&files, "dev", "output", &path);
  assert_string_equal(path, scene.config);
  assert_int_equal(property->line, 5);
  property = lun_files_get_from(&files, LUN_INI_CONFIG, "dev",
                                "aws_access_key_id", &path);
  assert_string_equal(property->value, "AKIDCONFIG");
  assert_string_equal(path, scene.config);
  assert_null(
      lun_files_get_from(&files, LUN_INI_CREDENTIALS, "dev", "output", NULL));
  lun_files_done(&files);
}

static void the_prefixed_default_wins(void **state)
{
  (void)state;
  set_config("[profile default]\nregion = one\n[default]\noutput = json\n");
  assert_int_equal(load(), LUN_OK);
  assert_string_equal(value("default", "region"), "one");
  assert_string_equal(value("default", "output"), "(none)");
  lun_files_done(&files);
}

/* ---------------------------------------------------------------- errors -- */

static void a_bad_file_is_named(void **state)
{
  char start[128] = "";

  (void)state;
  set_config("[default]\nregion = one\ncanary-without-equals\n");
  assert_int_equal(load(), LUN_EINVALID);
  (void)snprintf(start, sizeof(start), "%s:3", scene.config);
  assert_has(error.message, start);
  assert_null(strstr(error.message, "canary"));

  set_config("");
  set_credentials("aws_secret_access_key = canary\n");
  assert_int_equal(load(), LUN_EINVALID);
  (void)snprintf(start, sizeof(start), "%s:1", scene.credentials);
  assert_has(error.message, start);
  assert_null(strstr(error.message, "canary"));
}

static void nearest_profile(void **state)
{
  (void)state;
  set_config("[profile production]\nregion = one\n"
             "[sso-session prodaction]\nsso_region = x\n");
  set_credentials("[staging]\nregion = two\n");
  assert_int_equal(load(), LUN_OK);
  assert_int_equal(lun_files_no_profile(&files, "prodution", &error),
                   LUN_ECREDENTIALS);
  assert_has(error.message, "profile \"prodution\" is in neither /tmp/");
  assert_string_equal(error.hint, "did you mean \"production\"?");
  assert_int_equal(lun_files_no_profile(&files, "Stagign", &error),
                   LUN_ECREDENTIALS);
  assert_string_equal(error.hint, "did you mean \"staging\"?");
  assert_int_equal(lun_files_no_profile(&files, "x", &error), LUN_ECREDENTIALS);
  assert_has(error.hint, "[profile x]");
  assert_int_equal(lun_files_no_profile(&files, "x", NULL), LUN_ECREDENTIALS);
  lun_files_done(&files);
}

/* ------------------------------------------------------------------ log -- */

static int warnings;

static void count(void *data, const struct lun_event *event)
{
  (void)data;
  assert_string_equal(event->word, "conf.credentials_readable");
  assert_int_equal(event->level, LUN_WARN);
  assert_string_equal(event->fields[0].name, scene.credentials);
  warnings++;
}

static void open_credentials_deserve_a_word(void **state)
{
  (void)state;
  warnings = 0;
  lun_log_sink(ctx, count, NULL);
  set_config("[default]\nregion = one\n");
  assert_int_equal(chmod(scene.config, 0644), 0);
  set_credentials("[default]\naws_access_key_id = AKID\n");
  assert_int_equal(load(), LUN_OK);
  lun_files_done(&files);
  assert_int_equal(warnings, 0);
  assert_int_equal(chmod(scene.credentials, 0644), 0);
  assert_int_equal(load(), LUN_OK);
  lun_files_done(&files);
  assert_int_equal(warnings, 1);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code all(struct lun_error *err)
{
  struct lun_files mine = {.ctx = NULL};
  enum lun_code rc = lun_files_load(&mine, ctx, &scene_env, err);

  lun_files_done(&mine);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  set_config("[profile a]\nregion = one\n[services x]\nsts =\n  a = b\n");
  set_credentials("[a]\naws_access_key_id = AKID\n");
  set_env("AWS_CONFIG_FILE", "$HOME/config");
  sweep(all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      SCENE(empty_variables_are_not_set),
      SCENE(where_they_are),
      SCENE(variables_in_paths),
      SCENE(a_path_too_long),
      SCENE(no_home),
      SCENE(missing_files_are_empty),
      SCENE(what_cannot_be_read),
      SCENE(credentials_win),
      SCENE(the_prefixed_default_wins),
      SCENE(a_bad_file_is_named),
      SCENE(nearest_profile),
      SCENE(open_credentials_deserve_a_word),
      SCENE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
