/* The canonical form, part by part. */
#include "unit.h"

#include "../../core/sign/canon.h"

static void paths(void **state)
{
  static const struct {
    const char *path;
    bool keep;
    bool once;
    const char *want;
  } cases[] = {
      {"", false, false, "/"},
      {"", true, false, "/"},
      {"", false, true, "/"},
      {"/", false, false, "/"},
      {"/a//b/../c", false, false, "/a/c"},
      {"/a//b/../c", true, false, "/a//b/../c"},
      {"/a%20b", false, false, "/a%2520b"},
      {"/a b\xe1\x88\xb4", false, false, "/a%20b%E1%88%B4"},
      {"/a%20b/../c", false, true, "/a%20b/../c"},
      {"/~-_.", false, false, "/~-_."},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct lun_buf out = LUN_BUF_INIT(ctx, 1000);

    lun_canon_path(&out, lun_span_of(cases[i].path), cases[i].keep,
                   cases[i].once);
    assert_string_equal(lun_buf_text(&out), cases[i].want);
    lun_buf_done(&out);
  }
}

static void queries(void **state)
{
  static const char *const cases[][2] = {
      {"", ""},
      {"a", "a="},
      {"a=", "a="},
      {"=a", "=a"},
      {"b=2&a=1", "a=1&b=2"},
      {"a=2&a=1&a", "a=&a=1&a=2"},
      {"Param-3=3&Param=2&%E1%88%B4=1", "%E1%88%B4=1&Param=2&Param-3=3"},
      {"\xe1\x88\xb4=bar", "%E1%88%B4=bar"},
      {"a=%e1%7e%41", "a=%E1~A"},
      {"a=b c+d/e", "a=b%20c%2Bd%2Fe"},
      {"a=b=c", "a=b%3Dc"},
      {"&&a&&b&", "a=&b="},
      {"a=%&b=%4&c=%zz", "a=%25&b=%254&c=%25zz"},
      {"skip=1&a=1&skip&Skip=2", "Skip=2&a=1"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct lun_buf out = LUN_BUF_INIT(ctx, 1000);

    assert_int_equal(lun_canon_query(&out, lun_span_of(cases[i][0]),
                                     LUN_SPAN_LIT("skip"), NULL),
                     LUN_OK);
    assert_string_equal(lun_buf_text(&out), cases[i][1]);
    lun_buf_done(&out);
  }
}

#define HEADER(name, value)                                                    \
  {                                                                            \
    LUN_SPAN_LIT(name), LUN_SPAN_LIT(value)                                    \
  }

static void headers(void **state)
{
  const struct lun_header list[] = {
      HEADER("X-b", " 1 "),       HEADER("Host", "h"),
      HEADER("x-A", "a  \t b"),   HEADER("X-B", "\"c   d\""),
      HEADER("x-a-", "\t"),       HEADER("x-B", "0"),
      HEADER("Content-Type", ""),
  };
  struct lun_buf lines = LUN_BUF_INIT(ctx, 1000);
  struct lun_buf names = LUN_BUF_INIT(ctx, 1000);

  (void)state;
  assert_int_equal(lun_canon_headers(&lines, &names, list, 7, NULL), LUN_OK);
  assert_string_equal(lun_buf_text(&lines), "content-type:\n"
                                            "host:h\n"
                                            "x-a:a b\n"
                                            "x-a-:\n"
                                            "x-b:1,\"c d\",0\n");
  assert_string_equal(lun_buf_text(&names), "content-type;host;x-a;x-a-;x-b");
  lun_buf_cut(&lines, 0);
  assert_int_equal(lun_canon_headers(&lines, &names, list, 0, NULL), LUN_OK);
  assert_int_equal(lines.len, 0);
  lun_buf_done(&lines);
  lun_buf_done(&names);
}

static void check_refused(struct lun_sigv4_request request, const char *why)
{
  struct lun_error err = {.code = LUN_OK};

  assert_int_equal(lun_canon_check(&request, &err), LUN_EINVALID);
  if (strstr(err.message, why) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", err.message, why);
  assert_null(strstr(err.message, "canary"));
}

static void refusals(void **state)
{
  const struct lun_header good[] = {HEADER("Host", "h")};
  const struct lun_header bad[][2] = {
      {HEADER("Host", "h"), HEADER("", "canary")},
      {HEADER("Host", "h"), HEADER("a b", "canary")},
      {HEADER("Host", "h"), HEADER("a:", "canary")},
      {HEADER("Host", "h"), HEADER("a", "canary\nx-b:1")},
      {HEADER("Host", "h"), HEADER("a", "canary\r")},
      {HEADER("Host", "h"), HEADER("a", "canary\x7f")},
      {HEADER("Host", "h"), HEADER("hOST", "h")},
      {HEADER("a", "b"), HEADER("c", "d")},
  };
  const char *const why[] = {"header 2 has no valid name",
                             "header 2 has no valid name",
                             "header 2 has no valid name",
                             "header a has a control character",
                             "header a has a control character",
                             "header a has a control character",
                             "two Hosts",
                             "no Host"};
  const struct lun_sigv4_request fine = {.method = LUN_SPAN_LIT("GET"),
                                         .path = LUN_SPAN_LIT("/a b"),
                                         .query = LUN_SPAN_LIT("c=d?e"),
                                         .headers = good,
                                         .nheaders = 1};
  struct lun_sigv4_request request = fine;
  size_t i = 0;

  (void)state;
  assert_int_equal(lun_canon_check(&fine, NULL), LUN_OK);
  for (i = 0; i < 8; i++) {
    request.headers = bad[i];
    request.nheaders = 2;
    check_refused(request, why[i]);
  }
  request = fine;
  request.method = LUN_SPAN_LIT("");
  check_refused(request, "no valid method");
  request.method = LUN_SPAN_LIT("GET /");
  check_refused(request, "no valid method");
  request = fine;
  request.path = LUN_SPAN_LIT("canary");
  check_refused(request, "does not begin with a slash");
  request.path = LUN_SPAN_LIT("/canary\n");
  check_refused(request, "control character");
  request.path = LUN_SPAN_LIT("/canary?");
  check_refused(request, "has to be encoded");
  request.path = LUN_SPAN_LIT("/canary#");
  check_refused(request, "has to be encoded");
  request = fine;
  request.query = LUN_SPAN_LIT("canary#");
  check_refused(request, "has to be encoded");
  request.query = (struct lun_span){"a\0", 2};
  check_refused(request, "control character");
}

static enum lun_code all_of_it(struct lun_error *err)
{
  const struct lun_header list[] = {HEADER("X-b", "1"), HEADER("Host", "h")};
  struct lun_buf out = LUN_BUF_INIT(ctx, 1000);
  struct lun_buf names = LUN_BUF_INIT(ctx, 1000);
  enum lun_code rc = LUN_OK;

  lun_canon_path(&out, LUN_SPAN_LIT("/a/b/../c d"), false, false);
  rc = lun_canon_query(&out, LUN_SPAN_LIT("b=2&a=1%20"),
                       (struct lun_span){NULL, 0}, err);
  if (rc == LUN_OK)
    rc = lun_canon_headers(&out, &names, list, 2, err);
  if (rc == LUN_OK)
    rc = lun_buf_status(&out, "it", err);
  if (rc == LUN_OK)
    rc = lun_buf_status(&names, "it", err);
  lun_buf_done(&out);
  lun_buf_done(&names);
  return rc;
}

static void allocation_failures(void **state)
{
  (void)state;
  sweep(all_of_it);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(paths),
      TEST(queries),
      TEST(headers),
      TEST(refusals),
      TEST(allocation_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
