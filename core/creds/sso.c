/*
 * IAM Identity Center: not there yet, and said so.
 */
#include "provider.h"

#include "../base/error.h"

static enum lun_step step(struct lun_task *task)
{
  struct lun_provider *provider = (struct lun_provider *)(void *)task;

  if (lun_provider_get(provider, "sso_account_id").value != NULL)
    return lun_task_end(
        task,
        lun_error_set(
            &task->err, LUN_ECREDENTIALS,
            "sso_account_id is set, but this version of lunette cannot use it"),
        NULL);
  if (lun_provider_get(provider, "sso_role_name").value != NULL)
    return lun_task_end(
        task,
        lun_error_set(
            &task->err, LUN_ECREDENTIALS,
            "sso_role_name is set, but this version of lunette cannot use it"),
        NULL);
  return lun_provider_pass(provider, "no sso_account_id");
}

enum lun_code lun_provider_sso(struct lun_provider **out,
                               struct lun_place *place,
                               const char *source_profile,
                               struct lun_error *err)
{
  return lun_provider_new(out, sizeof(**out), "sso", step, place,
                          source_profile, err);
}
