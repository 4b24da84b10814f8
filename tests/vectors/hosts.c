/*
 * hosts: reads lines "SERVICE REGION FIPS DUAL LEGACY" (the last three 0 or
 * 1) and prints for each what the endpoint table comes to: "URL REGION", or
 * "refused".  rules.lua's oracle is asked the same.
 */
#include "../../core/rules/endpoint.h"

#include "../../core/base/mem.h"

#include <stdio.h>

#define TEXT_MAX ((size_t)4096)
#define WORD_MAX "127"

static void answer(lun_ctx *ctx, const struct lun_endpoint_options *options)
{
  struct lun_buf url = LUN_BUF_INIT(ctx, TEXT_MAX);
  struct lun_buf region = LUN_BUF_INIT(ctx, TEXT_MAX);

  if (lun_endpoint_resolve(&url, &region, options, NULL))
    printf("refused\n");
  else
    printf("%s %s\n", lun_buf_text(&url), lun_buf_text(&region));
  lun_buf_done(&url);
  lun_buf_done(&region);
}

int main(void)
{
  lun_ctx *ctx = NULL;
  char service[128] = "";
  char region[128] = "";
  int fips = 0;
  int dual = 0;
  int legacy = 0;

  if (lun_ctx_new(&ctx, NULL))
    return 1;
  while (scanf("%" WORD_MAX "s %" WORD_MAX "s %d %d %d", service, region, &fips,
               &dual, &legacy) == 5) {
    struct lun_endpoint_options options = {.service = service,
                                           .region = region,
                                           .fips = fips != 0,
                                           .dual_stack = dual != 0,
                                           .sts_legacy = legacy != 0};

    answer(ctx, &options);
  }
  lun_ctx_free(ctx);
  return 0;
}
