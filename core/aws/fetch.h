/*
 * GetSecretValue: one fetch for each secret, version and session in a run,
 * shared by whoever asks again, its value carved from the answer straight
 * into protected memory.
 */
#ifndef LUN_FETCH_H
#define LUN_FETCH_H

#include "session.h"

/* What a GetSecretValue gave: counted, immutable. */
struct lun_value {
  lun_ctx *ctx;
  int refs;
  lun_secret *bytes;     /* SecretString decoded, or SecretBinary's bytes */
  bool binary;
  struct lun_json *json; /* of a SecretString that is JSON; else NULL */
  char *arn;
  char *name;
  char *version_id;
  char **stages;         /* ended by NULL */
  int64_t created;       /* seconds since 1970 UTC; 0: unknown */
};

struct lun_value *lun_value_ref(struct lun_value *value);
void lun_value_unref(struct lun_value *value);

/* A value of one's own, not fetched: ln.secret_from. */
LUN_NODISCARD enum lun_code lun_value_new(struct lun_value **out, lun_ctx *ctx,
                                          const char *name, lun_secret *bytes,
                                          struct lun_error *err);

typedef struct lun_fetch lun_fetch;

/*
 * Starts fetching what REF (its path aside) names, or joins the fetch that
 * has been made or is under way.  Nothing waits here.
 */
LUN_NODISCARD enum lun_code lun_fetch_start(lun_fetch **out,
                                            lun_session *session,
                                            const struct lun_ref *ref,
                                            struct lun_error *err);

/* Turns the loop until it is done; the other fetches go on meanwhile. */
LUN_NODISCARD enum lun_code lun_fetch_wait(lun_fetch *fetch,
                                           struct lun_value **out,
                                           struct lun_error *err);
void lun_fetch_free(lun_fetch *fetch); /* NULL is fine */

/* Forgets a fetched secret, so that the next use asks again. */
void lun_fetch_forget(lun_session *session, const struct lun_value *value);

#endif
