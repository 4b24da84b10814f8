/*
 * The output of a template, in one of the configuration formats.  The writer
 * follows the literal text as a reader of the format would, and so knows, at
 * every value that comes between, where that value stands: as a whole scalar,
 * inside quotes, in a comment.  It writes the value so that a parser of the
 * format reads back exactly its bytes, or refuses it; nothing is guessed.
 *
 * Following the output rather than the template makes loops, branches and
 * includes come out right by themselves.
 */
#ifndef LUN_WRITER_H
#define LUN_WRITER_H

#include "../base/secret.h"
#include "../text/text.h"

#define LUN_WRITER_MAX ((size_t)64 << 20) /* bytes of one file */

/* What a value is, for formats that tell numbers from strings. */
enum lun_value_kind {
  LUN_VALUE_STRING,
  LUN_VALUE_NUMBER, /* the text of a JSON number */
  LUN_VALUE_TRUE,
  LUN_VALUE_FALSE,
  LUN_VALUE_NULL,
  LUN_VALUE_JSON /* the JSON text of an object or array */
};

typedef struct lun_writer lun_writer;

/*
 * A writer for FORMAT ("yaml", "json", "dotenv", "sh", "text").  LUN_EINVALID
 * lists the formats there are for one that is not among them.
 */
LUN_NODISCARD enum lun_code lun_writer_new(lun_writer **out, lun_ctx *ctx,
                                           const char *format,
                                           struct lun_error *err);
void lun_writer_free(lun_writer *writer);

/* The names of all formats, ended by NULL. */
const char *const *lun_writer_formats(void);

/* Literal text of the template. */
LUN_NODISCARD enum lun_code lun_writer_text(lun_writer *writer,
                                            struct lun_span text,
                                            struct lun_error *err);

/*
 * A value at the place where the writer stands.  LUN_EINVALID says why it
 * cannot stand there ("a newline in a comment"), never the value.
 */
LUN_NODISCARD enum lun_code lun_writer_value(lun_writer *writer,
                                             enum lun_value_kind kind,
                                             struct lun_span bytes,
                                             struct lun_error *err);

/* Bytes put down as they are, but followed like literal text: raw(x). */
LUN_NODISCARD enum lun_code lun_writer_raw(lun_writer *writer,
                                           struct lun_span bytes,
                                           struct lun_error *err);

/*
 * Ends the output (an open quoted scalar is LUN_EINVALID) and gives its
 * bytes, borrowed from the writer.
 */
LUN_NODISCARD enum lun_code
lun_writer_end(lun_writer *writer, struct lun_span *out, struct lun_error *err);

#endif
