/* What a place remembers. */
#include "scene.h"

#include "../../core/conf/place.h"

static void tried_lately(void **state)
{
  static const char *const names[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
  size_t i = 0;

  (void)state;
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_true(lun_place_try(place, "a", 1000));
  assert_false(lun_place_try(place, "a", 1000));
  assert_true(lun_place_try(place, "b", 1000));
  scene.mono_skip_ms += 900;
  assert_false(lun_place_try(place, "a", 1000));
  scene.mono_skip_ms += 100;
  assert_true(lun_place_try(place, "a", 1000));
  assert_false(lun_place_try(place, "a", 1000));
  /* The oldest is forgotten first. */
  scene.mono_skip_ms += 1;
  for (i = 0; i < LUN_PLACE_TRIED - 1; i++) {
    assert_true(lun_place_try(place, names[i], 100000));
    scene.mono_skip_ms += 1;
  }
  assert_false(lun_place_try(place, "a", 100000));
  assert_true(lun_place_try(place, names[LUN_PLACE_TRIED - 1], 100000));
  assert_true(lun_place_try(place, "a", 100000));
}

int main(void)
{
  const struct CMUnitTest tests[] = {SCENE(tried_lately)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
