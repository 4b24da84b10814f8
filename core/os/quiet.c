#include "quiet.h"

#include <errno.h>
#include <time.h>

void lun_quiet_begin(struct lun_quiet *quiet)
{
  sigset_t set;

  (void)sigpending(&set);
  quiet->pending = sigismember(&set, SIGPIPE) == 1;
  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGPIPE);
  (void)pthread_sigmask(SIG_BLOCK, &set, &quiet->old);
}

void lun_quiet_end(const struct lun_quiet *quiet)
{
  static const struct timespec at_once = {0, 0};
  sigset_t set;

  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGPIPE);
  while (!quiet->pending && sigtimedwait(&set, NULL, &at_once) == -1 &&
         errno == EINTR)
    continue;
  (void)pthread_sigmask(SIG_SETMASK, &quiet->old, NULL);
}
