/*
 * DPoP headers, taken apart and checked by OpenSSL, which also makes the keys:
 * none of them is in this file.
 */
#include "unit.h"

#include "../../core/sign/dpop.h"
#include "../../core/text/text.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define URL  "https://eu-central-1.signin.aws.amazon.com/v1/token"
#define UUID "11111111-2222-4333-8444-555555555555"
#define NOW  1795392000

static struct lun_error error;

/* ----------------------------------------------------------------- keys -- */

enum form {
  PKCS8,
  SEC1,
  PKCS8_LOCKED,
  SEC1_LOCKED,
  PUBLIC
};

/* The key as PEM; the text is good until the next but three. */
static const char *pem_of(EVP_PKEY *key, enum form form)
{
  static char texts[4][4096];
  static int next;
  static unsigned char word[] = "word";
  char *text = texts[next++ % 4];
  BIO *bio = BIO_new(BIO_s_mem());
  const EVP_CIPHER *aes = EVP_aes_128_cbc();
  int done = 0;

  if (form == PKCS8)
    done = PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
  else if (form == PKCS8_LOCKED)
    done = PEM_write_bio_PrivateKey(bio, key, aes, word, 4, NULL, NULL);
  else if (form == PUBLIC)
    done = PEM_write_bio_PUBKEY(bio, key);
  else
    done = PEM_write_bio_PrivateKey_traditional(
        bio, key, form == SEC1 ? NULL : aes, word, 4, NULL, NULL);
  assert_int_equal(done, 1);
  memset(text, 0, sizeof(texts[0]));
  assert_in_range(BIO_read(bio, text, sizeof(texts[0]) - 1), 100, 4000);
  BIO_free(bio);
  return text;
}

/* DER in a block of PEM. */
static const char *block_of(const char *label, const void *der, size_t len)
{
  static char text[4096];
  struct lun_buf digits = LUN_BUF_INIT(ctx, 4000);

  lun_text_base64(&digits, (struct lun_span){der, len});
  (void)snprintf(text, sizeof(text), "-----BEGIN %s-----\n%s\n-----END %s-----",
                 label, lun_buf_text(&digits), label);
  lun_buf_done(&digits);
  return text;
}

/* A SEC1 key of the number whose last bytes are given, after so many FILL. */
static const char *numbered(const unsigned char *last, size_t len, int fill)
{
  unsigned char der[51] = {0x30, 49, 2, 1, 1, 4, 32};
  static const unsigned char curve[] = {0xA0, 10,   6,    8, 0x2A, 0x86,
                                        0x48, 0xCE, 0x3D, 3, 1,    7};

  memset(der + 7, fill, 32);
  if (len > 0)
    memcpy(der + 7 + 32 - len, last, len);
  memcpy(der + 39, curve, sizeof(curve));
  return block_of("EC PRIVATE KEY", der, sizeof(der));
}

static EVP_PKEY *read_by_openssl(const char *pem)
{
  BIO *bio = BIO_new_mem_buf(pem, -1);
  EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

  assert_non_null(key);
  BIO_free(bio);
  return key;
}

/* ------------------------------------------------------------- checking -- */

/* Takes the next part, up to a dot, off TEXT; out of base64url. */
static void next_part(struct lun_buf *out, struct lun_span *text)
{
  struct lun_buf digits = LUN_BUF_INIT(ctx, 4000);
  size_t i = 0;

  for (i = 0; i < text->len && text->ptr[i] != '.'; i++) {
    char c = text->ptr[i];

    assert_true(lun_text_alnum(c) || c == '-' || c == '_');
    lun_buf_addc(&digits, (char)(c == '-' ? '+' : c == '_' ? '/' : c));
  }
  while (digits.len % 4 != 0)
    lun_buf_addc(&digits, '=');
  lun_buf_cut(out, 0);
  assert_true(lun_text_unbase64(out, lun_buf_view(&digits)));
  text->ptr += i < text->len ? i + 1 : i;
  text->len -= i < text->len ? i + 1 : i;
  lun_buf_done(&digits);
}

static void add_coordinate(struct lun_buf *out, EVP_PKEY *key, const char *name)
{
  BIGNUM *number = NULL;
  unsigned char bytes[32];
  size_t i = out->len;

  assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
  assert_int_equal(BN_bn2binpad(number, bytes, 32), 32);
  BN_free(number);
  lun_text_base64(out, (struct lun_span){(char *)bytes, 32});
  for (; i < out->len; i++)
    if (out->ptr[i] == '+')
      out->ptr[i] = '-';
    else if (out->ptr[i] == '/')
      out->ptr[i] = '_';
  lun_buf_cut(out, out->len - 1); /* 32 bytes are padded with one = */
}

