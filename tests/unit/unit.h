/*
 * What the tests of core's lower floors share: a context that must be empty
 * at the end of each test, and the sweep that fails one allocation after the
 * other.
 */
#ifndef LUN_UNIT_H
#define LUN_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../core/base/secret.h"

static lun_ctx *ctx;

static inline int make_ctx(void **state)
{
  (void)state;
  return lun_ctx_new(&ctx, NULL);
}

static inline int free_ctx(void **state)
{
  (void)state;
  assert_int_equal(ctx->live_secrets, 0);
  assert_int_equal(ctx->account.live_blocks, 0);
  assert_int_equal(ctx->account.live_bytes, 0);
  lun_ctx_free(ctx);
  return 0;
}

#define TEST(function)                                                         \
  cmocka_unit_test_setup_teardown(function, make_ctx, free_ctx)

/*
 * Runs WORK with its first allocation failing, then its second, and so on
 * until it gets through.  Each failure must be reported as one and leave
 * nothing behind; WORK releases what it makes.
 */
static inline void sweep(enum lun_code (*work)(struct lun_error *err))
{
  size_t blocks = ctx->account.live_blocks;
  size_t secrets = ctx->live_secrets;
  int64_t n = 0;

  for (n = 0; n < 10000; n++) {
    struct lun_error err = {.code = LUN_OK};
    enum lun_code rc = LUN_OK;
    bool failed = false;

    ctx->account.fail_after = n;
    rc = work(&err);
    failed = ctx->account.fail_after < 0;
    ctx->account.fail_after = -1;
    assert_int_equal(ctx->account.live_blocks, blocks);
    assert_int_equal(ctx->live_secrets, secrets);
    assert_int_equal(rc, failed ? LUN_ENOMEM : LUN_OK);
    assert_int_equal(err.code, rc);
    if (!failed)
      return;
  }
  fail_msg("10000 allocations and no end");
}

/* The bytes are the text's. */
#define assert_span(span, text)                                                \
  do {                                                                         \
    struct lun_span got_ = (span);                                             \
                                                                               \
    assert_int_equal(got_.len, strlen(text));                                  \
    assert_memory_equal(got_.ptr, text, got_.len);                             \
  } while (0)

#endif
