/* The names of staged files, and which of them a sweep removes. */
#include "folder.h"

#include <sys/file.h>
#include <sys/wait.h>

static pid_t dead_process(void)
{
  pid_t dead = fork();

  if (dead == 0)
    (void)execl("/bin/true", "true", (char *)NULL);
  (void)waitpid(dead, NULL, 0);
  return dead;
}

static void orphans(void **state)
{
  static const char *const kept[] = {
      ".app.conf.lunette-%d-0123456789abcdef0", /* too long */
      ".app.conf.lunette-%d-0123456789abcdeX", ".app.conf.lunette-0%d-0",
      "app.conf.lunette-%d-0123456789abcdef",
      ".app.conf2.lunette-%d-0123456789abcdef"};
  char name[128] = "";
  pid_t dead = dead_process();
  size_t i = 0;
  int fd = -1;

  (void)state;
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

/*
 * The old file that a commit keeps has a staged file's name.  To a run in
 * another PID namespace its process looks gone; so it does here, for the time
 * of a sweep, under the name of one that is.
 */
static void kept_file_is_not_swept(void **state)
{
  char dead_name[128] = "";
  char kept[256] = "";
  lun_stage *stage = NULL;

  (void)state;
  put(target, "old", 0600);
  stage = written("new");
  (void)snprintf(kept, sizeof(kept), "%s", lun_stage_path(stage));
  assert_int_equal(lun_stage_commit(stage, true, &error), LUN_OK);
  has(kept, "old", 0600);
  (void)snprintf(dead_name, sizeof(dead_name),
                 ".app.conf.lunette-%d-0123456789abcdef", (int)dead_process());
  assert_int_equal(rename(kept, in_folder(dead_name)), 0);
  lun_stage_free(stage_of(&keep_all));
  assert_int_equal(rename(in_folder(dead_name), kept), 0);
  assert_int_equal(lun_stage_restore(stage, &error), LUN_OK);
  lun_stage_free(stage);
  has(target, "old", 0600);
  assert_int_equal(entries(), 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(orphans),
      TEST(long_names),
      TEST(kept_file_is_not_swept),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
