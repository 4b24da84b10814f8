/*
 * Errors are filled here and nowhere else, so that every text in them has
 * gone through lun_error_text: one line of valid UTF-8 that cannot steer a
 * terminal, whatever the file name or the service's message contained.
 */
#include "error.h"

#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>

struct code_word {
  const char *kind;
  int exit;
};

/* By code; the words and numbers are those of design sections 3 and 4. */
static const struct code_word code_words[] = {
    [LUN_OK] = {"ok", 0},
    [LUN_ENOMEM] = {"memory", 1},
    [LUN_EINVALID] = {"invalid", 15},
    [LUN_ECREDENTIALS] = {"credentials", 10},
    [LUN_EACCESS] = {"access_denied", 11},
    [LUN_ENOTFOUND] = {"not_found", 12},
    [LUN_ETHROTTLED] = {"throttled", 13},
    [LUN_ESERVICE] = {"service", 13},
    [LUN_ENETWORK] = {"network", 14},
    [LUN_ECHECK] = {"check", 16},
    [LUN_ERELOAD] = {"reload", 17},
    [LUN_EFILE] = {"filesystem", 18},
    [LUN_EDEADLINE] = {"deadline", 19},
};

static const struct code_word *word_of(enum lun_code code)
{
  static const struct code_word unknown = {"unknown", 1};
  size_t index = (size_t)code;

  if (index >= sizeof(code_words) / sizeof(code_words[0]))
    return &unknown;
  return &code_words[index];
}

const char *lun_code_kind(enum lun_code code)
{
  return word_of(code)->kind;
}

int lun_code_exit(enum lun_code code)
{
  return word_of(code)->exit;
}

/*
 * Characters that would break the line or turn what follows around: the
 * control characters, the line separators, the marks of text direction.
 */
static bool unprintable(uint32_t c)
{
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E ||
         c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void lun_error_text(char *field, size_t size, struct lun_span text)
{
  static const char mark[] = "...";
  size_t used = 0;
  size_t fits = 0; /* what may stay if the mark has to follow */
  size_t i = 0;

  if (size < sizeof(mark)) {
    if (size > 0)
      field[0] = '\0';
    return;
  }
  while (i < text.len) {
    struct lun_span rest = {text.ptr + i, text.len - i};
    uint32_t c = 0;
    size_t width = lun_utf8(rest, &c);
    const char *put = rest.ptr;
    size_t len = width;

    if (width == 0 || unprintable(c)) {
      put = width == 0 ? "?" : " ";
      len = 1;
      width = width == 0 ? 1 : width;
    }
    if (used + len >= size) {
      memcpy(field + fits, mark, sizeof(mark));
      return;
    }
    memcpy(field + used, put, len);
    used += len;
    if (used <= size - sizeof(mark))
      fits = used;
    i += width;
  }
  field[used] = '\0';
}

/* One byte longer than the field, so that a cut shows in lun_error_text. */
static void fill(char *field, size_t size, char *scratch, const char *format,
                 va_list args)
{
  int len = vsnprintf(scratch, size + 1, format, args);

  if (len < 0)
    len = 0;
  if ((size_t)len > size)
    len = (int)size;
  lun_error_text(field, size, (struct lun_span){scratch, (size_t)len});
}

enum lun_code lun_error_set(struct lun_error *err, enum lun_code code,
                            const char *format, ...)
{
  char scratch[sizeof(err->message) + 1] = "";
  va_list args;

  if (err == NULL)
    return code;
  va_start(args, format);
  /* The arguments may point into the old error: format before clearing. */
  fill(err->message, sizeof(err->message), scratch, format, args);
  va_end(args);
  memcpy(scratch, err->message, sizeof(err->message));
  memset(err, 0, sizeof(*err));
  err->code = code;
  memcpy(err->message, scratch, sizeof(err->message));
  return code;
}

void lun_error_hint(struct lun_error *err, const char *format, ...)
{
  char scratch[sizeof(err->hint) + 1] = "";
  va_list args;

  if (err == NULL)
    return;
  va_start(args, format);
  fill(err->hint, sizeof(err->hint), scratch, format, args);
  va_end(args);
}

void lun_error_prefix(struct lun_error *err, const char *format, ...)
{
  char scratch[2 * sizeof(err->message)] = "";
  size_t len = 0;
  va_list args;

  if (err == NULL)
    return;
  va_start(args, format);
  (void)vsnprintf(scratch, sizeof(err->message), format, args);
  va_end(args);
  len = strlen(scratch);
  memcpy(scratch + len, err->message, strlen(err->message) + 1);
  lun_error_text(err->message, sizeof(err->message), lun_span_of(scratch));
}

enum lun_code lun_error_nomem(struct lun_error *err)
{
  return lun_error_set(err, LUN_ENOMEM, "out of memory");
}
