/*
 * The table of well-formed sequences of the Unicode standard (table 3-7): the
 * first byte says how many follow and the range of the second, which is what
 * keeps out overlong forms and surrogates.
 */
#include "utf8.h"

struct lead {
  size_t len;
  unsigned char low; /* of the second byte */
  unsigned char high;
  unsigned char mask; /* the payload bits of the first byte */
};

static struct lead lead_of(unsigned char c)
{
  if (c < 0x80)
    return (struct lead){1, 0, 0, 0x7F};
  if (c >= 0xC2 && c <= 0xDF)
    return (struct lead){2, 0x80, 0xBF, 0x1F};
  if (c == 0xE0)
    return (struct lead){3, 0xA0, 0xBF, 0x0F};
  if (c == 0xED)
    return (struct lead){3, 0x80, 0x9F, 0x0F};
  if (c >= 0xE1 && c <= 0xEF)
    return (struct lead){3, 0x80, 0xBF, 0x0F};
  if (c == 0xF0)
    return (struct lead){4, 0x90, 0xBF, 0x07};
  if (c >= 0xF1 && c <= 0xF3)
    return (struct lead){4, 0x80, 0xBF, 0x07};
  if (c == 0xF4)
    return (struct lead){4, 0x80, 0x8F, 0x07};
  return (struct lead){0, 0, 0, 0};
}

size_t lun_utf8(struct lun_span text, uint32_t *codepoint)
{
  struct lead lead = {0, 0, 0, 0};
  uint32_t value = 0;
  size_t i = 0;

  if (text.len == 0)
    return 0;
  lead = lead_of((unsigned char)text.ptr[0]);
  if (lead.len == 0 || lead.len > text.len)
    return 0;
  value = (unsigned char)text.ptr[0] & lead.mask;
  for (i = 1; i < lead.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];

    if (c < (i == 1 ? lead.low : 0x80) || c > (i == 1 ? lead.high : 0xBF))
      return 0;
    value = value << 6 | (c & 0x3F);
  }
  if (codepoint != NULL)
    *codepoint = value;
  return lead.len;
}
