# tests.mk - the portable kernel as a program on the developer's machine: unit tests and fuzz targets, under sanitizers.
#
# Gives: HOST_TESTS and FUZZ_TESTS (what `make test` builds here). Included by the top Makefile.

ifndef HOST_CC
HOST_CC := $(shell command -v clang || echo gcc)
endif
FUZZ_CC ?= clang
comma := ,
FUZZ_SECONDS ?= 60

# In the archive: the portable kernel, what stands for the rest, and what several tests share. Left out: what tests/sim
# replaces (threads, locks, log, panic, pool) and what the C library has.
HOST_CORE := $(addprefix kernel/core/,alert.c cmdline.c dispatcher.c fail.c signal.c timeout.c)
HOST_EXCLUDED := kernel/main.c kernel/lib/string.c \
	$(filter-out $(HOST_CORE),$(call sources,kernel/core,c))
HOST_SOURCES := $(filter-out $(HOST_EXCLUDED),$(call sources,kernel,c)) arch/x86_64/context.c \
	arch/x86_64/map_rules.c \
	$(call sources,arch/host tests/sim,c) \
	$(filter-out tests/unit/test_% tests/fuzz/fuzz_% tests/model/main.c, \
		$(sort $(wildcard tests/unit/*.c tests/fuzz/*.c tests/model/*.c)))
HOST_TEST_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
HOST_FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))

HOST_CFLAGS := -std=gnu17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -fno-strict-aliasing -DQUIRE_DEBUG $(INCLUDES) $(WARNINGS)
FUZZ_CFLAGS := $(HOST_CFLAGS) -fsanitize=fuzzer-no-link
# Disk transfers pass through tests/sim/sim_io.c.
HOST_LDFLAGS := -Wl,--wrap=disk_transfer -Wl,--wrap=pagefile_write
# Optimised, without sanitizers: for the simulator's long forms.
SIM_CFLAGS := -std=gnu17 -O2 -g -fno-strict-aliasing -DQUIRE_DEBUG $(INCLUDES) $(WARNINGS)

HOST_TESTS := $(HOST_TEST_SOURCES:tests/unit/%.c=$(BUILD)/host/unit/%)
FUZZ_TARGETS := $(HOST_FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/fuzz/%)
# libFuzzer is clang's: a machine with gcc alone runs the other tests.
FUZZ_TESTS := $(if $(shell command -v $(FUZZ_CC)),$(FUZZ_TARGETS))

# $(eval $(call host_rules,FOLDER,COMPILER,FLAGS)): build/FOLDER/libkernel.a and objects for one set of flags
define host_rules
$(1)_OBJECTS := $(HOST_SOURCES:%.c=$(BUILD)/$(1)/obj/%.o)

$(call flags_rule,$(1),$(2) $(3))
$(call flags_rule,$(1)-list,$(HOST_LDFLAGS) $(HOST_SOURCES))

$(BUILD)/$(1)/obj/%.o: %.c $(BUILD)/flags/$(1)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(3) $$(call extra_warnings,$$<) -MMD -MP -c -o $$@ $$(call c_source_of,$$<)

$(BUILD)/$(1)/libkernel.a: $$($(1)_OBJECTS) $(BUILD)/flags/$(1)-list
	@rm -f $$@
	$$(Q)$(AR) rcD $$@ $$($(1)_OBJECTS)
	$$(call say,HOST)

-include $$($(1)_OBJECTS:.o=.d)
endef
$(eval $(call host_rules,host,$(HOST_CC),$(HOST_CFLAGS)))
$(eval $(call host_rules,fuzz,$(FUZZ_CC),$(FUZZ_CFLAGS)))
$(eval $(call host_rules,sim,$(HOST_CC),$(SIM_CFLAGS)))

$(BUILD)/host/unit/%: $(BUILD)/host/obj/tests/unit/%.o $(BUILD)/host/libkernel.a
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ -lcmocka

$(BUILD)/sim/%: $(BUILD)/sim/obj/tests/unit/%.o $(BUILD)/sim/libkernel.a
	$(Q)$(HOST_CC) $(SIM_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ -lcmocka

$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/obj/tests/fuzz/fuzz_%.o $(BUILD)/fuzz/libkernel.a
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) $(HOST_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^)
	$(call say,FUZZ)

# The reference model against the kernel, fast: no sanitizers (they are for fuzz_model, which makes the same steps).
MODEL_CFLAGS := -std=gnu17 -O2 -g -fno-strict-aliasing -DQUIRE_DEBUG $(INCLUDES) $(WARNINGS)
$(eval $(call host_rules,model,$(HOST_CC),$(MODEL_CFLAGS)))
$(BUILD)/model/model: $(BUILD)/model/obj/tests/model/main.o $(BUILD)/model/libkernel.a
	$(Q)$(HOST_CC) $(MODEL_CFLAGS) $(HOST_LDFLAGS) -o $@ $^
	$(call say,MODEL)
-include $(BUILD)/model/obj/tests/model/main.d

# fuzz_NAME is made of fuzz_NAME.c and, if there are any, NAME_*.c.
define fuzz_parts
$(BUILD)/fuzz/fuzz_$(1): $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(wildcard tests/fuzz/$(1)_*.c))
$(BUILD)/coverage/fuzz/fuzz_$(1): $(patsubst %.c,$(BUILD)/coverage/obj/%.o,$(wildcard tests/fuzz/$(1)_*.c))
endef
$(foreach name,$(HOST_FUZZ_SOURCES:tests/fuzz/fuzz_%.c=%),$(eval $(call fuzz_parts,$(name))))

# ---- for tools/quire mutate: the kernel as a shared library, so that a changed file relinks nothing else ----
# mutate: fast; mutate-asan: what survives the fast one; mutate-cover: which test runs which line.

MUTATE_CFLAGS := -std=gnu17 -O1 -fPIC -fno-strict-aliasing -DQUIRE_DEBUG -w $(INCLUDES)

# $(eval $(call mutate_rules,FOLDER,FLAGS))
define mutate_rules
$(call host_rules,$(1),$(CC),$(MUTATE_CFLAGS) $(2))

$(1)_PARTS := $$(filter-out $(BUILD)/$(1)/obj/tests/fuzz/%,$$($(1)_OBJECTS))

$(BUILD)/$(1)/libkernel.so: $$($(1)_PARTS) $(BUILD)/flags/$(1)-list
	$$(Q)$(CC) $(2) -shared -Wl,-soname,libkernel.so $(HOST_LDFLAGS) -o $$@ $$($(1)_PARTS)
	$$(call say,HOST)

$(BUILD)/$(1)/bin/test_%: $(BUILD)/$(1)/obj/tests/unit/test_%.o $(BUILD)/$(1)/libkernel.so
	@mkdir -p $$(@D)
	$$(Q)$(CC) $(2) $(HOST_LDFLAGS) -o $$@ $$^ -lcmocka -Wl,-rpath,'$$$$ORIGIN/..'

$(BUILD)/$(1)/bin/fuzz_%: $(BUILD)/$(1)/obj/tests/fuzz/fuzz_%.o $(BUILD)/$(1)/obj/tests/mutants/fuzz_main.o \
		$(BUILD)/$(1)/libkernel.so $$(filter $(BUILD)/$(1)/obj/tests/fuzz/%,$$($(1)_OBJECTS))
	@mkdir -p $$(@D)
	$$(Q)$(CC) $(2) $(HOST_LDFLAGS) -o $$@ $$< $$(filter $(BUILD)/$(1)/obj/tests/fuzz/$$*_% %/fuzz_main.o %.so,$$^) -lcmocka -Wl,-rpath,'$$$$ORIGIN/..'

.PHONY: build-$(1)
build-$(1): $(HOST_TEST_SOURCES:tests/unit/%.c=$(BUILD)/$(1)/bin/%) $(HOST_FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/$(1)/bin/%)
endef
$(eval $(call mutate_rules,mutate,))
$(eval $(call mutate_rules,mutate-asan,-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer))
$(eval $(call mutate_rules,mutate-cover,-O0 --coverage))

-include $(HOST_TEST_SOURCES:%.c=$(BUILD)/host/obj/%.d) $(patsubst %.c,$(BUILD)/fuzz/obj/%.d,$(wildcard tests/fuzz/*.c))

# ---- coverage: the same tests counting what they execute, and the guest tests on kernel-coverage.elf ----

# gcc, as its counters are: those of the host and of the kernel add up. No sanitizers: they have branches of their own.
COVERAGE_CFLAGS := -std=gnu17 -g -fno-strict-aliasing $(COVERAGE_FLAGS) $(INCLUDES) $(WARNINGS)
COVERAGE_TESTS := $(HOST_TEST_SOURCES:tests/unit/%.c=$(BUILD)/coverage/unit/%)
COVERAGE_FUZZ := $(HOST_FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/coverage/fuzz/%)
$(eval $(call host_rules,coverage,$(CC),$(COVERAGE_CFLAGS)))

$(BUILD)/coverage/unit/%: $(BUILD)/coverage/obj/tests/unit/%.o $(BUILD)/coverage/libkernel.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(COVERAGE_CFLAGS) $(HOST_LDFLAGS) -o $@ $^ -lcmocka

# Stands in for libFuzzer: runs the files of the command line.
$(BUILD)/coverage/fuzz/fuzz_%: $(BUILD)/coverage/obj/tests/fuzz/fuzz_%.o $(BUILD)/coverage/obj/tests/coverage/seeds.o \
		$(BUILD)/coverage/libkernel.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(COVERAGE_CFLAGS) $(HOST_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)

.PHONY: coverage build-coverage
build-coverage: $(COVERAGE_TESTS) $(COVERAGE_FUZZ) $(BUILD)/kernel-coverage.elf $(BUILD)/boot.efi $(BUILD)/ramdisk.cpio \
	prune

-include $(patsubst %.c,$(BUILD)/coverage/obj/%.d,$(HOST_TEST_SOURCES) $(wildcard tests/fuzz/*.c) tests/coverage/seeds.c)

coverage:
	@tools/setup.sh coverage
	@$(MAKE) build-coverage
	@tools/quire coverage

# The runner runs every test that it finds built: none may be left of a source that is gone.
STALE_TESTS = $(filter-out $(HOST_TESTS) $(FUZZ_TARGETS) $(USER_TESTS) $(addsuffix .debug,$(USER_TESTS)) \
	$(COVERAGE_TESTS) $(COVERAGE_FUZZ), $(wildcard $(BUILD)/host/unit/test_* $(BUILD)/fuzz/fuzz_* \
	$(BUILD)/user/tests/* $(BUILD)/coverage/unit/test_* $(BUILD)/coverage/fuzz/fuzz_*))
.PHONY: prune
prune:
	@$(if $(STALE_TESTS),rm -f $(STALE_TESTS))

# ---- fuzzing as long as one likes: the corpus grows in build/fuzz/corpus, from the seeds in tests/fuzz/seeds ----

FUZZ ?= $(HOST_FUZZ_SOURCES:tests/fuzz/fuzz_%.c=%)
.PHONY: fuzz build-fuzz $(FUZZ:%=fuzz-run-%)
build-fuzz: $(FUZZ:%=$(BUILD)/fuzz/fuzz_%)

fuzz:
	@tools/setup.sh test
	@$(MAKE) build-fuzz
	@$(MAKE) $(FUZZ:%=fuzz-run-%)

$(FUZZ:%=fuzz-run-%): fuzz-run-%:
	@mkdir -p $(BUILD)/fuzz/corpus/$* $(BUILD)/fuzz/found
	@$(BUILD)/fuzz/fuzz_$* -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
		-artifact_prefix=$(BUILD)/fuzz/found/$*- $(BUILD)/fuzz/corpus/$* \
		$(wildcard tests/fuzz/seeds/$*) >$(BUILD)/fuzz/$*.log 2>&1 && \
		sed -n 's/^Done /  FUZZ     $*: /p' $(BUILD)/fuzz/$*.log || \
		{ echo '  FUZZ     $*: FAILED'; tail -n 40 $(BUILD)/fuzz/$*.log; false; }
