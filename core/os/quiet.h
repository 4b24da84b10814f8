/*
 * Writing where nobody reads any more, without SIGPIPE: a pipe to a child,
 * and OpenSSL's sockets, which it writes to without MSG_NOSIGNAL.  A library
 * must not change what the signal does in its host, so it is held back in
 * this thread for a while, and one that came meanwhile is taken away.
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
