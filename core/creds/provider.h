/*
 * What every source of credentials is: a task that ends with credentials,
 * with none ("not configured": the chain goes on), or with an error (the
 * chain stops).
 */
#ifndef LUN_PROVIDER_H
#define LUN_PROVIDER_H

#include "../conf/settings.h"
#include "../net/call.h"
#include "../net/imds.h"
#include "../sign/cred.h"

struct lun_provider {
  struct lun_task task;
  const char *name; /* "env", "shared-credentials-file", "iam-role"... */
  lun_loop *loop;
  struct lun_settings *settings; /* a reference */
  struct lun_cred *cred;         /* the result: NULL with rc 0 is "none" */
  char reason[256]; /* why it was passed over, for the final error */
  void (*release)(struct lun_provider *provider); /* frees it */
};

/* Makes a provider, not started; one for each source, in its own file. */
typedef enum lun_code lun_provider_make(struct lun_provider **out,
                                        lun_loop *loop,
                                        struct lun_settings *settings,
                                        struct lun_error *err);

lun_provider_make lun_provider_env;
lun_provider_make lun_provider_credentials_file;
lun_provider_make lun_provider_config_file;
lun_provider_make lun_provider_imds;
lun_provider_make lun_provider_profile_role; /* role_arn of the profile */

void lun_provider_free(struct lun_provider *provider); /* NULL is fine */

#endif
