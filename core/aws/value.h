/*
 * What a GetSecretValue gave: the secret's bytes in protected memory, and
 * what is known about them.  Counted and immutable.
 */
#ifndef LUN_VALUE_H
#define LUN_VALUE_H

#include "../text/json.h"

struct lun_value {
  lun_ctx *ctx;
  int refs;
  lun_secret *bytes; /* SecretString decoded, or SecretBinary's bytes */
  bool binary;
  struct lun_json *json; /* of a SecretString that is an object or array */
  char *arn;
  char *name;
  char *version_id;
  char **stages;   /* ended by NULL */
  int64_t created; /* seconds since 1970 UTC; 0: unknown */
};

/*
 * Reads the answer of GetSecretValue.  LUN_ESERVICE for one that is not whole
 * or not well formed: exactly one value, no member twice, an ARN, a name.
 */
LUN_NODISCARD enum lun_code lun_value_read(struct lun_value **out, lun_ctx *ctx,
                                           struct lun_span answer,
                                           struct lun_error *err);

struct lun_value *lun_value_ref(struct lun_value *value);
void lun_value_unref(struct lun_value *value); /* NULL is fine */

/*
 * The bytes that PATH (NULL: all) picks from a value, as a secret: a scalar's
 * decoded text, the words true, false and null, the JSON text of an object or
 * array.  LUN_ENOTFOUND says what is not there.
 */
LUN_NODISCARD enum lun_code lun_value_pick(lun_secret **out,
                                           const struct lun_value *value,
                                           const char *path,
                                           struct lun_error *err);

#endif
