/* What an answer's header says of its body, and what may be sent as one. */
#include "unit.h"

#include "../../core/net/head.h"
#include "../../core/sign/canon.h"

static void framing(void **state)
{
  static const struct {
    const char *head;
    int status;
    enum lun_framing framing;
  } cases[] = {
      {"Content-Length: 0\n", 200, LUN_FRAMING_GOOD},
      {"content-length:\t7 \r\n", 500, LUN_FRAMING_GOOD},
      {"Content-Length: 7\nContent-Length: 7\n", 200, LUN_FRAMING_GOOD},
      {"Transfer-Encoding: Chunked\n", 200, LUN_FRAMING_GOOD},
      {"Content-Encoding: identity\nContent-Length: 7\n", 200,
       LUN_FRAMING_GOOD},
      {"", 204, LUN_FRAMING_GOOD},
      {"", 200, LUN_FRAMING_NONE},
      {"X-Content-Length: 7\n", 200, LUN_FRAMING_NONE},
      {"Content-Length: 7\nContent-Length: 8\n", 200, LUN_FRAMING_TWOFOLD},
      {"Content-Length: 7\nTransfer-Encoding: chunked\n", 200,
       LUN_FRAMING_TWOFOLD},
      {"Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n", 200,
       LUN_FRAMING_TWOFOLD},
      {"Transfer-Encoding: gzip, chunked\n", 200, LUN_FRAMING_TWOFOLD},
      {"Content-Length:\n", 200, LUN_FRAMING_TWOFOLD},
      {"Content-Length: +7\n", 200, LUN_FRAMING_TWOFOLD},
      {"Content-Length: -0\n", 200, LUN_FRAMING_TWOFOLD},
      {"Content-Length: 7abc\n", 200, LUN_FRAMING_TWOFOLD},
      {"Content-Length: 0x7\n", 200, LUN_FRAMING_TWOFOLD},
      {"Content-Length: 7, 7\n", 200, LUN_FRAMING_TWOFOLD},
      {"Content-Length: 99999999999999999999\n", 200, LUN_FRAMING_TWOFOLD},
      {"Content-Encoding: gzip\nContent-Length: 7\n", 200, LUN_FRAMING_ENCODED},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_int_equal(
        lun_head_framing(lun_span_of(cases[i].head), cases[i].status),
        cases[i].framing);
}

static void finding(void **state)
{
  struct lun_span head = LUN_SPAN_LIT("HTTP/1.1 200 OK\r\nA: 1\nb:\t x y \r\n"
                                      "A: 2\nempty:\n");
  struct lun_span value = {NULL, 0};

  (void)state;
  assert_true(lun_head_find(head, "a", &value));
  assert_span(value, "1");
  assert_true(lun_head_find(head, "B", &value));
  assert_span(value, "x y");
  assert_true(lun_head_find(head, "Empty", &value));
  assert_int_equal(value.len, 0);
  assert_false(lun_head_find(head, "c", &value));
}

static void lines(void **state)
{
  static const struct lun_header bad[] = {
      {LUN_SPAN_LIT(""), LUN_SPAN_LIT("x")},
      {LUN_SPAN_LIT("a b"), LUN_SPAN_LIT("x")},
      {LUN_SPAN_LIT("a:"), LUN_SPAN_LIT("x")},
      {LUN_SPAN_LIT("a\xc3\xa9"), LUN_SPAN_LIT("x")},
      {LUN_SPAN_LIT("a"), LUN_SPAN_LIT("canary\r\nb: c")},
      {LUN_SPAN_LIT("a"), LUN_SPAN_LIT("canary\0")},
      {LUN_SPAN_LIT("a"), LUN_SPAN_LIT("canary\x7f")},
  };
  struct lun_buf line = LUN_BUF_INIT(ctx, 100);
  struct lun_error err = {.code = LUN_OK};
  size_t i = 0;

  (void)state;
  assert_int_equal(lun_head_line(&line, LUN_SPAN_LIT("A"),
                                 LUN_SPAN_LIT("x\ty \xc3\xa9"), NULL),
                   LUN_OK);
  assert_string_equal(lun_buf_text(&line), "A: x\ty \xc3\xa9");
  lun_buf_cut(&line, 0);
  assert_int_equal(
      lun_head_line(&line, LUN_SPAN_LIT("A"), LUN_SPAN_LIT(""), NULL), LUN_OK);
  assert_string_equal(lun_buf_text(&line), "A;");
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(lun_head_line(&line, bad[i].name, bad[i].value, &err),
                     LUN_EINVALID);
    assert_null(strstr(err.message, "canary"));
  }
  lun_buf_done(&line);
}

/* What is kept of lines as they come: those of the last answer. */
static void taking(void **state)
{
  struct lun_buf head = LUN_BUF_INIT(ctx, 100);

  (void)state;
  assert_true(
      lun_head_take(&head, LUN_SPAN_LIT("HTTP/1.1 103 Early Hints\r\n")));
  assert_false(lun_head_take(&head, LUN_SPAN_LIT("Link: </x>\r\n")));
  assert_false(lun_head_take(&head, LUN_SPAN_LIT("\r\n")));
  assert_string_equal(lun_buf_text(&head),
                      "HTTP/1.1 103 Early Hints\nLink: </x>\n\n");
  assert_true(lun_head_take(&head, LUN_SPAN_LIT("HTTP/1.1 200 OK\r\n")));
  assert_false(lun_head_take(&head, LUN_SPAN_LIT("A: HTTP/1\n")));
  assert_string_equal(lun_buf_text(&head), "HTTP/1.1 200 OK\nA: HTTP/1\n");
  lun_buf_done(&head);
}

int main(void)
{
  const struct CMUnitTest tests[] = {TEST(framing), TEST(finding), TEST(lines),
                                     TEST(taking)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
