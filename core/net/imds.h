/*
 * The instance metadata service, version 2: a session token, then GETs with
 * it.  Version 1, which does without, only where that is asked for.  Never by
 * a proxy; a second for each request, and nothing is asked of a service that
 * gave no token, so that not two pass where nobody answers.
 */
#ifndef LUN_IMDS_H
#define LUN_IMDS_H

#include "http.h"
#include "patience.h"

#define LUN_IMDS_IPV4 "http://169.254.169.254"
#define LUN_IMDS_IPV6 "http://[fd00:ec2::254]"
#define LUN_IMDS_ROLE 64 /* bytes of a role's name, at most */

struct lun_imds_options {
  const char *endpoint; /* NULL: LUN_IMDS_IPV4 */
  int64_t timeout_ms;   /* of one request; 0: 1000 */
  int attempts;         /* for each request; 0: 1 */
  bool v1;              /* go on without a token if the service gives none */
  bool wait;            /* until a GET's deadline, for a service that does not
                           answer yet, or not well (401, 429, 5xx) */
  const char *proxy;    /* a variable that names a proxy, for a word about it
                           where nobody answers; borrowed; NULL: none is set */
};

/* One metadata client; it keeps the token for its requests. */
typedef struct lun_imds lun_imds;

LUN_NODISCARD enum lun_code lun_imds_new(lun_imds **out, lun_loop *loop,
                                         const struct lun_imds_options *options,
                                         struct lun_error *err);
/* After the GETs that were made with it; NULL is fine. */
void lun_imds_free(lun_imds *imds);

/* True for the name of a role, which may become part of a path. */
bool lun_imds_role(struct lun_span text);

/* Its URL, without a slash at its end; borrowed. */
const char *lun_imds_endpoint(const lun_imds *imds);

/* How long a GET takes at most, its token included, if nobody answers. */
int64_t lun_imds_time(const lun_imds *imds);

/* A GET of one path, with the token fetched first where there is none. */
struct lun_imds_get {
  struct lun_task task; /* LUN_ENOTFOUND for 404; LUN_ECREDENTIALS with what
                           the service said for other refusals;
                           LUN_ENETWORK if nobody answers.  The hint says what
                           may be the cause */
  bool wrong;           /* the request for a token was, says the service (400):
                           no reason to look elsewhere, but an error */
  const char *advice;   /* where the service is there, but gives no token: what
                           to do; a literal; or NULL */
  struct lun_buf body;
  struct lun_http http; /* the answer's header, once it is done */

  /* imds.c's own */
  lun_imds *imds;
  char path[256]; /* "": what was asked for did not fit */
  int state;
  int attempt;
  int64_t resume_at;
  bool renewed; /* the token, once, because the service refused it */
  struct lun_patience patience;
};

void lun_imds_get_init(struct lun_imds_get *get, lun_imds *imds);

/* Begins; PATH is copied.  One that is empty or longer than 255 bytes ends
 * the task with LUN_EINVALID. */
void lun_imds_get_start(struct lun_imds_get *get, const char *path,
                        int64_t deadline);
void lun_imds_get_done(struct lun_imds_get *get);

#endif
