/*
 * The tables behind ops.h.
 */
#include "ops.h"

static const struct lun_service services[] = {
    [LUN_SERVICE_SM] = {"secretsmanager", "secretsmanager", "SECRETS_MANAGER",
                        LUN_PROTOCOL_JSON11, "secretsmanager", "2017-10-17"},
    [LUN_SERVICE_STS] = {"sts", "sts", "STS", LUN_PROTOCOL_QUERY, NULL,
                         "2011-06-15"},
    [LUN_SERVICE_SSO] = {"sso", "portal.sso", "SSO", LUN_PROTOCOL_REST_JSON,
                         NULL, "2019-06-10"},
    [LUN_SERVICE_SSO_OIDC] = {"sso-oidc", "oidc", "SSO_OIDC",
                              LUN_PROTOCOL_REST_JSON, NULL, "2019-06-10"},
    [LUN_SERVICE_SIGNIN] = {"signin", "signin", "SIGNIN",
                            LUN_PROTOCOL_REST_JSON, NULL, "2023-01-01"},
};

/* The words of the table's column of flags. */
enum {
  READ = LUN_OP_READ,
  SECRET_OUT = LUN_OP_SECRET_OUT
};

#define LUN_OP(service, name, flags, method, path)                             \
  [LUN_OP_##                                                                   \
      name] = {&services[LUN_SERVICE_##service], #name, flags, #method, path},
static const struct lun_op ops[] = {
#include "ops.def"
};
#undef LUN_OP

_Static_assert(sizeof(ops) / sizeof(ops[0]) == LUN_OP_COUNT,
               "every operation has its line");

const struct lun_service *lun_service_get(enum lun_service_id id)
{
  return &services[id];
}

const struct lun_op *lun_op_get(enum lun_op_id id)
{
  return &ops[id];
}
