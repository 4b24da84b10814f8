/* Files replaced as a whole: every way that this is refused or goes wrong. */
#include "../../core/os/file.h"

#include "../../core/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static lun_ctx *ctx;
static struct lun_error error;
static char folder[64];
static char target[128];

static const struct lun_file_want keep_all = {-1, -1, -1};

static const char *in_folder(const char *name)
{
  static char paths[4][256];
  static int next;
  char *path = paths[next++ % 4];

  (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
  return path;
}

static int set_up(void **state)
{
  (void)state;
  memset(&error, 0, sizeof(error));
  (void)umask(022);
  (void)snprintf(folder, sizeof(folder), "/tmp/lunette-test-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return -1;
  (void)snprintf(target, sizeof(target), "%s/app.conf", folder);
  return (int)lun_ctx_new(&ctx, NULL);
}

/* How many entries the folder has. */
static int entries(void)
{
  DIR *dir = opendir(folder);
  int count = -2;

  while (readdir(dir) != NULL)
    count++;
  (void)closedir(dir);
  return count;
}

static int tear_down(void **state)
{
  DIR *dir = opendir(folder);
  struct dirent *entry = NULL;

  (void)state;
  while ((entry = readdir(dir)) != NULL) {
    (void)unlinkat(dirfd(dir), entry->d_name, 0);
    (void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
  }
  (void)closedir(dir);
  assert_int_equal(rmdir(folder), 0);
  assert_int_equal(ctx->account.live_blocks, 0);
  lun_ctx_free(ctx);
  return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  assert_int_equal(fchmod(fd, mode), 0);
  (void)close(fd);
}

static void has(const char *path, const char *text, mode_t mode)
{
  struct lun_buf bytes = LUN_BUF_INIT(ctx, 1 << 20);
  struct stat info;

  assert_int_equal(lun_file_read(&bytes, path, &error), LUN_OK);
  assert_string_equal(lun_buf_text(&bytes), text);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 07777, mode);
  lun_buf_done(&bytes);
}

static lun_stage *stage_of(const struct lun_file_want *want)
{
  lun_stage *stage = NULL;

  assert_int_equal(lun_stage_new(&stage, ctx, target, want, &error), LUN_OK);
  return stage;
}

static lun_stage *written(const char *text)
{
  lun_stage *stage = stage_of(&keep_all);

  assert_int_equal(lun_stage_write(stage, lun_span_of(text), &error), LUN_OK);
  return stage;
}

static void refused(const char *path, const char *text)
{
  lun_stage *stage = NULL;

  assert_int_equal(lun_stage_new(&stage, ctx, path, &keep_all, &error),
                   LUN_EFILE);
  assert_non_null(strstr(error.message, text));
  assert_memory_equal(error.message, path, strlen(path));
  assert_null(stage);
}

/* -------------------------------------------------------------- reading -- */

static void reading(void **state)
{
  struct lun_buf bytes = LUN_BUF_INIT(ctx, 8);

  (void)state;
  put(target, "12345678", 0600);
  assert_int_equal(lun_file_read(&bytes, target, &error), LUN_OK);
  assert_string_equal(lun_buf_text(&bytes), "12345678");
  lun_buf_done(&bytes);
  put(target, "123456789", 0600);
  assert_int_equal(lun_file_read(&bytes, target, &error), LUN_EFILE);
  assert_non_null(strstr(error.message, "app.conf: larger than 8 bytes"));
  lun_buf_done(&bytes);
  assert_int_equal(lun_file_read(&bytes, in_folder("no"), &error), LUN_EFILE);
  assert_non_null(strstr(error.message, "/no: cannot open it: No such file"));
  assert_int_equal(lun_file_read(&bytes, folder, &error), LUN_EFILE);
  assert_non_null(strstr(error.message, ": not a regular file"));
  assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
  assert_int_equal(lun_file_read(&bytes, in_folder("fifo"), &error),
                   LUN_EFILE); /* and does not hang */
  put(target, "1", 0600);
  ctx->account.fail_after = 0;
  assert_int_equal(lun_file_read(&bytes, target, &error), LUN_ENOMEM);
  lun_buf_done(&bytes);
}

/* ---------------------------------------------------------------- a new -- */

static void new_file(void **state)
{
  struct lun_file_want want = {0640, -1, -1};
  lun_stage *stage = NULL;
  bool same = true;

  (void)state;
  (void)umask(077);
  stage = stage_of(&want);
  assert_int_equal(entries(), 0);
  assert_int_equal(lun_stage_same(stage, LUN_SPAN_LIT("x"), &same, &error), 0);
  assert_false(same);
  assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("one"), &error), 0);
  assert_int_equal(entries(), 1);
  has(lun_stage_path(stage), "one", 0640);
  assert_memory_equal(lun_stage_path(stage), in_folder(".app.conf.lunette-"),
                      strlen(folder) + 19);
  assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("two"), &error), 0);
  assert_int_equal(lun_stage_commit(stage, false, &error), LUN_OK);
  lun_stage_free(stage);
  has(target, "two", 0640);
  assert_int_equal(entries(), 1);

  assert_int_equal(unlink(target), 0);
  (void)umask(0);
  stage = written("private");
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  has(target, "private", 0600);
  assert_int_equal(lun_stage_restore(stage, &error), LUN_OK);
  assert_int_equal(entries(), 0);
  lun_stage_free(stage);
}

