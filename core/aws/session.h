/*
 * A session: settings, a source of credentials, a loop that it shares with
 * the sessions made from it, and the secrets already fetched in this run.
 */
#ifndef LUN_SESSION_H
#define LUN_SESSION_H

#include "../creds/chain.h"
#include "ref.h"

struct lun_entry;

/*
 * lun_session_new with an environment of the caller's, which a test brings.
 */
LUN_NODISCARD enum lun_code
lun_session_make(lun_session **out, lun_ctx *ctx,
                 const struct lun_session_options *options,
                 const struct lun_env *env, struct lun_error *err);

/*
 * lun_session_new for one who has a session already: the new one shares its
 * run, which has the loop and the connections, and is otherwise its own.
 * OPTIONS are of this library's version.
 */
LUN_NODISCARD enum lun_code
lun_session_beside(lun_session **out, lun_session *session,
                   const struct lun_session_options *options,
                   struct lun_error *err);

/* Borrowed from the session. */
lun_ctx *lun_session_ctx(const lun_session *session);
lun_loop *lun_session_loop(const lun_session *session);
struct lun_settings *lun_session_settings(const lun_session *session);
struct lun_place *lun_session_place(const lun_session *session);
lun_source *lun_session_source(const lun_session *session);
struct lun_retry_quota *lun_session_quota(lun_session *session);

/*
 * What fetch.c has fetched, or is fetching, in the session's name; it is
 * dropped with the session.
 */
struct lun_session_cache {
  struct lun_entry *entries;
  void (*drop)(lun_session *session); /* NULL: there is nothing to drop */
};

struct lun_session_cache *lun_session_cache(lun_session *session);

/*
 * Bounds the calls of this session and of all that share its loop, from now
 * on, by AT (monotonic ms; 0: not at all), however long a call may take by
 * itself: what runs a script has a deadline of its own.
 */
void lun_session_limit(lun_session *session, int64_t at);

/*
 * Turns the loop until TASK is done, as lun_loop_run does.  What is called on
 * the way (mfa_code, a sink of the log) may release any session: those that
 * nobody has any more go when the loop is at its end, so the caller holds a
 * reference of SESSION itself meanwhile.
 */
LUN_NODISCARD enum lun_code lun_session_run(lun_session *session,
                                            struct lun_task *task,
                                            struct lun_error *err);

/* The deadline of a call that starts now, in monotonic ms. */
int64_t lun_session_deadline(const lun_session *session);

/* Fetches the credentials; the caller owns the reference. */
LUN_NODISCARD enum lun_code lun_session_credentials(struct lun_cred **out,
                                                    lun_session *session,
                                                    struct lun_error *err);

/*
 * The same, asking anew whatever is at hand, and recording in TRACE, which is
 * initialised, what was asked: a session on a role begins with what the one
 * that it was made from asked.  TRACE is filled on failure as well, and is
 * the caller's to clear.
 */
LUN_NODISCARD enum lun_code lun_session_why(struct lun_trace *trace,
                                            struct lun_cred **out,
                                            lun_session *session,
                                            struct lun_error *err);

/*
 * The region of the session: option, environment, profile; NULL if none is
 * known.
 */
const char *lun_session_region(const lun_session *session);

/* Where it is from, in words: "AWS_REGION"; NULL if there is none. */
const char *lun_session_region_from(const lun_session *session);

/*
 * The region that a call would go to: the same, or else the machine's own, if
 * the metadata service tells it; "" if there is none.
 */
LUN_NODISCARD enum lun_code lun_session_find_region(char out[LUN_REGION_LEN],
                                                    lun_session *session,
                                                    struct lun_error *err);

/*
 * The session that REF asks for by profile, role and external_id: SESSION
 * itself, or one made for it, once, and kept.  The caller owns the reference.
 */
LUN_NODISCARD enum lun_code lun_session_for_ref(lun_session **out,
                                                lun_session *session,
                                                const struct lun_ref *ref,
                                                struct lun_error *err);

#endif
