/* Things are found by their names, however many there are. */
#include "unit.h"

#include "../../core/text/index.h"

#include <stdio.h>

#define THINGS 5000

static char names[THINGS][16];

/* Owner 0 has all, owner 1 the even ones, and 17 is gone. */
static const char *name(const void *data, uint32_t owner, uint32_t item)
{
  (void)owner;
  assert_ptr_equal(data, names);
  return item == 17 ? NULL : names[item];
}

static void found(void **state)
{
  struct lun_index index = {.ctx = ctx, .name = name, .data = names};
  uint32_t i = 0;

  (void)state;
  assert_true(lun_index_find(&index, 0, LUN_SPAN_LIT("thing 1")) ==
              LUN_INDEX_NONE);
  for (i = 0; i < THINGS; i++) {
    (void)snprintf(names[i], sizeof(names[i]), "thing %u", i);
    assert_int_equal(lun_index_add(&index, 0, lun_span_of(names[i]), i, NULL),
                     LUN_OK);
    if (i % 2 == 0)
      assert_int_equal(lun_index_add(&index, 1, lun_span_of(names[i]), i, NULL),
                       LUN_OK);
  }
  for (i = 0; i < THINGS; i++) {
    uint32_t all = lun_index_find(&index, 0, lun_span_of(names[i]));
    uint32_t even = lun_index_find(&index, 1, lun_span_of(names[i]));

    assert_true(all == (i == 17 ? LUN_INDEX_NONE : i));
    assert_true(even == (i % 2 ? LUN_INDEX_NONE : i));
  }
  assert_true(lun_index_find(&index, 2, LUN_SPAN_LIT("thing 1")) ==
              LUN_INDEX_NONE);
  assert_true(lun_index_find(&index, 0, LUN_SPAN_LIT("thing")) ==
              LUN_INDEX_NONE);
  lun_index_done(&index);
  lun_index_done(&index);
}

static enum lun_code add_some(struct lun_error *err)
{
  struct lun_index index = {.ctx = ctx, .name = name, .data = names};
  enum lun_code rc = LUN_OK;
  uint32_t i = 0;

  for (i = 0; i < 200 && rc == LUN_OK; i++)
    rc = lun_index_add(&index, 0, lun_span_of(names[i]), i, err);
  lun_index_done(&index);
  return rc;
}

static void allocation_failures(void **state)
{
  (void)state;
  sweep(add_some);
}

int main(void)
{
  const struct CMUnitTest tests[] = {TEST(found), TEST(allocation_failures)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
