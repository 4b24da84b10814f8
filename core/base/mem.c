/*
 * A small header in front of each block keeps its size, so that freeing can
 * wipe it and the context's account stays exact.  This is the one file that
 * calls the system's allocator.
 */
#include "mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

union header {
  size_t size;
  max_align_t align; /* what follows is aligned as malloc's blocks are */
};

/* True if a test wants this allocation to fail; it fails once. */
static bool planned_failure(lun_ctx *ctx)
{
  if (ctx == NULL || ctx->account.fail_after < 0)
    return false;
  return ctx->account.fail_after-- == 0;
}

static void count_in(lun_ctx *ctx, size_t size)
{
  if (ctx == NULL)
    return;
  ctx->account.live_blocks++;
  ctx->account.live_bytes += size;
}

static void count_out(lun_ctx *ctx, size_t size)
{
  if (ctx == NULL)
    return;
  ctx->account.live_blocks--;
  ctx->account.live_bytes -= size;
}

void *lun_mem_alloc(lun_ctx *ctx, size_t size)
{
  union header *header = NULL;

  if (planned_failure(ctx) || size > PTRDIFF_MAX - sizeof(*header))
    return NULL;
  header = calloc(1, sizeof(*header) + size);
  if (header == NULL)
    return NULL;
  header->size = size;
  count_in(ctx, size);
  return header + 1;
}

void *lun_mem_resize(lun_ctx *ctx, void *ptr, size_t size)
{
  void *fresh = NULL;

  fresh = lun_mem_alloc(ctx, size);
  if (fresh == NULL || ptr == NULL)
    return fresh;
  /* Not realloc: it may move the block and leave the old bytes behind. */
  const union header *header = (const union header *)ptr - 1;
  memcpy(fresh, ptr, header->size < size ? header->size : size);
  lun_mem_free(ctx, ptr);
  return fresh;
}

void lun_mem_free(lun_ctx *ctx, void *ptr)
{
  union header *header = NULL;

  if (ptr == NULL)
    return;
  header = (union header *)ptr - 1;
  count_out(ctx, header->size);
  explicit_bzero(header, sizeof(*header) + header->size);
  free(header);
}

char *lun_mem_copy(lun_ctx *ctx, const char *ptr, size_t len)
{
  char *copy = NULL;

  if (len == SIZE_MAX)
    return NULL;
  copy = lun_mem_alloc(ctx, len + 1);
  if (copy != NULL && len > 0)
    memcpy(copy, ptr, len);
  return copy;
}

char *lun_mem_strdup(lun_ctx *ctx, const char *text)
{
  return text == NULL ? NULL : lun_mem_copy(ctx, text, strlen(text));
}

/* SIZE in whole pages, or 0 if that cannot be. */
static size_t whole_pages(size_t size)
{
  size_t page = (size_t)sysconf(_SC_PAGESIZE);

  if (size > PTRDIFF_MAX - page)
    return 0;
  return size == 0 ? page : (size + page - 1) / page * page;
}

void *lun_mem_map(lun_ctx *ctx, size_t size)
{
  size_t bytes = whole_pages(size);
  void *ptr = NULL;

  if (planned_failure(ctx) || bytes == 0)
    return NULL;
  ptr = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
             -1, 0);
  if (ptr == MAP_FAILED)
    return NULL;
  /* Each of these is a best effort: old kernels lack the advice, and 64 KiB
   * of locked memory is a common limit in containers. */
  (void)madvise(ptr, bytes, MADV_DONTDUMP);
  (void)madvise(ptr, bytes, MADV_WIPEONFORK);
  (void)mlock(ptr, bytes);
  count_in(ctx, bytes);
  return ptr;
}

void lun_mem_unmap(lun_ctx *ctx, void *ptr, size_t size)
{
  size_t bytes = whole_pages(size);

  if (ptr == NULL)
    return;
  explicit_bzero(ptr, bytes);
  (void)munmap(ptr, bytes);
  count_out(ctx, bytes);
}
