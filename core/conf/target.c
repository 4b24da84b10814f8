/*
 * The endpoint rules are pure; here they meet the settings.
 */
#include "target.h"

#define URL_LEN    ((size_t)4096)
#define REGION_LEN ((size_t)64)

void lun_target_init(struct lun_target *target, lun_ctx *ctx)
{
  lun_buf_init(&target->url, ctx, URL_LEN);
  lun_buf_init(&target->region, ctx, REGION_LEN);
}

void lun_target_done(struct lun_target *target)
{
  lun_buf_done(&target->url);
  lun_buf_done(&target->region);
}

enum lun_code lun_target_find(struct lun_target *target,
                              const struct lun_settings *settings,
                              const struct lun_service *service,
                              const char *region, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_endpoint_options options = {
      .service = service->name,
      .region = region != NULL ? region : settings->region,
      .fips = settings->fips,
      .dual_stack = settings->dual_stack,
      .sts_legacy = settings->sts_legacy,
  };

  if (options.region == NULL)
    return lun_endpoint_no_region(service->name, err);
  rc = lun_settings_endpoint(&options.url, settings, service->id, err);
  if (rc)
    return rc;
  return lun_endpoint_resolve(&target->url, &target->region, &options, err);
}
