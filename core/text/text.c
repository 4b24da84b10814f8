/*
 * Small text work.  The digits of base64 and hex come from arithmetic, not
 * from a table: a look-up would leave traces of a secret in the cache.
 */
#include "text.h"

#include "../base/utf8.h"

bool lun_text_blank(char c)
{
  return c == ' ' || c == '\t';
}

bool lun_text_space(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool lun_text_digit(char c)
{
  return c >= '0' && c <= '9';
}

bool lun_text_alnum(char c)
{
  char lower = lun_text_lower(c);

  return lun_text_digit(c) || (lower >= 'a' && lower <= 'z');
}

char lun_text_lower(char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int lun_text_unhex(char c)
{
  char lower = lun_text_lower(c);

  if (lun_text_digit(c))
    return c - '0';
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static struct lun_span trim(struct lun_span text, bool (*is)(char c))
{
  while (text.len > 0 && is(text.ptr[0])) {
    text.ptr++;
    text.len--;
  }
  while (text.len > 0 && is(text.ptr[text.len - 1]))
    text.len--;
  return text;
}

struct lun_span lun_text_trim(struct lun_span text)
{
  return trim(text, lun_text_space);
}

struct lun_span lun_text_trim_blank(struct lun_span text)
{
  return trim(text, lun_text_blank);
}

bool lun_text_same(struct lun_span a, struct lun_span b)
{
  size_t i = 0;

  if (a.len != b.len)
    return false;
  for (i = 0; i < a.len; i++)
    if (lun_text_lower(a.ptr[i]) != lun_text_lower(b.ptr[i]))
      return false;
  return true;
}

bool lun_text_equal(const char *a, const char *b)
{
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool lun_text_prefix(struct lun_span text, const char *prefix)
{
  size_t len = strlen(prefix);

  return text.len >= len &&
         lun_span_is((struct lun_span){text.ptr, len}, prefix);
}

bool lun_text_int(struct lun_span text, int64_t min, int64_t max, int64_t *out)
{
  int64_t value = 0;
  size_t i = 0;

  if (text.len == 0)
    return false;
  for (i = 0; i < text.len; i++) {
    int64_t next = text.ptr[i] - '0';

    if (!lun_text_digit(text.ptr[i]) || value > (INT64_MAX - next) / 10)
      return false;
    value = value * 10 + next;
  }
  if (value < min || value > max)
    return false;
  *out = value;
  return true;
}

bool lun_text_printable(struct lun_span text)
{
  size_t i = 0;

  for (i = 0; i < text.len; i++)
    if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7E)
      return false;
  return true;
}

bool lun_text_word(struct lun_span text)
{
  return lun_text_printable(text) &&
         (text.len == 0 || memchr(text.ptr, ' ', text.len) == NULL);
}

bool lun_text_of(struct lun_span text, const char *more)
{
  size_t i = 0;

  for (i = 0; i < text.len; i++) {
    char c = text.ptr[i];

    if (!lun_text_alnum(c) && (c == '\0' || strchr(more, c) == NULL))
      return false;
  }
  return text.len > 0;
}

size_t lun_text_utf8(struct lun_span text, uint32_t *codepoint)
{
  return lun_utf8(text, codepoint);
}

bool lun_text_is_utf8(struct lun_span text)
{
  while (text.len > 0) {
    size_t len = lun_utf8(text, NULL);

    if (len == 0)
      return false;
    text.ptr += len;
    text.len -= len;
  }
  return true;
}

/* ------------------------------------------------------- hex and base64 -- */

/* 1 if A > B, else 0; for values below 2^31. */
static unsigned above(unsigned a, unsigned b)
{
  return (b - a) >> 31;
}

/* 1 if C is from LOW to HIGH, else 0. */
static unsigned within(unsigned c, unsigned low, unsigned high)
{
  return 1 - (above(low, c) | above(c, high));
}

void lun_text_hex(struct lun_buf *out, const unsigned char *ptr, size_t len)
{
  size_t i = 0;

  for (i = 0; i < 2 * len; i++) {
    unsigned value = (unsigned)ptr[i / 2] >> (i % 2 ? 0 : 4) & 0xF;

    lun_buf_addc(out, (char)('0' + value + above(value, 9) * ('a' - '9' - 1)));
  }
}

/* The digit for 0 to 63. */
static char base64_digit(unsigned value)
{
  unsigned c = 'A' + value;

  c += above(value, 25) * ('a' - 'Z' - 1);
  c -= above(value, 51) * ('z' + 1 - '0');
  c -= above(value, 61) * ('9' + 1 - '+');
  c += above(value, 62) * ('/' - '+' - 1);
  return (char)c;
}

/* The value of a digit, plus one; 0 if it is none. */
static unsigned base64_value(char text)
{
  unsigned c = (unsigned char)text;
  unsigned value = 0;

  value += within(c, 'A', 'Z') * (c - 'A' + 1);
  value += within(c, 'a', 'z') * (c - 'a' + 27);
  value += within(c, '0', '9') * (c - '0' + 53);
  value += within(c, '+', '+') * 63;
  value += within(c, '/', '/') * 64;
  return value;
}

void lun_text_base64(struct lun_buf *out, struct lun_span bytes)
{
  const unsigned char *ptr = (const unsigned char *)bytes.ptr;
  size_t i = 0;

  for (i = 0; i < bytes.len; i += 3) {
    size_t have = bytes.len - i < 3 ? bytes.len - i : 3;
    unsigned group = (unsigned)ptr[i] << 16;

    if (have > 1)
      group |= (unsigned)ptr[i + 1] << 8;
    if (have > 2)
      group |= ptr[i + 2];
    lun_buf_addc(out, base64_digit(group >> 18));
    lun_buf_addc(out, base64_digit(group >> 12 & 63));
    lun_buf_addc(out, have > 1 ? base64_digit(group >> 6 & 63) : '=');
    lun_buf_addc(out, have > 2 ? base64_digit(group & 63) : '=');
  }
}

/* One group of four digits, PAD of them '='; false if it is none. */
static bool unbase64_group(struct lun_buf *out, const char *ptr, size_t pad)
{
  unsigned group = 0;
  unsigned bad = 0;
  size_t i = 0;

  for (i = 0; i < 4 - pad; i++) {
    unsigned value = base64_value(ptr[i]);

    bad |= 1 - above(value, 0);
    group |= (value - 1) << (18 - 6 * i);
  }
  /* Bits that no byte takes have to be zero: one text for one value. */
  bad |= above(group & ((1u << 8 * pad) - 1), 0);
  if (bad)
    return false;
  lun_buf_addc(out, (char)(group >> 16));
  if (pad < 2)
    lun_buf_addc(out, (char)(group >> 8));
  if (pad < 1)
    lun_buf_addc(out, (char)group);
  return true;
}

bool lun_text_unbase64(struct lun_buf *out, struct lun_span text)
{
  size_t i = 0;

  if (text.len % 4 != 0)
    return false;
  for (i = 0; i < text.len; i += 4) {
    size_t pad = 0;

    if (i + 4 == text.len && text.ptr[i + 3] == '=')
      pad = text.ptr[i + 2] == '=' ? 2 : 1;
    if (!unbase64_group(out, text.ptr + i, pad))
      return false;
  }
  return true;
}

/* --------------------------------------------------------------- dates -- */

struct civil {
  int64_t year;
  int64_t month;
  int64_t day;
  int64_t hour;
  int64_t minute;
  int64_t second;
};

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "MonTueWedThuFriSatSun";

/*
 * Days since 1970-01-01 of a date of the Gregorian calendar.  The year begins
 * in March here, so that the leap day is its last.
 */
static int64_t days_of(const struct civil *at)
{
  int64_t year = at->year - (at->month <= 2) + 400; /* never negative */
  int64_t month = (at->month + 9) % 12;
  int64_t day = (153 * month + 2) / 5 + at->day - 1;

  return year * 365 + year / 4 - year / 100 + year / 400 + day - 719468 -
         146097;
}

static void civil_of(struct civil *at, int64_t seconds)
{
  int64_t days = seconds / 86400 - (seconds % 86400 < 0);
  int64_t rest = seconds - days * 86400;
  int64_t shifted = days + 719468;
  int64_t era = shifted / 146097 - (shifted % 146097 < 0);
  int64_t day = shifted - era * 146097; /* of 400 years */
  int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  int64_t month = 0;

  day -= 365 * year + year / 4 - year / 100;
  month = (5 * day + 2) / 153;
  at->day = day - (153 * month + 2) / 5 + 1;
  at->month = month < 10 ? month + 3 : month - 9;
  at->year = year + era * 400 + (at->month <= 2);
  at->hour = rest / 3600;
  at->minute = rest / 60 % 60;
  at->second = rest % 60;
}

static bool leap(int64_t year)
{
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The seconds of a date, if it exists; a leap second is the next minute. */
static bool seconds_of(const struct civil *at, int64_t *seconds)
{
  static const int month_days[] = {31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31};

  if (at->month < 1 || at->month > 12 || at->day < 1 || at->hour > 23 ||
      at->minute > 59 || at->second > 60)
    return false;
  if (at->day >
      month_days[at->month - 1] + (at->month == 2 && leap(at->year) ? 1 : 0))
    return false;
  *seconds =
      days_of(at) * 86400 + at->hour * 3600 + at->minute * 60 + at->second;
  return true;
}

/* Takes COUNT digits off the front of TEXT. */
static bool take_digits(struct lun_span *text, size_t count, int64_t *value)
{
  struct lun_span digits = {text->ptr, count};

  if (text->len < count || !lun_text_int(digits, 0, INT64_MAX, value))
    return false;
  text->ptr += count;
  text->len -= count;
  return true;
}

/* Takes one character of SET off the front of TEXT. */
static bool take_one(struct lun_span *text, const char *set)
{
  if (text->len == 0 || text->ptr[0] == '\0' ||
      strchr(set, text->ptr[0]) == NULL)
    return false;
  text->ptr++;
  text->len--;
  return true;
}

/* Takes ".123" off the front, if it is there. */
static bool drop_fraction(struct lun_span *text)
{
  size_t count = 0;

  if (!take_one(text, "."))
    return true;
  while (text->len > 0 && lun_text_digit(text->ptr[0])) {
    text->ptr++;
    text->len--;
    count++;
  }
  return count > 0;
}

static bool take_clock(struct lun_span *text, struct civil *at)
{
  return take_digits(text, 2, &at->hour) && take_one(text, ":") &&
         take_digits(text, 2, &at->minute) && take_one(text, ":") &&
         take_digits(text, 2, &at->second);
}

/* Takes "Z", "+09:00" or "-0300" off the front. */
static bool take_offset(struct lun_span *text, int64_t *seconds)
{
  int64_t hour = 0;
  int64_t minute = 0;
  bool west = false;

  *seconds = 0;
  if (take_one(text, "Zz"))
    return true;
  west = text->len > 0 && text->ptr[0] == '-';
  if (!take_one(text, "+-") || !take_digits(text, 2, &hour))
    return false;
  (void)take_one(text, ":");
  if (!take_digits(text, 2, &minute) || hour > 23 || minute > 59)
    return false;
  *seconds = (hour * 3600 + minute * 60) * (west ? -1 : 1);
  return true;
}

bool lun_text_date_iso(struct lun_span text, int64_t *seconds)
{
  struct civil at = {0, 0, 0, 0, 0, 0};
  int64_t offset = 0;
  int64_t value = 0;

  if (!take_digits(&text, 4, &at.year) || !take_one(&text, "-") ||
      !take_digits(&text, 2, &at.month) || !take_one(&text, "-") ||
      !take_digits(&text, 2, &at.day) || !take_one(&text, "Tt") ||
      !take_clock(&text, &at) || !drop_fraction(&text) ||
      !take_offset(&text, &offset) || text.len > 0 || !seconds_of(&at, &value))
    return false;
  *seconds = value - offset;
  return true;
}

bool lun_text_date_basic(struct lun_span text, int64_t *seconds)
{
  struct civil at = {0, 0, 0, 0, 0, 0};

  return take_digits(&text, 4, &at.year) && take_digits(&text, 2, &at.month) &&
         take_digits(&text, 2, &at.day) && take_one(&text, "T") &&
         take_digits(&text, 2, &at.hour) && take_digits(&text, 2, &at.minute) &&
         take_digits(&text, 2, &at.second) && take_one(&text, "Z") &&
         text.len == 0 && seconds_of(&at, seconds);
}

/* Takes a name of three letters off the front; its place in NAMES, or -1. */
static int64_t take_name(struct lun_span *text, const char *names)
{
  size_t i = 0;

  if (text->len < 3)
    return -1;
  for (i = 0; names[i] != '\0'; i += 3)
    if (lun_text_same((struct lun_span){text->ptr, 3},
                      (struct lun_span){names + i, 3})) {
      text->ptr += 3;
      text->len -= 3;
      return (int64_t)(i / 3);
    }
  return -1;
}

bool lun_text_date_http(struct lun_span text, int64_t *seconds)
{
  struct civil at = {0, 0, 0, 0, 0, 0};

  if (take_name(&text, day_names) < 0 || !take_one(&text, ",") ||
      !take_one(&text, " ") || !take_digits(&text, 2, &at.day) ||
      !take_one(&text, " "))
    return false;
  at.month = take_name(&text, month_names) + 1;
  return take_one(&text, " ") && take_digits(&text, 4, &at.year) &&
         take_one(&text, " ") && take_clock(&text, &at) &&
         drop_fraction(&text) && lun_span_is(text, " GMT") &&
         seconds_of(&at, seconds);
}

void lun_text_put_iso(struct lun_buf *out, int64_t seconds)
{
  struct civil at = {0, 0, 0, 0, 0, 0};

  civil_of(&at, seconds);
  lun_buf_addf(out, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lldZ",
               (long long)at.year, (long long)at.month, (long long)at.day,
               (long long)at.hour, (long long)at.minute, (long long)at.second);
}

void lun_text_put_basic(struct lun_buf *out, int64_t seconds)
{
  struct civil at = {0, 0, 0, 0, 0, 0};

  civil_of(&at, seconds);
  lun_buf_addf(out, "%04lld%02lld%02lldT%02lld%02lld%02lldZ",
               (long long)at.year, (long long)at.month, (long long)at.day,
               (long long)at.hour, (long long)at.minute, (long long)at.second);
}
