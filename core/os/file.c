/*
 * Reading a file, and the words for what the file system refuses.
 */
#include "file.h"

#include "../base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *hint_for(int error)
{
  switch (error) {
  case EACCES:
  case EPERM:
    return "check the owner and the mode of the file and of the folders above "
           "it (and chattr's flags), or run as another user";
  case EROFS: return "the file system is mounted read-only";
  case ENOSPC:
  case EDQUOT: return "make room on the file system";
  case EFBIG: return "raise the limit on the size of files (ulimit -f)";
  case EMFILE:
  case ENFILE: return "raise the limit on open files (ulimit -n)";
  case EBUSY:
  case EXDEV:
    return "the file is a mount of its own (a bind mount into a container?): "
           "mount the folder that it lies in instead";
  case EIO: return "check the disk, and the kernel's log (dmesg)";
  default: return "";
  }
}

enum lun_code lun_file_error(struct lun_error *err, const char *path,
                             const char *doing, int error)
{
  (void)lun_error_set(err, LUN_EFILE, "%s: cannot %s: %s", path, doing,
                      strerror(error));
  lun_error_hint(err, "%s", hint_for(error));
  return LUN_EFILE;
}

static enum lun_code read_open(struct lun_buf *out, int fd, const char *path,
                               struct lun_error *err)
{
  char chunk[4096];
  struct stat info = {.st_size = 0};
  ssize_t got = 1;
  int failed = 0;

  if (fstat(fd, &info) != 0)
    return lun_file_error(err, path, "look at it", errno);
  if (!S_ISREG(info.st_mode))
    return lun_error_set(err, LUN_EFILE, "%s: not a regular file", path);
  while (got > 0 && out->fail == LUN_OK) {
    got = read(fd, chunk, sizeof(chunk));
    if (got > 0)
      lun_buf_add(out, chunk, (size_t)got);
    else if (got < 0 && errno == EINTR)
      got = 1;
    else if (got < 0)
      failed = errno;
  }
  lun_secret_wipe(chunk, sizeof(chunk));
  if (failed != 0)
    return lun_file_error(err, path, "read it", failed);
  if (out->fail == LUN_EINVALID)
    return lun_error_set(err, LUN_EFILE, "%s: larger than %zu bytes", path,
                         out->max);
  return lun_buf_status(out, path, err);
}

enum lun_code lun_file_read(struct lun_buf *out, const char *path,
                            struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  /* A FIFO must not hang us: it is opened at once, and then refused. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    return lun_file_error(err, path, "open it", errno);
  rc = read_open(out, fd, path, err);
  (void)close(fd);
  return rc;
}

bool lun_file_has(int fd, struct lun_span bytes)
{
  char chunk[4096];
  size_t at = 0;
  ssize_t got = 1;
  bool same = true;

  while (same && got > 0) {
    got = pread(fd, chunk, sizeof(chunk), (off_t)at);
    if (got < 0 && errno == EINTR) {
      got = 1;
      continue;
    }
    same = got >= 0 && (size_t)got <= bytes.len - at &&
           lun_secret_equal((struct lun_span){chunk, (size_t)got},
                            (struct lun_span){bytes.ptr + at, (size_t)got});
    if (same)
      at += (size_t)got;
  }
  lun_secret_wipe(chunk, sizeof(chunk));
  return same && at == bytes.len;
}
