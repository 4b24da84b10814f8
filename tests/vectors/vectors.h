/*
 * Running other people's conformance data over core.  A suite is a function
 * that finds its cases under the folder it is given; nothing here knows the
 * name of a case, so the same program runs any folder of the same form.
 */
#ifndef LUN_VECTORS_H
#define LUN_VECTORS_H

#include "../../core/text/json.h"

#define VECTORS_TEXT_MAX ((size_t)16 << 20)
#define VECTORS_PATH_MAX 4096

struct tally {
  lun_ctx *ctx;
  const char *suite;
  int passed;
  int failed;
  int skipped;
};

/* Each case ends in one of these. */
void case_passed(struct tally *tally);
void case_failed(struct tally *tally, const char *name, const char *format, ...)
    LUN_PRINTF(3, 4);
void case_skipped(struct tally *tally, const char *name, const char *why);

/*
 * True if GOT is WANT, line ends at their ends aside; else reports the first
 * difference as a failure of the case.
 */
bool case_same(struct tally *tally, const char *name, const char *what,
               struct lun_span want, struct lun_span got);

/* Appends a file's bytes; false if there is no such file. */
bool read_whole(struct lun_buf *out, const char *path);

/* Joins a folder and a name into a buffer of VECTORS_PATH_MAX bytes. */
void join_path(char *out, const char *folder, const char *name);

/* Calls VISIT for each name in FOLDER, sorted, without the dotted ones. */
void each_name(const char *folder,
               void (*visit)(void *data, const char *path, const char *name),
               void *data);

/* A JSON file, or none. */
struct document {
  struct lun_buf text;
  struct lun_json *json;
  struct lun_span span; /* of the text */
};

/* False, and the case failed, if the file is missing or no JSON. */
bool read_document(struct document *out, struct tally *tally, const char *path,
                   const char *name);
void document_done(struct document *document);

/* The member KEY of a node, 0 if there is none. */
size_t member(const struct document *document, size_t node, const char *key);

/* Appends a member's string; nothing if there is none. */
void member_text(struct lun_buf *out, const struct document *document,
                 size_t node, const char *key);

/* A member that is true. */
bool member_true(const struct document *document, size_t node, const char *key);

void run_sigv4_aws(struct tally *tally, const char *path);
void run_sigv4_botocore(struct tally *tally, const char *path);
void run_json(struct tally *tally, const char *path);
void run_ini(struct tally *tally, const char *path);
void run_ini_corpus(struct tally *tally, const char *path);
void run_dates(struct tally *tally, const char *path);
void run_endpoints(struct tally *tally, const char *path);
void run_partitions(struct tally *tally, const char *path);
void run_configured(struct tally *tally, const char *path);
void run_recursion(struct tally *tally, const char *path);

#endif
