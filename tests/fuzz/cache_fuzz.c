/*
 * clang -fsanitize=fuzzer,address,undefined: any bytes in the cache of a login
 * are taken or refused.  What is taken is a document again after an edit, with
 * the members that changed, without the one that went, and the same after the
 * same edit.
 */
#include "../../core/creds/cache.c"

#include <stdlib.h>

#define OUT_MAX (4 * LUN_DOCUMENT_MAX)

static const struct lun_cache_member members[] = {
    {"accessToken", {"\"new\"", 5}},
    {"expiresAt", {"\"2026-11-23T00:00:00Z\"", 22}},
    {"refreshToken", {NULL, 0}},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
  if (!holds)
    abort();
}

/* Token and date, as a provider takes them. */
static void take(const struct lun_document *doc)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_buf token = LUN_BUF_INIT(doc->ctx, 1000);
  int64_t date = 0;

  if (lun_cache_token(&token, doc, "accessToken", &err) == LUN_OK)
    must(token.len > 0 && lun_text_word(lun_buf_view(&token)));
  else
    must(err.code == LUN_ECREDENTIALS);
  must(lun_cache_date(&date, doc, "expiresAt", &err) == LUN_OK ||
       err.code == LUN_ECREDENTIALS);
  lun_buf_done(&token);
}

/* The document after the edit is what it has to be. */
static void check(const struct lun_document *doc, size_t others)
{
  struct lun_buf token = LUN_BUF_INIT(doc->ctx, 1000);
  int64_t date = 0;

  must(doc->json->nodes[0].count == others + 2);
  must(lun_cache_token(&token, doc, "accessToken", NULL) == LUN_OK);
  must(lun_span_is(lun_buf_view(&token), "new"));
  must(lun_cache_date(&date, doc, "expiresAt", NULL) == LUN_OK);
  must(date == 1795392000);
  must(lun_json_member(doc->json, doc->text, 0, LUN_SPAN_LIT("refreshToken"),
                       NULL) == 0);
  lun_buf_done(&token);
}

/* How many members of the document stay. */
static size_t count_others(const struct lun_document *doc)
{
  size_t key = 1;
  size_t count = 0;

  for (; key < doc->json->nodes[0].next; key = doc->json->nodes[key + 1].next)
    if (change_of(doc, key, members, 3) == NULL)
      count++;
  return count;
}

static void edit(const struct lun_document *doc)
{
  struct lun_buf once = LUN_BUF_INIT(doc->ctx, OUT_MAX);
  struct lun_buf twice = LUN_BUF_INIT(doc->ctx, OUT_MAX);
  struct lun_document again = {.json = NULL};

  lun_cache_edit(&once, doc, 0, members, 3);
  must(once.fail == LUN_OK);
  if (once.len <= LUN_DOCUMENT_MAX) {
    must(lun_document_open(&again, doc->ctx, lun_buf_view(&once), "it", NULL) ==
         LUN_OK);
    check(&again, count_others(doc));
    lun_cache_edit(&twice, &again, 0, members, 3);
    must(lun_span_same(lun_buf_view(&once), lun_buf_view(&twice)));
  }
  lun_document_close(&again);
  lun_buf_done(&once);
  lun_buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_document doc = {.json = NULL};
  lun_ctx *ctx = NULL;

  must(lun_ctx_new(&ctx, NULL) == LUN_OK);
  if (lun_document_open(&doc, ctx, (struct lun_span){(const char *)data, size},
                        "it", &err) == LUN_OK) {
    take(&doc);
    edit(&doc);
  } else {
    must(err.code == LUN_ECREDENTIALS);
  }
  lun_document_close(&doc);
  must(ctx->account.live_blocks == 0);
  lun_ctx_free(ctx);
  return 0;
}
