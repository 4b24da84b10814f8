/* Numbers, base64, hex, UTF-8, dates. */
#include "unit.h"

#include "../../core/text/text.h"

static void small_things(void **state)
{
  (void)state;
  assert_true(lun_text_space(' ') && lun_text_space('\v'));
  assert_false(lun_text_space('\0') || lun_text_space('x'));
  assert_true(lun_text_blank(' ') && lun_text_blank('\t'));
  assert_false(lun_text_blank('\0') || lun_text_blank('\n'));
  assert_true(lun_text_digit('0') && lun_text_digit('9'));
  assert_false(lun_text_digit('/') || lun_text_digit(':'));
  assert_true(lun_text_alnum('a') && lun_text_alnum('Z') &&
              lun_text_alnum('5'));
  assert_false(lun_text_alnum('[') || lun_text_alnum('@') ||
               lun_text_alnum('\xe9') || lun_text_alnum('\0'));
  assert_int_equal(lun_text_unhex('9'), 9);
  assert_int_equal(lun_text_unhex('a'), 10);
  assert_int_equal(lun_text_unhex('F'), 15);
  assert_int_equal(lun_text_unhex('g'), -1);
  assert_int_equal(lun_text_unhex('\0'), -1);
  assert_int_equal(lun_text_lower('Z'), 'z');
  assert_int_equal(lun_text_lower('@'), '@');
  assert_span(lun_text_trim(LUN_SPAN_LIT(" \t a b\r\n")), "a b");
  assert_span(lun_text_trim(LUN_SPAN_LIT(" \n ")), "");
  assert_span(lun_text_trim_blank(LUN_SPAN_LIT(" \ta b\r\n\t ")), "a b\r\n");
  assert_true(lun_text_same(LUN_SPAN_LIT("HoSt"), LUN_SPAN_LIT("hOsT")));
  assert_false(lun_text_same(LUN_SPAN_LIT("host"), LUN_SPAN_LIT("hos")));
  assert_false(lun_text_same(LUN_SPAN_LIT("["), LUN_SPAN_LIT("{")));
  assert_true(lun_text_prefix(LUN_SPAN_LIT("abc"), "ab"));
  assert_true(lun_text_prefix(LUN_SPAN_LIT("abc"), ""));
  assert_false(lun_text_prefix(LUN_SPAN_LIT("a"), "ab"));
  assert_true(lun_text_printable(LUN_SPAN_LIT("a ~")));
  assert_false(lun_text_printable(LUN_SPAN_LIT("a\x7f")));
  assert_false(lun_text_printable(LUN_SPAN_LIT("\xc3\xa9")));
  assert_true(lun_text_word(LUN_SPAN_LIT("a~")));
  assert_true(lun_text_word((struct lun_span){NULL, 0}));
  assert_false(lun_text_word(LUN_SPAN_LIT("a b")));
  assert_false(lun_text_word(LUN_SPAN_LIT("a\n")));
  assert_true(lun_text_of(LUN_SPAN_LIT("aZ0-_"), "_-"));
  assert_false(lun_text_of(LUN_SPAN_LIT("a.b"), "_-"));
  assert_false(lun_text_of(LUN_SPAN_LIT("a\0b"), "_-"));
  assert_false(lun_text_of(LUN_SPAN_LIT(""), "_-"));
}

static void numbers(void **state)
{
  int64_t n = 0;

  (void)state;
  assert_true(lun_text_int(LUN_SPAN_LIT("0"), 0, 10, &n));
  assert_int_equal(n, 0);
  assert_true(lun_text_int(LUN_SPAN_LIT("007"), 0, 10, &n));
  assert_int_equal(n, 7);
  assert_true(
      lun_text_int(LUN_SPAN_LIT("9223372036854775807"), 0, INT64_MAX, &n));
  assert_true(n == INT64_MAX);
  assert_false(
      lun_text_int(LUN_SPAN_LIT("9223372036854775808"), 0, INT64_MAX, &n));
  assert_false(
      lun_text_int(LUN_SPAN_LIT("99999999999999999999"), 0, INT64_MAX, &n));
  assert_false(lun_text_int(LUN_SPAN_LIT("11"), 0, 10, &n));
  assert_false(lun_text_int(LUN_SPAN_LIT("1"), 2, 10, &n));
  assert_false(lun_text_int(LUN_SPAN_LIT(""), 0, 10, &n));
  assert_false(lun_text_int(LUN_SPAN_LIT("-1"), -5, 10, &n));
  assert_false(lun_text_int(LUN_SPAN_LIT("1 "), 0, 10, &n));
}

