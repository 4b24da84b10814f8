/*
 * The arena.  A slab is four pages of slots of one size; a slab with room
 * stands before the full ones in its tier's list, so finding a slot is
 * looking at the first.  Handles and lists lie in ordinary memory: only the
 * bytes are protected, and nothing else is ever in a slab, so no overrun of
 * a secret can reach a pointer there.
 *
 * A part refers to the secret that owns the bytes, never to another part.
 * A slab goes with its last secret, and the arena with the last of all, so
 * that what a context holds depends on what lives and not on what has lived.
 * Secrets that no slot is large enough for are in a list, so that the arena
 * can cleanse them too when it goes before they do.
 */
#include "secret.h"

#include "error.h"

#include <openssl/crypto.h>

#define SLAB_BYTES ((size_t)16384)
#define SLOT_MIN   ((size_t)64)
#define SLOTS_MAX  (SLAB_BYTES / SLOT_MIN)
#define TIERS      4 /* slots of 64, 256, 1024, 4096 bytes */
#define WORD_BITS  64

struct slab {
  struct slab *prev;
  struct slab *next;
  char *pages;
  size_t tier;
  size_t used;
  uint64_t taken[SLOTS_MAX / WORD_BITS];
};

struct list {
  struct slab *first;
  struct slab *last;
};

struct lun_arena {
  struct list tiers[TIERS];
  lun_secret *large; /* the first of those with a mapping of their own */
};

struct lun_secret {
  lun_ctx *ctx;
  size_t refs;
  char *ptr;
  size_t len;
  size_t room;        /* bytes that the slot or the mapping has */
  struct slab *slab;  /* NULL: a mapping of its own, or a part */
  lun_secret *parent; /* of a part: who owns the bytes */
  lun_secret *prev;   /* among the large ones */
  lun_secret *next;
};

static size_t slot_size(size_t tier)
{
  return SLOT_MIN << 2 * tier;
}

/* --------------------------------------------------------------- slabs -- */

static void list_remove(struct list *list, struct slab *slab)
{
  if (slab->prev != NULL)
    slab->prev->next = slab->next;
  else
    list->first = slab->next;
  if (slab->next != NULL)
    slab->next->prev = slab->prev;
  else
    list->last = slab->prev;
  slab->prev = NULL;
  slab->next = NULL;
}

static void list_prepend(struct list *list, struct slab *slab)
{
  slab->next = list->first;
  if (list->first != NULL)
    list->first->prev = slab;
  else
    list->last = slab;
  list->first = slab;
}

static void list_append(struct list *list, struct slab *slab)
{
  slab->prev = list->last;
  if (list->last != NULL)
    list->last->next = slab;
  else
    list->first = slab;
  list->last = slab;
}

static bool slab_full(const struct slab *slab)
{
  return slab->used == SLAB_BYTES / slot_size(slab->tier);
}

static void slab_free(lun_ctx *ctx, struct list *list, struct slab *slab)
{
  list_remove(list, slab);
  lun_mem_unmap(ctx, slab->pages, SLAB_BYTES);
  lun_mem_free(ctx, slab);
}

/* The context's arena, made if there is none yet; NULL: no memory. */
static struct lun_arena *arena_of(lun_ctx *ctx)
{
  if (ctx->arena == NULL)
    ctx->arena = lun_mem_alloc(ctx, sizeof(*ctx->arena));
  return ctx->arena;
}

/* A slab with room for one more, or NULL. */
static struct slab *slab_with_room(lun_ctx *ctx, size_t tier)
{
  struct lun_arena *arena = arena_of(ctx);
  struct list *list = NULL;
  struct slab *slab = NULL;

  if (arena == NULL)
    return NULL;
  list = &arena->tiers[tier];
  if (list->first != NULL && !slab_full(list->first))
    return list->first;
  slab = lun_mem_alloc(ctx, sizeof(*slab));
  if (slab == NULL)
    return NULL;
  slab->tier = tier;
  slab->pages = lun_mem_map(ctx, SLAB_BYTES);
  if (slab->pages == NULL) {
    lun_mem_free(ctx, slab);
    return NULL;
  }
  list_prepend(list, slab);
  return slab;
}

static char *slot_take(lun_ctx *ctx, struct slab *slab)
{
  struct list *list = &ctx->arena->tiers[slab->tier];
  size_t slot = 0;

  while (slab->taken[slot / WORD_BITS] >> slot % WORD_BITS & 1)
    slot++;
  slab->taken[slot / WORD_BITS] |= (uint64_t)1 << slot % WORD_BITS;
  slab->used++;
  if (slab_full(slab)) {
    list_remove(list, slab);
    list_append(list, slab);
  }
  return slab->pages + slot * slot_size(slab->tier);
}

static void slot_give(lun_ctx *ctx, struct slab *slab, const char *ptr)
{
  struct list *list = &ctx->arena->tiers[slab->tier];
  size_t slot = (size_t)(ptr - slab->pages) / slot_size(slab->tier);

  slab->taken[slot / WORD_BITS] &= ~((uint64_t)1 << slot % WORD_BITS);
  slab->used--;
  if (slab->used == 0) {
    slab_free(ctx, list, slab);
    return;
  }
  list_remove(list, slab);
  list_prepend(list, slab);
}

/* ------------------------------------------------------- large secrets -- */

static bool large_take(lun_secret *secret, size_t len)
{
  struct lun_arena *arena = arena_of(secret->ctx);

  if (arena != NULL)
    secret->ptr = lun_mem_map(secret->ctx, len);
  if (secret->ptr == NULL)
    return false;
  secret->room = len;
  secret->next = arena->large;
  if (secret->next != NULL)
    secret->next->prev = secret;
  arena->large = secret;
  return true;
}

