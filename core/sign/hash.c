/*
 * OpenSSL's one-shot functions: no handle to keep, none to forget.
 */
#include "hash.h"

#include "../base/error.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

_Static_assert(LUN_SHA1_LEN == SHA_DIGEST_LENGTH, "SHA-1 has 20 bytes");
_Static_assert(LUN_SHA256_LEN == SHA256_DIGEST_LENGTH, "SHA-256 has 32 bytes");

/* All that is left to fail in there is memory, or a policy of the host. */
static enum lun_code failed(const char *what, struct lun_error *err)
{
  return lun_error_set(err, LUN_ENOMEM, "OpenSSL computes no %s", what);
}

enum lun_code lun_hash_sha1(unsigned char out[LUN_SHA1_LEN],
                            struct lun_span text, struct lun_error *err)
{
  if (SHA1((const unsigned char *)text.ptr, text.len, out) == NULL)
    return failed("SHA-1", err);
  return LUN_OK;
}

enum lun_code lun_hash_sha256(unsigned char out[LUN_SHA256_LEN],
                              struct lun_span text, struct lun_error *err)
{
  if (SHA256((const unsigned char *)text.ptr, text.len, out) == NULL)
    return failed("SHA-256", err);
  return LUN_OK;
}

enum lun_code lun_hash_hmac_sha256(unsigned char out[LUN_SHA256_LEN],
                                   struct lun_span key, struct lun_span text,
                                   struct lun_error *err)
{
  unsigned len = 0;
  /* HMAC takes a key of NULL for "the key of before". */
  const char *ptr = key.len == 0 ? "" : key.ptr;

  if (key.len > INT_MAX ||
      HMAC(EVP_sha256(), ptr, (int)key.len, (const unsigned char *)text.ptr,
           text.len, out, &len) == NULL)
    return failed("SHA-256", err);
  return LUN_OK;
}
