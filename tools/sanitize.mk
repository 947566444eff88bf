# sanitize.mk - kernels that watch themselves (kernel/core/sanitize/README.md). Included by the top Makefile.
#
#   kernel-san.elf    address sanitizer, undefined behaviour, or both: SAN=kasan,ubsan
#   kernel-race.elf   data races: SAN=race
# Gives: SAN_KERNELS, what SAN= on the command line adds to everything that boots.

comma := ,
SAN_WANTED := $(subst $(comma), ,$(SAN))
SAN_UNKNOWN := $(filter-out kasan ubsan race,$(SAN_WANTED))
$(if $(SAN_UNKNOWN),$(error SAN=$(SAN): there is no $(SAN_UNKNOWN); there are kasan, ubsan and race))
SAN_KERNELS := $(if $(filter kasan ubsan,$(SAN_WANTED)),$(BUILD)/kernel-san.elf) \
	$(if $(filter race,$(SAN_WANTED)),$(BUILD)/kernel-race.elf)
SAN_MEMORY := $(or $(filter kasan ubsan,$(SAN_WANTED)),kasan ubsan)

# The shadow of an address is at address / 8 + this. It puts the shadow of the kernel image 4 MiB behind the image's
# first byte (linker.ld).
SAN_SHADOW_OFFSET := 0xDFFFFFFF90400000

# What works below the sanitizers, or on memory that nobody else may touch: the functions that are checked as a whole
# (kasan_memory.c), the allocator, the poison of free frames, the way along stack frames, mistakes on purpose.
SAN_RUNTIME := $(filter-out %/selftest_kasan.c %/selftest_ubsan.c %/selftest_race.c,$(wildcard kernel/core/sanitize/*.c))
SAN_UNWATCHED := kernel/lib/string.c kernel/core/pool.c kernel/mm/frame_poison.c arch/x86_64/backtrace.c \
	arch/x86_64/guard_test.c

# -O1 halves the time of compiling, and leaves more accesses to look at.
SAN_CFLAGS := -O1 -DQUIRE_DEBUG -DQUIRE_SANITIZE -Wno-frame-larger-than
SAN_kasan_DEFINES := -DQUIRE_KASAN -DSHADOW_OFFSET=$(SAN_SHADOW_OFFSET)ull
SAN_kasan := -fsanitize=kernel-address -fasan-shadow-offset=$(SAN_SHADOW_OFFSET) \
	--param asan-instrumentation-with-call-threshold=0 --param asan-stack=1 --param asan-globals=1 \
	-fsanitize-address-use-after-scope
SAN_ubsan_DEFINES := -DQUIRE_UBSAN
# A null pointer that is used is a page fault anyway; the check would be one call for each pointer.
SAN_ubsan := -fsanitize=undefined,bounds-strict -fno-sanitize=null

# Functions whose callers come to kasan_memory.c; what is unwatched has the functions themselves.
SAN_WRAPPED := memcpy memmove memset memcmp strlen strnlen page_zero page_copy arch_copy_from_user arch_copy_to_user
SAN_UNWRAPPED := $(foreach name,memcpy memmove memset memcmp,-D$(name)=__real_$(name))

# $(call san_flags,FILE): of the kernel-san.elf's file
san_flags = $(SAN_CFLAGS) $(foreach kind,$(SAN_MEMORY),$(SAN_$(kind)_DEFINES)) \
	$(if $(filter $(SAN_RUNTIME),$(1)),,$(if $(filter ubsan,$(SAN_MEMORY)),$(SAN_ubsan))) \
	$(if $(filter kasan,$(SAN_MEMORY)),$(if $(filter kernel/lib/string.c,$(1)),,$(if $(filter $(SAN_RUNTIME) \
	$(SAN_UNWATCHED),$(1)),$(SAN_UNWRAPPED),$(SAN_kasan))))

kernel-san_LDFLAGS := $(if $(filter kasan,$(SAN_MEMORY)),--defsym=SHADOW_OFFSET=$(SAN_SHADOW_OFFSET) \
	$(SAN_WRAPPED:%=--wrap=%))
$(eval $(call kernel_rules,kernel-san,$$(call san_flags,$$<)))

# The record of held locks is the thread's own, but an interrupt handler borrows it and leaves it as it was.
RACE_UNWATCHED := kernel/core/lock_order.c arch/x86_64/backtrace.c
RACE_CFLAGS := $(SAN_CFLAGS) -DQUIRE_RACE
race_flags = $(RACE_CFLAGS) $(if $(filter $(SAN_RUNTIME) $(RACE_UNWATCHED),$(1)),,-fsanitize=thread \
	--param tsan-distinguish-volatile=1 --param tsan-instrument-func-entry-exit=0)
$(eval $(call kernel_rules,kernel-race,$$(call race_flags,$$<)))

# ---- the long forms: the guest tests on these kernels; the last line is "N tests tried, M failed" ----

SEEDS ?= 4
SAN_BUILT := $(BUILD)/boot.efi $(BUILD)/ramdisk.cpio
.PHONY: test-san test-race build-san build-race
build-san: $(SAN_BUILT) $(BUILD)/kernel-san.elf
build-race: $(SAN_BUILT) $(BUILD)/kernel-race.elf

test-san:
	@tools/setup.sh run
	@$(MAKE) build-san
	@tools/quire sanitize san

test-race:
	@tools/setup.sh run
	@$(MAKE) build-race
	@tools/quire sanitize race --seeds $(SEEDS)