static void utf8(void **state)
{
  static const char *const good[] = {"",
                                     "plain",
                                     "\x7f",
                                     "\xc2\x80",
                                     "\xdf\xbf",
                                     "\xe0\xa0\x80",
                                     "\xed\x9f\xbf",
                                     "\xee\x80\x80",
                                     "\xef\xbf\xbf",
                                     "\xf0\x90\x80\x80",
                                     "\xf4\x8f\xbf\xbf"};
  static const char *const bad[] = {"\x80",
                                    "\xbf",
                                    "\xc0\x80",
                                    "\xc1\xbf",
                                    "\xc2",
                                    "\xc2\x7f",
                                    "\xe0\x9f\xbf",
                                    "\xed\xa0\x80",
                                    "\xed\xbf\xbf",
                                    "\xe1\x80",
                                    "\xf0\x8f\xbf\xbf",
                                    "\xf4\x90\x80\x80",
                                    "\xf5\x80\x80\x80",
                                    "\xff",
                                    "\xf8\x88\x80\x80\x80"};
  uint32_t c = 0;
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
    assert_true(lun_text_is_utf8(lun_span_of(good[i])));
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(lun_text_is_utf8(lun_span_of(bad[i])));
  assert_int_equal(lun_text_utf8(LUN_SPAN_LIT("\xf0\x9f\x98\x80z"), &c), 4);
  assert_int_equal(c, 0x1F600);
  assert_int_equal(lun_text_utf8(LUN_SPAN_LIT(""), &c), 0);
}

static void check_base64(const char *bytes, size_t len, const char *text)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 1000);

  lun_text_base64(&out, (struct lun_span){bytes, len});
  assert_string_equal(lun_buf_text(&out), text);
  lun_buf_cut(&out, 0);
  assert_true(lun_text_unbase64(&out, lun_span_of(text)));
  assert_int_equal(out.len, len);
  assert_memory_equal(lun_buf_text(&out), bytes, len);
  lun_buf_done(&out);
}

static void base64(void **state)
{
  static const char *const bad[] = {
      "Z",    "Zg",   "Zg=",  "Zg=a", "Z===",     "====", "Zm9v\n",
      "Zm-v", "Zm_v", "Zh==", "Zm9=", "Zg==Zg==", " Zg=", "Zm9vYg="};
  char all[256];
  size_t i = 0;

  (void)state;
  check_base64("", 0, "");
  check_base64("f", 1, "Zg==");
  check_base64("fo", 2, "Zm8=");
  check_base64("foo", 3, "Zm9v");
  check_base64("foob", 4, "Zm9vYg==");
  check_base64("\0\xff\xfe\xfb\xf0", 5, "AP/++/A=");
  for (i = 0; i < 256; i++) {
    struct lun_buf out = LUN_BUF_INIT(ctx, 1000);
    struct lun_buf back = LUN_BUF_INIT(ctx, 1000);

    all[i] = (char)i;
    lun_text_base64(&out, (struct lun_span){all, i + 1});
    assert_true(lun_text_unbase64(&back, lun_buf_view(&out)));
    assert_int_equal(back.len, i + 1);
    assert_memory_equal(lun_buf_text(&back), all, i + 1);
    lun_buf_done(&out);
    lun_buf_done(&back);
  }
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    struct lun_buf out = LUN_BUF_INIT(ctx, 1000);

    assert_false(lun_text_unbase64(&out, lun_span_of(bad[i])));
    lun_buf_done(&out);
  }
}

static void hex(void **state)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 100);

  (void)state;
  lun_text_hex(&out, (const unsigned char *)"\x00\x9f\xa0\xff\x5b", 5);
  assert_string_equal(lun_buf_text(&out), "009fa0ff5b");
  lun_buf_done(&out);
}

static void good_date(bool (*parse)(struct lun_span, int64_t *),
                      const char *text, int64_t want)
{
  int64_t got = 0;

  assert_true(parse(lun_span_of(text), &got));
  assert_true(got == want);
}

