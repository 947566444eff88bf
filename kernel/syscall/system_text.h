/*
 * system_text.h - what start-up leaves for NtQuerySystemInformation. Written once, before the first
 * process.
 */
#pragma once

#include <stdint.h>

struct system_text {
	char command_line[2048];  /* the kernel's, as the loader got it */
	uint64_t frames_at_start; /* frames in use before the first process */
	uint64_t code_pages;	  /* of the kernel's own code */
};
extern struct system_text system_text;
