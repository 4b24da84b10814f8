/*
 * The instance metadata service, version 2: a session token, then GETs with
 * it.  Never version 1.  Never by a proxy; a second for each request, so that
 * two pass in all where nobody answers.
 */
#ifndef LUN_IMDS_H
#define LUN_IMDS_H

#include "http.h"

struct lun_imds_options {
  const char *endpoint; /* NULL: http://169.254.169.254 */
  int64_t timeout_ms;   /* of one request; 0: 1000 */
  int attempts;         /* for each request; 0: 1 */
};

/* One metadata client; it keeps the token for its requests. */
typedef struct lun_imds lun_imds;

LUN_NODISCARD enum lun_code lun_imds_new(lun_imds **out, lun_loop *loop,
                                         const struct lun_imds_options *options,
                                         struct lun_error *err);
/* After the GETs that were made with it; NULL is fine. */
void lun_imds_free(lun_imds *imds);

/* A GET of one path, with the token fetched first where there is none. */
struct lun_imds_get {
  struct lun_task task; /* LUN_ENOTFOUND for 404; LUN_ECREDENTIALS with what
                           the service said for other refusals;
                           LUN_ENETWORK if nobody answers */
  struct lun_buf body;
  struct lun_http http; /* the answer's header, once it is done */

  /* imds.c's own */
  lun_imds *imds;
  char path[256]; /* "": what was asked for did not fit */
  int state;
  int attempt;
  int64_t resume_at;
  bool renewed; /* the token, once, because the service refused it */
};

void lun_imds_get_init(struct lun_imds_get *get, lun_imds *imds);

/* Begins; PATH is copied.  One that is empty or longer than 255 bytes ends
 * the task with LUN_EINVALID. */
void lun_imds_get_start(struct lun_imds_get *get, const char *path,
                        int64_t deadline);
void lun_imds_get_done(struct lun_imds_get *get);

#endif
