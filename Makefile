# Quire - how everything is built. `make help` lists targets and variables.
#
# Everything made lands in build/. Sources are found by wildcard, so a new file in an existing folder needs no edit here.
# Each object depends on its headers (compiler-made .d files) and on a file with the flags it is compiled with
# (build/flags/), so a changed header or flag rebuilds what it touches and nothing else.
#
#   Makefile         kernel, loader, RAM disk, disk image, the targets that people type
#   user/user.mk     libquire_user.a, ntdll.dll, programs, guest tests
#   tests/tests.mk   host build of the kernel under sanitizers, unit tests, fuzz targets
#   tools/lint.mk    format, lint, compile_commands.json

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# A seeded bug (tests/mutants) is built in a folder of its own.
BUG ?=
BUILD := $(if $(BUG),build/bug-$(BUG),build)

# ---- what a user may set ----

V ?= 0
WERROR ?= 0
CROSS ?=
NASM ?= nasm
DEBUG ?= 0
PROGRAM ?=
TESTS ?=
ifeq ($(origin CC),default)
CC := $(CROSS)gcc
endif
ifeq ($(origin LD),default)
LD := $(CROSS)ld
endif
ifeq ($(origin AR),default)
AR := $(CROSS)ar
endif
OBJCOPY ?= $(CROSS)objcopy
NM ?= $(CROSS)nm

# ---- helpers ----

Q := $(if $(filter 1,$(V)),,@)
# $(call say,WHAT): one line for a finished product; single objects are silent
say = @printf '  %-8s %s\n' '$(1)' '$@'

.PHONY: FORCE
FORCE:

# $(eval $(call flags_rule,NAME,TEXT)): build/flags/NAME, rewritten only when TEXT changes
define flags_rule
$(BUILD)/flags/$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$(2)' | cmp -s - $$@ || printf '%s\n' '$(2)' >$$@
endef

# The same sources give the same bytes, whenever they are built: one date for every file and header. Wherever, too, but
# for nasm's debug information, which names its folder; gcc's has paths relative to the repository.
export SOURCE_DATE_EPOCH := 1767225600
TOUCH_DATE := 202601010000.00
SAME_PATHS := -ffile-prefix-map=$(CURDIR)=.

# $(call sources,FOLDERS,SUFFIX): files in the folders and two levels below
sources = $(sort $(foreach d,$(1),$(wildcard $(d)/*.$(2) $(d)/*/*.$(2) $(d)/*/*/*.$(2))))

# BUG=nn: this one source is compiled from its changed copy (OVERLAID=SOURCE: a copy that is there already). $(call source_of,SOURCE): the file to compile;
# $(call c_source_of,SOURCE): the same for C, and where it finds the headers beside the original.
BUG_SOURCE := $(if $(BUG),$(or $(OVERLAID),$(shell tools/quire bugs --overlay $(BUILD) $(BUG)),$(error BUG=$(BUG): see above)))
source_of = $(if $(filter $(BUG_SOURCE),$(1)),$(BUILD)/overlay/$(1),$(1))
c_source_of = $(if $(filter $(BUG_SOURCE),$(1)),-iquote $(dir $(1))) $(source_of)

# ---- flags that all C shares ----

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum \
	-Werror=implicit-function-declaration -Werror=int-conversion $(if $(filter 1,$(WERROR)),-Werror)
# A header's changed copy, or that of a file that unit tests include, is found before the original.
INCLUDES := $(if $(filter kernel/core/% kernel/lib/% %.h,$(BUG_SOURCE)),-iquote $(BUILD)/overlay -iquote $(dir $(BUG_SOURCE)) )-I. -Ikernel/include

# ---- kernel ----
# Kernels from the same rules: kernel.elf; kernel-debug.elf with the costly checks (QUIRE_DEBUG); kernel-coverage.elf, the
# debug kernel that counts what it executes (make coverage).

KERNEL_CFLAGS := -std=gnu17 -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-omit-frame-pointer -fno-stack-protector -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables $(SAME_PATHS) $(INCLUDES) $(WARNINGS) -Wframe-larger-than=1024
KERNEL_ASFLAGS := -f elf64 -g -F dwarf --reproducible -I arch/x86_64/
KERNEL_IMAGE_BASE := $(shell sed -n \
	's/^.define KERNEL_IMAGE_BASE  *\(0x[0-9A-Fa-f]*\).*/\1/p' arch/x86_64/layout.h)
# No libgcc: it is compiled with a red zone, which an interrupt on a kernel stack would overwrite.
KERNEL_LDFLAGS := -nostdlib -static --build-id=none -z max-page-size=0x1000 \
	-z noexecstack --defsym=KERNEL_IMAGE_BASE=$(KERNEL_IMAGE_BASE) -T linker.ld

