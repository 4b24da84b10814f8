/*
 * The container's endpoint: not there yet, and said so.
 */
#include "provider.h"

#include "../base/error.h"

static enum lun_step step(struct lun_task *task)
{
  struct lun_provider *provider = (struct lun_provider *)(void *)task;

  if (lun_env_get(&provider->place->settings->env,
                  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL)
    return lun_task_end(
        task,
        lun_error_set(&task->err, LUN_ECREDENTIALS,
                      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is set, but this "
                      "version of lunette cannot use it"),
        NULL);
  if (lun_env_get(&provider->place->settings->env,
                  "AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL)
    return lun_task_end(
        task,
        lun_error_set(&task->err, LUN_ECREDENTIALS,
                      "AWS_CONTAINER_CREDENTIALS_FULL_URI is set, but this "
                      "version of lunette cannot use it"),
        NULL);
  return lun_provider_pass(provider,
                           "no AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
}

enum lun_code lun_provider_container(struct lun_provider **out,
                                     struct lun_place *place,
                                     const char *source_profile,
                                     struct lun_error *err)
{
  return lun_provider_new(out, sizeof(**out), "container-role", step, place,
                          source_profile, err);
}
