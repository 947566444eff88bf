/*
 * layout.h - the kernel half of the address space (design section 3). Shared by the loader, the
 * kernel and linker.ld.
 */
#pragma once

/* Physical p is at DIRECT_MAP_BASE + p: writable, no execute, 2 MiB pages */
#define DIRECT_MAP_BASE 0xFFFF800000000000ull
#define DIRECT_MAP_MAX_BYTES (512ull << 30)   /* one root entry */
#define DEVICE_MAP_BASE 0xFFFFA00000000000ull /* device registers and the framebuffer, uncached */
#define KERNEL_STACKS_BASE 0xFFFFC00000000000ull
#define KERNEL_STACKS_MAX_BYTES (512ull << 30) /* one root entry */
#define KERNEL_IMAGE_BASE 0xFFFFFFFF80000000ull
