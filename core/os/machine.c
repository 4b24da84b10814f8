/*
 * Three small files of /sys: Nitro instances have Amazon as the vendor and
 * their own id as the board's asset tag, Xen instances a UUID that begins
 * with "ec2".  Nothing is asked of the network.
 */
#include "machine.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static const struct {
  const char *path;
  const char *start; /* of what it says on an EC2 instance */
} signs[] = {
    {"/sys/devices/virtual/dmi/id/sys_vendor", "Amazon EC2"},
    {"/sys/devices/virtual/dmi/id/board_asset_tag", "i-"},
    {"/sys/hypervisor/uuid", "ec2"},
};

/* True if the file begins with START; one that cannot be read does not. */
static bool begins(const char *root, const char *path, const char *start)
{
  char name[512] = "";
  char text[32] = "";
  ssize_t len = 0;
  int fd = -1;

  if (snprintf(name, sizeof(name), "%s%s", root, path) >= (int)sizeof(name))
    return false;
  fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return false;
  len = read(fd, text, sizeof(text) - 1);
  (void)close(fd);
  return len > 0 && strncmp(text, start, strlen(start)) == 0;
}

bool lun_machine_ec2(const char *root)
{
  size_t i = 0;

  for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
    if (begins(root, signs[i].path, signs[i].start))
      return true;
  return false;
}

bool lun_machine_booting(const char *root, int64_t up_s)
{
  return up_s >= 0 && up_s < LUN_MACHINE_BOOT_S && lun_machine_ec2(root);
}

int64_t lun_machine_up_s(void)
{
  struct timespec now = {0};

  return clock_gettime(CLOCK_BOOTTIME, &now) == 0 ? now.tv_sec : -1;
}
