/*
 * Header lines: what may be sent as one, and the head of an answer, which
 * http.c keeps as lines that are each ended by '\n'.  Pure.
 */
#ifndef LUN_HEAD_H
#define LUN_HEAD_H

#include "../text/text.h"

/*
 * Appends "NAME: VALUE" as libcurl wants it.  LUN_EINVALID names the header
 * if a byte of it could end the line or the name early.
 */
LUN_NODISCARD enum lun_code lun_head_line(struct lun_buf *line,
                                          struct lun_span name,
                                          struct lun_span value,
                                          struct lun_error *err);

/*
 * Appends a line as it came to HEAD; the first of an answer clears what was
 * there, since that was of an interim one, and is told by true.
 */
bool lun_head_take(struct lun_buf *head, struct lun_span line);

/* Can the end of the answer's body be told from a cut? */
enum lun_framing {
  LUN_FRAMING_GOOD,    /* one length, or chunks, or no body at all */
  LUN_FRAMING_NONE,    /* it ends where the connection does */
  LUN_FRAMING_TWOFOLD, /* it says two different things, or no number */
  LUN_FRAMING_ENCODED  /* it is compressed, which was not asked for */
};

/* The value of the header NAME, trimmed, the first one's; false: absent. */
bool lun_head_find(struct lun_span head, const char *name,
                   struct lun_span *out);

enum lun_framing lun_head_framing(struct lun_span head, int status);

#endif
