/*
 * JSON strings: finding their end, reading and writing what stands between
 * their quotes.
 */
#ifndef LUN_JSTRING_H
#define LUN_JSTRING_H

#include "text.h"

/*
 * Scans the inside of a string; TEXT begins behind its opening quote.  NULL,
 * and *LEN is where the closing quote stands; or what is wrong at *LEN.
 */
const char *lun_jstring_scan(struct lun_span text, size_t *len, bool *escaped);

/*
 * The functions below take RAW, the inside of a string that
 * lun_jstring_scan has found valid.
 */

/* Takes the next character off RAW, decoded to UTF-8; its length. */
size_t lun_jstring_next(struct lun_span *raw, char out[4]);

/* Appends RAW, decoded. */
void lun_jstring_decode(struct lun_buf *out, struct lun_span raw);

/* True if RAW, decoded, is TEXT; ESCAPED says whether RAW has escapes. */
bool lun_jstring_is(struct lun_span raw, bool escaped, struct lun_span text);

/* Appends TEXT as a JSON string, quotes and all; TEXT is valid UTF-8. */
void lun_json_quote(struct lun_buf *out, struct lun_span text);

#endif
