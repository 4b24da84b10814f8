/*
 * One call of an AWS operation: signed, sent, retried in standard mode, its
 * error taken apart.  With the credentials and the target that it is handed:
 * it refreshes nothing, and says in `expired` that a refresh would help.
 */
#ifndef LUN_CALL_H
#define LUN_CALL_H

#include "patience.h"
#include "request.h"

struct lun_call {
  struct lun_task task;  /* LUN_OK: a 200 that is complete JSON or XML */
  struct lun_buf answer; /* its body, wiped by lun_call_done */
  char request_id[96];
  bool expired;    /* the service says the credentials have expired */
  int64_t date;    /* the answer's Date, seconds; 0: none */
  char detail[64]; /* REST: an error's own word: "TOKEN_EXPIRED"; or "" */

  /* call.c's own */
  struct lun_request request;
  struct lun_http http;
  struct lun_retry retry;
  struct lun_patience patience;
  char what[96];
  bool resigned; /* once, with the service's clock */
  int state;
  int64_t resume_at;
};

void lun_call_init(struct lun_call *call, lun_ctx *ctx);

/*
 * Starts a call.  The task's error has every field that is known: service,
 * operation, AWS's code, request id, HTTP status, attempts, AWS's message as
 * the message, and as the hint which document or setting to look at.
 */
LUN_NODISCARD enum lun_code lun_call_start(struct lun_call *call,
                                           lun_loop *loop,
                                           const struct lun_call_input *input,
                                           int64_t deadline,
                                           struct lun_error *err);
/* Stops the call if it is under way, wipes, and makes it ready to start. */
void lun_call_done(struct lun_call *call);

#endif
