/* Protected bytes: their slots, their life, their end. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void keeps_bytes_of_any_size(void **state)
{
  static const size_t sizes[] = {0,    1,    63,   64,   65,    256,  257,
                                 1024, 1025, 4096, 4097, 65536, 70000};
  static char bytes[70000];
  lun_secret *secrets[13] = {NULL};
  size_t i = 0;
  size_t len = 0;

  (void)state;
  for (i = 0; i < sizeof(bytes); i++)
    bytes[i] = (char)(i * 7 + i / 251);
  for (i = 0; i < 13; i++)
    assert_int_equal(lun_secret_new(&secrets[i], ctx, bytes, sizes[i], NULL),
                     LUN_OK);
  assert_int_equal(ctx->live_secrets, 13);
  for (i = 0; i < 13; i++) {
    assert_memory_equal(lun_secret_bytes(secrets[i], &len), bytes, sizes[i]);
    assert_int_equal(len, sizes[i]);
    lun_secret_unref(secrets[i]);
  }
}

static void references(void **state)
{
  lun_secret *secret = NULL;
  lun_secret *again = NULL;

  (void)state;
  assert_int_equal(lun_secret_new(&secret, ctx, "canary-1", 8, NULL), LUN_OK);
  again = lun_secret_ref(secret);
  assert_ptr_equal(again, secret);
  lun_secret_unref(secret);
  assert_span(lun_secret_view(again), "canary-1");
  lun_secret_unref(again);
  lun_secret_unref(NULL);
  assert_null(lun_secret_ref(NULL));
  assert_span(lun_secret_view(NULL), "");
  assert_non_null(lun_secret_bytes(NULL, NULL));
}

static void a_slot_is_cleansed(void **state)
{
  lun_secret *stays = NULL; /* keeps the slab mapped */
  lun_secret *goes = NULL;
  const char *place = NULL;
  size_t i = 0;

  (void)state;
  assert_int_equal(lun_secret_new(&stays, ctx, "x", 1, NULL), LUN_OK);
  assert_int_equal(lun_secret_new(&goes, ctx, "canary-secret", 13, NULL),
                   LUN_OK);
  place = lun_secret_view(goes).ptr;
  lun_secret_unref(goes);
  for (i = 0; i < 64; i++)
    assert_int_equal(place[i], 0);
  lun_secret_unref(stays);
}

static void a_part_keeps_its_owner(void **state)
{
  lun_secret *whole = NULL;
  lun_secret *part = NULL;
  lun_secret *inner = NULL;
  struct lun_error err = {.code = LUN_OK};

  (void)state;
  assert_int_equal(lun_secret_new(&whole, ctx, "user:canary", 11, NULL),
                   LUN_OK);
  assert_int_equal(lun_secret_part(&part, whole, 5, 6, NULL), LUN_OK);
  assert_int_equal(lun_secret_part(&inner, part, 1, 2, NULL), LUN_OK);
  assert_ptr_equal(lun_secret_view(part).ptr, lun_secret_view(whole).ptr + 5);
  lun_secret_unref(whole);
  lun_secret_unref(part);
  assert_span(lun_secret_view(inner), "an");
  assert_int_equal(lun_secret_part(&part, inner, 0, 3, &err), LUN_EINVALID);
  assert_int_equal(lun_secret_part(&part, inner, 3, 0, &err), LUN_EINVALID);
  assert_int_equal(lun_secret_part(&part, inner, 1, SIZE_MAX, &err),
                   LUN_EINVALID);
  assert_int_equal(lun_secret_part(&part, inner, 2, 0, &err), LUN_OK);
  lun_secret_unref(part);
  lun_secret_unref(inner);
}

static void filling_and_trimming(void **state)
{
  lun_secret *secret = NULL;
  char *ptr = NULL;

  (void)state;
  assert_int_equal(lun_secret_alloc(&secret, ctx, 10, &ptr, NULL), LUN_OK);
  memcpy(ptr, "canary-xyz", 10);
  lun_secret_trim(secret, 20);
  lun_secret_trim(secret, 6);
  assert_span(lun_secret_view(secret), "canary");
  assert_memory_equal(ptr + 6, "\0\0\0\0", 4);
  lun_secret_unref(secret);
}

static void from_buffers(void **state)
{
  struct lun_buf buf = LUN_BUF_INIT(ctx, 4);
  lun_secret *secret = NULL;

  (void)state;
  assert_int_equal(lun_secret_from_buf(&secret, &buf, NULL), LUN_OK);
  assert_span(lun_secret_view(secret), "");
  lun_secret_unref(secret);
  lun_buf_adds(&buf, "abcd");
  assert_int_equal(lun_secret_from_buf(&secret, &buf, NULL), LUN_OK);
  assert_span(lun_secret_view(secret), "abcd");
  lun_secret_unref(secret);
  lun_buf_adds(&buf, "e");
  assert_int_equal(lun_secret_from_buf(&secret, &buf, NULL), LUN_EINVALID);
  lun_buf_done(&buf);
}

static void equality(void **state)
{
  (void)state;
  assert_true(lun_secret_equal(LUN_SPAN_LIT(""), LUN_SPAN_LIT("")));
  assert_true(lun_secret_equal(LUN_SPAN_LIT("ab"), LUN_SPAN_LIT("ab")));
  assert_false(lun_secret_equal(LUN_SPAN_LIT("ab"), LUN_SPAN_LIT("ac")));
  assert_false(lun_secret_equal(LUN_SPAN_LIT("ab"), LUN_SPAN_LIT("abc")));
  assert_true(lun_secret_equal((struct lun_span){NULL, 0}, LUN_SPAN_LIT("")));
}

