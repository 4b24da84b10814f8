/*
 * A folder of the test's own, which must be empty but for what the test has
 * put there, and staged files in it.
 */
#ifndef TEST_FOLDER_H
#define TEST_FOLDER_H

#include "../../core/os/file.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static lun_ctx *ctx;
static struct lun_error error;
static char folder[64];
static char target[128];

static const struct lun_file_want keep_all = {-1, -1, -1};

static inline const char *in_folder(const char *name)
{
  static char paths[4][256];
  static int next;
  char *path = paths[next++ % 4];

  (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
  return path;
}

static inline int set_up(void **state)
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
static inline int entries(void)
{
  DIR *dir = opendir(folder);
  int count = -2;

  while (readdir(dir) != NULL)
    count++;
  (void)closedir(dir);
  return count;
}

static inline int tear_down(void **state)
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

static inline void put(const char *path, const char *text, mode_t mode)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  assert_int_equal(fchmod(fd, mode), 0);
  (void)close(fd);
}

static inline void has(const char *path, const char *text, mode_t mode)
{
  struct lun_buf bytes = LUN_BUF_INIT(ctx, 1 << 20);
  struct stat info;

  assert_int_equal(lun_file_read(&bytes, path, &error), LUN_OK);
  assert_string_equal(lun_buf_text(&bytes), text);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 07777, mode);
  lun_buf_done(&bytes);
}

static inline lun_stage *stage_of(const struct lun_file_want *want)
{
  lun_stage *stage = NULL;

  assert_int_equal(lun_stage_new(&stage, ctx, target, want, &error), LUN_OK);
  return stage;
}

static inline lun_stage *written(const char *text)
{
  lun_stage *stage = stage_of(&keep_all);

  assert_int_equal(lun_stage_write(stage, lun_span_of(text), &error), LUN_OK);
  return stage;
}

static inline void refused(const char *path, const char *text)
{
  lun_stage *stage = NULL;

  assert_int_equal(lun_stage_new(&stage, ctx, path, &keep_all, &error),
                   LUN_EFILE);
  assert_non_null(strstr(error.message, text));
  assert_memory_equal(error.message, path, strlen(path));
  assert_null(stage);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
