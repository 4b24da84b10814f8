/*
 * The buffer grows by doubling.  Growing copies into a fresh block and wipes
 * the old one, for realloc would leave bytes behind.
 */
#include "buf.h"

#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#define FIRST_CAP 64

void lun_buf_init(struct lun_buf *buf, lun_ctx *ctx, size_t max)
{
  *buf = (struct lun_buf){.ctx = ctx, .max = max};
}

void lun_buf_done(struct lun_buf *buf)
{
  lun_mem_free(buf->ctx, buf->ptr);
  lun_buf_init(buf, buf->ctx, buf->max);
}

/* Makes room for LEN more bytes and their NUL; false once it has failed. */
static bool reserve(struct lun_buf *buf, size_t len)
{
  size_t need = 0;
  size_t cap = buf->cap < FIRST_CAP ? FIRST_CAP : buf->cap;
  char *ptr = NULL;

  if (buf->fail != LUN_OK)
    return false;
  if (len > buf->max - buf->len || buf->len + len >= PTRDIFF_MAX) {
    buf->fail = LUN_EINVALID;
    return false;
  }
  need = buf->len + len + 1;
  if (need <= buf->cap)
    return true;
  while (cap < need)
    cap *= 2;
  ptr = lun_mem_resize(buf->ctx, buf->ptr, cap);
  if (ptr == NULL) {
    buf->fail = LUN_ENOMEM;
    return false;
  }
  buf->ptr = ptr;
  buf->cap = cap;
  return true;
}

void lun_buf_add(struct lun_buf *buf, const void *ptr, size_t len)
{
  if (len == 0 || !reserve(buf, len))
    return;
  memcpy(buf->ptr + buf->len, ptr, len);
  buf->len += len;
  buf->ptr[buf->len] = '\0';
}

void lun_buf_addc(struct lun_buf *buf, char c)
{
  lun_buf_add(buf, &c, 1);
}

void lun_buf_adds(struct lun_buf *buf, const char *text)
{
  lun_buf_add(buf, text, strlen(text));
}

void lun_buf_add_span(struct lun_buf *buf, struct lun_span span)
{
  lun_buf_add(buf, span.ptr, span.len);
}

void lun_buf_addf(struct lun_buf *buf, const char *format, ...)
{
  va_list args;
  int len = 0;

  va_start(args, format);
  len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (len < 0 && buf->fail == LUN_OK)
    buf->fail = LUN_ENOMEM;
  if (len <= 0 || !reserve(buf, (size_t)len))
    return;
  va_start(args, format);
  (void)vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, args);
  va_end(args);
  buf->len += (size_t)len;
}

void lun_buf_cut(struct lun_buf *buf, size_t len)
{
  if (len >= buf->len)
    return;
  explicit_bzero(buf->ptr + len, buf->len - len);
  buf->len = len;
}

struct lun_span lun_buf_view(const struct lun_buf *buf)
{
  return (struct lun_span){lun_buf_text(buf), buf->len};
}

const char *lun_buf_text(const struct lun_buf *buf)
{
  return buf->len == 0 ? "" : buf->ptr;
}

enum lun_code lun_buf_status(const struct lun_buf *buf, const char *what,
                             struct lun_error *err)
{
  if (buf->fail == LUN_OK)
    return LUN_OK;
  if (buf->fail == LUN_ENOMEM)
    return lun_error_nomem(err);
  return lun_error_set(err, buf->fail, "%s is larger than %zu bytes", what,
                       buf->max);
}

char *lun_buf_take(struct lun_buf *buf, size_t *len)
{
  char *ptr = NULL;

  if (buf->fail == LUN_OK && reserve(buf, 0)) {
    ptr = buf->ptr;
    if (len != NULL)
      *len = buf->len;
    buf->ptr = NULL;
  } else if (len != NULL) {
    *len = 0;
  }
  lun_buf_done(buf);
  return ptr;
}
