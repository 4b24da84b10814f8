/*
 * OpenSSL writes to sockets without MSG_NOSIGNAL.  A library must not change
 * what SIGPIPE does in its host, so the signal is held back in this thread
 * while libcurl runs, and one that came meanwhile is taken away.
 */
#ifndef LUN_QUIET_H
#define LUN_QUIET_H

#include "../base/base.h"

#include <signal.h>

struct lun_quiet {
  sigset_t old;
  bool pending; /* one was there before: not ours to take */
};

void lun_quiet_begin(struct lun_quiet *quiet);
void lun_quiet_end(const struct lun_quiet *quiet);

#endif
