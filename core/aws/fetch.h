/*
 * GetSecretValue: one fetch for each secret, version and session in a run,
 * shared by whoever asks again.  What failed is not kept: the next use asks
 * once more.
 */
#ifndef LUN_FETCH_H
#define LUN_FETCH_H

#include "session.h"
#include "value.h"

typedef struct lun_fetch lun_fetch;

/*
 * Starts fetching what REF (its path aside) names, or joins the fetch that
 * has been made or is under way.  Nothing waits here.
 */
LUN_NODISCARD enum lun_code lun_fetch_start(lun_fetch **out,
                                            lun_session *session,
                                            const struct lun_ref *ref,
                                            struct lun_error *err);

/*
 * Turns the loop until it is done; the other fetches go on meanwhile.  The
 * caller owns the reference to the value.
 */
LUN_NODISCARD enum lun_code
lun_fetch_wait(lun_fetch *fetch, struct lun_value **out, struct lun_error *err);
void lun_fetch_free(lun_fetch *fetch); /* NULL is fine */

/* Forgets a fetched secret, so that the next use asks again. */
void lun_fetch_forget(lun_session *session, const struct lun_value *value);

/* Stops and forgets all of a session's; called when the session goes. */
void lun_fetch_forget_all(lun_session *session);

#endif
