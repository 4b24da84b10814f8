/*
 * clang -fsanitize=fuzzer,address,undefined: any text is scanned or refused;
 * what is scanned is walked, looked up, decoded, turned into secrets, and
 * quoted again to the same bytes.
 */
#include "../../core/text/json.c"
#include "../../core/text/jstring.c"
#include "../../core/text/path.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
  if (!holds)
    abort();
}

/* A string's bytes, quoted and scanned again, are the same bytes. */
static void check_quoting(lun_ctx *ctx, struct lun_span bytes)
{
  struct lun_buf quoted = LUN_BUF_INIT(ctx, SIZE_MAX / 4);
  struct lun_buf back = LUN_BUF_INIT(ctx, SIZE_MAX / 4);
  struct lun_json *json = NULL;

  lun_json_quote(&quoted, bytes);
  must(lun_json_parse(&json, ctx, lun_buf_view(&quoted), "it", NULL) == LUN_OK);
  lun_json_decode(&back, json, lun_buf_view(&quoted), 0);
  must(lun_span_same(lun_buf_view(&back), bytes));
  lun_json_unref(json);
  lun_buf_done(&quoted);
  lun_buf_done(&back);
}

static void check_node(const struct lun_json *json, struct lun_span text,
                       lun_secret *source, size_t node)
{
  const struct lun_json_node *at = &json->nodes[node];
  struct lun_buf out = LUN_BUF_INIT(json->ctx, SIZE_MAX / 4);
  lun_secret *secret = NULL;

  must(at->next > node && at->next <= json->count);
  must((size_t)at->start + at->len <= text.len);
  if (at->kind == LUN_JSON_OBJECT && at->count > 0) {
    lun_json_decode(&out, json, text, node + 1);
    must(lun_json_member(json, text, node, lun_buf_view(&out), NULL) != 0);
  } else if (at->kind == LUN_JSON_ARRAY && at->count > 0) {
    must(lun_json_element(json, node, at->count - 1) != 0);
    must(lun_json_element(json, node, at->count) == 0);
  } else if (at->kind == LUN_JSON_STRING || at->kind == LUN_JSON_NUMBER) {
    lun_json_decode(&out, json, text, node);
    must(lun_text_is_utf8(lun_buf_view(&out)));
    must(lun_json_secret(&secret, json, source, node, NULL) == LUN_OK);
    must(lun_span_same(lun_secret_view(secret), lun_buf_view(&out)));
    check_quoting(json->ctx, lun_buf_view(&out));
  }
  lun_secret_unref(secret);
  lun_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_span text = {(const char *)data, size};
  struct lun_error err = {.code = LUN_OK};
  struct lun_json *json = NULL;
  lun_secret *source = NULL;
  lun_ctx *ctx = NULL;
  size_t i = 0;

  must(lun_ctx_new(&ctx, NULL) == LUN_OK);
  if (lun_json_parse(&json, ctx, text, "it", &err) == LUN_OK) {
    must(lun_secret_new(&source, ctx, data, size, NULL) == LUN_OK);
    for (i = 0; i < json->count; i++)
      check_node(json, text, source, i);
  } else {
    must(err.code == LUN_EINVALID);
  }
  (void)lun_path_check(text, &err);
  lun_json_unref(json);
  lun_secret_unref(source);
  must(ctx->account.live_blocks == 0);
  lun_ctx_free(ctx);
  return 0;
}
