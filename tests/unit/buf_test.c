/* Buffers grow to their cap, remember the first failure, and wipe. */
#include "unit.h"

#include "../../core/base/buf.h"

static void appends(void **state)
{
  struct lun_buf buf = LUN_BUF_INIT(ctx, 1000);
  size_t i = 0;

  (void)state;
  assert_string_equal(lun_buf_text(&buf), "");
  assert_span(lun_buf_view(&buf), "");
  lun_buf_adds(&buf, "a");
  lun_buf_addc(&buf, 'b');
  lun_buf_add(&buf, NULL, 0);
  lun_buf_add_span(&buf, LUN_SPAN_LIT("cd"));
  lun_buf_addf(&buf, "%d%s", 12, "e");
  lun_buf_addf(&buf, "%s", "");
  assert_string_equal(lun_buf_text(&buf), "abcd12e");
  for (i = 0; i < 993; i++)
    lun_buf_addc(&buf, 'x');
  assert_int_equal(buf.len, 1000);
  assert_int_equal(lun_buf_status(&buf, "it", NULL), LUN_OK);
  lun_buf_done(&buf);
  lun_buf_done(&buf);
}

static void the_cap_is_kept(void **state)
{
  struct lun_buf buf = LUN_BUF_INIT(ctx, 3);
  struct lun_error err = {.code = LUN_OK};

  (void)state;
  lun_buf_adds(&buf, "abc");
  assert_int_equal(lun_buf_status(&buf, "it", &err), LUN_OK);
  lun_buf_addc(&buf, 'd');
  lun_buf_addf(&buf, "%d", 1);
  assert_int_equal(lun_buf_status(&buf, "the answer", &err), LUN_EINVALID);
  assert_string_equal(err.message, "the answer is larger than 3 bytes");
  assert_string_equal(lun_buf_text(&buf), "abc");
  /* A failure stays, whatever room there would be. */
  lun_buf_cut(&buf, 0);
  lun_buf_addc(&buf, 'x');
  assert_string_equal(lun_buf_text(&buf), "");
  assert_null(lun_buf_take(&buf, NULL));
}

static void a_failed_allocation_sticks(void **state)
{
  struct lun_buf buf = LUN_BUF_INIT(ctx, 1 << 20);
  size_t len = 7;

  (void)state;
  lun_buf_adds(&buf, "abc");
  ctx->account.fail_after = 0;
  lun_buf_addf(&buf, "%0200d", 1);
  lun_buf_adds(&buf, "lost");
  assert_int_equal(lun_buf_status(&buf, "it", NULL), LUN_ENOMEM);
  assert_string_equal(lun_buf_text(&buf), "abc");
  assert_null(lun_buf_take(&buf, &len));
  assert_int_equal(len, 0);
}

static void cutting_wipes(void **state)
{
  struct lun_buf buf = LUN_BUF_INIT(ctx, 100);

  (void)state;
  lun_buf_adds(&buf, "keep-canary");
  lun_buf_cut(&buf, 50);
  assert_string_equal(lun_buf_text(&buf), "keep-canary");
  lun_buf_cut(&buf, 4);
  assert_string_equal(lun_buf_text(&buf), "keep");
  assert_memory_equal(buf.ptr + 4, "\0\0\0\0\0\0\0", 7);
  lun_buf_done(&buf);
}

static void taking_hands_over(void **state)
{
  struct lun_buf buf = LUN_BUF_INIT(ctx, 100);
  size_t len = 0;
  char *ptr = NULL;

  (void)state;
  lun_buf_adds(&buf, "abc");
  ptr = lun_buf_take(&buf, &len);
  assert_string_equal(ptr, "abc");
  assert_int_equal(len, 3);
  assert_int_equal(buf.len, 0);
  lun_mem_free(ctx, ptr);
  ptr = lun_buf_take(&buf, &len);
  assert_string_equal(ptr, "");
  assert_int_equal(len, 0);
  lun_mem_free(ctx, ptr);
}

static enum lun_code fill(struct lun_error *err)
{
  struct lun_buf buf = LUN_BUF_INIT(ctx, 10000);
  enum lun_code rc = LUN_OK;
  int i = 0;

  for (i = 0; i < 1000; i++)
    lun_buf_addf(&buf, "%d,", i);
  rc = lun_buf_status(&buf, "it", err);
  lun_buf_done(&buf);
  return rc;
}

static void allocation_failures(void **state)
{
  (void)state;
  sweep(fill);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(appends),
      TEST(the_cap_is_kept),
      TEST(a_failed_allocation_sticks),
      TEST(cutting_wipes),
      TEST(taking_hands_over),
      TEST(allocation_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