static void large_give(lun_ctx *ctx, lun_secret *secret)
{
  if (secret->prev != NULL)
    secret->prev->next = secret->next;
  else
    ctx->arena->large = secret->next;
  if (secret->next != NULL)
    secret->next->prev = secret->prev;
  lun_mem_unmap(ctx, secret->ptr, secret->room);
  secret->ptr = NULL;
}

void lun_arena_free(lun_ctx *ctx)
{
  size_t tier = 0;

  if (ctx->arena == NULL)
    return;
  for (tier = 0; tier < TIERS; tier++) {
    struct list *list = &ctx->arena->tiers[tier];

    while (list->first != NULL)
      slab_free(ctx, list, list->first);
  }
  while (ctx->arena->large != NULL)
    large_give(ctx, ctx->arena->large);
  lun_mem_free(ctx, ctx->arena);
  ctx->arena = NULL;
}

/* -------------------------------------------------------------- secrets -- */

/* Drops an arena that no secret needs any more. */
static void settle(lun_ctx *ctx)
{
  if (ctx->live_secrets == 0)
    lun_arena_free(ctx);
}

/* Gives SECRET room for LEN bytes; false for want of memory. */
static bool secret_room(lun_secret *secret, size_t len)
{
  size_t tier = 0;

  while (tier < TIERS && slot_size(tier) < len)
    tier++;
  if (tier == TIERS)
    return large_take(secret, len);
  secret->slab = slab_with_room(secret->ctx, tier);
  if (secret->slab == NULL)
    return false;
  secret->ptr = slot_take(secret->ctx, secret->slab);
  secret->room = slot_size(tier);
  return true;
}

enum lun_code lun_secret_alloc(lun_secret **out, lun_ctx *ctx, size_t len,
                               char **ptr, struct lun_error *err)
{
  lun_secret *secret = NULL;

  secret = lun_mem_alloc(ctx, sizeof(*secret));
  if (secret == NULL)
    return lun_error_nomem(err);
  secret->ctx = ctx;
  secret->refs = 1;
  secret->len = len;
  if (!secret_room(secret, len)) {
    lun_mem_free(ctx, secret);
    settle(ctx);
    return lun_error_nomem(err);
  }
  ctx->live_secrets++;
  *out = secret;
  *ptr = secret->ptr;
  return LUN_OK;
}

void lun_secret_trim(lun_secret *secret, size_t len)
{
  if (len >= secret->len)
    return;
  lun_secret_wipe(secret->ptr + len, secret->len - len);
  secret->len = len;
}

enum lun_code lun_secret_new(lun_secret **out, lun_ctx *ctx, const void *ptr,
                             size_t len, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_secret *secret = NULL;
  char *bytes = NULL;

  rc = lun_secret_alloc(&secret, ctx, len, &bytes, err);
  if (rc)
    return rc;
  if (len > 0)
    memcpy(bytes, ptr, len);
  *out = secret;
  return LUN_OK;
}

enum lun_code lun_secret_part(lun_secret **out, lun_secret *parent,
                              size_t offset, size_t len, struct lun_error *err)
{
  lun_secret *part = NULL;
  lun_secret *owner = parent->parent != NULL ? parent->parent : parent;

  if (offset > parent->len || len > parent->len - offset)
    return lun_error_set(err, LUN_EINVALID,
                         "a part of a secret reaches past its end");
  part = lun_mem_alloc(parent->ctx, sizeof(*part));
  if (part == NULL)
    return lun_error_nomem(err);
  part->ctx = parent->ctx;
  part->refs = 1;
  part->ptr = parent->ptr + offset;
  part->len = len;
  part->parent = lun_secret_ref(owner);
  part->ctx->live_secrets++;
  *out = part;
  return LUN_OK;
}

enum lun_code lun_secret_from_buf(lun_secret **out, const struct lun_buf *buf,
                                  struct lun_error *err)
{
  enum lun_code rc = lun_buf_status(buf, "a secret", err);

  if (rc)
    return rc;
  return lun_secret_new(out, buf->ctx, buf->ptr, buf->len, err);
}

lun_secret *lun_secret_ref(lun_secret *secret)
{
  if (secret != NULL)
    secret->refs++;
  return secret;
}

void lun_secret_unref(lun_secret *secret)
{
  lun_ctx *ctx = NULL;
  lun_secret *parent = NULL;

  if (secret == NULL || --secret->refs > 0)
    return;
  ctx = secret->ctx;
  parent = secret->parent;
  if (parent == NULL) {
    lun_secret_wipe(secret->ptr, secret->room);
    if (secret->slab != NULL)
      slot_give(ctx, secret->slab, secret->ptr);
    else
      large_give(ctx, secret);
  }
  lun_mem_free(ctx, secret);
  ctx->live_secrets--;
  settle(ctx);
  lun_secret_unref(parent); /* an owner has no parent: one level deep */
}

struct lun_span lun_secret_view(const lun_secret *secret)
{
  if (secret == NULL)
    return (struct lun_span){"", 0};
  return (struct lun_span){secret->ptr, secret->len};
}

const char *lun_secret_bytes(const lun_secret *secret, size_t *len)
{
  struct lun_span view = lun_secret_view(secret);

  if (len != NULL)
    *len = view.len;
  return view.ptr;
}

bool lun_secret_equal(struct lun_span a, struct lun_span b)
{
  return a.len == b.len &&
         (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void lun_secret_wipe(void *ptr, size_t len)
{
  if (ptr != NULL && len > 0)
    OPENSSL_cleanse(ptr, len);
}