KERNEL_SOURCES := $(call sources,kernel arch/x86_64,c)
KERNEL_ASM := $(call sources,arch/x86_64,asm)
# By hand: nasm 2.16's own dependency files leave out what it finds through -I.
KERNEL_ASM_INCLUDES := $(wildcard arch/x86_64/*.inc)
# Without optimization: the counters are those of the lines and branches as written, in the kernel and on the host.
COVERAGE_FLAGS := -DQUIRE_DEBUG -O0 --coverage -Wno-frame-larger-than
# More warnings where arithmetic on sizes decides about memory
extra_warnings = $(if $(filter kernel/mm/%,$(1)),-Wconversion)

# Glyphs of the screen console, from a font of this machine (FONT=file.psf names another)
$(BUILD)/font.c: tools/make_font
	@mkdir -p $(@D)
	$(Q)tools/make_font $@

# $(eval $(call kernel_rules,VARIANT,EXTRA_FLAGS))
define kernel_rules
$(1)_OBJECTS := $(KERNEL_SOURCES:%.c=$(BUILD)/$(1)/%.o) $(KERNEL_ASM:%.asm=$(BUILD)/$(1)/%.asm.o) \
	$(BUILD)/$(1)/font.o

$(call flags_rule,$(1),$(CC) $(KERNEL_CFLAGS) $(2) $(NASM) $(KERNEL_ASFLAGS))
$(call flags_rule,$(1)-link,$(LD) $($(1)_LDFLAGS) $(KERNEL_LDFLAGS) $(KERNEL_SOURCES) $(KERNEL_ASM))

$(BUILD)/$(1)/%.o: %.c $(BUILD)/flags/$(1)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(KERNEL_CFLAGS) $(2) $$(call extra_warnings,$$<) -MMD -MP -c -o $$@ $$(call c_source_of,$$<)

$(BUILD)/$(1)/font.o: $(BUILD)/font.c $(BUILD)/flags/$(1)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(KERNEL_CFLAGS) $(2) -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/%.asm.o: %.asm $(KERNEL_ASM_INCLUDES) $(BUILD)/flags/$(1)
	@mkdir -p $$(@D)
	$$(Q)$$(NASM) $$(KERNEL_ASFLAGS) -o $$@ $$(call source_of,$$<)

# Linked twice: the first link gives the addresses that the symbol table of the second names.
$(BUILD)/$(1).elf: $$($(1)_OBJECTS) linker.ld tools/make_symbols arch/x86_64/layout.h $(BUILD)/flags/$(1)-link
	$$(Q)tools/make_symbols </dev/null >$(BUILD)/$(1)/symbols.s
	$$(Q)$$(CC) -c -o $(BUILD)/$(1)/symbols.o $(BUILD)/$(1)/symbols.s
	$$(Q)$$(LD) $$($(1)_LDFLAGS) $$(KERNEL_LDFLAGS) -o $(BUILD)/$(1)/first.elf $$($(1)_OBJECTS) $(BUILD)/$(1)/symbols.o
	$$(Q)$$(NM) $(BUILD)/$(1)/first.elf | tools/make_symbols >$(BUILD)/$(1)/symbols.s
	$$(Q)$$(CC) -c -o $(BUILD)/$(1)/symbols.o $(BUILD)/$(1)/symbols.s
	$$(Q)$$(LD) $$($(1)_LDFLAGS) $$(KERNEL_LDFLAGS) -o $$@ $$($(1)_OBJECTS) $(BUILD)/$(1)/symbols.o
	$$(call say,KERNEL)

-include $$(patsubst %.o,%.d,$$($(1)_OBJECTS))
endef
$(eval $(call kernel_rules,kernel,))
$(eval $(call kernel_rules,kernel-debug,-DQUIRE_DEBUG))
include tools/sanitize.mk
$(eval $(call kernel_rules,kernel-coverage,$(COVERAGE_FLAGS) -fprofile-info-section \
	-fprofile-update=atomic))

# ---- loader: a UEFI application ----

# Where gnu-efi lives differs; GNU_EFI=folder of crt0-efi-x86_64.o overrides.
ifndef GNU_EFI
GNU_EFI := $(patsubst %/,%,$(dir $(firstword $(wildcard $(addsuffix /crt0-efi-x86_64.o,/usr/lib \
	/usr/lib64/gnuefi /usr/lib/gnuefi /usr/lib64 /usr/lib/x86_64-linux-gnu/gnuefi)))))
endif
GNU_EFI_INCLUDE ?= /usr/include/efi
LOADER_CFLAGS := -std=gnu17 -O2 -g -ffreestanding -fpic -fshort-wchar -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fno-strict-aliasing -fno-asynchronous-unwind-tables -DGNU_EFI_USE_MS_ABI \
	$(SAME_PATHS) $(INCLUDES) -isystem $(GNU_EFI_INCLUDE) -isystem $(GNU_EFI_INCLUDE)/x86_64 $(WARNINGS)
LOADER_LDFLAGS := -nostdlib -shared -Bsymbolic -z nocombreloc -z noexecstack --build-id=none \
	-L $(GNU_EFI) -T $(GNU_EFI)/elf_x86_64_efi.lds
LOADER_SECTIONS := .text .sdata .data .rodata .dynamic .dynsym .rel .rela .rel.* .rela.* .reloc
LOADER_SOURCES := $(call sources,boot,c)
LOADER_ASM := $(call sources,boot,asm)
LOADER_OBJECTS := $(LOADER_SOURCES:%.c=$(BUILD)/loader/%.o) $(LOADER_ASM:%.asm=$(BUILD)/loader/%.asm.o)

$(eval $(call flags_rule,loader,$(CC) $(LOADER_CFLAGS) $(LOADER_LDFLAGS) $(LOADER_SOURCES) $(LOADER_ASM)))

$(BUILD)/loader/%.o: %.c $(BUILD)/flags/loader
	@mkdir -p $(@D)
	$(Q)$(CC) $(LOADER_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/loader/%.asm.o: %.asm $(wildcard boot/*.inc) $(BUILD)/flags/loader
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf64 -I boot/ -o $@ $<

$(BUILD)/loader.so: $(LOADER_OBJECTS) $(BUILD)/flags/loader
	$(Q)$(LD) $(LOADER_LDFLAGS) -o $@ $(GNU_EFI)/crt0-efi-x86_64.o $(LOADER_OBJECTS) -lefi -lgnuefi

$(BUILD)/boot.efi: $(BUILD)/loader.so
	$(Q)$(OBJCOPY) $(addprefix -j ,$(LOADER_SECTIONS)) --target efi-app-x86_64 --subsystem=10 $< $@
	$(call say,LOADER)

-include $(LOADER_OBJECTS:.o=.d)

# ---- parts with rules of their own ----

include user/user.mk
include tests/tests.mk
include tools/lint.mk

# ---- RAM disk: a newc archive, byte for byte the same for the same sources ----

RAMDISK_TREE := $(BUILD)/ramdisk
RAMDISK_TEXT := $(BUILD)/text.txt

$(eval $(call flags_rule,ramdisk,$(USER_NTDLL) $(USER_PROGRAMS) $(USER_TESTS) $(USER_DATA)))

# Made once per build folder (order-only sources): an edit of the kernel must not change the data that an experiment reads.
$(RAMDISK_TEXT): tools/make_text | $(BUILD)/flags/ramdisk
	$(Q)tools/make_text >$@
	$(call say,TEXT)

$(BUILD)/ramdisk.cpio: $(USER_NTDLL) $(USER_PROGRAMS) $(USER_TESTS) $(USER_DATA) $(RAMDISK_TEXT) \
		$(BUILD)/flags/ramdisk
	@rm -rf $(RAMDISK_TREE)
	@mkdir -p $(RAMDISK_TREE)/system32 $(RAMDISK_TREE)/bin $(RAMDISK_TREE)/data
	$(Q)cp $(USER_NTDLL) $(RAMDISK_TREE)/system32/
	$(Q)cp $(USER_PROGRAMS) $(USER_TESTS) $(RAMDISK_TREE)/bin/
	$(Q)cp $(RAMDISK_TEXT) $(USER_DATA) $(RAMDISK_TREE)/data/
	$(Q)find $(RAMDISK_TREE) -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
	$(Q)find $(RAMDISK_TREE) -exec env TZ=UTC touch -t $(TOUCH_DATE) {} +
	$(Q)cd $(RAMDISK_TREE) && find * | LC_ALL=C sort | \
		cpio --quiet -o -H newc --reproducible --owner 0:0 >../$(@F)
	$(call say,RAMDISK)

# ---- disk image for a USB stick or a virtual machine: one FAT file system with the loader's default name ----

# DEBUG=1: run and image take the debug kernel
RUN_KERNEL := $(BUILD)/$(if $(filter 1,$(DEBUG)),kernel-debug,kernel).elf
IMAGE_MIB := 64
# The kernel command line on the image
CMDLINE ?=

$(eval $(call flags_rule,image,$(IMAGE_MIB) $(RUN_KERNEL) $(CMDLINE)))

$(BUILD)/quire.img: $(BUILD)/boot.efi $(RUN_KERNEL) $(BUILD)/ramdisk.cpio $(BUILD)/flags/image
	$(Q)printf '%s\n' '$(CMDLINE)' >$(BUILD)/cmdline.txt
	$(Q)rm -f $@
	$(Q)dd if=/dev/zero of=$@ bs=1048576 count=0 seek=$(IMAGE_MIB) 2>/dev/null
	$(Q)mformat -i $@ -F -N 51554952 -v QUIRE ::
	$(Q)mmd -i $@ ::/EFI ::/EFI/BOOT ::/quire
	$(Q)mcopy -i $@ $(BUILD)/boot.efi ::/EFI/BOOT/BOOTX64.EFI
	$(Q)mcopy -i $@ $(RUN_KERNEL) ::/quire/kernel.elf
	$(Q)mcopy -i $@ $(BUILD)/ramdisk.cpio $(BUILD)/cmdline.txt ::/quire/
	$(call say,IMAGE)

# ---- targets ----
# Targets that people type install what is missing first (tools/setup.sh, instant when nothing is) and then build in
# a second make, which sees the tools just installed.

.PHONY: all run test nightly prove conform image debug docs figures clean help build-run build-all build-test

build-run: $(BUILD)/boot.efi $(RUN_KERNEL) $(BUILD)/ramdisk.cpio
build-all: build-run $(BUILD)/kernel.elf $(BUILD)/kernel-debug.elf $(SAN_KERNELS)
build-test: build-all $(BUILD)/kernel-san.elf $(BUILD)/kernel-race.elf $(HOST_TESTS) $(FUZZ_TESTS) $(BUILD)/model/model prune

all:
	@tools/setup.sh run
	@$(MAKE) build-all

run:
	@tools/setup.sh run
	@$(MAKE) build-run
	@tools/quire run $(if $(filter 1,$(DEBUG)),--kernel debug) $(PROGRAM)

debug:
	@tools/setup.sh debug
	@$(MAKE) build-all
	@tools/quire debug $(PROGRAM)

test:
	@tools/setup.sh test
	@$(MAKE) build-test
	@tools/quire test $(if $(TESTS),-k '$(TESTS)')

nightly:
	@tools/setup.sh test nightly
	@$(MAKE) build-test
	@tools/quire nightly

prove:
	@tools/setup.sh nightly
	@tools/quire prove

conform:
	@tools/setup.sh test
	@$(MAKE) build-all prune
	@tools/quire conform $(if $(TESTS),'$(TESTS)')

image:
	@tools/setup.sh image
	@$(MAKE) $(BUILD)/quire.img

docs:
	@tools/setup.sh docs
	@tools/make_docs book $(BUILD)/docs/quire.html
	@echo "  DOCS     $(BUILD)/docs/quire.html"

figures:
	@tools/setup.sh run
	@$(MAKE) build-run
	@tools/quire figures

clean:
	@rm -rf $(BUILD)

help:
	@sed -n 's/^#? \{0,1\}//p' Makefile

#? Quire: build, run, test
#?
#?   make run            boot in QEMU: the tour, then the shell     PROGRAM="hello.exe" runs that instead
#?   make test           unit tests, fuzz seeds, guest tests in QEMU and under Wine; ends "N passed, M failed"
#?                                                                TESTS="expression" some of them
#?   make nightly        the long forms of all tests, about an hour; one table at the end
#?   make prove          proofs of the arithmetic and models of the protocols (Frama-C, Spin)
#?   make conform        the conformance suite on Quire and Wine; build/conform/matrix.html   TESTS as above
#?   make debug          boot and attach GDB                        PROGRAM=... as above
#?   make                everything that boots: loader, kernel, debug kernel, RAM disk
#?   make image          build/quire.img, a bootable FAT image      CMDLINE="key=value ..." is the kernel's
#?   make docs           build/docs/quire.html: every system call, with an example
#?   make fuzz           every fuzz target, one after the other     FUZZ_SECONDS=60 each, FUZZ="cpio" some
#?   make coverage       what of the kernel the tests run; build/coverage/index.html
#?   make figures        measure and print the figures of the documentation
#?   make test-san       guest tests on the kernel that watches its memory; make test-race SEEDS=4: for data races
#?   make lint           layers, style, thread safety, clang-tidy, cppcheck
#?   make format         clang-format over all C files
#?   make compdb         build/compile_commands.json for clangd
#?   make clean          remove build/
#?
#?   SAN=kasan,ubsan     builds kernel-san.elf too, SAN=race kernel-race.elf (kernel/core/sanitize/README.md)
#?   DEBUG=1             run, image: the kernel with the costly checks        V=1         show the commands
#?   WERROR=1            warnings are errors                                  -j4         in parallel
#?   CC=clang            compiler of kernel and loader                        HOST_CC=gcc compiler of the host tests
#?   BUG=nn              with a seeded bug of tests/mutants, in build/bug-nn
#?   CROSS=x86_64-elf-   prefix of gcc, ld, objcopy, nm                       GNU_EFI=folder of crt0-efi-x86_64.o
#?
#?   build/kernel.elf    the kernel, assertions on     build/kernel-debug.elf   with the costly checks as well
#?   build/boot.efi      the loader                    build/ramdisk.cpio       programs, tests and data
