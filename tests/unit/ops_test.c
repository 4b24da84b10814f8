/* The operations that lunette calls, as the requests name them. */
#include "unit.h"

#include "../../core/rules/ops.h"

static void operations(void **state)
{
  const struct lun_op *get = lun_op_get(LUN_OP_GetSecretValue);
  const struct lun_op *assume = lun_op_get(LUN_OP_AssumeRole);
  int i = 0;

  (void)state;
  assert_string_equal(get->name, "GetSecretValue");
  assert_string_equal(get->service->target_prefix, "secretsmanager");
  assert_int_equal(get->service->protocol, LUN_PROTOCOL_JSON11);
  assert_int_equal(get->flags, LUN_OP_READ | LUN_OP_SECRET_OUT);
  assert_ptr_equal(assume->service, lun_service_get(LUN_SERVICE_STS));
  assert_string_equal(assume->service->version, "2011-06-15");
  assert_int_equal(assume->service->protocol, LUN_PROTOCOL_QUERY);
  assert_int_equal(lun_op_get(LUN_OP_GetCallerIdentity)->flags, LUN_OP_READ);
  for (i = 0; i < LUN_OP_COUNT; i++) {
    assert_non_null(lun_op_get((enum lun_op_id)i)->name);
    assert_non_null(lun_op_get((enum lun_op_id)i)->service->id);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {TEST(operations)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
