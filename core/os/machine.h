/*
 * What machine this is: whether it is an EC2 instance that has just booted,
 * and so may not have its role, its routes and its names yet.
 */
#ifndef LUN_MACHINE_H
#define LUN_MACHINE_H

#include "../base/base.h"

#define LUN_MACHINE_BOOT_S 300 /* the time that booting takes at most */

/*
 * True on an EC2 instance, as the firmware or the hypervisor says.  ROOT is
 * put before "/sys/...": "" for this machine.
 */
bool lun_machine_ec2(const char *root);

/* True on an EC2 instance that has been up for UP_S seconds, if that is less
 * than LUN_MACHINE_BOOT_S; for fewer than none, nobody knows. */
bool lun_machine_booting(const char *root, int64_t up_s);

/* How long this machine has been up, its sleep included; -1: unknown. */
int64_t lun_machine_up_s(void);

#endif
