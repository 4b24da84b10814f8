/*
 * The command's own free and realloc, which take the place of the C library's
 * for the whole process: what Lua, libcurl, OpenSSL, expat and lua-cjson free
 * is wiped as well.  Left out where a tool watches malloc itself (LUN_ASAN).
 */
#ifndef LUN_ASAN

#include <malloc.h>
#include <stddef.h>
#include <string.h>

/* glibc's own names for what stands behind malloc and free. */
void __libc_free(void *ptr);      /* NOLINT(*-reserved-identifier,cert-*) */
void *__libc_malloc(size_t size); /* NOLINT(*-reserved-identifier,cert-*) */
void free(void *ptr);
void *realloc(void *ptr, size_t size);

__attribute__((visibility("default"))) void free(void *ptr)
{
  if (ptr == NULL)
    return;
  explicit_bzero(ptr, malloc_usable_size(ptr));
  __libc_free(ptr);
}

/*
 * A block that still fits stays where it is.  One that shrinks is wiped from
 * its new end; one that grows moves, and what it leaves is wiped by free.
 */
__attribute__((visibility("default"))) void *realloc(void *ptr, size_t size)
{
  size_t old = 0;
  void *moved = NULL;

  if (ptr == NULL)
    return __libc_malloc(size);
  if (size == 0) {
    free(ptr);
    return NULL;
  }
  old = malloc_usable_size(ptr);
  if (size <= old && size >= old / 2) {
    explicit_bzero((char *)ptr + size, old - size);
    return ptr;
  }
  moved = __libc_malloc(size);
  if (moved == NULL)
    return NULL;
  memcpy(moved, ptr, old < size ? old : size);
  free(ptr);
  return moved;
}

#else
typedef int lun_wipe_is_left_out;
#endif
