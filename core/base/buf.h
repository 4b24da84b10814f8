/*
 * Growing buffers with a cap.  A buffer remembers its first failure and
 * ignores what comes after, so that many appends need one test: call
 * lun_buf_status when all is appended.  A buffer may hold secrets: what it
 * leaves behind is wiped.
 */
#ifndef LUN_BUF_H
#define LUN_BUF_H

#include "mem.h"

struct lun_buf {
  lun_ctx *ctx;
  char *ptr; /* a NUL stands behind the last byte; NULL while empty */
  size_t len;
  size_t cap;
  size_t max;         /* more than this is LUN_EINVALID */
  enum lun_code fail; /* the first failure */
};

#define LUN_BUF_INIT(context, limit)                                           \
  {                                                                            \
    .ctx = (context), .max = (limit)                                           \
  }

void lun_buf_init(struct lun_buf *buf, lun_ctx *ctx, size_t max);
void lun_buf_done(struct lun_buf *buf); /* wiped, freed, empty again */

void lun_buf_add(struct lun_buf *buf, const void *ptr, size_t len);
void lun_buf_addc(struct lun_buf *buf, char c);
void lun_buf_adds(struct lun_buf *buf, const char *text);
void lun_buf_add_span(struct lun_buf *buf, struct lun_span span);
void lun_buf_addf(struct lun_buf *buf, const char *format, ...)
    LUN_PRINTF(2, 3);

/* Keeps the first LEN bytes and wipes the rest. */
void lun_buf_cut(struct lun_buf *buf, size_t len);

/* The bytes so far, borrowed until the next append. */
struct lun_span lun_buf_view(const struct lun_buf *buf);

/* The text so far, ended by a NUL: "" while empty. */
const char *lun_buf_text(const struct lun_buf *buf);

/* LUN_OK, or the first failure; WHAT says what was too big. */
LUN_NODISCARD enum lun_code lun_buf_status(const struct lun_buf *buf,
                                           const char *what,
                                           struct lun_error *err);

/*
 * Hands the bytes, and a NUL behind them, over as a block for lun_mem_free;
 * the buffer is empty then.  NULL if the buffer had failed, or if even one
 * byte was not to be had.  LEN may be NULL.
 */
LUN_NODISCARD char *lun_buf_take(struct lun_buf *buf, size_t *len);

#endif
