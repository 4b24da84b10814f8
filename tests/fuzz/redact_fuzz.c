/*
 * clang -fsanitize=fuzzer,address,undefined: a secret between any two texts,
 * plain or in base64, is never to be read in what is left.
 */
#include "../../core/text/redact.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
  if (!holds)
    abort();
}

/* A secret that shares a character with the mark may be met around one. */
static bool like_the_mark(struct lun_span secret)
{
  size_t i = 0;

  for (i = 0; i < secret.len; i++)
    if (memchr(LUN_REDACTED, secret.ptr[i], sizeof(LUN_REDACTED)) != NULL)
      return true;
  return false;
}

static void hide_it(lun_ctx *ctx, struct lun_span text, struct lun_span secret)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, SIZE_MAX);

  must(lun_redact(&out, text, &secret, 1, NULL) == LUN_OK);
  must(memmem(lun_buf_text(&out), out.len, LUN_REDACTED,
              sizeof(LUN_REDACTED) - 1) != NULL);
  if (!like_the_mark(secret))
    must(memmem(lun_buf_text(&out), out.len, secret.ptr, secret.len) == NULL);
  lun_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  lun_ctx *ctx = NULL;
  struct lun_buf text = {.ctx = NULL};
  struct lun_buf coded = {.ctx = NULL};
  size_t before = size > 0 ? data[0] % 8 : 0;
  size_t len = size > 1 ? LUN_REDACT_MIN + data[1] % 40 : 0;
  struct lun_span secret = {(const char *)data + 2 + before, len};

  if (size < 2 + before + len || len == 0)
    return 0;
  must(lun_ctx_new(&ctx, NULL) == LUN_OK);
  lun_buf_init(&text, ctx, SIZE_MAX);
  lun_buf_init(&coded, ctx, SIZE_MAX);
  lun_buf_add(&text, data + 2, size - 2);
  hide_it(ctx, lun_buf_view(&text), secret);
  lun_text_base64(&coded, lun_buf_view(&text));
  hide_it(ctx, lun_buf_view(&coded), secret);
  lun_buf_done(&coded);
  lun_buf_done(&text);
  must(ctx->account.live_blocks == 0);
  lun_ctx_free(ctx);
  return 0;
}
