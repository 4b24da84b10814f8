/*
 * clang -fsanitize=fuzzer,address,undefined: any bytes as a key, as they are,
 * as what a block of PEM holds, or as faults in a good key, give a header of
 * the one form that there is, or a refusal.
 */
#include "../../core/sign/dpop.c"

#include <stdlib.h>

#define OUT_MAX  4000
#define HEAD_LEN 220 /* of the first part, whatever the key */
#define SIGN_LEN 86

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
  if (!holds)
    abort();
}

/* SEC1: the number 1. */
static const unsigned char good[51] = {
    0x30, 49, 2,    1,    1,    4,    32,   [38] = 1, 0xA0, 10,
    6,    8,  0x2A, 0x86, 0x48, 0xCE, 0x3D, 3,        1,    7};

static void put_block(struct lun_buf *out, const char *label,
                      struct lun_span der)
{
  lun_buf_addf(out, "-----BEGIN %s-----\n", label);
  lun_text_base64(out, der);
  lun_buf_addf(out, "\n-----END %s-----\n", label);
}

/* Each two bytes of the input are a fault: where, and what is there. */
static void put_faults(struct lun_buf *out, const uint8_t *data, size_t size)
{
  unsigned char der[sizeof(good)];
  size_t i = 0;

  memcpy(der, good, sizeof(der));
  for (i = 0; i + 1 < size; i += 2)
    der[data[i] % sizeof(der)] = data[i + 1];
  put_block(out, "EC PRIVATE KEY",
            (struct lun_span){(const char *)der, sizeof(der)});
}

static void make_pem(struct lun_buf *out, const uint8_t *data, size_t size)
{
  struct lun_span rest = {(const char *)data + 1, size - 1};

  switch (data[0] % 4) {
  case 0: lun_buf_add_span(out, rest); break;
  case 1: put_block(out, "PRIVATE KEY", rest); break;
  case 2: put_block(out, "EC PRIVATE KEY", rest); break;
  default: put_faults(out, data + 1, size - 1); break;
  }
}

/* Three parts of base64url, the first and the last of one length. */
static void check(struct lun_span proof)
{
  const char *first = memchr(proof.ptr, '.', proof.len);
  const char *last = memrchr(proof.ptr, '.', proof.len);

  must(lun_text_of(proof, "-_."));
  must(first != NULL && first < last);
  must(first - proof.ptr == HEAD_LEN);
  must(memchr(first + 1, '.', (size_t)(last - first)) == last);
  must(proof.ptr + proof.len - last == 1 + SIGN_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_dpop claim = {.method = LUN_SPAN_LIT("POST"),
                           .url = LUN_SPAN_LIT("https://example/v1/token"),
                           .time = 1795392000,
                           .id = LUN_SPAN_LIT("id")};
  lun_ctx *ctx = NULL;

  must(lun_ctx_new(&ctx, NULL) == LUN_OK);
  if (size > 0) {
    struct lun_buf pem = LUN_BUF_INIT(ctx, SIZE_MAX / 4);
    struct lun_buf out = LUN_BUF_INIT(ctx, OUT_MAX);

    make_pem(&pem, data, size);
    claim.key = lun_buf_view(&pem);
    if (lun_dpop_proof(&out, &claim, &err) == LUN_OK)
      check(lun_buf_view(&out));
    else
      must(err.code == LUN_ECREDENTIALS && out.len == 0);
    lun_buf_done(&pem);
    lun_buf_done(&out);
  }
  must(ctx->account.live_blocks == 0);
  must(ERR_peek_error() == 0);
  lun_ctx_free(ctx);
  return 0;
}
