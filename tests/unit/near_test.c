/* "Did you mean ...?" */
#include "unit.h"

#include "../../core/text/near.h"

static const char *const words[] = {"region", "role",    "profile",
                                    "stage",  "version", "external_id"};

static const char *nearest(const char *want)
{
  struct lun_near near = {.name = NULL};
  size_t i = 0;

  lun_near_init(&near, lun_span_of(want));
  for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    lun_near_try(&near, words[i]);
  return near.name;
}

static void near_words(void **state)
{
  (void)state;
  assert_string_equal(nearest("regoin"), "region");
  assert_string_equal(nearest("Region"), "region");
  assert_string_equal(nearest("stag"), "stage");
  assert_string_equal(nearest("externalid"), "external_id");
  assert_string_equal(nearest("rolle"), "role");
}

static void far_words(void **state)
{
  char longest[LUN_NEAR_MAX + 2] = "";

  (void)state;
  assert_null(nearest("colour"));
  assert_null(nearest("x"));
  assert_null(nearest(""));
  memset(longest, 'r', sizeof(longest) - 1);
  assert_null(nearest(longest));
}

int main(void)
{
  const struct CMUnitTest tests[] = {TEST(near_words), TEST(far_words)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