static void check_head(struct lun_span head, EVP_PKEY *key)
{
  struct lun_buf want = LUN_BUF_INIT(ctx, 1000);

  lun_buf_adds(&want, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":"
                      "{\"kty\":\"EC\",\"x\":\"");
  add_coordinate(&want, key, OSSL_PKEY_PARAM_EC_PUB_X);
  lun_buf_adds(&want, "\",\"y\":\"");
  add_coordinate(&want, key, OSSL_PKEY_PARAM_EC_PUB_Y);
  lun_buf_adds(&want, "\",\"crv\":\"P-256\"}}");
  assert_span(head, lun_buf_text(&want));
  lun_buf_done(&want);
}

static void check_signature(struct lun_span signature, struct lun_span text,
                            EVP_PKEY *key)
{
  const unsigned char *bytes = (const unsigned char *)signature.ptr;
  ECDSA_SIG *pair = ECDSA_SIG_new();
  EVP_MD_CTX *md = EVP_MD_CTX_new();
  unsigned char *der = NULL;
  int len = 0;

  assert_int_equal(signature.len, 64);
  assert_int_equal(ECDSA_SIG_set0(pair, BN_bin2bn(bytes, 32, NULL),
                                  BN_bin2bn(bytes + 32, 32, NULL)),
                   1);
  len = i2d_ECDSA_SIG(pair, &der);
  assert_in_range(len, 8, 72);
  assert_int_equal(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key), 1);
  assert_int_equal(EVP_DigestVerify(md, der, (size_t)len,
                                    (const unsigned char *)text.ptr, text.len),
                   1);
  OPENSSL_free(der);
  EVP_MD_CTX_free(md);
  ECDSA_SIG_free(pair);
}

/* The proof is KEY's; in SHORT_R and SHORT_S, if R or S begins with a 0. */
static void check_proof(struct lun_span proof, EVP_PKEY *key, bool *short_r,
                        bool *short_s)
{
  struct lun_buf part = LUN_BUF_INIT(ctx, 4000);
  struct lun_span rest = proof;
  struct lun_span text = {NULL, 0};

  next_part(&part, &rest);
  check_head(lun_buf_view(&part), key);
  next_part(&part, &rest);
  assert_span(lun_buf_view(&part),
              "{\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1795392000,"
              "\"jti\":\"" UUID "\"}");
  text = (struct lun_span){proof.ptr, (size_t)(rest.ptr - proof.ptr) - 1};
  next_part(&part, &rest);
  assert_int_equal(rest.len, 0);
  check_signature(lun_buf_view(&part), text, key);
  *short_r = part.ptr[0] == 0;
  *short_s = part.ptr[32] == 0;
  lun_buf_done(&part);
}

static enum lun_code prove(struct lun_buf *out, const char *pem)
{
  struct lun_dpop claim = {.key = lun_span_of(pem),
                           .method = LUN_SPAN_LIT("POST"),
                           .url = LUN_SPAN_LIT(URL),
                           .time = NOW,
                           .id = LUN_SPAN_LIT(UUID)};

  memset(&error, 0, sizeof(error));
  return lun_dpop_proof(out, &claim, &error);
}

/* PEM gives a proof that is KEY's. */
static void proves(const char *pem, EVP_PKEY *key, bool *short_r, bool *short_s)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 4000);

  if (prove(&out, pem))
    fail_msg("%s: %s", pem, error.message);
  check_proof(lun_buf_view(&out), key, short_r, short_s);
  lun_buf_done(&out);
}

static void refuses(const char *pem)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 4000);

  if (prove(&out, pem) != LUN_ECREDENTIALS)
    fail_msg("a proof with %s", pem);
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_string_equal(error.message,
                      "the DPoP key is not an EC P-256 private key in PEM "
                      "without a password");
  assert_int_equal(out.len, 0);
  assert_int_equal(ERR_peek_error(), 0); /* the thread's queue is clean */
  lun_buf_done(&out);
}

/* ------------------------------------------------------------ good keys -- */