/* Makes and drops secrets of random sizes for a while. */
static void many_come_and_go(void **state)
{
  enum {
    KEPT = 500,
    ROUNDS = 20000
  };
  lun_secret *secrets[KEPT] = {NULL};
  unsigned seed = 1;
  size_t i = 0;

  (void)state;
  for (i = 0; i < ROUNDS; i++) {
    size_t at = (size_t)rand_r(&seed) % KEPT;
    size_t len = (size_t)rand_r(&seed) % (i % 50 == 0 ? 9000 : 1200);
    char *ptr = NULL;

    if (secrets[at] != NULL) {
      struct lun_span view = lun_secret_view(secrets[at]);

      if (view.len > 0) {
        assert_int_equal(view.ptr[0], (char)at);
        assert_int_equal(view.ptr[view.len - 1], (char)at);
      }
      lun_secret_unref(secrets[at]);
    }
    assert_int_equal(lun_secret_alloc(&secrets[at], ctx, len, &ptr, NULL),
                     LUN_OK);
    memset(ptr, (char)at, len);
  }
  for (i = 0; i < KEPT; i++)
    lun_secret_unref(secrets[i]);
}

/* The arena's pages go with the last secret. */
static void no_secrets_no_pages(void **state)
{
  lun_secret *secret = NULL;

  (void)state;
  assert_int_equal(lun_secret_new(&secret, ctx, "x", 1, NULL), LUN_OK);
  assert_non_null(ctx->arena);
  lun_secret_unref(secret);
  assert_null(ctx->arena);
  assert_int_equal(ctx->account.live_blocks, 0);
}

/*
 * A child made by fork sees zeros.  It tells what it sees and is gone, without
 * an end that a leak checker would watch.
 */
static void not_inherited(void **state)
{
  lun_secret *secret = NULL;
  pid_t child = 0;
  int ends[2] = {-1, -1};
  char seen = 'x';

  (void)state;
  assert_int_equal(lun_secret_new(&secret, ctx, "canary", 6, NULL), LUN_OK);
  assert_int_equal(pipe(ends), 0);
  child = fork();
  assert_int_not_equal(child, -1);
  if (child == 0) {
    if (write(ends[1], lun_secret_view(secret).ptr, 1) == 1)
      (void)raise(SIGKILL);
    _exit(1);
  }
  assert_int_equal(read(ends[0], &seen, 1), 1);
  assert_int_equal(seen, '\0');
  assert_int_equal(waitpid(child, NULL, 0), child);
  (void)close(ends[0]);
  (void)close(ends[1]);
  assert_span(lun_secret_view(secret), "canary");
  lun_secret_unref(secret);
}

/* What was forgotten goes with the context, whatever its size. */
static void forgotten_ones_go(void **state)
{
  static const size_t sizes[] = {10, 5000, 100000, 5000};
  lun_secret *secrets[4] = {NULL};
  char *bytes[4] = {NULL};
  lun_ctx *mine = NULL;
  unsigned char seen[32] = {0};
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t i = 0;

  (void)state;
  assert_int_equal(lun_ctx_new(&mine, NULL), LUN_OK);
  for (i = 0; i < 4; i++)
    assert_int_equal(
        lun_secret_alloc(&secrets[i], mine, sizes[i], &bytes[i], NULL), LUN_OK);
  lun_secret_unref(secrets[1]);
  lun_ctx_free(mine);
  for (i = 0; i < 4; i++) {
    void *start = (void *)((uintptr_t)bytes[i] / page * page);

    assert_int_equal(mincore(start, page, seen), -1);
    assert_int_equal(errno, ENOMEM); /* no such pages */
    if (i != 1)
      lun_mem_free(NULL, secrets[i]); /* the handle */
  }
}

static enum lun_code make_some(struct lun_error *err)
{
  static const size_t sizes[] = {10, 300, 5000, 20};
  lun_secret *secrets[5] = {NULL};
  enum lun_code rc = LUN_OK;
  size_t i = 0;

  for (i = 0; i < 4 && rc == LUN_OK; i++) {
    char *ptr = NULL;

    rc = lun_secret_alloc(&secrets[i], ctx, sizes[i], &ptr, err);
  }
  if (rc == LUN_OK)
    rc = lun_secret_part(&secrets[4], secrets[0], 1, 2, err);
  for (i = 0; i < 5; i++)
    lun_secret_unref(secrets[i]);
  return rc;
}

static void allocation_failures(void **state)
{
  lun_secret *stays = NULL;

  (void)state;
  sweep(make_some);
  assert_int_equal(lun_secret_new(&stays, ctx, "x", 1, NULL), LUN_OK);
  sweep(make_some);
  lun_secret_unref(stays);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(keeps_bytes_of_any_size),
      TEST(references),
      TEST(a_slot_is_cleansed),
      TEST(a_part_keeps_its_owner),
      TEST(filling_and_trimming),
      TEST(from_buffers),
      TEST(equality),
      TEST(many_come_and_go),
      TEST(no_secrets_no_pages),
      TEST(not_inherited),
      TEST(forgotten_ones_go),
      TEST(allocation_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
