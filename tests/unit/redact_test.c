/* Every form that a secret may be printed in is taken out of the text. */
#include "../../core/text/redact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECRET "not-a-real \"p/ssword\"\n"

static lun_ctx *ctx;

static int make_ctx(void **state)
{
  (void)state;
  return lun_ctx_new(&ctx, NULL);
}

static int free_ctx(void **state)
{
  (void)state;
  assert_int_equal(ctx->account.live_blocks, 0);
  lun_ctx_free(ctx);
  return 0;
}

static void check_two(const char *text, const char *one, const char *two,
                      const char *want)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 1 << 16);
  struct lun_span secrets[2] = {lun_span_of(one), lun_span_of(two)};

  assert_int_equal(lun_redact(&out, lun_span_of(text), secrets, 2, NULL), 0);
  assert_string_equal(lun_buf_text(&out), want);
  lun_buf_done(&out);
}

static void check(const char *text, const char *secret, const char *want)
{
  check_two(text, "another one", secret, want);
}

static void forms(void **state)
{
  (void)state;
  check("nothing here", SECRET, "nothing here");
  check("a " SECRET " b", SECRET, "a " LUN_REDACTED " b");
  check("x not-a-real \\\"p/ssword\\\"\\n y", SECRET, "x " LUN_REDACTED " y");
  check("u=not-a-real%20%22p%2Fssword%22%0A&v", SECRET, "u=" LUN_REDACTED "&v");
  check("6e6f742d612d7265616c2022702f7373776f7264220a", SECRET, LUN_REDACTED);
  check("6E6F742D612D7265616C2022702F7373776F7264220A", SECRET, LUN_REDACTED);
  check("twice canary-1canary-1.", "canary-1", "twice " LUN_REDACTED ".");
  check("canary-1 and canary-1", "canary-1", LUN_REDACTED " and " LUN_REDACTED);
}

/* As PHP, Python and JavaScript write it. */
static void json(void **state)
{
  static const char *const texts[] = {"J\xc3\xbcrgen/\xf0\x9f\x94\x91\x01",
                                      "J\xc3\xbcrgen/\xf0\x9f\x94\x91\\u0001",
                                      "J\xc3\xbcrgen\\/\xf0\x9f\x94\x91\\u0001",
                                      "J\\u00fcrgen/\\ud83d\\udd11\\u0001",
                                      "J\\u00fcrgen\\/\\ud83d\\udd11\\u0001"};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
    check(texts[i], texts[0], LUN_REDACTED);
}

/* A secret that begins like another, or ends like one, leaves nothing. */
static void overlaps(void **state)
{
  static const char want[] = "for " LUN_REDACTED " with " LUN_REDACTED "!";

  (void)state;
  check_two("for admin with admin-K7x9!", "admin", "admin-K7x9", want);
  check_two("for admin with admin-K7x9!", "admin-K7x9", "admin", want);
  check_two("one-two-three", "one-two", "two-three", LUN_REDACTED);
  check_two("one-two-three", "two-three", "one-two", LUN_REDACTED);
  check("it was " LUN_REDACTED, "redacted",
        "it was \xe2\x80\xb9" LUN_REDACTED "\xe2\x80\xba");
}

/* A secret that has no room in the text cannot be there: no error. */
static void longer_than_the_text(void **state)
{
  size_t len = 1 << 20;
  char *big = lun_mem_alloc(ctx, len + 1);
  struct lun_buf out = LUN_BUF_INIT(ctx, 1 << 16);
  struct lun_span secrets[2] = {LUN_SPAN_LIT("canary-1"), {big, len}};

  (void)state;
  memset(big, '\n', len);
  assert_int_equal(
      lun_redact(&out, LUN_SPAN_LIT("a canary-1"), secrets, 2, NULL), LUN_OK);
  assert_string_equal(lun_buf_text(&out), "a " LUN_REDACTED);
  lun_buf_done(&out);
  secrets[1] = LUN_SPAN_LIT("\n\n\n\n\n");
  assert_int_equal(
      lun_redact(&out, LUN_SPAN_LIT("\\n\\n\\n\\n\\n"), secrets, 2, NULL),
      LUN_OK);
  assert_string_equal(lun_buf_text(&out), LUN_REDACTED);
  lun_buf_done(&out);
  lun_mem_free(ctx, big);
}

/* "user:canary-12345" and its like, at each place within a group of three */
static void base64_anywhere(void **state)
{
  static const char *const before[3] = {"usr", "user", "user:"};
  int i = 0;

  (void)state;
  for (i = 0; i < 3; i++) {
    struct lun_buf plain = LUN_BUF_INIT(ctx, 4096);
    struct lun_buf coded = LUN_BUF_INIT(ctx, 4096);
    struct lun_buf out = LUN_BUF_INIT(ctx, 4096);
    struct lun_span secret = LUN_SPAN_LIT("canary-12345");

    lun_buf_adds(&plain, before[i]);
    lun_buf_add_span(&plain, secret);
    lun_buf_adds(&plain, " and more");
    lun_text_base64(&coded, lun_buf_view(&plain));
    assert_int_equal(lun_redact(&out, lun_buf_view(&coded), &secret, 1, NULL),
                     0);
    assert_non_null(strstr(lun_buf_text(&out), LUN_REDACTED));
    lun_buf_done(&out);
    lun_buf_done(&coded);
    lun_buf_done(&plain);
  }
}