static void both_forms(void **state)
{
  char text[4096] = "";
  bool ignored = false;
  int i = 0;

  (void)state;
  for (i = 0; i < 20; i++) {
    EVP_PKEY *key = EVP_EC_gen("P-256");

    proves(pem_of(key, PKCS8), key, &ignored, &ignored);
    proves(pem_of(key, SEC1), key, &ignored, &ignored);
    /* With words before and behind, and the lines of another system. */
    (void)snprintf(text, sizeof(text), "of aws login\r\n%s\r\nend\r\n",
                   pem_of(key, PKCS8));
    proves(text, key, &ignored, &ignored);
    EVP_PKEY_free(key);
  }
}

/* Whatever begins with a 0, of the point or the signature, has 32 bytes. */
static void numbers_that_are_short(void **state)
{
  static const unsigned char short_x[] = {379 >> 8, 379 & 255};
  static const unsigned char short_y[] = {43};
  const char *pems[2] = {NULL, NULL};
  char first[4096] = "";
  size_t i = 0;
  int n = 0;

  (void)state;
  (void)snprintf(first, sizeof(first), "%s", numbered(short_x, 2, 0));
  pems[0] = first;
  pems[1] = numbered(short_y, 1, 0);
  for (i = 0; i < 2; i++) {
    EVP_PKEY *key = read_by_openssl(pems[i]);
    bool seen_r = false;
    bool seen_s = false;

    for (n = 0; n < 20000 && !(seen_r && seen_s); n++) {
      bool short_r = false;
      bool short_s = false;

      proves(pems[i], key, &short_r, &short_s);
      seen_r = seen_r || short_r;
      seen_s = seen_s || short_s;
    }
    assert_true(seen_r && seen_s);
    EVP_PKEY_free(key);
  }
}

/* The group has an odd number of points, n; a key is from 1 to n - 1. */
static void the_range_of_keys(void **state)
{
  static const unsigned char most[] = {
      0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,    0xFF, 0xFF, 0xFF,
      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
      0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x50};
  unsigned char over[32];
  EVP_PKEY *key = NULL;
  bool ignored = false;

  (void)state;
  key = read_by_openssl(numbered((const unsigned char *)"\x01", 1, 0));
  proves(numbered((const unsigned char *)"\x01", 1, 0), key, &ignored,
         &ignored);
  EVP_PKEY_free(key);
  key = read_by_openssl(numbered(most, sizeof(most), 0));
  proves(numbered(most, sizeof(most), 0), key, &ignored, &ignored);
  EVP_PKEY_free(key);
  memcpy(over, most, sizeof(over));
  over[31]++;
  refuses(numbered(over, sizeof(over), 0));
  refuses(numbered(NULL, 0, 0));
  refuses(numbered(NULL, 0, 0xFF));
}

/* ------------------------------------------------------------- bad keys -- */

static void keys_of_another_kind(void **state)
{
  EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_EC_gen("P-384"),
                      EVP_EC_gen("secp256k1"),
                      EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
  EVP_PKEY *key = EVP_EC_gen("P-256");
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    refuses(pem_of(keys[i], PKCS8));
    if (i < 3)
      refuses(pem_of(keys[i], SEC1));
    EVP_PKEY_free(keys[i]);
  }
  refuses(pem_of(key, PKCS8_LOCKED));
  refuses(pem_of(key, SEC1_LOCKED));
  refuses(pem_of(key, PUBLIC));
  EVP_PKEY_free(key);
}

/* However far a key is cut, it is none, and no byte of it is in the error. */
static void cut_keys(void **state)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  char text[4096] = "";
  int form = PKCS8;
  size_t len = 0;

  (void)state;
  for (form = PKCS8; form <= SEC1; form++) {
    (void)snprintf(text, sizeof(text), "%s", pem_of(key, (enum form)form));
    for (len = strlen(text) - 1; len-- > 0;) {
      text[len] = '\0'; /* the line's end at the end means nothing */
      refuses(text);
    }
  }
  EVP_PKEY_free(key);
}

