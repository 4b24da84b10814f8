/*
 * What every core file sees: the public header, spans, and nothing else.
 */
#ifndef LUN_BASE_H
#define LUN_BASE_H

#include "../lunette.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Borrowed bytes: a loan, valid until the next change of their source.
 * Spans are never freed and never stored in what outlives their source.
 */
struct lun_span {
  const char *ptr;
  size_t len;
};

#define LUN_SPAN_LIT(literal)                                                  \
  ((struct lun_span){"" literal, sizeof(literal) - 1})

static inline struct lun_span lun_span_of(const char *text)
{
  return (struct lun_span){text, text == NULL ? 0 : strlen(text)};
}

static inline bool lun_span_is(struct lun_span span, const char *text)
{
  size_t len = strlen(text);
  return span.len == len && (len == 0 || strncmp(span.ptr, text, len) == 0);
}

/* Not for secrets: lun_secret_equal is. */
static inline bool lun_span_same(struct lun_span a, struct lun_span b)
{
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

#include "banned.h"

#endif
