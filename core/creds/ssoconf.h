/*
 * What a profile says of IAM Identity Center, by itself or in the sso-session
 * that it names (aws-behaviour.md section 3.3).
 */
#ifndef LUN_SSOCONF_H
#define LUN_SSOCONF_H

#include "../conf/target.h"
#include "provider.h"

struct lun_sso_conf {
  const char *profile;        /* borrowed, as all of it */
  struct lun_setting session; /* sso_session; no value: the older form */
  struct lun_setting start_url;
  struct lun_setting region;
  struct lun_setting account_id;
  struct lun_setting role_name;
};

/*
 * Reads it; what it points to stays while PLACE does.  LUN_ECREDENTIALS
 * with file and line for a session that is not there or contradicts the
 * profile, for a region that is none, and one error for all that is missing;
 * the account and the role may be missing unless ROLE.
 */
LUN_NODISCARD enum lun_code lun_sso_conf_read(struct lun_sso_conf *out,
                                              const struct lun_place *place,
                                              const char *profile, bool role,
                                              struct lun_error *err);

/* The target of SERVICE in the region there.  LUN_ECREDENTIALS, with file and
 * line, if there can be none. */
LUN_NODISCARD enum lun_code
lun_sso_conf_target(struct lun_target *target, const struct lun_sso_conf *conf,
                    const struct lun_place *place,
                    const struct lun_service *service, struct lun_error *err);

/* The next step for who has to log in again. */
void lun_sso_conf_hint(const struct lun_sso_conf *conf, struct lun_error *err);

#endif
