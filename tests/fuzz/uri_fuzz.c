/*
 * clang -fsanitize=fuzzer,address,undefined: URLs of any bytes, and what
 * encoding and normalizing promise.
 */
#include "../../core/text/uri.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
  if (!holds)
    abort();
}

static void check_url(struct lun_span text)
{
  struct lun_uri uri = {.port = 0};

  if (lun_uri_parse(&uri, text, "it", NULL))
    return;
  must(uri.port >= 1 && uri.port <= 65535 && uri.host.len > 0);
  must(uri.path.len == 0 || uri.path.ptr[0] == '/');
  must(memchr(uri.host.ptr, '@', uri.host.len) == NULL);
  must(!(lun_uri_loopback(&uri) && lun_uri_link_local(&uri)));
}

/* Decoding undoes encoding. */
static void check_encoding(lun_ctx *ctx, struct lun_span text)
{
  struct lun_buf encoded = LUN_BUF_INIT(ctx, SIZE_MAX / 4);
  struct lun_buf back = LUN_BUF_INIT(ctx, SIZE_MAX / 4);

  lun_uri_encode(&encoded, text, false);
  must(lun_text_printable(lun_buf_view(&encoded)));
  must(lun_uri_decode(&back, lun_buf_view(&encoded)));
  must(lun_span_same(lun_buf_view(&back), text));
  lun_buf_cut(&back, 0);
  if (lun_uri_decode(&back, text))
    must(back.len <= text.len);
  lun_buf_done(&encoded);
  lun_buf_done(&back);
}

/* A normal path stays as it is. */
static void check_normal(lun_ctx *ctx, struct lun_span text)
{
  struct lun_buf once = LUN_BUF_INIT(ctx, SIZE_MAX / 4);
  struct lun_buf twice = LUN_BUF_INIT(ctx, SIZE_MAX / 4);

  lun_uri_normalize(&once, text);
  lun_uri_normalize(&twice, lun_buf_view(&once));
  must(lun_span_same(lun_buf_view(&once), lun_buf_view(&twice)));
  must(once.len > 0 && once.ptr[0] == '/');
  lun_buf_done(&once);
  lun_buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_span text = {(const char *)data, size};
  lun_ctx *ctx = NULL;

  must(lun_ctx_new(&ctx, NULL) == LUN_OK);
  check_url(text);
  check_encoding(ctx, text);
  check_normal(ctx, text);
  must(ctx->account.live_blocks == 0);
  lun_ctx_free(ctx);
  return 0;
}
