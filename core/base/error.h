/*
 * Filling a struct lun_error.  A message names the thing and the place (a
 * key, a file, a line), never a value; the hint is the next step.
 */
#ifndef LUN_ERROR_H
#define LUN_ERROR_H

#include "base.h"

/* Clears the error and sets code and message; gives CODE back. */
enum lun_code lun_error_set(struct lun_error *err, enum lun_code code,
                            const char *format, ...) LUN_PRINTF(3, 4);

/* Adds the next step to an error that is set. */
void lun_error_hint(struct lun_error *err, const char *format, ...)
    LUN_PRINTF(2, 3);

/*
 * Puts what the message is about in front of it ("secret prod/db: "); the
 * rest of the error stays.
 */
void lun_error_prefix(struct lun_error *err, const char *format, ...)
    LUN_PRINTF(2, 3);

/* The error for a failed allocation. */
enum lun_code lun_error_nomem(struct lun_error *err);

/*
 * Copies text from outside (an AWS message, a file name) into a field of SIZE
 * bytes as one printable line: control characters become blanks, and a cut is
 * marked.  Never for bytes that may be secret.
 */
void lun_error_text(char *field, size_t size, struct lun_span text);

#endif
