/*
 * sim_ramdisk.h - the RAM disk of a simulated machine, between sim_ramdisk.c and sim_machine.c.
 */
#pragma once

/* Nothing if none is mounted. No file may be in use. */
void sim_ramdisk_unmount(void);
/* Frees the disk's memory without asking the kernel. */
void sim_ramdisk_forget(void);
