/*
 * Takes known secrets out of text that others wrote: what a check or a reload
 * command printed.  A last line of defence, not the first: nothing of ours
 * that is printed holds a secret to begin with.
 */
#ifndef LUN_REDACT_H
#define LUN_REDACT_H

#include "text.h"

#define LUN_REDACT_MIN 4 /* shorter secrets would hide ordinary words */
#define LUN_REDACT_MAX ((size_t)1 << 30) /* a longer text is LUN_EINVALID */

/*
 * Appends TEXT to OUT with LUN_REDACTED in the place of every stretch that is
 * of secrets: as they are, percent-encoded, in hexadecimal of either case,
 * escaped as any program escapes JSON or YAML, and in either base64 wherever
 * they stand within what was encoded; and whatever 6 bytes or more of them it
 * shows, in either case, even with quotes, backslashes, blanks or line breaks
 * in between.  Of a secret that is a JSON object or array, that is its strings
 * and numbers.  SECRETS are borrowed.
 */
#define LUN_REDACTED "\xe2\x80\xb9redacted\xe2\x80\xba"
LUN_NODISCARD enum lun_code lun_redact(struct lun_buf *out,
                                       struct lun_span text,
                                       const struct lun_span *secrets,
                                       size_t nsecrets, struct lun_error *err);

#endif
