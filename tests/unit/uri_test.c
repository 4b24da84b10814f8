/* URLs, percent encoding, paths, and what is near. */
#include "unit.h"

#include "../../core/text/uri.h"

static void taken_apart(void **state)
{
  struct lun_uri uri = {.port = 0};

  (void)state;
  assert_int_equal(
      lun_uri_parse(&uri, LUN_SPAN_LIT("https://a.example-1.com"), "it", NULL),
      LUN_OK);
  assert_true(uri.secure);
  assert_false(uri.has_port);
  assert_int_equal(uri.port, 443);
  assert_span(uri.host, "a.example-1.com");
  assert_span(uri.path, "");
  assert_span(uri.query, "");
  assert_int_equal(lun_uri_parse(&uri,
                                 LUN_SPAN_LIT("HTTP://[::1]:8080/a/b?c=d?e"),
                                 "it", NULL),
                   LUN_OK);
  assert_false(uri.secure);
  assert_true(uri.ipv6 && uri.has_port);
  assert_int_equal(uri.port, 8080);
  assert_span(uri.host, "::1");
  assert_span(uri.path, "/a/b");
  assert_span(uri.query, "c=d?e");
  assert_int_equal(lun_uri_parse(&uri, LUN_SPAN_LIT("http://h?q"), "it", NULL),
                   LUN_OK);
  assert_span(uri.path, "");
  assert_span(uri.query, "q");
}

static void refused(void **state)
{
  static const char *const bad[] = {
      "",
      "a",
      "//host/",
      "ftp://host/",
      "http:/host",
      "http://",
      "http:///path",
      "http://:80/",
      "http://host:/",
      "http://host:0/",
      "http://host:65536/",
      "http://host:8o/",
      "http://host:-1/",
      "http://user@host/",
      "http://user:canary@host/",
      "http://host\\@evil/",
      "http://host/#fragment",
      "http://host#fragment",
      "http://ho st/",
      " http://host/",
      "http://host/a b",
      "http://host/\n",
      "http://[::1/",
      "http://[::1]x/",
      "http://[::g]/",
      "http://[127.0.0.1]/",
      "http://[fe80::1%25eth0]/",
      "http://.host/",
      "http://h\xc3\xa9/",
      "https://host%2f.example/",
  };
  struct lun_uri uri = {.port = -1};
  struct lun_error err = {.code = LUN_OK};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(
        lun_uri_parse(&uri, lun_span_of(bad[i]), "AWS_ENDPOINT_URL", &err),
        LUN_EINVALID);
    assert_non_null(strstr(err.message, "AWS_ENDPOINT_URL"));
    assert_null(strstr(err.message, "canary"));
  }
  assert_int_equal(uri.port, -1);
  assert_int_equal(
      lun_uri_parse(&uri, (struct lun_span){"http://h\0/", 10}, "it", &err),
      LUN_EINVALID);
}

static void encoding(void **state)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 1000);

  (void)state;
  lun_uri_encode(&out, LUN_SPAN_LIT("AZaz09-_.~"), false);
  assert_string_equal(lun_buf_text(&out), "AZaz09-_.~");
  lun_buf_cut(&out, 0);
  lun_uri_encode(&out, LUN_SPAN_LIT("a b+/%\xc3\xa9\x01"), false);
  assert_string_equal(lun_buf_text(&out), "a%20b%2B%2F%25%C3%A9%01");
  lun_buf_cut(&out, 0);
  lun_uri_encode(&out, LUN_SPAN_LIT("/a b/"), true);
  assert_string_equal(lun_buf_text(&out), "/a%20b/");
  lun_buf_done(&out);
}

static void decoding(void **state)
{
  static const char *const bad[] = {"%", "%2", "%2g", "%g2", "a%", "%%41"};
  struct lun_buf out = LUN_BUF_INIT(ctx, 1000);
  size_t i = 0;

  (void)state;
  assert_true(lun_uri_decode(&out, LUN_SPAN_LIT("a%20b+%2f%2F%c3%A9")));
  assert_string_equal(lun_buf_text(&out), "a b+//\xc3\xa9");
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(lun_uri_decode(&out, lun_span_of(bad[i])));
  lun_buf_done(&out);
  assert_int_equal(lun_uri_escape(LUN_SPAN_LIT("%7ex")), 0x7E);
  assert_int_equal(lun_uri_escape(LUN_SPAN_LIT("%7")), -1);
  assert_int_equal(lun_uri_escape(LUN_SPAN_LIT("")), -1);
}