/* To the last character that has a bit of the secret in it. */
static void base64_ends(void **state)
{
  (void)state;
  check("Basic cGFzc3dvcmQ=", "password", "Basic " LUN_REDACTED "=");
  check("Basic dTpwYXNzd29yZA==", "password", "Basic dT" LUN_REDACTED "==");
  check("cGFzc3dvcmQhIQ==", "password!!", LUN_REDACTED "==");
  check("cGFzc3dvcmQx\n", "password1", LUN_REDACTED "\n");
  check("xcGFzc3dvcmQ", "password", "x" LUN_REDACTED);
  check("Pz8_Pz8-", "????\x3f>", LUN_REDACTED);
  check("Pz8/Pz8+", "????\x3f>", LUN_REDACTED);
  check("OiA/Pz8/", "????", "Oi" LUN_REDACTED);
}

/* As this project's own writers quote, and whatever a parser shows of it. */
static void pieces(void **state)
{
  static const char secret[] = "it's-hunter22canary";

  (void)state;
  check("P='it'\\''s-hunter22canary'", secret, "P='" LUN_REDACTED "'");
  check("P: 'it''s-hunter22canary'", secret, "P: '" LUN_REDACTED "'");
  check("P=\"hun\\$ter\\`22\"", "hun$ter`22", "P=\"" LUN_REDACTED "\"");
  check("P: \"a\\x01bcd\\x1Fef\"", "a\001bcd\037ef", "P: \"" LUN_REDACTED "\"");
  check("K: |\n  MIIcanary\n  Line2canary\n", "MIIcanary\nLine2canary\n",
        "K: |\n  " LUN_REDACTED);
  check("2: unter22canar: not found", secret, "2: " LUN_REDACTED ": not found");
  check("HUNTER22CANARY", secret, LUN_REDACTED);
  check("no unter is found", secret, "no unter is found");
  check("!#$%&/ and !#$%&", "=!#$%&/()", LUN_REDACTED " and !#$%&");
  check("canary canary-1canary-1", "canary", /* each one, and joined */
        LUN_REDACTED " " LUN_REDACTED "-1" LUN_REDACTED "-1");
}

/* The values of a JSON secret are hidden, and its keys are not. */
static void members(void **state)
{
  static const char secret[] =
      " {\"password\" : \"hunter\\u0032\\n2canary\", \"ports\": [543210]}";

  (void)state;
  check("the password hunter2 of port 543210 is wrong", secret,
        "the password " LUN_REDACTED " of port " LUN_REDACTED " is wrong");
  check(secret, secret, LUN_REDACTED);
  check("a \"{ password", "{ password", "a \"" LUN_REDACTED); /* no JSON */
}

/* No text and no secret makes it slow. */
static void large(void **state)
{
  size_t len = 1 << 20;
  char *text = lun_mem_alloc(ctx, len);
  struct lun_buf out = LUN_BUF_INIT(ctx, SIZE_MAX);
  struct lun_span secrets[2] = {{text, len}, {text, len / 2}};

  (void)state;
  memset(text, 'x', len);
  assert_int_equal(
      lun_redact(&out, (struct lun_span){text, len}, secrets, 2, NULL), LUN_OK);
  assert_string_equal(lun_buf_text(&out), LUN_REDACTED);
  lun_buf_done(&out);
  lun_mem_free(ctx, text);
}

/* A secret of three bytes would hide words that tell nobody anything. */
static void short_ones(void **state)
{
  (void)state;
  check("the end", "the", "the end");
  check("", SECRET, "");
}

static void out_of_memory(void **state)
{
  int64_t n = 0;
  enum lun_code rc = LUN_ENOMEM;

  (void)state;
  for (n = 0; rc != LUN_OK; n++) {
    struct lun_buf out = LUN_BUF_INIT(ctx, 1 << 16);
    struct lun_span secrets[2] = {LUN_SPAN_LIT("canary-12345"),
                                  LUN_SPAN_LIT("{\"a\":\"canary\"}")};

    ctx->account.fail_after = n;
    rc = lun_redact(&out, LUN_SPAN_LIT("a canary-12345 b"), secrets, 2, NULL);
    ctx->account.fail_after = -1;
    assert_true(rc == LUN_OK || rc == LUN_ENOMEM);
    lun_buf_done(&out);
    assert_int_equal(ctx->account.live_blocks, 0);
    assert_true(n < 1000);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forms),           cmocka_unit_test(json),
      cmocka_unit_test(overlaps),        cmocka_unit_test(longer_than_the_text),
      cmocka_unit_test(base64_anywhere), cmocka_unit_test(base64_ends),
      cmocka_unit_test(pieces),          cmocka_unit_test(members),
      cmocka_unit_test(large),           cmocka_unit_test(short_ones),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, make_ctx, free_ctx);
}
