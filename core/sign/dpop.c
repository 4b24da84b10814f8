/*
 * The key is taken out of its PEM here and not by OpenSSL, whose readers
 * leave copies of it in memory that they free without wiping; and it is a
 * key on P-256 or none, so little is to be read.  OpenSSL gets the number
 * itself, finds the public point to it, and signs.
 */
#include "dpop.h"

#include "../base/error.h"
#include "../base/secret.h"
#include "../text/jstring.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#define SIZE      32 /* bytes of a number on the curve */
#define POINT_LEN (1 + 2 * SIZE)
#define DER_MAX   128 /* of a signature: 72 */
#define KEY_MAX   ((size_t)4096)

struct key {
  unsigned char scalar[SIZE];     /* big end first */
  unsigned char native[SIZE];     /* in the machine's own order */
  unsigned char point[POINT_LEN]; /* 4, x, y */
  EVP_PKEY *pkey;
};

static enum lun_code no_key(struct lun_error *err)
{
  return lun_error_set(err, LUN_ECREDENTIALS,
                       "the DPoP key is not an EC P-256 private key in PEM "
                       "without a password");
}

/* All that is left to fail in there is memory, or a policy of the host. */
static enum lun_code failed(struct lun_error *err)
{
  return lun_error_set(err, LUN_ENOMEM, "OpenSSL makes no ES256 signature");
}

/* ------------------------------------------------------------------ PEM -- */

/* What stands between the lines BEGIN and END; false if they do not. */
static bool between(struct lun_span *out, struct lun_span text,
                    struct lun_span begin, struct lun_span end)
{
  const char *from = NULL;
  const char *to = NULL;

  if (text.len > 0)
    from = memmem(text.ptr, text.len, begin.ptr, begin.len);
  if (from == NULL)
    return false;
  from += begin.len;
  to = memmem(from, (size_t)(text.ptr + text.len - from), end.ptr, end.len);
  if (to == NULL)
    return false;
  *out = (struct lun_span){from, (size_t)(to - from)};
  return true;
}

/* Appends what the base64 in a PEM block stands for. */
static bool unpack(struct lun_buf *der, struct lun_span block)
{
  struct lun_buf digits = LUN_BUF_INIT(der->ctx, KEY_MAX);
  bool good = false;
  size_t i = 0;

  for (i = 0; i < block.len; i++)
    if (!lun_text_space(block.ptr[i]))
      lun_buf_addc(&digits, block.ptr[i]);
  good = lun_text_unbase64(der, lun_buf_view(&digits));
  if (digits.fail != LUN_OK && der->fail == LUN_OK)
    der->fail = digits.fail;
  lun_buf_done(&digits);
  return good;
}

/* ------------------------------------------------------------------ DER -- */

enum {
  INTEGER = 0x02,
  OCTETS = 0x04,
  OID = 0x06,
  SEQUENCE = 0x30,
  CURVE = 0xA0 /* [0], of an EC key: its curve */
};

static const char oid_ec[] = "\x2A\x86\x48\xCE\x3D\x02\x01";
static const char oid_p256[] = "\x2A\x86\x48\xCE\x3D\x03\x01\x07";

/* Takes an element with TAG off REST; INSIDE is what it holds. */
static bool take(struct lun_span *inside, struct lun_span *rest, int tag)
{
  const unsigned char *ptr = (const unsigned char *)rest->ptr;
  size_t head = 2;
  size_t len = 0;

  if (rest->len < 2 || ptr[0] != tag)
    return false;
  len = ptr[1];
  if (len == 0x81 || len == 0x82) { /* the length follows, in 1 or 2 bytes */
    head += len - 0x80;
    if (rest->len < head)
      return false;
    len = ptr[head - 1] + (head == 4 ? (size_t)ptr[2] << 8 : 0);
  } else if (len >= 0x80) {
    return false;
  }
  if (len > rest->len - head)
    return false;
  *inside = (struct lun_span){rest->ptr + head, len};
  rest->ptr += head + len;
  rest->len -= head + len;
  return true;
}

static bool take_oid(struct lun_span *rest, const char *oid)
{
  struct lun_span inside = {NULL, 0};

  return take(&inside, rest, OID) && lun_span_is(inside, oid);
}