static void broken_keys(void **state)
{
#define BEGIN "-----BEGIN PRIVATE KEY-----"
#define END   "-----END PRIVATE KEY-----"
  static const char *const texts[] = {
      "",
      "canary",
      BEGIN,
      BEGIN END,
      END BEGIN,
      BEGIN "\ncanary\n" END,
      BEGIN "\ncanarycanary\n" END,
      BEGIN "\nMAA=\n" END,     /* an empty sequence */
      BEGIN "\nMA==\n" END,     /* a tag alone */
      BEGIN "\nMIQAAAAA\n" END, /* a length of 4 bytes */
      BEGIN "\nMIA=\n" END,     /* one that is not told */
      BEGIN "\nMIE=\n" END,     /* one that is missing */
      BEGIN "\nMIL/\n" END,     /* half of one */
      BEGIN "\nMIL//w==\n" END, /* one beyond the end */
      BEGIN "\nMAMCAQA=\n" END, /* a version alone */
      BEGIN "\n" END "\n-----END RSA-----",
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
    refuses(texts[i]);
}

/* The smallest key, one thing at a time put wrong in it. */
static void keys_with_one_fault(void **state)
{
  static const struct {
    size_t at;
    unsigned char byte;
  } faults[] = {
      {0, 0x31},  /* no sequence */
      {1, 48},    /* a byte behind it */
      {1, 50},    /* a byte is missing */
      {2, 4},     /* no version */
      {4, 2},     /* another version */
      {5, 3},     /* no string */
      {6, 31},    /* what comes next is no curve */
      {38, 0},    /* the number 0 */
      {39, 0xA1}, /* no curve */
      {40, 9},    /* the curve is cut */
      {41, 5},    /* it is no name */
      {42, 7},    /* the name is cut */
      {50, 8},    /* another curve */
  };
  unsigned char der[51] = {0};
  unsigned char wide[52] = {0x30, 50, 2, 1, 1, 4, 33};
  static const unsigned char good[51] = {
      0x30, 49, 2,    1,    1,    4,    32,   [38] = 1, 0xA0, 10,
      6,    8,  0x2A, 0x86, 0x48, 0xCE, 0x3D, 3,        1,    7};
  struct lun_buf out = LUN_BUF_INIT(ctx, 4000);
  size_t i = 0;

  (void)state;
  assert_int_equal(prove(&out, block_of("EC PRIVATE KEY", good, 51)), LUN_OK);
  lun_buf_done(&out);
  for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
    memcpy(der, good, sizeof(der));
    der[faults[i].at] = faults[i].byte;
    refuses(block_of("EC PRIVATE KEY", der, sizeof(der)));
  }
  memcpy(wide + 8, good + 7, 44); /* a number of 33 bytes */
  refuses(block_of("EC PRIVATE KEY", wide, sizeof(wide)));
  refuses(block_of("PRIVATE KEY", good, sizeof(good)));
}

/* ------------------------------------------------------------ the buffer -- */

static void appended(void **state)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 4000);
  EVP_PKEY *key = EVP_EC_gen("P-256");
  struct lun_span proof = {NULL, 0};
  bool ignored = false;

  (void)state;
  lun_buf_adds(&out, "a.b.c");
  assert_int_equal(prove(&out, pem_of(key, PKCS8)), LUN_OK);
  proof = lun_buf_view(&out);
  assert_memory_equal(proof.ptr, "a.b.c", 5);
  proof.ptr += 5;
  proof.len -= 5;
  check_proof(proof, key, &ignored, &ignored);
  lun_buf_done(&out);
  EVP_PKEY_free(key);
}

static void no_room(void **state)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  struct lun_buf whole = LUN_BUF_INIT(ctx, 4000);
  size_t max = 0;

  (void)state;
  assert_int_equal(prove(&whole, pem_of(key, PKCS8)), LUN_OK);
  for (max = 0; max < whole.len; max++) {
    struct lun_buf out = LUN_BUF_INIT(ctx, max);

    assert_int_equal(prove(&out, pem_of(key, PKCS8)), LUN_EINVALID);
    assert_non_null(strstr(error.message, "a DPoP header is larger than"));
    lun_buf_done(&out);
  }
  lun_buf_done(&whole);
  EVP_PKEY_free(key);
}

/* --------------------------------------------------------------- memory -- */

static EVP_PKEY *swept_key;

static enum lun_code work(struct lun_error *err)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 4000);
  enum lun_code rc = prove(&out, pem_of(swept_key, PKCS8));

  lun_buf_done(&out);
  *err = error;
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  swept_key = EVP_EC_gen("P-256");
  sweep(work);
  EVP_PKEY_free(swept_key);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(both_forms),
      TEST(numbers_that_are_short),
      TEST(the_range_of_keys),
      TEST(keys_of_another_kind),
      TEST(cut_keys),
      TEST(broken_keys),
      TEST(keys_with_one_fault),
      TEST(appended),
      TEST(no_room),
      TEST(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
