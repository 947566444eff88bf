# user.mk - what runs in user mode: ordinary PE files, built with mingw-w64. Included by the top Makefile.
#
# Gives: USER_NTDLL, USER_PROGRAMS, USER_TESTS (go to system32, bin and bin of the RAM disk) and USER_DATA (to data).
# Each .exe and .dll is stripped; the same file with its debug information stands beside it as .debug, for GDB.
#
# A program is user/programs/NAME.c or user/programs/NAME/*.c; a guest test is tests/guest/test_*.c, linked with the other
# files of that folder; a program of the conformance suite is tests/guest/conform/conform_*.c, linked with the other files
# of its folder and tests/guest/guest.c. All are linked with the library in user/lib, mingw's own import library of ntdll, and libgcc
# (for ___chkstk_ms, which grows the stack page by page).

MINGW ?= x86_64-w64-mingw32-
USER_CC := $(MINGW)gcc
USER_AR := $(MINGW)ar
USER_STRIP := $(MINGW)strip

# min-pagesize=0: gcc 12 takes the TEB at gs:0 for a null pointer (-Warray-bounds).
USER_CFLAGS := -std=gnu17 -O2 -g -ffreestanding -fno-stack-protector -fno-strict-aliasing -fno-ident \
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns --param=min-pagesize=0 \
	-I. -Iuser/include -Iuser/lib -Ikernel/include $(WARNINGS)
USER_LDFLAGS := -nostdlib -Wl,--subsystem,native -Wl,-e,NtProcessStartup -Wl,--no-insert-timestamp \
	-Wl,--build-id=none
NTDLL_LDFLAGS := -shared -nostdlib -Wl,-e,0 -Wl,--no-insert-timestamp -Wl,--build-id=none \
	-Wl,--subsystem,native -Wl,--image-base,0x7FFFF0000000

USER_OUT := $(BUILD)/user
USER_LIBRARY := $(USER_OUT)/libquire_user.a
USER_NTDLL := $(USER_OUT)/ntdll.dll

user_objects = $(patsubst %,$(USER_OUT)/obj/%.o,$(basename $(1)))
USER_LIBRARY_OBJECTS := $(call user_objects,$(sort $(wildcard user/lib/*.c)))
USER_NTDLL_OBJECTS := $(call user_objects,$(sort $(wildcard user/ntdll/*.c user/ntdll/*.S))) \
	$(USER_OUT)/obj/user/ntdll/syscalls.o \
	$(call user_objects,user/lib/string.c user/lib/format.c user/lib/console.c)

USER_PROGRAM_NAMES := $(sort $(basename $(notdir $(wildcard user/programs/*.c))) \
	$(notdir $(patsubst %/,%,$(dir $(wildcard user/programs/*/*.c)))))
