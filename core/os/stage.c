/*
 * The staged file is open from its creation to the end, and locked, so that
 * no sweep takes it; what is renamed is checked against that descriptor.
 *
 * To keep the old file, the two names are exchanged: the old file then has
 * the staged name, and renaming it back restores it.  Where the file system
 * cannot exchange, the old file gets a second name first.
 */
#include "../base/clock.h"
#include "../base/error.h"
#include "../sign/hash.h"
#include "file.h"
#include "orphan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_MODE  0600
#define MODE_BITS 07777

enum phase {
  EMPTY,     /* nothing is staged: at first, and after a restore */
  STAGED,    /* the new file lies beside the target */
  COMMITTED, /* it has the target's place for good */
  RESTORABLE /* it has; what was there (or nothing) can come back */
};

struct lun_stage {
  lun_ctx *ctx;
  char *target; /* as given */
  char *name;   /* its last component */
  char *path;   /* of the staged file */
  char staged[LUN_ORPHAN_NAME];
  char kept[LUN_ORPHAN_NAME]; /* the old file's name if it is kept, else "" */
  int dir;
  bool shared; /* everybody may make files in its folder */
  bool existed;
  struct stat old;
  int64_t given; /* whose the caller wants it to be, -1: not said */
  mode_t mode;   /* what the new file is to have */
  uid_t uid;
  gid_t gid;
  enum phase phase;
  int fd;           /* the staged file, then the new one; -1: EMPTY */
  int old_fd;       /* the old file, locked; -1: none, or it cannot be */
  struct stat info; /* the staged file, as it was written */
  unsigned char digest[LUN_SHA256_LEN];
};

