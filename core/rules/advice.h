/*
 * The next step for an error of AWS: which document or setting to look at.
 * AWS may change its texts, so phrases are looked for, not whole sentences.
 * Pure.
 */
#ifndef LUN_ADVICE_H
#define LUN_ADVICE_H

#include "../base/error.h"

/*
 * Sets the hint of an error from its service, operation, aws_code and
 * message; it has none if nothing better than the message is known.
 */
void lun_advice_set(struct lun_error *err);

#endif