/* ECPrivateKey (RFC 5915); KNOWN: its curve was named before. */
static bool read_ec_key(struct lun_span *scalar, struct lun_span der,
                        bool known)
{
  struct lun_span body = {NULL, 0};
  struct lun_span version = {NULL, 0};
  struct lun_span curve = {NULL, 0};

  if (!take(&body, &der, SEQUENCE) || der.len > 0 ||
      !take(&version, &body, INTEGER) || !lun_span_is(version, "\x01") ||
      !take(scalar, &body, OCTETS) || scalar->len > SIZE)
    return false;
  if (take(&curve, &body, CURVE))
    return take_oid(&curve, oid_p256) && curve.len == 0;
  return known;
}

/* PrivateKeyInfo (RFC 5208, 5958). */
static bool read_pkcs8(struct lun_span *scalar, struct lun_span der)
{
  struct lun_span body = {NULL, 0};
  struct lun_span version = {NULL, 0};
  struct lun_span kind = {NULL, 0};
  struct lun_span key = {NULL, 0};

  return take(&body, &der, SEQUENCE) && der.len == 0 &&
         take(&version, &body, INTEGER) && take(&kind, &body, SEQUENCE) &&
         take_oid(&kind, oid_ec) && take_oid(&kind, oid_p256) &&
         kind.len == 0 && take(&key, &body, OCTETS) &&
         read_ec_key(scalar, key, true);
}

/* The number in a block of PEM; false if it is none of ours. */
static bool read_pem(struct lun_span *scalar, struct lun_buf *der,
                     struct lun_span pem)
{
  struct lun_span block = {NULL, 0};

  if (between(&block, pem, LUN_SPAN_LIT("-----BEGIN PRIVATE KEY-----"),
              LUN_SPAN_LIT("-----END PRIVATE KEY-----")))
    return unpack(der, block) && read_pkcs8(scalar, lun_buf_view(der));
  return between(&block, pem, LUN_SPAN_LIT("-----BEGIN EC PRIVATE KEY-----"),
                 LUN_SPAN_LIT("-----END EC PRIVATE KEY-----")) &&
         unpack(der, block) && read_ec_key(scalar, lun_buf_view(der), false);
}

static enum lun_code read_scalar(struct key *key, lun_ctx *ctx,
                                 struct lun_span pem, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf der = LUN_BUF_INIT(ctx, KEY_MAX);
  struct lun_span scalar = {NULL, 0};

  if (read_pem(&scalar, &der, pem) && scalar.len > 0)
    memcpy(key->scalar + SIZE - scalar.len, scalar.ptr, scalar.len);
  else
    rc = der.fail == LUN_ENOMEM ? lun_error_nomem(err) : no_key(err);
  lun_buf_done(&der);
  return rc;
}

/* -------------------------------------------------------------- OpenSSL -- */

/*
 * The public point, and the number as OpenSSL's parameters want it, in the
 * machine's own order.  A number that is no key of the curve is found out here.
 */
static enum lun_code find_point(struct key *key, struct lun_error *err)
{
  EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
  BIGNUM *scalar = BN_secure_new();
  bool is_key = true;
  bool good = point != NULL && scalar != NULL &&
              BN_bin2bn(key->scalar, SIZE, scalar) != NULL &&
              BN_bn2nativepad(scalar, key->native, SIZE) == SIZE;

  if (good) {
    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    is_key =
        !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0;
    good = is_key &&
           EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) == 1 &&
           EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
                              key->point, POINT_LEN, NULL) == POINT_LEN;
  }
  BN_clear_free(scalar);
  EC_POINT_free(point);
  EC_GROUP_free(group);
  if (!is_key)
    return no_key(err);
  return good ? LUN_OK : failed(err);
}

static enum lun_code make_pkey(struct key *key, struct lun_error *err)
{
  char curve[] = SN_X9_62_prime256v1;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, key->native, SIZE),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, key->point,
                                        POINT_LEN),
      OSSL_PARAM_construct_end()};
  EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  bool made =
      maker != NULL && EVP_PKEY_fromdata_init(maker) == 1 &&
      EVP_PKEY_fromdata(maker, &key->pkey, EVP_PKEY_KEYPAIR, params) == 1;

  EVP_PKEY_CTX_free(maker);
  return made ? LUN_OK : failed(err);
}

static enum lun_code open_key(struct key *key, lun_ctx *ctx,
                              struct lun_span pem, struct lun_error *err)
{
  enum lun_code rc = read_scalar(key, ctx, pem, err);

  if (rc == LUN_OK)
    rc = find_point(key, err);
  if (rc == LUN_OK)
    rc = make_pkey(key, err);
  return rc;
}

