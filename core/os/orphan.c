#include "orphan.h"

#include "../base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TARGET_MAX 200 /* of the target's name, the first so many bytes */
#define RANDOM_LEN 16

static int prefix_of(char out[LUN_ORPHAN_NAME], const char *target)
{
  return snprintf(out, LUN_ORPHAN_NAME, ".%.*s.lunette-", TARGET_MAX, target);
}

enum lun_code lun_orphan_name(char out[LUN_ORPHAN_NAME], const lun_ctx *ctx,
                              const char *target, struct lun_error *err)
{
  uint64_t dice = 0;
  enum lun_code rc = lun_clock_random(ctx, &dice, sizeof(dice), err);
  int len = 0;

  if (rc)
    return rc;
  len = prefix_of(out, target);
  (void)snprintf(out + len, (size_t)(LUN_ORPHAN_NAME - len), "%ld-%016" PRIx64,
                 (long)getpid(), dice);
  return LUN_OK;
}

/* "old" in the place of the process, which then looks like none. */
void lun_orphan_saved(char out[LUN_ORPHAN_NAME], const char *name)
{
  const char *dice = strrchr(name, '-');
  size_t len = 0;

  for (len = (size_t)(dice - name); len > 0 && name[len - 1] != '-'; len--)
    continue;
  (void)snprintf(out, LUN_ORPHAN_NAME, "%.*sold%s", (int)len, name, dice);
}

/* The process in "PID-RANDOM"; 0 if it is not exactly that. */
static pid_t pid_of(const char *text)
{
  char *end = NULL;
  long pid = 0;

  if (text[0] < '1' || text[0] > '9')
    return 0;
  errno = 0;
  pid = strtol(text, &end, 10);
  if (errno != 0 || pid > INT32_MAX || *end != '-' ||
      strlen(end + 1) != RANDOM_LEN ||
      strspn(end + 1, "0123456789abcdef") != RANDOM_LEN)
    return 0;
  return (pid_t)pid;
}

static bool gone(pid_t pid)
{
  return pid != 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

/*
 * A process that lives in another PID namespace looks gone as well; but it
 * holds the lock of what it is writing.
 */
static bool abandoned(int dir, const char *name, uid_t owner)
{
  int fd = openat(dir, name,
                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat info = {.st_size = 0};
  bool free_of_locks = false;

  if (fd < 0)
    return false;
  free_of_locks = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                  (info.st_uid == geteuid() || info.st_uid == owner) &&
                  flock(fd, LOCK_EX | LOCK_NB) == 0;
  (void)close(fd);
  return free_of_locks;
}

void lun_orphan_sweep(int dir, const char *target, uid_t owner)
{
  char prefix[LUN_ORPHAN_NAME] = "";
  size_t len = (size_t)prefix_of(prefix, target);
  /* One of its own, for reading moves a descriptor's position. */
  int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  const struct dirent *entry = NULL;

  if (folder == NULL) {
    if (fd >= 0)
      (void)close(fd);
    return;
  }
  /* cppcheck-suppress readdirCalled ; nobody else reads this stream */
  while ((entry = readdir(folder)) != NULL) {
    if (strncmp(entry->d_name, prefix, len) == 0 &&
        gone(pid_of(entry->d_name + len)) &&
        abandoned(dir, entry->d_name, owner))
      (void)unlinkat(dir, entry->d_name, 0);
  }
  (void)closedir(folder);
}
