# lint.mk - format, lint, compile_commands.json. Included by the top Makefile.
#
# Each check prints one line when it finds nothing. clang's checks keep a stamp per file in build/lint/, so that a
# second lint looks only at what changed.

CLANG ?= clang
CLANG_TIDY ?= clang-tidy
CLANG_FORMAT ?= clang-format
CPPCHECK ?= cppcheck

FORMAT_FILES := $(foreach suffix,c h,$(call sources,arch boot kernel tests user,$(suffix)))
# What clang reads: the kernel, as the kernel's own compiler would.
LINT_SOURCES := $(KERNEL_SOURCES)
LINT_CFLAGS := $(KERNEL_CFLAGS) -DQUIRE_DEBUG
LINT_THREADS := $(LINT_SOURCES:%.c=$(BUILD)/lint/%.threads)
LINT_TIDY := $(LINT_SOURCES:%.c=$(BUILD)/lint/%.tidy)
# Checks, in the order of what a newcomer should mend first
LINT_CHECKS := format style layers threads tidy cppcheck

.PHONY: lint format compdb $(LINT_CHECKS:%=lint-%)

lint:
	@tools/setup.sh lint
	@$(MAKE) --keep-going --output-sync=target $(LINT_CHECKS:%=lint-%)

lint-format:
	@$(CLANG_FORMAT) --dry-run -Werror $(FORMAT_FILES)
	@echo "format: $(words $(FORMAT_FILES)) files as clang-format writes them"

lint-style:
	@tools/check_style

lint-layers:
	@CC='$(CC)' USER_CC='$(USER_CC)' GNU_EFI_INCLUDE='$(GNU_EFI_INCLUDE)' tools/check_layers

$(eval $(call flags_rule,lint,$(CLANG) $(CLANG_TIDY) $(LINT_CFLAGS)))

# clang's thread-safety analysis: which lock guards what (kernel/lib/annotate.h)
$(BUILD)/lint/%.threads: %.c $(BUILD)/flags/lint
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(LINT_CFLAGS) -Wthread-safety -Werror -fsyntax-only -MMD -MP -MF $@.d -MT $@ $<
	@touch $@

$(BUILD)/lint/%.tidy: %.c .clang-tidy $(BUILD)/lint/%.threads
	$(Q)$(CLANG_TIDY) --quiet $< -- $(LINT_CFLAGS) 2>$@.log || { cat $@.log; false; }
	@touch $@

lint-threads: $(LINT_THREADS)
	@echo "threads: $(words $^) files, locks held where clang's analysis wants them"

lint-tidy: $(LINT_TIDY)
	@echo "tidy: $(words $^) files"

# comparePointers: the borders of the image (linker.ld) are objects of their own to cppcheck. ctuuninitvar and
# nullPointerRedundantCheck follow neither status checks nor _Noreturn; clang's analyzer does.
# Of the system's headers cppcheck gets the BSD lists and trees only, whose macros it must expand.
lint-cppcheck:
	@mkdir -p $(BUILD)/lint/cppcheck $(BUILD)/lint/include
	@ln -sfn /usr/include/bsd $(BUILD)/lint/include/bsd
	$(Q)$(CPPCHECK) --quiet --std=c11 --language=c --enable=warning,performance,portability \
		--inline-suppr --error-exitcode=1 --cppcheck-build-dir=$(BUILD)/lint/cppcheck \
		--library=posix --suppress=missingIncludeSystem --suppress=comparePointers \
		--suppress=ctuuninitvar --suppress=nullPointerRedundantCheck $(INCLUDES) -I$(BUILD)/lint/include \
		-D__x86_64__ -D__GNUC__=12 \
		$(LINT_SOURCES) $(LOADER_SOURCES)
	@echo "cppcheck: $(words $(LINT_SOURCES) $(LOADER_SOURCES)) files"

-include $(LINT_THREADS:=.d)

format:
	@tools/setup.sh lint
	@$(CLANG_FORMAT) -i $(FORMAT_FILES)

compdb:
	@mkdir -p $(BUILD)
	@$(MAKE) --always-make --dry-run --keep-going V=1 build-test $(BUILD)/host/libkernel.a \
		$(USER_LIBRARY) $(FUZZ_TARGETS) 2>/dev/null | \
		tools/make_compdb >$(BUILD)/compile_commands.json
	@echo "compdb: $(BUILD)/compile_commands.json"
