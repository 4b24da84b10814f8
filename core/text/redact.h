/*
 * Takes known secrets out of text that others wrote: what a check or a reload
 * command printed.  A last line of defence, not the first: nothing of ours
 * that is printed holds a secret to begin with.
 */
#ifndef LUN_REDACT_H
#define LUN_REDACT_H

#include "text.h"

#define LUN_REDACT_MIN 4 /* shorter secrets would hide ordinary words */

/*
 * Appends TEXT to OUT with LUN_REDACTED in the place of every stretch that is
 * of secrets: as they are, percent-encoded, in hexadecimal of either case,
 * escaped as any program escapes JSON, and in either base64 wherever they
 * stand within what was encoded.  SECRETS are borrowed.
 */
#define LUN_REDACTED "\xe2\x80\xb9redacted\xe2\x80\xba"
LUN_NODISCARD enum lun_code lun_redact(struct lun_buf *out,
                                       struct lun_span text,
                                       const struct lun_span *secrets,
                                       size_t nsecrets, struct lun_error *err);

#endif
