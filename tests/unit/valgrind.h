/*
 * What is otherwise under valgrind: it runs a child beside the parent, and so
 * loses what exec says.
 */
#ifndef TEST_VALGRIND_H
#define TEST_VALGRIND_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool under_valgrind(void)
{
  const char *preload = getenv("LD_PRELOAD");

  return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

#endif
