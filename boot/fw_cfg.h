/*
 * fw_cfg.h - files that QEMU offers its guest (QEMU: docs/specs/fw_cfg.rst). They make a disk image
 * unnecessary in the edit-run loop, and they may differ from run to run of one machine snapshot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fw_cfg_file {
	uint16_t selector;
	uint32_t size_bytes;
};

/*
 * True on a QEMU machine. Ports are touched only under a hypervisor: on a real machine they may be
 * somebody else's.
 */
bool fw_cfg_present(void);

/*
 * Looks the name up; reads the whole directory anew each time, because a restored machine may have
 * other files.
 */
bool fw_cfg_find(const char *name, struct fw_cfg_file *file);

/*
 * Reads the whole file to `to`, which has room for size_bytes. False: QEMU reports a transfer
 * error.
 */
bool fw_cfg_read(const struct fw_cfg_file *file, void *to);
