/* Files replaced as a whole: every way that this is refused or goes wrong. */
#include "folder.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

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
  const char *kept = NULL;
  lun_stage *stage = NULL;

  (void)state;
  put(target, "old", 0600);
  stage = written("new");
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  put(in_folder("other"), "theirs", 0600);
  assert_int_equal(rename(in_folder("other"), target), 0);
  assert_int_equal(lun_stage_restore(stage, &error), LUN_EFILE);
  assert_non_null(strstr(error.message, "somebody has replaced it"));
  kept = strchr(error.hint, '/'); /* "the old file is kept as PATH" */
  assert_non_null(kept);
  has(kept, "old", 0600);
  lun_stage_free(stage);
  has(target, "theirs", 0600);
  has(kept, "old", 0600);
  lun_stage_free(stage_of(&keep_all)); /* no sweep takes it */
  has(kept, "old", 0600);
  assert_int_equal(entries(), 2);
}

/* What the reload removed was not the old file. */
static void restored_where_the_new_one_is_gone(void **state)
{
  lun_stage *stage = NULL;

  (void)state;
  put(target, "old", 0640);
  stage = written("new");
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  assert_true(lun_stage_existed(stage));
  assert_int_equal(unlink(target), 0);
  assert_int_equal(lun_stage_restore(stage, &error), LUN_OK);
  lun_stage_free(stage);
  has(target, "old", 0640);
  assert_int_equal(entries(), 1);
  assert_int_equal(unlink(target), 0);
  stage = written("new");
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  assert_false(lun_stage_existed(stage));
  assert_int_equal(unlink(target), 0);
  assert_int_equal(lun_stage_restore(stage, &error), LUN_OK);
  lun_stage_free(stage);
  assert_int_equal(entries(), 0);
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

/* In /tmp and its like, a target that somebody may have planted. */
static void targets_of_others(void **state)
{
  struct lun_file_want want = {-1, 12345, -1};

  (void)state;
  assert_int_equal(chmod(folder, 01777), 0);
  put(target, "ours", 0600);
  lun_stage_free(stage_of(&keep_all));
  assert_int_equal(link(target, in_folder("second")), 0);
  refused(target, "it has another name elsewhere");
  assert_string_not_equal(error.hint, "");
  assert_int_equal(chmod(folder, 0755), 0);
  lun_stage_free(stage_of(&keep_all)); /* here nobody else made it */
  assert_int_equal(chmod(folder, 01777), 0);
  assert_int_equal(unlink(in_folder("second")), 0);
  if (geteuid() == 0) {
    assert_int_equal(chown(target, 12345, 12345), 0);
    refused(target, "it belongs to another user");
    lun_stage_free(stage_of(&want)); /* the very one that is to have it */
  }
}

/* It is planted between the look at it and the commit. */
static void planted_meanwhile(void **state)
{
  lun_stage *stage = NULL;

  (void)state;
  assert_int_equal(chmod(folder, 01777), 0);
  stage = written("new");
  put(in_folder("second"), "private", 0666);
  assert_int_equal(link(in_folder("second"), target), 0);
  assert_int_equal(lun_stage_commit(stage, false, &error), LUN_EFILE);
  assert_non_null(strstr(error.message, "it has another name elsewhere"));
  lun_stage_free(stage);
  has(target, "private", 0666);
}

/* What is in place is not staged any more. */
static void written_after_commit(void **state)
{
  lun_stage *stage = written("one");

  (void)state;
  assert_int_equal(lun_stage_commit(stage, false, &error), LUN_OK);
  assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("two"), &error),
                   LUN_EINVALID);
  assert_non_null(strstr(error.message, "it is committed already"));
  assert_int_equal(lun_stage_restore(stage, &error), LUN_EINVALID);
  lun_stage_free(stage);
  has(target, "one", 0600);

  stage = written("two");
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("three"), &error),
                   LUN_EINVALID);
  assert_int_equal(lun_stage_restore(stage, &error), LUN_OK);
  has(target, "one", 0600);
  assert_int_equal(lun_stage_write(stage, LUN_SPAN_LIT("three"), &error), 0);
  assert_int_equal(lun_stage_commit(stage, false, &error), LUN_OK);
  lun_stage_free(stage);
  has(target, "three", 0600);
  assert_int_equal(entries(), 1);
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

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(reading),
      TEST(new_file),
      TEST(dropped_without_commit),
      TEST(old_file_keeps_mode),
      TEST(keep_and_restore),
      TEST(restore_leaves_others_alone),
      TEST(restored_where_the_new_one_is_gone),
      TEST(same),
      TEST(targets_refused),
      TEST(folders_refused),
      TEST(targets_of_others),
      TEST(planted_meanwhile),
      TEST(written_after_commit),
      TEST(changed_while_checked),
      TEST(target_changed_meanwhile),
      TEST(folder_moved_meanwhile),
      TEST(file_too_large),
      TEST(owner),
      TEST(readers_see_whole_files),
      TEST(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
