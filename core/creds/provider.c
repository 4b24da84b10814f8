/*
 * What the providers share.
 */
#include "provider.h"

#include "../base/error.h"

#include <stdarg.h>
#include <stdio.h>

enum lun_code lun_provider_new(struct lun_provider **out, size_t size,
                               const char *name,
                               enum lun_step (*step)(struct lun_task *task),
                               struct lun_place *place,
                               const char *source_profile,
                               struct lun_error *err)
{
  struct lun_provider *provider = lun_mem_alloc(place->ctx, size);

  if (provider == NULL)
    return lun_error_nomem(err);
  provider->task.step = step;
  provider->name = name;
  provider->place = lun_place_ref(place);
  provider->source = source_profile != NULL;
  provider->profile =
      provider->source ? source_profile : place->settings->profile;
  *out = provider;
  return LUN_OK;
}

void lun_provider_free(struct lun_provider *provider)
{
  struct lun_place *place = NULL;

  if (provider == NULL)
    return;
  lun_task_stop(&provider->task);
  if (provider->release != NULL)
    provider->release(provider);
  lun_cred_unref(provider->cred);
  place = provider->place;
  lun_mem_free(place->ctx, provider);
  lun_place_unref(place);
}

void lun_provider_reason(char *reason, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  (void)vsnprintf(reason, LUN_REASON_LEN, format, args);
  va_end(args);
}

enum lun_step lun_provider_pass(struct lun_provider *provider,
                                const char *reason)
{
  if (reason != provider->reason)
    lun_provider_reason(provider->reason, "%s", reason);
  return lun_task_end(&provider->task, LUN_OK, NULL);
}

int64_t lun_provider_skew(const struct lun_provider *provider,
                          const struct lun_http *http)
{
  struct lun_span text = {NULL, 0};
  int64_t date = 0;

  if (!lun_http_header(http, "Date", &text) || !lun_text_date_http(text, &date))
    return 0;
  return date - lun_clock_wall_ms(provider->place->ctx) / 1000;
}

enum lun_code lun_provider_alive(const struct lun_cred *cred, int64_t skew,
                                 struct lun_error *err)
{
  int64_t now = lun_clock_wall_ms(cred->ctx) / 1000 + skew;
  struct lun_buf end = LUN_BUF_INIT(cred->ctx, 64);
  struct lun_buf clock = LUN_BUF_INIT(cred->ctx, 64);
  enum lun_code rc = LUN_OK;

  if (cred->expires_at == 0 || cred->expires_at > now)
    return LUN_OK;
  lun_text_put_iso(&end, cred->expires_at);
  lun_text_put_iso(&clock, now);
  rc = lun_error_set(err, LUN_ECREDENTIALS,
                     "Credentials were refreshed, but the refreshed "
                     "credentials are still expired: those of %s ended at %s",
                     cred->provider, lun_buf_text(&end));
  lun_error_hint(err,
                 "get new ones from where these come from; if they are new, "
                 "look at the clock, which says %s",
                 lun_buf_text(&clock));
  if (end.fail == LUN_ENOMEM || clock.fail == LUN_ENOMEM)
    rc = lun_error_nomem(err);
  lun_buf_done(&end);
  lun_buf_done(&clock);
  return rc;
}

struct lun_setting lun_provider_get(const struct lun_provider *provider,
                                    const char *key)
{
  struct lun_setting setting = {0};
  const struct lun_ini_property *property = lun_files_get(
      &provider->place->settings->files, provider->profile, key, &setting.path);

  if (property == NULL || property->value[0] == '\0')
    return setting;
  setting.value = property->value;
  setting.line = property->line;
  return setting;
}
