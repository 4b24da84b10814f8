/*
 * Small text work that several files need: numbers, base64, hex, UTF-8,
 * dates.  Pure; independent of the locale.
 */
#ifndef LUN_TEXT_H
#define LUN_TEXT_H

#include "../base/buf.h"

/* What a character is; in ASCII alone. */
bool lun_text_blank(char c); /* a blank or a tab */
bool lun_text_space(char c); /* that, CR, LF, VT, FF */
bool lun_text_digit(char c);
bool lun_text_alnum(char c); /* a letter or a digit */
char lun_text_lower(char c);
int lun_text_unhex(char c); /* the value of a hexadecimal digit, or -1 */

struct lun_span lun_text_trim(struct lun_span text); /* of all space */
struct lun_span lun_text_trim_blank(struct lun_span text);
bool lun_text_same(struct lun_span a, struct lun_span b); /* ASCII case aside */
bool lun_text_equal(const char *a, const char *b);        /* or both are NULL */
bool lun_text_prefix(struct lun_span text, const char *prefix);

/* Decimal digits, the whole span, within the range; else false. */
bool lun_text_int(struct lun_span text, int64_t min, int64_t max, int64_t *out);

/* True if every byte is printable ASCII; of a word, none is a blank. */
bool lun_text_printable(struct lun_span text);
bool lun_text_word(struct lun_span text);

/* True if every byte is a letter, a digit or one of MORE; not if empty. */
bool lun_text_of(struct lun_span text, const char *more);

/* The length of the valid UTF-8 sequence at the start, 0 if there is none. */
size_t lun_text_utf8(struct lun_span text, uint32_t *codepoint);
bool lun_text_is_utf8(struct lun_span text);

void lun_text_hex(struct lun_buf *out, const unsigned char *ptr, size_t len);
void lun_text_base64(struct lun_buf *out, struct lun_span bytes);

/* RFC 4648, padded; appends to OUT; false if TEXT is not base64. */
LUN_NODISCARD bool lun_text_unbase64(struct lun_buf *out, struct lun_span text);

/*
 * Dates, in seconds since 1970-01-01 UTC.  iso: "2026-11-23T00:00:00Z", with
 * an optional fraction (dropped) and numeric offset; basic: SigV4's
 * "20261123T000000Z"; http: "Mon, 23 Nov 2026 00:00:00 GMT".
 */
bool lun_text_date_iso(struct lun_span text, int64_t *seconds);
bool lun_text_date_basic(struct lun_span text, int64_t *seconds);
bool lun_text_date_http(struct lun_span text, int64_t *seconds);
void lun_text_put_iso(struct lun_buf *out, int64_t seconds);
void lun_text_put_basic(struct lun_buf *out, int64_t seconds);

#endif
