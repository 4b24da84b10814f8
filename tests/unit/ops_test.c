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
    const struct lun_op *op = lun_op_get((enum lun_op_id)i);
    bool rest = op->service->protocol == LUN_PROTOCOL_REST_JSON;

    assert_non_null(op->name);
    assert_non_null(op->service->id);
    assert_non_null(op->service->prefix);
    assert_non_null(op->method);
    assert_int_equal(op->path[0], rest ? '/' : '\0');
  }
}

static void operations_of_rest(void **state)
{
  const struct lun_op *get = lun_op_get(LUN_OP_GetRoleCredentials);
  const struct lun_op *token = lun_op_get(LUN_OP_CreateToken);
  const struct lun_op *login = lun_op_get(LUN_OP_CreateOAuth2Token);

  (void)state;
  assert_string_equal(get->method, "GET");
  assert_string_equal(get->path, "/federation/credentials");
  assert_string_equal(get->service->prefix, "portal.sso");
  assert_string_equal(get->service->id, "SSO");
  assert_string_equal(token->method, "POST");
  assert_string_equal(token->path, "/token");
  assert_string_equal(token->service->prefix, "oidc");
  assert_string_equal(token->service->id, "SSO_OIDC");
  assert_string_equal(login->path, "/v1/token");
  assert_string_equal(login->service->id, "SIGNIN");
}

int main(void)
{
  const struct CMUnitTest tests[] = {TEST(operations),
                                     TEST(operations_of_rest)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