static void close_key(struct key *key)
{
  EVP_PKEY_free(key->pkey);
  lun_secret_wipe(key, sizeof(*key));
}

/* R and S, each in 32 bytes, as JWS has a signature and OpenSSL has not. */
static bool split(unsigned char out[2 * SIZE], const unsigned char *der,
                  size_t len)
{
  ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
  bool good = pair != NULL &&
              BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, SIZE) == SIZE &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + SIZE, SIZE) == SIZE;

  ECDSA_SIG_free(pair);
  return good;
}

static enum lun_code sign(unsigned char out[2 * SIZE], const struct key *key,
                          struct lun_span text, struct lun_error *err)
{
  EVP_MD_CTX *md = EVP_MD_CTX_new();
  unsigned char der[DER_MAX];
  size_t len = sizeof(der);
  bool good = false;

  good = md != NULL &&
         EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
         EVP_DigestSign(md, der, &len, (const unsigned char *)text.ptr,
                        text.len) == 1 &&
         split(out, der, len);
  EVP_MD_CTX_free(md);
  return good ? LUN_OK : failed(err);
}

/* ------------------------------------------------------------------ JWS -- */

/* Base64 as URLs have it: - and _ for + and /, and no padding. */
static void add_base64url(struct lun_buf *out, struct lun_span bytes)
{
  size_t i = out->len;

  lun_text_base64(out, bytes);
  for (; i < out->len && out->ptr[i] != '='; i++)
    if (out->ptr[i] == '+')
      out->ptr[i] = '-';
    else if (out->ptr[i] == '/')
      out->ptr[i] = '_';
  lun_buf_cut(out, i);
}

static void add_head(struct lun_buf *out, const struct key *key)
{
  const char *point = (const char *)key->point;

  lun_buf_adds(out, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":"
                    "{\"kty\":\"EC\",\"x\":\"");
  add_base64url(out, (struct lun_span){point + 1, SIZE});
  lun_buf_adds(out, "\",\"y\":\"");
  add_base64url(out, (struct lun_span){point + 1 + SIZE, SIZE});
  lun_buf_adds(out, "\",\"crv\":\"P-256\"}}");
}

static void add_claim(struct lun_buf *out, const struct lun_dpop *claim)
{
  lun_buf_adds(out, "{\"htm\":");
  lun_json_quote(out, claim->method);
  lun_buf_adds(out, ",\"htu\":");
  lun_json_quote(out, claim->url);
  lun_buf_addf(out, ",\"iat\":%lld,\"jti\":", (long long)claim->time);
  lun_json_quote(out, claim->id);
  lun_buf_addc(out, '}');
}

static enum lun_code add_proof(struct lun_buf *out, const struct key *key,
                               const struct lun_dpop *claim,
                               struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf json = LUN_BUF_INIT(out->ctx, out->max);
  unsigned char signature[2 * SIZE] = {0};
  size_t start = out->len;
  struct lun_span text = {NULL, 0};

  add_head(&json, key);
  add_base64url(out, lun_buf_view(&json));
  lun_buf_addc(out, '.');
  lun_buf_cut(&json, 0);
  add_claim(&json, claim);
  add_base64url(out, lun_buf_view(&json));
  rc = lun_buf_status(&json, "a DPoP header", err);
  if (rc == LUN_OK)
    rc = lun_buf_status(out, "a DPoP header", err);
  if (rc == LUN_OK) {
    text = lun_buf_view(out);
    text.ptr += start;
    text.len -= start;
    rc = sign(signature, key, text, err);
  }
  if (rc == LUN_OK) {
    lun_buf_addc(out, '.');
    add_base64url(
        out, (struct lun_span){(const char *)signature, sizeof(signature)});
    rc = lun_buf_status(out, "a DPoP header", err);
  }
  lun_buf_done(&json);
  return rc;
}

enum lun_code lun_dpop_proof(struct lun_buf *out, const struct lun_dpop *claim,
                             struct lun_error *err)
{
  struct key key = {.pkey = NULL};
  enum lun_code rc = LUN_OK;

  (void)ERR_set_mark(); /* the queue of errors is the whole thread's */
  rc = open_key(&key, out->ctx, claim->key, err);
  if (rc == LUN_OK)
    rc = add_proof(out, &key, claim, err);
  close_key(&key);
  (void)ERR_pop_to_mark();
  return rc;
}
