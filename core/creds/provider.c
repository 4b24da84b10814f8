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
                               lun_loop *loop, struct lun_settings *settings,
                               struct lun_error *err)
{
  struct lun_provider *provider = lun_mem_alloc(lun_loop_ctx(loop), size);

  if (provider == NULL)
    return lun_error_nomem(err);
  provider->task.step = step;
  provider->name = name;
  provider->loop = loop;
  provider->settings = lun_settings_ref(settings);
  *out = provider;
  return LUN_OK;
}

void lun_provider_free(struct lun_provider *provider)
{
  if (provider == NULL)
    return;
  lun_task_stop(&provider->task);
  if (provider->release != NULL)
    provider->release(provider);
  lun_cred_unref(provider->cred);
  lun_settings_unref(provider->settings);
  lun_mem_free(lun_loop_ctx(provider->loop), provider);
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
