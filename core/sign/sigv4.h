/*
 * AWS Signature Version 4, in header and in query form (aws-behaviour.md
 * section 5).  Pure: the time comes in, nothing goes out but bytes.  The
 * intermediate strings are there for whoever wants to compare them; neither
 * holds a secret, but both hold what the request holds.
 */
#ifndef LUN_SIGV4_H
#define LUN_SIGV4_H

#include "canon.h"
#include "cred.h"
#include "hash.h"

#define LUN_SIGV4_ALGORITHM "AWS4-HMAC-SHA256"

/* Credentials as bytes, borrowed; token of length 0: none. */
struct lun_sigv4_key {
  struct lun_span access_key_id;
  struct lun_span secret_access_key;
  struct lun_span session_token;
};

struct lun_sigv4_options {
  struct lun_span region;
  struct lun_span service;
  int64_t time;     /* seconds since 1970 UTC */
  int64_t expires;  /* query form: seconds; 0: header form */
  bool keep_path;   /* do not remove dot segments and slashes */
  bool encode_once; /* S3: the path is not encoded again */
  bool sign_body;   /* add x-amz-content-sha256 (header form) */
  bool token_after; /* add the token without signing it */
};

struct lun_sigv4_result {
  struct lun_buf canonical_request;
  struct lun_buf string_to_sign;
  struct lun_buf signature;      /* 64 hexadecimal digits */
  struct lun_buf authorization;  /* header form: the header's value */
  struct lun_buf signed_headers; /* "host;x-amz-date" */
  char date[17];                 /* "20261123T000000Z" */
  struct lun_buf body_hash;      /* hexadecimal */
  struct lun_buf query; /* query form: the whole query, signature included */
};

void lun_sigv4_result_init(struct lun_sigv4_result *result, lun_ctx *ctx);
void lun_sigv4_result_done(struct lun_sigv4_result *result);

/*
 * Signs.  In header form the caller adds to its request X-Amz-Date: date,
 * X-Amz-Security-Token: the token (if there is one), X-Amz-Content-Sha256:
 * body_hash (if sign_body) and Authorization: authorization.  Headers of
 * these names among the request's own are passed over, as are those that
 * proxies change (user-agent, connection, expect, te, trailer, ...).
 */
LUN_NODISCARD enum lun_code
lun_sigv4_sign(struct lun_sigv4_result *result,
               const struct lun_sigv4_request *request,
               const struct lun_sigv4_key *key,
               const struct lun_sigv4_options *options, struct lun_error *err);

/* A request's own claim of who signed it, and how; spans borrow from it. */
struct lun_sigv4_claim {
  lun_ctx *ctx;
  char *text; /* what the spans below point into */
  struct lun_span access_key_id;
  struct lun_span date; /* "20261123T000000Z" */
  struct lun_span region;
  struct lun_span service;
  struct lun_span signed_headers;
  struct lun_span signature;
  struct lun_span session_token;
  int64_t time;
  int64_t expires; /* query form; else 0 */
  bool presigned;
};

/*
 * Reads the claim of a received request, strictly.  LUN_EINVALID says which
 * part is missing or malformed.
 */
LUN_NODISCARD enum lun_code
lun_sigv4_claim_read(struct lun_sigv4_claim *out, lun_ctx *ctx,
                     const struct lun_sigv4_request *request,
                     struct lun_error *err);
void lun_sigv4_claim_done(struct lun_sigv4_claim *claim);

/*
 * Computes what the signature ought to be, over the very headers that the
 * claim names, into RESULT; *VALID says whether it is (in constant time).
 * Host and every x-amz- header must be among the signed ones.
 */
LUN_NODISCARD enum lun_code
lun_sigv4_verify(bool *valid, struct lun_sigv4_result *result,
                 const struct lun_sigv4_request *request,
                 const struct lun_sigv4_claim *claim,
                 struct lun_span secret_access_key, struct lun_error *err);

#endif
