/* Which machine is an EC2 instance that boots, by files of the test's own. */
#include "unit.h"

#include "../../core/os/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DMI "/sys/devices/virtual/dmi/id"

static char root[64];

/* From the top. */
static const char *const folders[] = {"/sys",
                                      "/sys/hypervisor",
                                      "/sys/devices",
                                      "/sys/devices/virtual",
                                      "/sys/devices/virtual/dmi",
                                      DMI};
static const char *const files[] = {DMI "/sys_vendor", DMI "/board_asset_tag",
                                    "/sys/hypervisor/uuid"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void path_of(char *out, size_t size, const char *name)
{
  assert_in_range(snprintf(out, size, "%s%s", root, name), 1, size - 1);
}

static int make_root(void **state)
{
  char path[256] = "";
  size_t i = 0;

  (void)state;
  (void)snprintf(root, sizeof(root), "/tmp/lunette-XXXXXX");
  if (mkdtemp(root) == NULL)
    return -1;
  for (i = 0; i < COUNT(folders); i++) {
    path_of(path, sizeof(path), folders[i]);
    if (mkdir(path, 0700) != 0)
      return -1;
  }
  return 0;
}

static int free_root(void **state)
{
  char path[256] = "";
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(files); i++) {
    path_of(path, sizeof(path), files[i]);
    (void)unlink(path);
  }
  for (i = COUNT(folders); i > 0; i--) {
    path_of(path, sizeof(path), folders[i - 1]);
    (void)rmdir(path);
  }
  return rmdir(root);
}

/* The file says TEXT; NULL: it is not there. */
static void says(const char *name, const char *text)
{
  char path[256] = "";
  FILE *file = NULL;

  path_of(path, sizeof(path), name);
  (void)unlink(path);
  if (text == NULL)
    return;
  file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void what_it_says(void **state)
{
  static const struct {
    int file;
    const char *text;
    bool ec2;
  } cases[] = {
      {0, "Amazon EC2\n", true},
      {0, "Amazon\n", false},
      {0, "QEMU\n", false},
      {0, "", false},
      {0, "Not Amazon EC2\n", false},
      {1, "i-0123456789abcdef0\n", true},
      {1, "Not Specified\n", false},
      {2, "ec2e1916-9099-7caf-fd21-012345abcdef\n", true},
      {2, "4c4c4544-0051-3910-8054-b3c04f434d32\n", false},
  };
  size_t i = 0;

  (void)state;
  assert_false(lun_machine_ec2(root));
  for (i = 0; i < COUNT(cases); i++) {
    says(files[cases[i].file], cases[i].text);
    assert_int_equal(lun_machine_ec2(root), cases[i].ec2);
    says(files[cases[i].file], NULL);
  }
  says(files[0], "Xen\n");
  says(files[2], "ec2e1916\n"); /* one sign will do */
  assert_true(lun_machine_ec2(root));
}

static void nothing_to_read(void **state)
{
  char far[600] = "";

  (void)state;
  assert_false(lun_machine_ec2("/nowhere"));
  memset(far, 'a', sizeof(far) - 1);
  far[0] = '/';
  assert_false(lun_machine_ec2(far));
  assert_false(lun_machine_booting("/nowhere", 0));
}

static void the_first_five_minutes(void **state)
{
  (void)state;
  assert_false(lun_machine_booting(root, 10));
  says(files[1], "i-0123456789abcdef0\n");
  assert_true(lun_machine_booting(root, 0));
  assert_true(lun_machine_booting(root, 299));
  assert_false(lun_machine_booting(root, 300));
  assert_false(lun_machine_booting(root, INT64_MAX));
  assert_false(lun_machine_booting(root, -1)); /* nobody knows */
}

static void this_machine(void **state)
{
  (void)state;
  assert_true(lun_machine_up_s() > 0);
}

#define MACHINE(function)                                                      \
  cmocka_unit_test_setup_teardown(function, make_root, free_root)

int main(void)
{
  const struct CMUnitTest tests[] = {
      MACHINE(what_it_says),
      MACHINE(nothing_to_read),
      MACHINE(the_first_five_minutes),
      MACHINE(this_machine),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
