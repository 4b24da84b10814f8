/*
 * The operations that lunette calls, from one table (ops.def), and the
 * services they belong to.
 */
#ifndef LUN_OPS_H
#define LUN_OPS_H

#include "../base/base.h"

enum lun_protocol {
  LUN_PROTOCOL_JSON11,
  LUN_PROTOCOL_QUERY,
  LUN_PROTOCOL_REST_JSON
};

struct lun_service {
  const char *name;   /* in messages; to sign for, where calls are signed */
  const char *prefix; /* of its host: "portal.sso" */
  const char *id;     /* of AWS_ENDPOINT_URL_<ID>: "SECRETS_MANAGER" */
  enum lun_protocol protocol;
  const char *target_prefix; /* JSON: "secretsmanager" */
  const char *version;       /* query: "2011-06-15" */
};

enum lun_service_id {
  LUN_SERVICE_SM,
  LUN_SERVICE_STS,
  LUN_SERVICE_SSO,
  LUN_SERVICE_SSO_OIDC,
  LUN_SERVICE_SIGNIN
};

enum {
  LUN_OP_READ = 1,
  LUN_OP_SECRET_OUT = 2
};

#define LUN_OP(service, name, flags, method, path) LUN_OP_##name,
enum lun_op_id {
#include "ops.def"
  LUN_OP_COUNT
};
#undef LUN_OP

struct lun_op {
  const struct lun_service *service;
  const char *name;
  int flags;
  const char *method;
  const char *path; /* below the endpoint's own: "/token"; "" of RPC */
};

const struct lun_service *lun_service_get(enum lun_service_id id);
const struct lun_op *lun_op_get(enum lun_op_id id);

#endif
