/*
 * DPoP (RFC 9449) with ES256: a header that proves to the token service that
 * whoever asks holds the private key that the token was given to
 * (aws-behaviour.md section 3.4).  The key's bytes are wiped on every way out.
 */
#ifndef LUN_DPOP_H
#define LUN_DPOP_H

#include "../base/buf.h"

/* What is proved.  Everything is borrowed for the call. */
struct lun_dpop {
  struct lun_span key; /* PEM: EC P-256, "PRIVATE KEY" or "EC PRIVATE KEY" */
  struct lun_span method;
  struct lun_span url; /* without query */
  int64_t time;        /* seconds since 1970 UTC */
  struct lun_span id;  /* a uuid, never used before */
};

/*
 * Appends the value of a DPoP header to OUT.  LUN_ECREDENTIALS for a key that
 * is none of the above: encrypted, of another kind or curve, broken.
 */
LUN_NODISCARD enum lun_code lun_dpop_proof(struct lun_buf *out,
                                           const struct lun_dpop *claim,
                                           struct lun_error *err);

#endif
