/*
 * Events for the log: a fixed word and typed fields.  There is no kind for
 * free text or bytes, so that no header, body or secret can be logged.
 */
#ifndef LUN_LOG_H
#define LUN_LOG_H

#include "ctx.h"

enum lun_level {
  LUN_DEBUG,
  LUN_INFO,
  LUN_WARN
};

enum lun_field_kind {
  LUN_FIELD_INT,  /* number */
  LUN_FIELD_MS,   /* number, in milliseconds */
  LUN_FIELD_CODE, /* name: a code of AWS or of ours */
  LUN_FIELD_NAME  /* name: of a service, host, operation, profile, provider */
};

struct lun_field {
  const char *key;
  enum lun_field_kind kind;
  int64_t number;
  const char *name; /* borrowed for the call */
};

struct lun_event {
  enum lun_level level;
  const char *word; /* "http.retry" */
  const struct lun_field *fields;
  size_t nfields;
};

void lun_log(const lun_ctx *ctx, enum lun_level level, const char *word,
             const struct lun_field *fields, size_t nfields);

/* Sends the context's events to WRITE from now on; NULL: nowhere. */
void lun_log_sink(lun_ctx *ctx,
                  void (*write)(void *data, const struct lun_event *event),
                  void *data);

#endif
