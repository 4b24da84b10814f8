/*
 * The context: what every object of core shares.  The members belong to the
 * files named beside them; others use those files' functions.
 */
#ifndef LUN_CTX_H
#define LUN_CTX_H

#include "base.h"

struct lun_arena;

/* mem.c: what is allocated, and the fault that a test plans. */
struct lun_account {
  size_t live_blocks;
  size_t live_bytes;
  int64_t fail_after; /* allocations until one fails, once; -1: none does */
};

/* clock.c: time and randomness, replaced by tests. */
struct lun_clock {
  int64_t (*wall_ms)(void *data); /* since 1970-01-01 UTC */
  int64_t (*mono_ms)(void *data);
  bool (*random)(void *data, void *out, size_t len);
  void *data;
};

struct lun_event;

/* log.c: where events go; NULL: nowhere. */
struct lun_sink {
  void (*write)(void *data, const struct lun_event *event);
  void *data;
};

struct lun_ctx {
  struct lun_account account;
  struct lun_clock clock;
  struct lun_sink sink;
  struct lun_arena *arena; /* secret.c */
  size_t live_secrets;     /* secret.c */
};

#endif
