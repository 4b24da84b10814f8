/* Codes have words and exit statuses; texts are one clean line. */
#include "unit.h"

#include "../../core/base/error.h"

static void every_code_has_its_word_and_status(void **state)
{
  static const struct {
    enum lun_code code;
    const char *kind;
    int exit;
  } codes[] = {
      {LUN_OK, "ok", 0},
      {LUN_ENOMEM, "memory", 1},
      {LUN_EINVALID, "invalid", 15},
      {LUN_ECREDENTIALS, "credentials", 10},
      {LUN_EACCESS, "access_denied", 11},
      {LUN_ENOTFOUND, "not_found", 12},
      {LUN_ETHROTTLED, "throttled", 13},
      {LUN_ESERVICE, "service", 13},
      {LUN_ENETWORK, "network", 14},
      {LUN_ECHECK, "check", 16},
      {LUN_ERELOAD, "reload", 17},
      {LUN_EFILE, "filesystem", 18},
      {LUN_EDEADLINE, "deadline", 19},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    assert_string_equal(lun_code_kind(codes[i].code), codes[i].kind);
    assert_int_equal(lun_code_exit(codes[i].code), codes[i].exit);
  }
  assert_string_equal(lun_code_kind((enum lun_code)99), "unknown");
  assert_int_equal(lun_code_exit((enum lun_code) - 1), 1);
}

static void set_clears_what_was_there(void **state)
{
  struct lun_error err = {.http_status = 403, .retryable = 1};

  (void)state;
  (void)strncpy(err.message, "the file", sizeof(err.message) - 1);
  /* An argument may lie in the error itself. */
  assert_int_equal(lun_error_set(&err, LUN_EFILE, "%s is gone", err.message),
                   LUN_EFILE);
  assert_string_equal(err.message, "the file is gone");
  assert_int_equal(err.code, LUN_EFILE);
  assert_int_equal(err.http_status, 0);
  assert_int_equal(err.retryable, 0);
  lun_error_hint(&err, "look at line %d", 3);
  assert_string_equal(err.hint, "look at line 3");
}

static void no_error_to_fill(void **state)
{
  (void)state;
  assert_int_equal(lun_error_set(NULL, LUN_EFILE, "x"), LUN_EFILE);
  assert_int_equal(lun_error_nomem(NULL), LUN_ENOMEM);
  lun_error_hint(NULL, "x");
}

static void check_text(const char *text, const char *want)
{
  char field[16] = "";

  lun_error_text(field, sizeof(field), lun_span_of(text));
  assert_string_equal(field, want);
}

static void texts_are_one_clean_line(void **state)
{
  struct lun_error err = {.code = LUN_OK};
  char tiny[3] = "x";

  (void)state;
  check_text("", "");
  check_text("plain", "plain");
  check_text("a\nb\tc\x1b[1m", "a b c [1m");
  check_text("\x7f\xc2\x9b", "  ");
  check_text("a\xffz\xc3", "a?z?");
  check_text("\xe2\x80\xae\xe2\x80\xa8x", "  x"); /* right-to-left, separator */
  check_text("\xd8\x9c\xe2\x80\x8fx", "  x");     /* Arabic and Hebrew marks */
  check_text("123456789012345", "123456789012345");
  check_text("1234567890123456", "123456789012...");
  check_text("1234567890\xc3\xa9\xc3\xa9\xc3\xa9", "1234567890\xc3\xa9...");
  lun_error_text(tiny, sizeof(tiny), lun_span_of("abc"));
  assert_string_equal(tiny, "");
  (void)lun_error_set(&err, LUN_EINVALID, "%s", "no\nsecond\rline");
  assert_string_equal(err.message, "no second line");
}

static void long_messages_are_cut(void **state)
{
  struct lun_error err = {.code = LUN_OK};
  char text[3000] = "";
  size_t len = 0;

  (void)state;
  memset(text, 'x', sizeof(text) - 1);
  (void)lun_error_set(&err, LUN_EINVALID, "%s", text);
  lun_error_hint(&err, "%s", text);
  len = strlen(err.message);
  assert_int_equal(len, sizeof(err.message) - 1);
  assert_string_equal(err.message + len - 4, "x...");
  assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(every_code_has_its_word_and_status),
      TEST(set_clears_what_was_there),
      TEST(no_error_to_fill),
      TEST(texts_are_one_clean_line),
      TEST(long_messages_are_cut),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
