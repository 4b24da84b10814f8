/*
 * What every source of credentials is: a task that ends with credentials,
 * with none ("not configured": the chain goes on), or with an error (the
 * chain stops).
 */
#ifndef LUN_PROVIDER_H
#define LUN_PROVIDER_H

#include "../conf/place.h"
#include "../net/call.h"
#include "../sign/cred.h"
#include "trace.h"

#define LUN_REASON_LEN 512
#define LUN_LABEL_LEN  96

/* The first member of each provider's own struct. */
struct lun_provider {
  struct lun_task task;
  const char *name;        /* "env", "shared-credentials-file", "iam-role"... */
  struct lun_place *place; /* a reference */
  const char *profile;     /* that it looks at; borrowed from the settings */
  bool source; /* a role has that profile, or this provider by name, as the
                  source of its credentials: variables of the environment that
                  would stand for the profile's keys are not looked at */
  const struct lun_cred *before; /* what it gave the last time, if it is asked
                                    to renew that; borrowed; NULL: nothing */
  struct lun_cred *cred;         /* the result: NULL with rc 0 is "none" */
  int64_t skew; /* the clock that cred's expiry is told by, less ours, in s */
  char reason[LUN_REASON_LEN]; /* why it was passed over */
  char looked[LUN_REASON_LEN]; /* what it looked at: variables, a file, a URL */
  char found[LUN_REASON_LEN];  /* what it found there: "role web, account 1" */

  /* For the error of the whole chain, if none has any: */
  char label[LUN_LABEL_LEN]; /* what it is called there; "": left out, as
                                nobody could have meant it */
  char sum[LUN_REASON_LEN];  /* in place of the reason; "": that will do */
  const char *hint; /* what would have made it have some, where it came close;
                       static; NULL: it did not */

  struct lun_trace *trace; /* where to record what it asks of others; or NULL */
  int depth;               /* of what it records there */
  void (*release)(struct lun_provider *provider); /* ends what is its own */
};

/*
 * Makes a provider, not started; one for each source.  SOURCE_PROFILE is
 * NULL for the settings' own profile, with the environment where that counts,
 * or the profile that a role names as its source.
 */
typedef enum lun_code lun_provider_make(struct lun_provider **out,
                                        struct lun_place *place,
                                        const char *source_profile,
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
                 enum lun_step (*step)(struct lun_task *task),
                 struct lun_place *place, const char *source_profile,
                 struct lun_error *err);

/* Ends a step: passed over, with REASON. */
enum lun_step lun_provider_pass(struct lun_provider *provider,
                                const char *reason);

/* Sets a text of LUN_REASON_LEN bytes: reason, looked, found. */
void lun_provider_reason(char *reason, const char *format, ...)
    LUN_PRINTF(2, 3);

/* Seconds that the clock of whoever gave the answer of HTTP, if it tells it,
 * is ahead of ours. */
int64_t lun_provider_skew(const struct lun_provider *provider,
                          const struct lun_http *http);

/*
 * LUN_ECREDENTIALS if CRED is past its end by a clock that is SKEW seconds
 * ahead of ours: nobody gets such.
 */
LUN_NODISCARD enum lun_code lun_provider_alive(const struct lun_cred *cred,
                                               int64_t skew,
                                               struct lun_error *err);

/* A property of a profile and where it stands, for errors. */
struct lun_setting {
  const char *value; /* NULL: absent or empty */
  const char *path;
  int line;
};

/* The property KEY of the profile that PROVIDER looks at. */
struct lun_setting lun_provider_get(const struct lun_provider *provider,
                                    const char *key);

#endif
