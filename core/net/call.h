/*
 * One call of an AWS operation: signed, sent, retried in standard mode, its
 * error taken apart.  With the credentials and the target that it is handed:
 * it refreshes nothing, and says in `expired` that a refresh would help.
 */
#ifndef LUN_CALL_H
#define LUN_CALL_H

#include "../rules/ops.h"
#include "../rules/retry.h"
#include "http.h"

struct lun_call_input {
  const struct lun_op *op;
  const char *endpoint;     /* URL */
  const char *region;       /* to sign for */
  struct lun_span body;     /* copied: JSON, or the form after Action and
                               Version ("&RoleArn=..." or "") */
  struct lun_cred *cred;    /* a reference is taken; NULL: unsigned */
  struct lun_retry_quota *quota; /* shared by the calls of a client */
  int max_attempts;
  const char *ca;
};

struct lun_call {
  struct lun_task task; /* LUN_OK: a 2xx answer that is complete JSON or XML */
  struct lun_call_input input;
  struct lun_http http;
  struct lun_buf body;    /* of the request */
  struct lun_buf answer;
  char request_id[96];
  bool expired; /* the credentials have expired */
  int64_t date; /* the answer's Date, seconds; 0: none */
  struct lun_retry retry;
  char invocation[37]; /* one uuid for all attempts */
  int64_t skew;        /* the service's clock less ours, seconds */
  bool resigned;
  int state;
  char *endpoint;
  char *region;
  char *ca;
};

void lun_call_init(struct lun_call *call, lun_ctx *ctx);
LUN_NODISCARD enum lun_code lun_call_start(struct lun_call *call,
                                           lun_loop *loop,
                                           const struct lun_call_input *input,
                                           int64_t deadline,
                                           struct lun_error *err);
void lun_call_done(struct lun_call *call);

#endif