static void dropped_without_commit(void **state)
{
  (void)state;
  put(target, "old", 0644);
  lun_stage_free(written("new"));
  has(target, "old", 0644);
  assert_int_equal(entries(), 1);
  lun_stage_free(NULL);
}

static void old_file_keeps_mode(void **state)
{
  lun_stage *stage = NULL;
  struct stat before;
  struct stat after;

  (void)state;
  put(target, "old", 0604);
  assert_int_equal(stat(target, &before), 0);
  stage = written("new");
  assert_int_equal(lun_stage_commit(stage, false, &error), LUN_OK);
  lun_stage_free(stage);
  has(target, "new", 0604);
  assert_int_equal(stat(target, &after), 0);
  assert_int_equal(before.st_uid, after.st_uid);
  assert_int_equal(before.st_gid, after.st_gid);
  assert_int_not_equal(before.st_ino, after.st_ino);
}

static void keep_and_restore(void **state)
{
  lun_stage *stage = NULL;
  struct stat before;
  struct stat after;

  (void)state;
  put(target, "old", 0640);
  assert_int_equal(stat(target, &before), 0);
  stage = written("new");
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  has(target, "new", 0640);
  assert_int_equal(entries(), 2);
  assert_int_equal(lun_stage_restore(stage, &error), LUN_OK);
  has(target, "old", 0640);
  assert_int_equal(stat(target, &after), 0);
  assert_int_equal(before.st_ino, after.st_ino);
  assert_int_equal(lun_stage_restore(stage, &error), LUN_EINVALID);
  /* and once more, to the end */
  assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("newer"), &error), 0);
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  lun_stage_free(stage);
  has(target, "newer", 0640);
  assert_int_equal(entries(), 1);
}

static void restore_leaves_others_alone(void **state)
{
  lun_stage *stage = NULL;

  (void)state;
  put(target, "old", 0600);
  stage = written("new");
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  put(in_folder("other"), "theirs", 0600);
  assert_int_equal(rename(in_folder("other"), target), 0);
  assert_int_equal(lun_stage_restore(stage, &error), LUN_EFILE);
  assert_non_null(strstr(error.message, "somebody has replaced it"));
  lun_stage_free(stage);
  has(target, "theirs", 0600);
  assert_int_equal(entries(), 1);
}

