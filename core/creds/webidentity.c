/*
 * Web identity: not there yet, and said so.
 */
#include "provider.h"

#include "../base/error.h"

static enum lun_step step(struct lun_task *task)
{
  struct lun_provider *provider = (struct lun_provider *)(void *)task;

  if (!provider->source && lun_env_get(&provider->place->settings->env,
                                       "AWS_WEB_IDENTITY_TOKEN_FILE") != NULL)
    return lun_task_end(task,
                        lun_error_set(&task->err, LUN_ECREDENTIALS,
                                      "AWS_WEB_IDENTITY_TOKEN_FILE is set, but "
                                      "this version of lunette cannot use it"),
                        NULL);
  if (lun_provider_get(provider, "web_identity_token_file").value != NULL)
    return lun_task_end(task,
                        lun_error_set(&task->err, LUN_ECREDENTIALS,
                                      "web_identity_token_file is set, but "
                                      "this version of lunette cannot use it"),
                        NULL);
  return lun_provider_pass(provider, "no web_identity_token_file");
}

enum lun_code lun_provider_web_identity(struct lun_provider **out,
                                        struct lun_place *place,
                                        const char *source_profile,
                                        struct lun_error *err)
{
  return lun_provider_new(out, sizeof(**out), "assume-role-with-web-identity",
                          step, place, source_profile, err);
}
