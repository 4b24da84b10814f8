/*
 * The endpoint rules are pure; here they meet the settings.
 */
#include "target.h"

#include "../rules/recursion.h"

#define URL_LEN    ((size_t)4096)
#define REGION_LEN ((size_t)64)
#define TRACE_LEN  ((size_t)8192)

void lun_target_init(struct lun_target *target, lun_ctx *ctx)
{
  lun_buf_init(&target->url, ctx, URL_LEN);
  lun_buf_init(&target->region, ctx, REGION_LEN);
  lun_buf_init(&target->trace, ctx, TRACE_LEN);
}

void lun_target_done(struct lun_target *target)
{
  lun_buf_done(&target->url);
  lun_buf_done(&target->region);
  lun_buf_done(&target->trace);
}

/* Lambda sets its trace anew for each event. */
static enum lun_code find_trace(struct lun_target *target,
                                const struct lun_settings *settings,
                                struct lun_error *err)
{
  const struct lun_env *env = &settings->env;

  if (lun_recursion_header(&target->trace,
                           lun_env_get(env, "AWS_LAMBDA_FUNCTION_NAME"),
                           lun_env_get(env, "_X_AMZN_TRACE_ID")))
    return lun_buf_status(&target->trace, "_X_AMZN_TRACE_ID", err);
  return LUN_OK;
}

enum lun_code lun_target_find(struct lun_target *target,
                              const struct lun_settings *settings,
                              const struct lun_service *service,
                              const char *region, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_endpoint_options options = {
      .service = service->prefix,
      .region = region != NULL ? region : settings->region,
      .fips = settings->fips,
      .dual_stack = settings->dual_stack,
      .sts_legacy = settings->sts_legacy,
  };

  if (options.region == NULL)
    return lun_endpoint_no_region(service->name, err);
  rc = lun_settings_endpoint(&options.url, settings, service->id, err);
  if (!rc)
    rc = find_trace(target, settings, err);
  if (rc)
    return rc;
  return lun_endpoint_resolve(&target->url, &target->region, &options, err);
}

void lun_target_input(struct lun_call_input *input,
                      const struct lun_target *target,
                      const struct lun_settings *settings)
{
  input->endpoint = lun_buf_text(&target->url);
  input->region = lun_buf_text(&target->region);
  input->max_attempts = settings->max_attempts;
  input->connect_ms = settings->connect_ms;
  input->wait = settings->wait;
  input->trace = target->trace.len > 0 ? lun_buf_text(&target->trace) : NULL;
  input->ca = settings->ca;
}