static void same(void **state)
{
  static const struct lun_file_want other_mode = {0644, -1, -1};
  lun_stage *stage = NULL;
  char big[10000];
  bool is = false;

  (void)state;
  put(target, "old", 0600);
  stage = stage_of(&keep_all);
  assert_int_equal(lun_stage_same(stage, LUN_SPAN_LIT("old"), &is, &error), 0);
  assert_true(is);
  assert_int_equal(lun_stage_same(stage, LUN_SPAN_LIT("olf"), &is, &error), 0);
  assert_false(is);
  assert_int_equal(lun_stage_same(stage, LUN_SPAN_LIT("old "), &is, &error), 0);
  assert_false(is);
  lun_stage_free(stage);
  stage = stage_of(&other_mode);
  assert_int_equal(lun_stage_same(stage, LUN_SPAN_LIT("old"), &is, &error), 0);
  assert_false(is);
  lun_stage_free(stage);

  memset(big, 'b', sizeof(big) - 1);
  big[sizeof(big) - 1] = '\0';
  put(target, big, 0600);
  stage = stage_of(&keep_all);
  assert_int_equal(lun_stage_same(stage, lun_span_of(big), &is, &error), 0);
  assert_true(is);
  big[9998] = 'c';
  assert_int_equal(lun_stage_same(stage, lun_span_of(big), &is, &error), 0);
  assert_false(is);
  lun_stage_free(stage);
}

/* -------------------------------------------------------------- refused -- */

static void targets_refused(void **state)
{
  (void)state;
  assert_int_equal(symlink("/etc/passwd", target), 0);
  refused(target, "it is a symbolic link");
  assert_string_not_equal(error.hint, "");
  assert_int_equal(unlink(target), 0);
  assert_int_equal(symlink("nowhere", target), 0);
  refused(target, "it is a symbolic link");
  assert_int_equal(unlink(target), 0);
  assert_int_equal(mkdir(target, 0700), 0);
  refused(target, "it is a folder, not a file");
  assert_int_equal(rmdir(target), 0);
  assert_int_equal(mkfifo(target, 0600), 0);
  refused(target, "it is a FIFO, not a file");
  refused("/dev/null", "it is a device, not a file");
  refused(in_folder("."), "it is not the name of a file");
  refused(in_folder(""), "it is not the name of a file");
  refused("", "it is not the name of a file");
  refused(in_folder("no/such/file"), "cannot open its folder: No such file");
  assert_string_equal(error.hint, "make the folder first");
}

static void folders_refused(void **state)
{
  lun_stage *stage = NULL;

  (void)state;
  assert_int_equal(chmod(folder, 0777), 0);
  refused(target, "everybody may write to its folder");
  assert_int_equal(chmod(folder, 01777), 0);
  stage = stage_of(&keep_all);
  lun_stage_free(stage);
  if (geteuid() == 0) {
    assert_int_equal(chown(folder, 12345, 12345), 0);
    refused(target, "another user owns it");
  }
  assert_int_equal(chmod(folder, 0700), 0);
}

/* What a check command may have done to the staged file. */
static void changed_while_checked(void **state)
{
  lun_stage *stage = written("good");
  int way = 0;

  (void)state;
  for (way = 0; way < 4; way++) {
    const char *path = lun_stage_path(stage);

    assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("good"), &error), 0);
    if (way == 0)
      put(path, "evil", 0600);
    else if (way == 1)
      assert_int_equal(chmod(path, 0644), 0);
    else if (way == 2)
      assert_int_equal(unlink(path), 0);
    else
      assert_int_equal(rename(path, in_folder("away")), 0);
    if (way == 3)
      put(path, "good", 0600);
    assert_int_equal(lun_stage_commit(stage, false, &error), LUN_ECHECK);
    assert_non_null(strstr(error.message, "its staged file was changed"));
  }
  lun_stage_free(stage);
  assert_int_equal(access(target, F_OK), -1);
}

