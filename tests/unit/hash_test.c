/* The hashes against the published examples (FIPS 180-4, RFC 4231). */
#include "unit.h"

#include "../../core/sign/hash.h"
#include "../../core/text/text.h"

static void check(const unsigned char *hash, const char *want)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 100);

  lun_text_hex(&out, hash, strlen(want) / 2);
  assert_string_equal(lun_buf_text(&out), want);
  lun_buf_done(&out);
}

static void sha256(void **state)
{
  unsigned char hash[LUN_SHA256_LEN] = {0};

  (void)state;
  assert_int_equal(lun_hash_sha256(hash, (struct lun_span){NULL, 0}, NULL), 0);
  check(hash, "e3b0c44298fc1c149afbf4c8996fb924"
              "27ae41e4649b934ca495991b7852b855");
  assert_int_equal(lun_hash_sha256(hash, LUN_SPAN_LIT("abc"), NULL), 0);
  check(hash, "ba7816bf8f01cfea414140de5dae2223"
              "b00361a396177a9cb410ff61f20015ad");
}

static void sha1(void **state)
{
  unsigned char hash[LUN_SHA1_LEN] = {0};

  (void)state;
  assert_int_equal(lun_hash_sha1(hash, (struct lun_span){NULL, 0}, NULL), 0);
  check(hash, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  assert_int_equal(lun_hash_sha1(hash, LUN_SPAN_LIT("abc"), NULL), 0);
  check(hash, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

static void hmac(void **state)
{
  unsigned char mac[LUN_SHA256_LEN] = {0};
  char key[131];

  (void)state;
  assert_int_equal(lun_hash_hmac_sha256(mac, LUN_SPAN_LIT("Jefe"),
                                        LUN_SPAN_LIT("what do ya want for "
                                                     "nothing?"),
                                        NULL),
                   0);
  check(mac, "5bdcc146bf60754e6a042426089575c7"
             "5a003f089d2739839dec58b964ec3843");
  memset(key, 0xaa, sizeof(key)); /* longer than a block */
  assert_int_equal(
      lun_hash_hmac_sha256(mac, (struct lun_span){key, sizeof(key)},
                           LUN_SPAN_LIT("Test Using Larger Than Block-Size "
                                        "Key - Hash Key First"),
                           NULL),
      0);
  check(mac, "60e431591ee0b67f0d8a26aacbf5b77f"
             "8e0bc6213728c5140546040f0ee37f54");
  assert_int_equal(lun_hash_hmac_sha256(mac, (struct lun_span){NULL, 0},
                                        (struct lun_span){NULL, 0}, NULL),
                   0);
  check(mac, "b613679a0814d9ec772f95d778c35fc5"
             "ff1697c493715653c6c712144292c5ad");
}

int main(void)
{
  const struct CMUnitTest tests[] = {TEST(sha256), TEST(sha1), TEST(hmac)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
