/* Blocks are zeroed, counted, wiped, and fail when a test says so. */
#include "unit.h"

static void zeroed_and_counted(void **state)
{
  unsigned char *ptr = lun_mem_alloc(ctx, 100);
  size_t i = 0;

  (void)state;
  assert_non_null(ptr);
  for (i = 0; i < 100; i++)
    assert_int_equal(ptr[i], 0);
  assert_int_equal(ctx->account.live_blocks, 1);
  assert_int_equal(ctx->account.live_bytes, 100);
  assert_int_equal((uintptr_t)ptr % _Alignof(max_align_t), 0);
  lun_mem_free(ctx, ptr);
  lun_mem_free(ctx, NULL);
  assert_int_equal(ctx->account.live_blocks, 0);
}

static void nothing_is_a_block_too(void **state)
{
  void *a = lun_mem_alloc(ctx, 0);
  void *b = lun_mem_alloc(ctx, 0);

  (void)state;
  assert_non_null(a);
  assert_non_null(b);
  assert_ptr_not_equal(a, b);
  lun_mem_free(ctx, a);
  lun_mem_free(ctx, b);
}

static void resize_keeps_and_zeroes(void **state)
{
  char *ptr = lun_mem_copy(ctx, "abc", 3);

  (void)state;
  ptr = lun_mem_resize(ctx, ptr, 8);
  assert_memory_equal(ptr, "abc\0\0\0\0\0", 8);
  ptr = lun_mem_resize(ctx, ptr, 2);
  assert_memory_equal(ptr, "ab", 2);
  assert_int_equal(ctx->account.live_bytes, 2);
  assert_int_equal(ctx->account.live_blocks, 1);
  lun_mem_free(ctx, ptr);
  ptr = lun_mem_resize(ctx, NULL, 5);
  assert_non_null(ptr);
  lun_mem_free(ctx, ptr);
}

static void impossible_sizes(void **state)
{
  char *ptr = lun_mem_copy(ctx, "abc", 3);
  /* Not for the compiler to see that they are impossible. */
  volatile size_t huge = SIZE_MAX;

  (void)state;
  assert_null(lun_mem_alloc(ctx, huge));
  assert_null(lun_mem_alloc(ctx, huge / 2));
  assert_null(lun_mem_copy(ctx, "", huge));
  assert_null(lun_mem_map(ctx, huge));
  assert_null(lun_mem_resize(ctx, ptr, huge));
  assert_string_equal(ptr, "abc");
  lun_mem_free(ctx, ptr);
}

static void planned_failure_comes_once(void **state)
{
  void *first = NULL;
  void *third = NULL;

  (void)state;
  ctx->account.fail_after = 1;
  first = lun_mem_alloc(ctx, 1);
  assert_non_null(first);
  assert_null(lun_mem_alloc(ctx, 1));
  third = lun_mem_alloc(ctx, 1);
  assert_non_null(third);
  lun_mem_free(ctx, first);
  lun_mem_free(ctx, third);
  ctx->account.fail_after = 0;
  assert_null(lun_mem_map(ctx, 1));
}

static void strings(void **state)
{
  char *text = lun_mem_strdup(ctx, "text");
  char *bytes = lun_mem_copy(ctx, "a\0b", 3);
  char *empty = lun_mem_copy(ctx, NULL, 0);

  (void)state;
  assert_null(lun_mem_strdup(ctx, NULL));
  assert_string_equal(text, "text");
  assert_memory_equal(bytes, "a\0b\0", 4);
  assert_string_equal(empty, "");
  lun_mem_free(ctx, text);
  lun_mem_free(ctx, bytes);
  lun_mem_free(ctx, empty);
}

static void pages(void **state)
{
  char *ptr = lun_mem_map(ctx, 5000);
  size_t i = 0;

  (void)state;
  assert_non_null(ptr);
  for (i = 0; i < 5000; i++)
    assert_int_equal(ptr[i], 0);
  ptr[4999] = 'x';
  assert_int_equal(ctx->account.live_blocks, 1);
  lun_mem_unmap(ctx, ptr, 5000);
  lun_mem_unmap(ctx, NULL, 5000);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(zeroed_and_counted),
      TEST(nothing_is_a_block_too),
      TEST(resize_keeps_and_zeroes),
      TEST(impossible_sizes),
      TEST(planned_failure_comes_once),
      TEST(strings),
      TEST(pages),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
