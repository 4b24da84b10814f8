/*
 * SHA-256 and HMAC-SHA-256, by OpenSSL; and SHA-1, which names files of AWS's
 * tools and protects nothing.
 */
#ifndef LUN_HASH_H
#define LUN_HASH_H

#include "../base/buf.h"

#define LUN_SHA1_LEN   20
#define LUN_SHA256_LEN 32

LUN_NODISCARD enum lun_code lun_hash_sha1(unsigned char out[LUN_SHA1_LEN],
                                          struct lun_span text,
                                          struct lun_error *err);

LUN_NODISCARD enum lun_code lun_hash_sha256(unsigned char out[LUN_SHA256_LEN],
                                            struct lun_span text,
                                            struct lun_error *err);
LUN_NODISCARD enum lun_code
lun_hash_hmac_sha256(unsigned char out[LUN_SHA256_LEN], struct lun_span key,
                     struct lun_span text, struct lun_error *err);

#endif
