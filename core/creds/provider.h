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

#define LUN_REASON_LEN 512
#define LUN_LABEL_LEN  96

/* The first member of each provider's own struct. */
struct lun_provider {
  struct lun_task task;
  const char *name; /* "env", "shared-credentials-file", "iam-role"... */
  lun_loop *loop;
  struct lun_settings *settings; /* a reference */
  struct lun_cred *cred;         /* the result: NULL with rc 0 is "none" */
  int64_t skew; /* the clock that cred's expiry is told by, less ours, in s */
  char reason[LUN_REASON_LEN]; /* why it was passed over */
  char label[LUN_LABEL_LEN]; /* what the error of the whole chain calls it; "":
                                left out, as nobody could have meant it */
  void (*release)(struct lun_provider *provider); /* ends what is its own */
};

/* Makes a provider, not started; one for each source. */
typedef enum lun_code lun_provider_make(struct lun_provider **out,
                                        lun_loop *loop,
                                        struct lun_settings *settings,
                                        struct lun_error *err);

lun_provider_make lun_provider_env;
lun_provider_make lun_provider_profile_role; /* role_arn of the profile */
lun_provider_make lun_provider_web_identity;
lun_provider_make lun_provider_sso;
lun_provider_make lun_provider_credentials_file;
lun_provider_make lun_provider_login;
lun_provider_make lun_provider_process;
lun_provider_make lun_provider_config_file;
lun_provider_make lun_provider_container;
lun_provider_make lun_provider_imds;

void lun_provider_free(struct lun_provider *provider); /* NULL is fine */

/* ------------------------------------------- for the providers' own use -- */

/* A zeroed provider of SIZE bytes with its common part filled in. */
LUN_NODISCARD enum lun_code
lun_provider_new(struct lun_provider **out, size_t size, const char *name,
                 enum lun_step (*step)(struct lun_task *task), lun_loop *loop,
                 struct lun_settings *settings, struct lun_error *err);

/* Ends a step: passed over, with REASON. */
enum lun_step lun_provider_pass(struct lun_provider *provider,
                                const char *reason);

/* Sets a reason of LUN_REASON_LEN bytes. */
void lun_provider_reason(char *reason, const char *format, ...)
    LUN_PRINTF(2, 3);

/*
 * The keys in the environment: *OUT, or NULL and the reason.  LUN_ECREDENTIALS
 * for half a pair, or keys that cannot be.
 */
LUN_NODISCARD enum lun_code lun_env_keys(struct lun_cred **out, char *reason,
                                         const struct lun_settings *settings,
                                         struct lun_error *err);

/* What a profile may hold, in the order of the chain. */
enum lun_profile_kind {
  LUN_PROFILE_WEB_IDENTITY,
  LUN_PROFILE_SSO,
  LUN_PROFILE_CREDENTIALS_FILE, /* keys in the credentials file */
  LUN_PROFILE_LOGIN,
  LUN_PROFILE_PROCESS,
  LUN_PROFILE_CONFIG_FILE, /* keys in the config file */
  LUN_PROFILE_KINDS
};

/*
 * What PROFILE gives of one kind: *OUT, or NULL and the reason.
 * LUN_ECREDENTIALS, with file and line, for half a pair of keys, and for a
 * kind that this version cannot use.
 */
LUN_NODISCARD enum lun_code
lun_profile_keys(struct lun_cred **out, char *reason,
                 const struct lun_settings *settings, const char *profile,
                 enum lun_profile_kind kind, struct lun_error *err);

#endif