static void dates_are_read(void **state)
{
  (void)state;
  good_date(lun_text_date_iso, "1970-01-01T00:00:00Z", 0);
  good_date(lun_text_date_iso, "2026-11-23T12:34:56Z", 1795437296);
  good_date(lun_text_date_iso, "2026-11-23t12:34:56.789z", 1795437296);
  good_date(lun_text_date_iso, "2026-11-23T12:34:56+09:00", 1795404896);
  good_date(lun_text_date_iso, "2026-11-23T12:34:56-0330", 1795449896);
  good_date(lun_text_date_iso, "2000-02-29T00:00:00Z", 951782400);
  good_date(lun_text_date_iso, "1969-12-31T23:59:59Z", -1);
  good_date(lun_text_date_iso, "0001-01-01T00:00:00Z", -62135596800);
  good_date(lun_text_date_iso, "9999-12-31T23:59:59Z", 253402300799);
  good_date(lun_text_date_iso, "2016-12-31T23:59:60Z", 1483228800);
  good_date(lun_text_date_basic, "20150830T123600Z", 1440938160);
  good_date(lun_text_date_http, "Mon, 23 Nov 2026 12:34:56 GMT", 1795437296);
  good_date(lun_text_date_http, "sun, 06 nov 1994 08:49:37 GMT", 784111777);
}

static void bad_dates_are_refused(void **state)
{
  static const char *const iso[] = {
      "",
      "2026-11-23",
      "2026-11-23T12:34:56",
      "2026-11-23 12:34:56Z",
      "2026-11-23T12:34Z",
      "2026-13-01T00:00:00Z",
      "2026-00-01T00:00:00Z",
      "2026-02-29T00:00:00Z",
      "1900-02-29T00:00:00Z",
      "2026-04-31T00:00:00Z",
      "2026-04-00T00:00:00Z",
      "2026-11-23T24:00:00Z",
      "2026-11-23T12:60:00Z",
      "2026-11-23T12:00:61Z",
      "2026-11-23T12:34:56.Z",
      "2026-11-23T12:34:56+9:00",
      "2026-11-23T12:34:56+24:00",
      "2026-11-23T12:34:56Zx",
      "+026-11-23T12:34:56Z",
  };
  static const char *const http[] = {
      "Mon, 23 Nov 2026 12:34:56",     "Mon 23 Nov 2026 12:34:56 GMT",
      "Foo, 23 Nov 2026 12:34:56 GMT", "Mon, 23 Foo 2026 12:34:56 GMT",
      "Mon, 3 Nov 2026 12:34:56 GMT",  "Mon, 23 Nov 2026 12:34:56 UTC",
      "Mon, 31 Nov 2026 12:34:56 GMT", ""};
  int64_t got = 0;
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(iso) / sizeof(iso[0]); i++)
    assert_false(lun_text_date_iso(lun_span_of(iso[i]), &got));
  for (i = 0; i < sizeof(http) / sizeof(http[0]); i++)
    assert_false(lun_text_date_http(lun_span_of(http[i]), &got));
  assert_false(lun_text_date_basic(LUN_SPAN_LIT("20150830T123600"), &got));
  assert_false(lun_text_date_basic(LUN_SPAN_LIT("20150830 123600Z"), &got));
  assert_false(lun_text_date_basic(LUN_SPAN_LIT("20150832T123600Z"), &got));
  assert_int_equal(got, 0);
}

/* Every day of 800 years, and some that are far off, there and back. */
static void dates_come_back(void **state)
{
  int64_t day = 0;

  (void)state;
  for (day = -146097; day < 146097; day += 13) {
    struct lun_buf out = LUN_BUF_INIT(ctx, 100);
    int64_t seconds = day * 86400 + day % 86400;
    int64_t got = 0;

    lun_text_put_iso(&out, seconds);
    assert_true(lun_text_date_iso(lun_buf_view(&out), &got));
    assert_true(got == seconds);
    lun_buf_cut(&out, 0);
    lun_text_put_basic(&out, seconds);
    assert_true(lun_text_date_basic(lun_buf_view(&out), &got));
    assert_true(got == seconds);
    lun_buf_done(&out);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(small_things),
      TEST(numbers),
      TEST(utf8),
      TEST(base64),
      TEST(hex),
      TEST(dates_are_read),
      TEST(bad_dates_are_refused),
      TEST(dates_come_back),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
