/*
 * input.h - the three things that the loader is given: the kernel file, the RAM disk and the kernel
 * command line.
 */
#pragma once

#include <efi.h>

#include "boot_info.h"
#include "volume.h"

struct input {
	const char *name; /* where it came from, for messages */
	struct file_bytes file;
};

struct inputs {
	struct input kernel, ramdisk;
	char cmdline[BOOT_CMDLINE_BYTES]; /* one line of printable ASCII, terminated */
};

/*
 * Reads all three: from fw_cfg if QEMU offers a kernel there, else from \quire on the boot volume;
 * the load options (QEMU's -append, or what was typed in a UEFI shell) are added to the command
 * line. If QEMU offers opt/org.quire/gate and no kernel yet, marks "gate" and waits until there is
 * one: the runner takes a snapshot of the machine there and starts each run from it. Marks "stage
 * loader" when the wait is over. Fails the start-up with a message when something is missing, too
 * long or not text.
 */
void inputs_read(EFI_HANDLE image, struct inputs *inputs);
