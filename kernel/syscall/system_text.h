/*
 * system_text.h - what start-up leaves for NtQuerySystemInformation. Written once, before the first process.
 */
#pragma once

#include <stdint.h>

#include "boot/boot_info.h"

struct system_text {
	char command_line[BOOT_CMDLINE_BYTES]; /* the kernel's */
	uint64_t frames_at_start;	       /* frames in use before the first process */
};
extern struct system_text system_text;
