/*
 * What the metadata service's refusals and its silence come to, in words: its
 * own where it has any, and as a hint what may be the cause.
 */
#ifndef LUN_IMDSFAULT_H
#define LUN_IMDSFAULT_H

#include "http.h"

/*
 * The error for an answer that is no 200, to a request for ASKED ("a token").
 * LUN_ECREDENTIALS.
 */
enum lun_code lun_imds_refused(const struct lun_http *http, const char *asked,
                               struct lun_error *err);

/*
 * What to do about the answer of HTTP to a request for a token, or about the
 * silence after it, where that says more than that nobody is there: a literal;
 * else NULL.
 */
const char *lun_imds_advice(const struct lun_http *http);

/* lun_imds_refused for a token, with that advice. */
enum lun_code lun_imds_no_token(const struct lun_http *http,
                                struct lun_error *err);

/*
 * The error for a transfer that brought no answer.  What is not the network's
 * fault is LUN_ECREDENTIALS, for it is no reason to stop looking for
 * credentials elsewhere.  OWN says that EC2's own address was asked, and PROXY
 * (NULL: none) which variable names a proxy that was not used for it.
 */
enum lun_code lun_imds_unanswered(const struct lun_http *http, bool own,
                                  const char *proxy, struct lun_error *err);

#endif
