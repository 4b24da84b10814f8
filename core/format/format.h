/*
 * What the formats share: the writer's insides and the table that each format
 * fills.  Private to core/format.
 */
#ifndef LUN_FORMAT_H
#define LUN_FORMAT_H

#include "writer.h"

/*
 * One format.  A writer's state block is STATE_SIZE zeroed bytes, so that
 * zero must be the state at the start of a file.
 */
struct lun_format {
  const char *name;
  size_t state_size;
  enum lun_code (*text)(lun_writer *writer, struct lun_span text,
                        struct lun_error *err);
  enum lun_code (*value)(lun_writer *writer, enum lun_value_kind kind,
                         struct lun_span bytes, struct lun_error *err);
  enum lun_code (*end)(lun_writer *writer, struct lun_error *err);
};

struct lun_writer {
  lun_ctx *ctx;
  const struct lun_format *format;
  struct lun_buf out;
  struct lun_buf lifted; /* the end of OUT while it is written anew */
  void *state;
};

extern const struct lun_format lun_format_dotenv;
extern const struct lun_format lun_format_json;
extern const struct lun_format lun_format_sh;
extern const struct lun_format lun_format_text;
extern const struct lun_format lun_format_yaml;

/* LUN_EINVALID: "WHAT cannot stand WHERE". */
enum lun_code lun_format_refuse(struct lun_error *err, const char *what,
                                const char *where);

/*
 * Moves what OUT has from offset FROM on into LIFTED, to be written in
 * another form.  The span is good until the next lift.
 */
struct lun_span lun_format_lift(lun_writer *writer, size_t from);

/*
 * LUN_EINVALID for a null, which only formats with a null can write, and for
 * a NUL byte if NUL_OK is false.
 */
LUN_NODISCARD enum lun_code lun_format_check(enum lun_value_kind kind,
                                             struct lun_span bytes, bool nul_ok,
                                             const char *where,
                                             struct lun_error *err);

bool lun_format_newline(char c); /* CR or LF */
bool lun_format_name(char c);    /* a letter, digit or _ of ASCII */

/* True if C is one of SET's characters; a NUL never is. */
bool lun_format_one_of(const char *set, char c);

/* A letter or _, then letters, digits, _; ASCII. */
bool lun_format_is_name(struct lun_span text);

/* True if TEXT is a number as RFC 8259 writes them. */
bool lun_format_is_number(struct lun_span text);

/* True if TEXT has the byte C. */
bool lun_format_has(struct lun_span text, char c);

#endif
