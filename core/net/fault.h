/*
 * What can go wrong with a transfer, in words: http.c says which it was, and
 * this table what it means for the user and whether another try may help.
 */
#ifndef LUN_FAULT_H
#define LUN_FAULT_H

#include "../base/clock.h"
#include "../base/error.h"
#include "head.h"

enum lun_fault {
  LUN_FAULT_NONE,  /* not one at all */
  LUN_FAULT_OTHER, /* the detail is all there is to say */
  LUN_FAULT_RESOLVE,
  LUN_FAULT_CONNECT,
  LUN_FAULT_PROXY,
  LUN_FAULT_PROXY_NAME, /* the detail would quote it, password and all */
  LUN_FAULT_SLOW_RESOLVE,
  LUN_FAULT_SLOW_CONNECT,
  LUN_FAULT_SLOW_TLS,
  LUN_FAULT_SLOW_ANSWER,
  LUN_FAULT_TLS,
  LUN_FAULT_TLS_LOST, /* the connection went during the handshake */
  LUN_FAULT_CERT_EXPIRED,
  LUN_FAULT_CERT_EARLY,
  LUN_FAULT_CERT_NAME,
  LUN_FAULT_CERT_UNKNOWN,
  LUN_FAULT_CERT,
  LUN_FAULT_CA,
  LUN_FAULT_LOST,
  LUN_FAULT_CUT,
  LUN_FAULT_NO_LENGTH,
  LUN_FAULT_TWOFOLD,
  LUN_FAULT_ENCODED,
  LUN_FAULT_TOO_LARGE,
  LUN_FAULT_HEAD_TOO_LARGE,
  LUN_FAULT_INTERIM,
  LUN_FAULT_NOT_HTTP
};

/* The fault of an answer whose header says this of its body. */
enum lun_fault lun_fault_framing(enum lun_framing framing);

/* The fault of a certificate that OpenSSL's result, or libcurl's text
 * PROBLEM, says is not accepted. */
enum lun_fault lun_fault_cert(long verify_result, const char *problem);

/* The fault of a handshake that failed with libcurl's text PROBLEM: a reset
 * in the middle of it may not happen again. */
enum lun_fault lun_fault_tls(const char *problem);

/* True if a name could not be resolved, the host's or its proxy's. */
bool lun_fault_no_name(enum lun_fault fault);

/*
 * Sets the error "PEER: what happened: DETAIL", the hint, and whether it is
 * retryable; LUN_OK for no fault.  DETAIL is left out if it is empty, or if
 * the fault says it all.
 */
enum lun_code lun_fault_set(struct lun_error *err, enum lun_fault fault,
                            const char *peer, const char *detail,
                            const lun_ctx *ctx);

#endif