/* The target turned into something else since it was looked at. */
static void target_changed_meanwhile(void **state)
{
  lun_stage *stage = written("new");

  (void)state;
  assert_int_equal(symlink("/etc/passwd", target), 0);
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_EFILE);
  assert_non_null(strstr(error.message, "it is a symbolic link"));
  assert_int_equal(unlink(target), 0);
  put(target, "theirs", 0644);
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  assert_int_equal(lun_stage_restore(stage, &error), LUN_OK);
  has(target, "theirs", 0644);
  lun_stage_free(stage);
}

static void folder_moved_meanwhile(void **state)
{
  char moved[128] = "";
  lun_stage *stage = written("new");

  (void)state;
  (void)snprintf(moved, sizeof(moved), "%s-moved", folder);
  assert_int_equal(rename(folder, moved), 0);
  assert_int_equal(symlink("/", folder), 0);
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  lun_stage_free(stage);
  assert_int_equal(unlink(folder), 0);
  assert_int_equal(rename(moved, folder), 0);
  has(target, "new", 0600);
}

static void file_too_large(void **state)
{
  struct rlimit old;
  struct rlimit little;
  lun_stage *stage = stage_of(&keep_all);

  (void)state;
  put(target, "old", 0600);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  little = (struct rlimit){2, old.rlim_max};
  (void)signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
  assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("12345"), &error),
                   LUN_EFILE);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  (void)signal(SIGXFSZ, SIG_DFL);
  assert_non_null(strstr(error.message, "app.conf: cannot write its staged "
                                        "file: File too large"));
  assert_non_null(strstr(error.hint, "ulimit -f"));
  assert_int_equal(lun_stage_commit(stage, false, &error), LUN_EINVALID);
  lun_stage_free(stage);
  has(target, "old", 0600);
  assert_int_equal(entries(), 1);
}

static void owner(void **state)
{
  struct lun_file_want want = {-1, 12345, 54321};
  lun_stage *stage = stage_of(&want);
  struct stat info;

  (void)state;
  if (geteuid() != 0) {
    assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("x"), &error),
                     LUN_EFILE);
    assert_non_null(strstr(error.message, "cannot give it to user 12345"));
    assert_int_equal(entries(), 0);
  } else {
    assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("x"), &error), 0);
    assert_int_equal(lun_stage_commit(stage, false, &error), LUN_OK);
    assert_int_equal(stat(target, &info), 0);
    assert_int_equal(info.st_uid, 12345);
    assert_int_equal(info.st_gid, 54321);
    assert_int_equal(info.st_mode & 07777, 0600);
  }
  lun_stage_free(stage);
}

/* -------------------------------------------------------------- orphans -- */

static void orphans(void **state)
{
  static const char *const kept[] = {
      ".app.conf.lunette-%d-0123456789abcdef0", /* too long */
      ".app.conf.lunette-%d-0123456789abcdeX", ".app.conf.lunette-0%d-0",
      "app.conf.lunette-%d-0123456789abcdef",
      ".app.conf2.lunette-%d-0123456789abcdef"};
  char name[128] = "";
  pid_t dead = fork();
  size_t i = 0;
  int fd = -1;

  (void)state;
  if (dead == 0)
    (void)execl("/bin/true", "true", (char *)NULL);
  (void)waitpid(dead, NULL, 0);
  for (i = 0; i < 5; i++) {
    /* the formats are the list above */
    (void)snprintf(name, sizeof(name), "%.*s%d%s",
                   (int)(strchr(kept[i], '%') - kept[i]), kept[i], (int)dead,
                   strchr(kept[i], '%') + 2);
    put(in_folder(name), "keep", 0600);
  }
  (void)snprintf(name, sizeof(name), ".app.conf.lunette-%d-00000000000000aa",
                 (int)getpid());
  put(in_folder(name), "alive", 0600);
  (void)snprintf(name, sizeof(name), ".app.conf.lunette-%d-00000000000000bb",
                 (int)dead);
  put(in_folder(name), "locked", 0600);
  fd = open(in_folder(name), O_RDONLY | O_CLOEXEC);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  (void)snprintf(name, sizeof(name), ".app.conf.lunette-%d-00000000000000cc",
                 (int)dead);
  put(in_folder(name), "dead", 0600);
  assert_int_equal(entries(), 8);
  lun_stage_free(stage_of(&keep_all));
  assert_int_equal(entries(), 7);
  assert_int_equal(access(in_folder(name), F_OK), -1);
  (void)close(fd);
  lun_stage_free(stage_of(&keep_all));
  assert_int_equal(entries(), 6);
}