static bool same_file(const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* What NAME is now; false if it is not there (or cannot be looked at). */
static bool look(const lun_stage *stage, const char *name, struct stat *info)
{
  return fstatat(stage->dir, name, info, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum lun_code fail(const lun_stage *stage, const char *doing,
                          struct lun_error *err)
{
  return lun_file_error(err, stage->target, doing, errno);
}

/* ---------------------------------------------------------- the target -- */

static enum lun_code refuse(const lun_stage *stage, const char *why,
                            const char *hint, struct lun_error *err)
{
  (void)lun_error_set(err, LUN_EFILE, "%s: %s", stage->target, why);
  lun_error_hint(err, "%s", hint);
  return LUN_EFILE;
}

static const char *kind_of(mode_t mode)
{
  if (S_ISDIR(mode))
    return "it is a folder, not a file";
  if (S_ISFIFO(mode))
    return "it is a FIFO, not a file";
  if (S_ISSOCK(mode))
    return "it is a socket, not a file";
  return "it is a device, not a file";
}

/*
 * Where everybody may make files, somebody may have made the target, or given
 * a file of ours that name too, so that the new one takes over a mode or an
 * owner of their choice.
 */
static enum lun_code check_origin(const lun_stage *stage, struct lun_error *err)
{
  static const char *const hint = "remove it, or use a folder of your own";
  const struct stat *old = &stage->old;

  if (!stage->shared)
    return LUN_OK;
  if (old->st_uid != geteuid() && (int64_t)old->st_uid != stage->given)
    return refuse(stage,
                  "everybody may write to its folder, and it belongs to "
                  "another user",
                  hint, err);
  if (old->st_nlink > 1)
    return refuse(stage,
                  "everybody may write to its folder, and it has another name "
                  "elsewhere (a hard link)",
                  hint, err);
  return LUN_OK;
}

static enum lun_code check_target(lun_stage *stage, struct lun_error *err)
{
  if (!look(stage, stage->name, &stage->old)) {
    stage->existed = false;
    return errno == ENOENT ? LUN_OK : fail(stage, "look at it", err);
  }
  stage->existed = true;
  if (S_ISLNK(stage->old.st_mode))
    return refuse(stage, "it is a symbolic link, and none is followed",
                  "name the file that it points to (readlink -f)", err);
  if (!S_ISREG(stage->old.st_mode))
    return refuse(stage, kind_of(stage->old.st_mode), "", err);
  return check_origin(stage, err);
}

/* In a folder of others, a name can be taken away from under us. */
static enum lun_code check_folder(lun_stage *stage, struct lun_error *err)
{
  struct stat info = {.st_size = 0};

  if (fstat(stage->dir, &info) != 0)
    return fail(stage, "look at its folder", err);
  stage->shared = (info.st_mode & S_IWOTH) != 0;
  if (stage->shared && !(info.st_mode & S_ISVTX))
    return refuse(stage, "everybody may write to its folder",
                  "take that right away (chmod o-w), or use another folder",
                  err);
  if (stage->shared && info.st_uid != 0 && info.st_uid != geteuid())
    return refuse(stage,
                  "everybody may write to its folder, and another user owns "
                  "it",
                  "use a folder of your own", err);
  if (faccessat(stage->dir, ".", W_OK | X_OK, AT_EACCESS) != 0)
    return fail(stage, "write to its folder", err);
  return LUN_OK;
}

/* Splits the target into folder and name, and opens the folder. */
static enum lun_code open_folder(lun_stage *stage, struct lun_error *err)
{
  const char *slash = strrchr(stage->target, '/');
  const char *name = slash == NULL ? stage->target : slash + 1;
  size_t len = slash == NULL ? 0 : (size_t)(slash - stage->target) + 1;
  struct lun_buf path = LUN_BUF_INIT(stage->ctx, SIZE_MAX);
  enum lun_code rc = LUN_OK;
  int error = 0;

  if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
    return refuse(stage, "it is not the name of a file", "", err);
  rc = lun_orphan_name(stage->staged, stage->ctx, name, err);
  if (rc)
    return rc;
  stage->name = lun_mem_strdup(stage->ctx, name);
  lun_buf_add(&path, stage->target, len);
  stage->dir = open(len == 0 ? "." : lun_buf_text(&path),
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  error = errno;
  if (stage->dir < 0 && path.fail == LUN_OK)
    rc = lun_file_error(err, stage->target, "open its folder", error);
  lun_buf_adds(&path, stage->staged);
  stage->path = lun_buf_take(&path, NULL);
  if (rc == LUN_OK && (stage->name == NULL || stage->path == NULL))
    rc = lun_error_nomem(err);
  if (rc == LUN_EFILE && error == ENOENT)
    lun_error_hint(err, "make the folder first");
  return rc;
}

static void settle_want(lun_stage *stage, const struct lun_file_want *want)
{
  const struct stat *old = &stage->old;

  stage->mode = stage->existed ? old->st_mode & MODE_BITS : NEW_MODE;
  stage->uid = stage->existed ? old->st_uid : geteuid();
  stage->gid = stage->existed ? old->st_gid : getegid();
  if (want->mode >= 0)
    stage->mode = (mode_t)want->mode & MODE_BITS;
  if (want->uid >= 0)
    stage->uid = (uid_t)want->uid;
  if (want->gid >= 0)
    stage->gid = (gid_t)want->gid;
}

enum lun_code lun_stage_new(lun_stage **out, lun_ctx *ctx, const char *target,
                            const struct lun_file_want *want,
                            struct lun_error *err)
{
  lun_stage *stage = lun_mem_alloc(ctx, sizeof(*stage));
  enum lun_code rc = LUN_OK;

  if (stage == NULL)
    return lun_error_nomem(err);
  stage->ctx = ctx;
  stage->dir = -1;
  stage->fd = -1;
  stage->old_fd = -1;
  stage->given = want->uid;
  stage->target = lun_mem_strdup(ctx, target);
  if (stage->target == NULL)
    rc = lun_error_nomem(err);
  if (rc == LUN_OK)
    rc = open_folder(stage, err);
  if (rc == LUN_OK)
    rc = check_folder(stage, err);
  if (rc == LUN_OK)
    rc = check_target(stage, err);
  if (rc) {
    lun_stage_free(stage);
    return rc;
  }
  settle_want(stage, want);
  lun_orphan_sweep(stage->dir, stage->name, stage->uid);
  *out = stage;
  return LUN_OK;
}

const char *lun_stage_path(const lun_stage *stage)
{
  return stage->path;
}

/* ------------------------------------------------------------- the same -- */

enum lun_code lun_stage_same(lun_stage *stage, struct lun_span bytes,
                             bool *same, struct lun_error *err)
{
  struct stat info = {.st_size = 0};
  enum lun_code rc = check_target(stage, err);
  int fd = -1;

  *same = false;
  if (rc || !stage->existed ||
      (stage->old.st_mode & MODE_BITS) != stage->mode ||
      stage->old.st_uid != stage->uid || stage->old.st_gid != stage->gid ||
      (size_t)stage->old.st_size != bytes.len)
    return rc;
  fd = openat(stage->dir, stage->name,
              O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    return LUN_OK; /* what we cannot read, we replace */
  *same = fstat(fd, &info) == 0 && same_file(&info, &stage->old) &&
          lun_file_has(fd, bytes);
  (void)close(fd);
  return LUN_OK;
}

/* -------------------------------------------------------------- writing -- */

/* Closes a descriptor, if it is one. */
static void shut(int *fd)
{
  if (*fd >= 0)
    (void)close(*fd);
  *fd = -1;
}

/* Removes the staged file, if the name is still ours. */
static void drop_staged(lun_stage *stage)
{
  struct stat open_file = {.st_size = 0};
  struct stat named = {.st_size = 0};

  if (stage->phase == STAGED && fstat(stage->fd, &open_file) == 0 &&
      look(stage, stage->staged, &named) && same_file(&open_file, &named))
    (void)unlinkat(stage->dir, stage->staged, 0);
  shut(&stage->fd);
  stage->phase = EMPTY;
}

static enum lun_code give_away(const lun_stage *stage, struct lun_error *err)
{
  struct stat info = {.st_size = 0};

  if (fstat(stage->fd, &info) != 0)
    return fail(stage, "look at its staged file", err);
  if (info.st_uid == stage->uid && info.st_gid == stage->gid)
    return LUN_OK;
  if (fchown(stage->fd, stage->uid, stage->gid) == 0)
    return LUN_OK;
  (void)lun_error_set(err, LUN_EFILE,
                      "%s: cannot give it to user %lu and group %lu: %s",
                      stage->target, (unsigned long)stage->uid,
                      (unsigned long)stage->gid, strerror(errno));
  lun_error_hint(err, "run as root, or leave the owner as it is");
  return LUN_EFILE;
}

static enum lun_code put_bytes(const lun_stage *stage, struct lun_span bytes,
                               struct lun_error *err)
{
  size_t at = 0;

  while (at < bytes.len) {
    ssize_t put = write(stage->fd, bytes.ptr + at, bytes.len - at);

    if (put > 0)
      at += (size_t)put;
    else if (put < 0 && errno != EINTR)
      return fail(stage, "write its staged file", err);
  }
  return LUN_OK;
}

static enum lun_code fill(lun_stage *stage, struct lun_span bytes,
                          struct lun_error *err)
{
  enum lun_code rc = give_away(stage, err);

  if (rc)
    return rc;
  /* After the owner, for chown takes set-id bits away. */
  if (fchmod(stage->fd, stage->mode) != 0)
    return fail(stage, "set the mode of its staged file", err);
  rc = put_bytes(stage, bytes, err);
  if (rc)
    return rc;
  /* Not tried again: the kernel may have dropped what it could not write. */
  if (fsync(stage->fd) != 0)
    return fail(stage, "sync its staged file", err);
  if (fstat(stage->fd, &stage->info) != 0)
    return fail(stage, "look at its staged file", err);
  return lun_hash_sha256(stage->digest, bytes, err);
}

enum lun_code lun_stage_write(lun_stage *stage, struct lun_span bytes,
                              struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  if (stage->phase == COMMITTED || stage->phase == RESTORABLE)
    return lun_error_set(err, LUN_EINVALID, "%s: it is committed already",
                         stage->target);
  drop_staged(stage);
  stage->fd =
      openat(stage->dir, stage->staged,
             O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, NEW_MODE);
  if (stage->fd < 0)
    return fail(stage, "stage a file beside it", err);
  stage->phase = STAGED;
  (void)flock(stage->fd, LOCK_EX | LOCK_NB); /* some file systems have none */
  rc = fill(stage, bytes, err);
  if (rc)
    drop_staged(stage);
  return rc;
}

/* --------------------------------------------------------------- commit -- */

/* True if the staged file has the bytes that were written. */
static enum lun_code same_bytes(const lun_stage *stage, bool *same,
                                struct lun_error *err)
{
  size_t len = (size_t)stage->info.st_size;
  char *bytes = lun_mem_alloc(stage->ctx, len);
  unsigned char digest[LUN_SHA256_LEN] = {0};
  enum lun_code rc = LUN_OK;
  size_t at = 0;
  ssize_t got = 1;

  *same = false;
  if (bytes == NULL)
    return lun_error_nomem(err);
  while (at < len && got > 0) {
    got = pread(stage->fd, bytes + at, len - at, (off_t)at);
    if (got > 0)
      at += (size_t)got;
    else if (got < 0 && errno == EINTR)
      got = 1;
  }
  if (at == len)
    rc = lun_hash_sha256(digest, (struct lun_span){bytes, len}, err);
  if (rc == LUN_OK && at == len)
    *same = lun_secret_equal(
        (struct lun_span){(const char *)digest, sizeof(digest)},
        (struct lun_span){(const char *)stage->digest, sizeof(digest)});
  lun_mem_free(stage->ctx, bytes);
  return rc;
}

/* The check command had the staged file in its hands. */
static enum lun_code check_staged(const lun_stage *stage, struct lun_error *err)
{
  const struct stat *was = &stage->info;
  struct stat now = {.st_size = 0};
  bool same = false;
  enum lun_code rc = LUN_OK;

  if (look(stage, stage->staged, &now) && same_file(&now, was) &&
      now.st_mode == was->st_mode && now.st_uid == was->st_uid &&
      now.st_gid == was->st_gid && now.st_size == was->st_size)
    rc = same_bytes(stage, &same, err);
  if (rc == LUN_OK && !same)
    rc = lun_error_set(err, LUN_ECHECK,
                       "%s: its staged file was changed before it could take "
                       "its place",
                       stage->target);
  return rc;
}

static enum lun_code swap_by_link(lun_stage *stage, struct lun_error *err)
{
  char kept[LUN_ORPHAN_NAME] = "";
  enum lun_code rc = lun_orphan_name(kept, stage->ctx, stage->name, err);

  if (rc)
    return rc;
  if (linkat(stage->dir, stage->name, stage->dir, kept, 0) != 0)
    return fail(stage, "keep the old file", err);
  if (renameat(stage->dir, stage->staged, stage->dir, stage->name) != 0) {
    rc = fail(stage, "put the new file in its place", err);
    (void)unlinkat(stage->dir, kept, 0);
    return rc;
  }
  memcpy(stage->kept, kept, sizeof(stage->kept));
  return LUN_OK;
}

/* Renames the staged file, and keeps what was there under stage->kept. */
static enum lun_code swap(lun_stage *stage, struct lun_error *err)
{
  if (renameat2(stage->dir, stage->staged, stage->dir, stage->name,
                RENAME_EXCHANGE) == 0) {
    memcpy(stage->kept, stage->staged, sizeof(stage->kept));
    return LUN_OK;
  }
  if (errno == EINVAL || errno == ENOSYS) /* this file system cannot */
    return swap_by_link(stage, err);
  return fail(stage, "put the new file in its place", err);
}

static enum lun_code sync_folder(const lun_stage *stage, const char *what,
                                 struct lun_error *err)
{
  /* EINVAL: a file system where folders need no sync */
  if (fsync(stage->dir) == 0 || errno == EINVAL)
    return LUN_OK;
  (void)lun_error_set(err, LUN_EFILE,
                      "%s: the %s file is in place, but may not survive a "
                      "power cut: %s",
                      stage->target, what, strerror(errno));
  lun_error_hint(err, "check the disk, and the kernel's log (dmesg)");
  return LUN_EFILE;
}

/*
 * Locks the old file, which is about to get a name that sweeps look for.  To
 * one in another PID namespace this process is gone, and the lock is all that
 * shows the file is still wanted.
 */
static void lock_old(lun_stage *stage)
{
  shut(&stage->old_fd);
  stage->old_fd =
      openat(stage->dir, stage->name,
             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (stage->old_fd >= 0)
    (void)flock(stage->old_fd, LOCK_EX | LOCK_NB);
}

/* Puts the staged file in the target's place; KEEP: what was there stays. */
static enum lun_code take_place(lun_stage *stage, bool keep,
                                struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  if (keep && stage->existed) {
    lock_old(stage);
    rc = swap(stage, err);
  } else if (renameat(stage->dir, stage->staged, stage->dir, stage->name) != 0)
    rc = fail(stage, "put the new file in its place", err);
  if (rc == LUN_OK)
    stage->phase = keep ? RESTORABLE : COMMITTED;
  return rc;
}

enum lun_code lun_stage_commit(lun_stage *stage, bool keep,
                               struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  if (stage->phase != STAGED)
    return lun_error_set(err, LUN_EINVALID, "%s: there is nothing to commit",
                         stage->target);
  rc = check_staged(stage, err);
  if (rc == LUN_OK)
    rc = check_target(stage, err); /* it may be another one by now */
  if (rc == LUN_OK)
    rc = take_place(stage, keep, err);
  return rc ? rc : sync_folder(stage, "new", err);
}

/*
 * The old file cannot come back: it gets a name that no sweep takes, and the
 * hint says which.
 */
static void save_old(lun_stage *stage, struct lun_error *err)
{
  char saved[LUN_ORPHAN_NAME] = "";
  size_t folder = strlen(stage->path) - strlen(stage->staged);

  if (stage->kept[0] == '\0')
    return;
  lun_orphan_saved(saved, stage->kept);
  if (renameat2(stage->dir, stage->kept, stage->dir, saved, RENAME_NOREPLACE))
    memcpy(saved, stage->kept, sizeof(saved));
  stage->kept[0] = '\0';
  lun_error_hint(err, "the old file is kept as %.*s%s", (int)folder,
                 stage->path, saved);
}

/* Puts back what was there before the commit; 0, or what errno says. */
static int put_back(lun_stage *stage, bool missing)
{
  if (stage->kept[0] == '\0') /* nothing was there */
    return missing || unlinkat(stage->dir, stage->name, 0) == 0 ? 0 : errno;
  if (renameat(stage->dir, stage->kept, stage->dir, stage->name) != 0)
    return errno;
  stage->kept[0] = '\0';
  return 0;
}

enum lun_code lun_stage_restore(lun_stage *stage, struct lun_error *err)
{
  struct stat now = {.st_size = 0};
  enum lun_code rc = LUN_OK;
  bool there = false;
  int error = 0;

  if (stage->phase != RESTORABLE)
    return lun_error_set(err, LUN_EINVALID, "%s: there is nothing to restore",
                         stage->target);
  there = look(stage, stage->name, &now);
  if (!there && errno != ENOENT)
    rc = fail(stage, "look at it", err);
  else if (there && !same_file(&now, &stage->info))
    rc = refuse(stage,
                "somebody has replaced it meanwhile, so the old file was not "
                "put back",
                "", err);
  else if ((error = put_back(stage, !there)) != 0)
    rc = lun_file_error(err, stage->target, "put the old file back", error);
  if (rc)
    save_old(stage, err);
  shut(&stage->old_fd);
  shut(&stage->fd);
  stage->phase = EMPTY;
  return rc ? rc : sync_folder(stage, "old", err);
}

bool lun_stage_existed(const lun_stage *stage)
{
  return stage->existed;
}

void lun_stage_free(lun_stage *stage)
{
  if (stage == NULL)
    return;
  drop_staged(stage);
  if (stage->kept[0] != '\0')
    (void)unlinkat(stage->dir, stage->kept, 0);
  shut(&stage->old_fd);
  shut(&stage->dir);
  lun_mem_free(stage->ctx, stage->target);
  lun_mem_free(stage->ctx, stage->name);
  lun_mem_free(stage->ctx, stage->path);
  lun_mem_free(stage->ctx, stage);
}