static void normal_paths(void **state)
{
  static const char *const paths[][2] = {
      {"", "/"},           {"/", "/"},
      {"//", "/"},         {"/a", "/a"},
      {"/a/", "/a/"},      {"/a//b", "/a/b"},
      {"/./a", "/a"},      {"/a/.", "/a"},
      {"/a/./", "/a/"},    {"/a/..", "/"},
      {"/a/../", "/"},     {"/a/b/..", "/a"},
      {"/a/b/../", "/a/"}, {"/../..", "/"},
      {"/../a", "/a"},     {"/...", "/..."},
      {"/.a", "/.a"},      {"/a/b/../../c", "/c"},
      {"/%2e", "/%2e"},    {"//a///b//", "/a/b/"}};
  struct lun_buf out = LUN_BUF_INIT(ctx, 1000);
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
    lun_buf_cut(&out, 0);
    lun_buf_adds(&out, "x/y"); /* what was there before is not touched */
    lun_uri_normalize(&out, lun_span_of(paths[i][0]));
    assert_string_equal(lun_buf_text(&out) + 3, paths[i][1]);
  }
  lun_buf_done(&out);
}

static bool near(const char *url, bool (*test)(const struct lun_uri *uri))
{
  struct lun_uri uri = {.port = 0};

  assert_int_equal(lun_uri_parse(&uri, lun_span_of(url), "it", NULL), LUN_OK);
  return test(&uri);
}

static void places(void **state)
{
  (void)state;
  assert_true(near("http://127.0.0.1/", lun_uri_loopback));
  assert_true(near("http://127.255.0.9:1/", lun_uri_loopback));
  assert_true(near("http://LocalHost/", lun_uri_loopback));
  assert_true(near("http://[::1]/", lun_uri_loopback));
  assert_true(near("http://[::ffff:127.0.0.1]/", lun_uri_loopback));
  assert_false(near("http://128.0.0.1/", lun_uri_loopback));
  assert_false(near("http://127.0.0.1.example/", lun_uri_loopback));
  assert_false(near("http://localhost.example/", lun_uri_loopback));
  assert_false(near("http://[::2]/", lun_uri_loopback));
  assert_false(near("http://[::]/", lun_uri_loopback));
  assert_true(near("http://169.254.169.254/", lun_uri_link_local));
  assert_true(near("http://169.254.170.2/x", lun_uri_link_local));
  assert_true(near("http://[fd00:ec2::254]/", lun_uri_link_local));
  assert_true(near("http://[fe80::1]/", lun_uri_link_local));
  assert_true(near("http://[FEBF::1]/", lun_uri_link_local));
  assert_true(near("http://[::ffff:a9fe:a9fe]/", lun_uri_link_local));
  assert_false(near("http://169.253.1.1/", lun_uri_link_local));
  assert_false(near("http://[fec0::1]/", lun_uri_link_local));
  assert_false(near("http://[fd00:ec3::254]/", lun_uri_link_local));
  assert_false(near("http://metadata/", lun_uri_link_local));
}

static enum lun_code encode_some(struct lun_error *err)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 10000);
  enum lun_code rc = LUN_OK;
  bool decoded = false;

  lun_uri_encode(&out, LUN_SPAN_LIT("/a b/\xe1\x88\xb4?&=+/a b/?&=+/a b"), 0);
  lun_uri_normalize(&out, LUN_SPAN_LIT("/a/b/../c/./d/e/../../f"));
  decoded = lun_uri_decode(&out, LUN_SPAN_LIT("%41%42%43%44%45%46"));
  assert_true(decoded);
  rc = lun_buf_status(&out, "it", err);
  lun_buf_done(&out);
  return rc;
}

static void allocation_failures(void **state)
{
  (void)state;
  sweep(encode_some);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(taken_apart),
      TEST(refused),
      TEST(encoding),
      TEST(decoding),
      TEST(normal_paths),
      TEST(places),
      TEST(allocation_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
