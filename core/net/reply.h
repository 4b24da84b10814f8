/*
 * What an answer of AWS says: whether it is whole, and if it is an error,
 * which (aws-behaviour.md sections 9.1 and 9.2).  Nothing of a body that is
 * not AWS's is ever repeated.
 */
#ifndef LUN_REPLY_H
#define LUN_REPLY_H

#include "../rules/ops.h"
#include "http.h"

struct lun_reply {
  char code[96]; /* "AccessDeniedException"; "" if there is none */
  char message[1024];
  char detail[64]; /* REST: the body's "error": "TOKEN_EXPIRED"; or "" */
  char request_id[96];
  int64_t date;    /* seconds since 1970 UTC; 0: none */
  int64_t hint_ms; /* x-amz-retry-after; -1: none */
};

/*
 * Reads what HTTP answered.  A body of 200 that is not one complete JSON
 * object or XML document, which a parser alone can tell, is LUN_ESERVICE,
 * retryable; so is another 2xx.  An error of AWS is LUN_OK with its code.
 */
LUN_NODISCARD enum lun_code lun_reply_read(struct lun_reply *out,
                                           enum lun_protocol protocol,
                                           const struct lun_http *http,
                                           struct lun_error *err);

#endif
