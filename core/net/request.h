/*
 * The HTTP request of a call: URL, headers and body are made once and copied,
 * and each attempt sends them signed anew.
 */
#ifndef LUN_REQUEST_H
#define LUN_REQUEST_H

#include "../rules/ops.h"
#include "../rules/retry.h"
#include "http.h"

#define LUN_CALL_HEADERS 4 /* of an operation's own; more are refused */

struct lun_call_input {
  const struct lun_op *op;
  const char *endpoint;  /* URL; the operation's path goes below its own */
  const char *query;     /* REST, encoded: "role_name=a&account_id=1"; NULL */
  const char *region;    /* to sign for */
  struct lun_span body;  /* copied: JSON, or the form after Action and
                            Version ("&RoleArn=..." or "") */
  struct lun_cred *cred; /* a reference is taken; NULL: unsigned */
  const struct lun_header *headers; /* more of them; copied, wiped later */
  size_t nheaders;
  struct lun_retry_quota *quota; /* shared by the calls of a client, and
                                    outlives them */
  int max_attempts;              /* 0: 3 */
  int64_t connect_ms;            /* of an attempt; 0: the transfer's default */
  bool wait; /* until the deadline, for a name or a route that is not there
                yet: such a failure uses up no attempt */
  const char *trace; /* the value of X-Amzn-Trace-Id, unsigned; NULL: none */
  const char *ca;
};

struct lun_request {
  struct lun_call_input input; /* what it points to is a copy, or gone */
  char invocation[37];         /* one uuid for all attempts */

  /* request.c's own */
  struct lun_buf url;
  struct lun_buf body;
  struct lun_buf text; /* what the further headers point into */
  struct lun_header headers[LUN_CALL_HEADERS];
  char *region;
  char *trace;
  char *ca;
};

/* One of the attempts. */
struct lun_attempt {
  int number; /* from 1 */
  int max;
  int64_t time; /* to sign with, seconds since 1970 UTC */
};

/*
 * Appends the URL of a call: the operation's path below the endpoint's own,
 * and both their queries.  LUN_EINVALID for an endpoint that is no URL.
 */
LUN_NODISCARD enum lun_code lun_request_url(struct lun_buf *out,
                                            const char *endpoint,
                                            const struct lun_op *op,
                                            const char *query,
                                            struct lun_error *err);

void lun_request_init(struct lun_request *request, lun_ctx *ctx);

/* Copies INPUT.  LUN_EINVALID for an endpoint that is no URL. */
LUN_NODISCARD enum lun_code lun_request_make(struct lun_request *request,
                                             const struct lun_call_input *input,
                                             struct lun_error *err);

/* Signs, and starts HTTP in the loop and within the deadline of TASK. */
LUN_NODISCARD enum lun_code lun_request_send(const struct lun_request *request,
                                             const struct lun_attempt *attempt,
                                             struct lun_http *http,
                                             const struct lun_task *task,
                                             struct lun_error *err);

/* Wipes, and makes it ready to be made. */
void lun_request_done(struct lun_request *request);

#endif