static void long_names(void **state)
{
  char name[256] = "";
  char path[512] = "";
  lun_stage *stage = NULL;

  (void)state;
  memset(name, 'n', sizeof(name) - 1);
  (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
  assert_int_equal(lun_stage_new(&stage, ctx, path, &keep_all, &error), 0);
  assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("x"), &error), LUN_OK);
  assert_int_equal(lun_stage_commit(stage, false, &error), LUN_OK);
  lun_stage_free(stage);
  assert_int_equal(entries(), 1);
}

/* ---------------------------------------------------------------- races -- */

/* A reader at full speed sees the one or the other, and nothing else. */
static void readers_see_whole_files(void **state)
{
  static const char *const texts[2] = {"aaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbb"};
  pid_t reader = 0;
  int status = 0;
  int i = 0;

  (void)state;
  put(target, texts[0], 0600);
  reader = fork();
  if (reader == 0) {
    for (;;) {
      char seen[64] = "";
      int fd = open(target, O_RDONLY | O_CLOEXEC);

      if (fd < 0 || read(fd, seen, sizeof(seen) - 1) < 0 ||
          (strcmp(seen, texts[0]) != 0 && strcmp(seen, texts[1]) != 0))
        _exit(1);
      (void)close(fd);
    }
  }
  for (i = 0; i < 200; i++) {
    lun_stage *stage = written(texts[(i + 1) % 2]);

    assert_int_equal(lun_stage_commit(stage, i % 3 == 0, &error), LUN_OK);
    lun_stage_free(stage);
  }
  assert_int_equal(waitpid(reader, &status, WNOHANG), 0);
  (void)kill(reader, SIGKILL);
  (void)waitpid(reader, &status, 0);
}

static void every_allocation_fails_once(void **state)
{
  enum lun_code rc = LUN_ENOMEM;
  int n = 0;

  (void)state;
  put(target, "old", 0600);
  for (n = 0; rc != LUN_OK; n++) {
    lun_stage *stage = NULL;
    bool is = false;

    assert_in_range(n, 0, 30);
    ctx->account.fail_after = n;
    rc = lun_stage_new(&stage, ctx, target, &keep_all, &error);
    if (rc == LUN_OK)
      rc = lun_stage_same(stage, LUN_SPAN_LIT("new"), &is, &error);
    if (rc == LUN_OK)
      rc = lun_stage_write(stage, LUN_SPAN_LIT("new"), &error);
    if (rc == LUN_OK)
      rc = lun_stage_commit(stage, true, &error);
    ctx->account.fail_after = -1;
    assert_true(rc == LUN_OK || rc == LUN_ENOMEM);
    if (rc != LUN_OK)
      has(target, "old", 0600);
    lun_stage_free(stage);
    assert_int_equal(entries(), 1);
  }
  has(target, "new", 0600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(reading),
      TEST(new_file),
      TEST(dropped_without_commit),
      TEST(old_file_keeps_mode),
      TEST(keep_and_restore),
      TEST(restore_leaves_others_alone),
      TEST(same),
      TEST(targets_refused),
      TEST(folders_refused),
      TEST(changed_while_checked),
      TEST(target_changed_meanwhile),
      TEST(folder_moved_meanwhile),
      TEST(file_too_large),
      TEST(owner),
      TEST(orphans),
      TEST(long_names),
      TEST(readers_see_whole_files),
      TEST(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
