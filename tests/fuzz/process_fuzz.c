/*
 * clang -fsanitize=fuzzer,address,undefined: what a credential process prints
 * is whole credentials of version 1, or an error; of what it says on standard
 * error, one line is taken.
 */
#include "credentials.h"

#include "../../core/creds/process.c"

static const struct member members[] = {
    {"Version", "1"},
    {"AccessKeyId", "\"ASIAONE\""},
    {"SecretAccessKey", "\"secret\""},
    {"SessionToken", "\"token\""},
    {"Expiration", "\"2026-11-23T06:00:00Z\""},
    {"AccountId", "\"1\""},
};

#define COUNT (sizeof(members) / sizeof(members[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_span text = {(const char *)data, size};
  struct lun_span line = last_line(text);
  struct lun_buf output = LUN_BUF_INIT(NULL, SIZE_MAX / 2);
  struct lun_error err = {.code = LUN_OK};
  struct lun_cred *cred = NULL;
  lun_ctx *ctx = NULL;
  enum lun_code rc = LUN_OK;

  must(lun_ctx_new(&ctx, NULL) == LUN_OK);
  make_document(&output, data, size, members, COUNT);
  rc = read_output(&cred, ctx, lun_buf_view(&output), "111122223333",
                   "custom-process", &err);
  must_be_whole(rc, cred, &err);
  must(rc != LUN_OK || cred->account_id != NULL);
  must(line.len == 0 || memchr(line.ptr, '\n', line.len) == NULL);
  must(line.len > 0 || lun_text_trim(text).len == 0);
  lun_cred_unref(cred);
  lun_buf_done(&output);
  must(ctx->account.live_blocks == 0);
  lun_ctx_free(ctx);
  return 0;
}