USER_TEST_NAMES := $(sort $(basename $(notdir $(wildcard tests/guest/test_*.c))))
USER_TEST_SHARED := $(call user_objects,$(filter-out tests/guest/test_%,$(wildcard tests/guest/*.[cS])))
USER_CONFORM_NAMES := $(sort $(basename $(notdir $(wildcard tests/guest/conform/conform_*.c))))
USER_CONFORM_SHARED := $(call user_objects,\
	$(filter-out tests/guest/conform/conform_%,$(wildcard tests/guest/conform/*.[cS])))
# What tests share is an archive, so that a program imports what it calls and no more.
USER_TEST_ARCHIVE := $(USER_OUT)/libguest.a
USER_PROGRAMS := $(USER_PROGRAM_NAMES:%=$(USER_OUT)/%.exe)
USER_TESTS := $(USER_TEST_NAMES:%=$(USER_OUT)/tests/%.exe) $(USER_CONFORM_NAMES:%=$(USER_OUT)/tests/%.exe)

# Libraries that tests load: tests/guest/libraries/NAME.c becomes NAME.dll beside the tests
USER_TEST_LIBRARY_NAMES := $(sort $(basename $(notdir $(wildcard tests/guest/libraries/*.c))))
USER_TEST_LIBRARIES := $(USER_TEST_LIBRARY_NAMES:%=$(USER_OUT)/tests/%.dll)
USER_TESTS += $(USER_TEST_LIBRARIES)
# 0x140000000 is where the programs are, so these are never where they are linked.
TEST_LIBRARY_LDFLAGS := -shared -nostdlib -Wl,-e,DllMain -Wl,--image-base,0x140000000 \
	-Wl,--no-insert-timestamp -Wl,--build-id=none -Wl,--subsystem,console

# Linked over the shared data page at 0x7FFE0000
USER_LDFLAGS_test_based.exe := -Wl,--image-base,0x7FFD0000

# The programs of the manual pages: each one's program_main becomes example_CALL, and test_examples runs them all.
EXAMPLE_PAGES := $(sort $(wildcard kernel/*/man/*.md))
EXAMPLE_OUT := $(USER_OUT)/obj/examples
EXAMPLE_SOURCES := $(EXAMPLE_PAGES:%.md=$(EXAMPLE_OUT)/%.c)
USER_OBJECTS_test_examples := $(EXAMPLE_SOURCES:.c=.o)

# The objects of one program, and all there are
program_objects = $(call user_objects,$(sort $(wildcard user/programs/$(1).c user/programs/$(1)/*.[cS])))
USER_OBJECTS := $(sort $(USER_LIBRARY_OBJECTS) $(USER_NTDLL_OBJECTS) $(USER_TEST_SHARED) \
	$(foreach name,$(USER_PROGRAM_NAMES),$(call program_objects,$(name))) \
	$(USER_TEST_NAMES:%=$(USER_OUT)/obj/tests/guest/%.o) $(USER_OBJECTS_test_examples) $(USER_CONFORM_SHARED) \
	$(USER_CONFORM_NAMES:%=$(USER_OUT)/obj/tests/guest/conform/%.o) \
	$(USER_TEST_LIBRARY_NAMES:%=$(USER_OUT)/obj/tests/guest/libraries/%.o))

$(eval $(call flags_rule,user,$(USER_CC) $(USER_CFLAGS) $(USER_LDFLAGS) $(NTDLL_LDFLAGS) $(TEST_LIBRARY_LDFLAGS) \
	$(foreach name,$(USER_TEST_NAMES),$(USER_LDFLAGS_$(name).exe))))
$(eval $(call flags_rule,user-lists,$(USER_OBJECTS)))

$(USER_OUT)/obj/%.o: %.c $(BUILD)/flags/user
	@mkdir -p $(@D)
	$(Q)$(USER_CC) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

$(USER_OUT)/obj/%.o: %.S $(BUILD)/flags/user
	@mkdir -p $(@D)
	$(Q)$(USER_CC) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

$(USER_OUT)/obj/user/ntdll/syscalls.S: kernel/include/nt/syscalls.def tools/make_syscalls
	@mkdir -p $(@D)
	$(Q)tools/make_syscalls $< >$@

$(USER_OUT)/obj/user/ntdll/syscalls.o: $(USER_OUT)/obj/user/ntdll/syscalls.S
	$(Q)$(USER_CC) -c -o $@ $<

$(EXAMPLE_SOURCES): $(EXAMPLE_OUT)/%.c: %.md $(wildcard tools/docslib/*.py) tools/make_docs
	$(Q)tools/make_docs example $< $@

$(EXAMPLE_SOURCES:.c=.o): %.o: %.c $(BUILD)/flags/user
	$(Q)$(USER_CC) $(USER_CFLAGS) -Dprogram_main=example_$(*F) -MMD -MP -c -o $@ $<

$(EXAMPLE_OUT)/examples.def: $(EXAMPLE_PAGES) $(wildcard tools/docslib/*.py) tools/make_docs $(BUILD)/flags/user-lists
	$(Q)tools/make_docs examples $@

$(USER_OUT)/obj/tests/guest/test_examples.o: USER_CFLAGS += -I$(EXAMPLE_OUT)
$(USER_OUT)/obj/tests/guest/test_examples.o: $(EXAMPLE_OUT)/examples.def

$(USER_LIBRARY): $(USER_LIBRARY_OBJECTS) $(BUILD)/flags/user-lists
	@rm -f $@
	$(Q)$(USER_AR) rcD $@ $(USER_LIBRARY_OBJECTS)

$(USER_TEST_ARCHIVE): $(USER_TEST_SHARED) $(USER_CONFORM_SHARED) $(BUILD)/flags/user-lists
	@rm -f $@
	$(Q)$(USER_AR) rcD $@ $(USER_TEST_SHARED) $(USER_CONFORM_SHARED)

$(USER_NTDLL).debug: $(USER_NTDLL_OBJECTS) user/ntdll/ntdll.def $(BUILD)/flags/user-lists
	$(Q)$(USER_CC) $(NTDLL_LDFLAGS) -o $@ $(USER_NTDLL_OBJECTS) user/ntdll/ntdll.def -lgcc

# $(eval $(call program_rule,FILE,OBJECTS))
define program_rule
$(1).debug: $(2) $(USER_LIBRARY) $(BUILD)/flags/user-lists
	@mkdir -p $$(@D)
	$$(Q)$$(USER_CC) $$(USER_LDFLAGS) $$(USER_LDFLAGS_$(notdir $(1))) -o $$@ $(2) $(USER_LIBRARY) -lntdll -lgcc
endef
$(foreach name,$(USER_PROGRAM_NAMES),\
	$(eval $(call program_rule,$(USER_OUT)/$(name).exe,$(call program_objects,$(name)))))
$(foreach name,$(USER_TEST_NAMES),\
	$(eval $(call program_rule,$(USER_OUT)/tests/$(name).exe,\
	$(USER_OUT)/obj/tests/guest/$(name).o $(USER_OBJECTS_$(name)) $(USER_TEST_ARCHIVE))))
$(foreach name,$(USER_CONFORM_NAMES),\
	$(eval $(call program_rule,$(USER_OUT)/tests/$(name).exe,\
	$(USER_OUT)/obj/tests/guest/conform/$(name).o $(USER_TEST_ARCHIVE))))

# The name inside a library is that of the linker's output, which is not the library yet: hence a .def file. second.dll
# imports from first.dll: ld links against the library itself.
$(USER_TEST_LIBRARIES:=.debug): $(USER_OUT)/tests/%.dll.debug: $(USER_OUT)/obj/tests/guest/libraries/%.o \
		$(BUILD)/flags/user-lists
	@mkdir -p $(@D)
	@echo LIBRARY $*.dll >$(<:.o=.def)
	$(Q)$(USER_CC) $(TEST_LIBRARY_LDFLAGS) -o $@ $(filter %.o %.dll,$^) $(<:.o=.def) -lntdll -lgcc
$(USER_OUT)/tests/second.dll.debug: $(USER_OUT)/tests/first.dll

# Files for tests to write to (there is no creating of files yet): so many bytes of "A"
USER_SCRATCH_BYTES_empty := 0
USER_SCRATCH_BYTES_scratch0 := 13398
USER_SCRATCH_BYTES_scratch1 := 65536
USER_SCRATCH_BYTES_scratch2 := 65536
USER_SCRATCH_BYTES_scratch3 := 4096
USER_SCRATCH_BYTES_scratch4 := 65536
USER_SCRATCH_BYTES_scratch5 := 0
USER_SCRATCH_BYTES_scratch6 := 0
USER_SCRATCH_BYTES_scratch7 := 0
USER_SCRATCH_BYTES_scratch8 := 4096
USER_SCRATCH_BYTES_scratch9 := 4096
USER_SCRATCH_BYTES_scratch10 := 4096
USER_DATA := $(patsubst USER_SCRATCH_BYTES_%,$(USER_OUT)/data/%.bin,\
	$(sort $(filter USER_SCRATCH_BYTES_%,$(.VARIABLES))))

$(USER_DATA): user/user.mk
	@mkdir -p $(@D)
	$(Q)head -c $(USER_SCRATCH_BYTES_$(basename $(@F))) /dev/zero | tr '\0' A >$@

$(USER_NTDLL) $(USER_PROGRAMS) $(USER_TESTS): %: %.debug
	$(Q)$(USER_STRIP) -o $@ $<
	$(call say,USER)

-include $(USER_OBJECTS:.o=.d)
