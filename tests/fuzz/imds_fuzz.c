/*
 * clang -fsanitize=fuzzer,address,undefined: the metadata service's list of
 * roles gives a name that may stand in a URL, or none; its credentials are
 * whole, or an error.
 */
#include "credentials.h"

#include "../../core/creds/imds.c"

static const struct member members[] = {
    {"Code", "\"Success\""},
    {"Message", "\"words\""},
    {"AccessKeyId", "\"ASIAONE\""},
    {"SecretAccessKey", "\"secret\""},
    {"Token", "\"token\""},
    {"Expiration", "\"2026-11-23T06:00:00Z\""},
    {"AccountId", "\"111122223333\""},
};

#define COUNT (sizeof(members) / sizeof(members[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_place place = {.refs = 1};
  struct imds_provider provider = {.base = {.name = "iam-role"}};
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  must(lun_ctx_new(&place.ctx, NULL) == LUN_OK);
  provider.base.place = &place;
  lun_buf_init(&provider.get.body, place.ctx, SIZE_MAX / 2);
  lun_buf_add(&provider.get.body, data, size);
  if (read_role(&provider))
    must(lun_text_of(lun_span_of(provider.role), "_+=,.@-"));
  lun_buf_cut(&provider.get.body, 0);
  make_document(&provider.get.body, data, size, members, COUNT);
  (void)snprintf(provider.role, sizeof(provider.role), "app");
  rc = read_answer(&provider, &err);
  must_be_whole(rc, provider.base.cred, &err);
  must(rc != LUN_OK || provider.base.cred->expires_at > 0);
  lun_cred_unref(provider.base.cred);
  lun_buf_done(&provider.get.body);
  must(place.ctx->account.live_blocks == 0);
  lun_ctx_free(place.ctx);
  return 0;
}
