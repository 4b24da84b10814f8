/*
 * clang -fsanitize=fuzzer,address,undefined: what IAM Identity Center answers
 * for a role is whole credentials, or an error.
 */
#include "credentials.h"

#include "../../core/creds/sso.c"

static const struct member members[] = {
    {"accessKeyId", "\"ASIAONE\""},
    {"secretAccessKey", "\"secret\""},
    {"sessionToken", "\"token\""},
    {"expiration", "1795413600000"},
};

#define COUNT (sizeof(members) / sizeof(members[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_place place = {.refs = 1};
  struct sso_provider provider = {.base = {.name = "sso"}};
  struct lun_buf *answer = &provider.call.answer;
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  if (size == 0)
    return 0;
  must(lun_ctx_new(&place.ctx, NULL) == LUN_OK);
  provider.base.place = &place;
  provider.conf.account_id.value = "012345678901";
  lun_buf_init(answer, place.ctx, SIZE_MAX / 4);
  if (data[0] % 2 == 0) {
    lun_buf_add(answer, data + 1, size - 1);
  } else {
    lun_buf_adds(answer, "{\"roleCredentials\":");
    make_document(answer, data + 1, size - 1, members, COUNT);
    lun_buf_addc(answer, '}');
  }
  rc = read_answer(&provider, &err);
  must_be_whole(rc, provider.base.cred, &err);
  must(rc != LUN_OK || provider.base.cred->expires_at > 0);
  lun_cred_unref(provider.base.cred);
  lun_buf_done(answer);
  must(place.ctx->account.live_blocks == 0);
  lun_ctx_free(place.ctx);
  return 0;
}
