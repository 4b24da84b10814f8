/*
 * Functions that core may not call, each with what to use in its place.
 * Included last by base.h, so that a use fails to compile.
 */
#ifndef LUN_BANNED_H
#define LUN_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison strcpy strcat sprintf vsprintf /* lun_buf, snprintf */
#pragma GCC poison strtok gets atoi atol atof     /* text.h */
#ifndef LUN_TEST /* cmocka stands on these two */
#pragma GCC poison setjmp longjmp
#endif

#endif
