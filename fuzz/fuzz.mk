# Fuzzing with AFL++: the harnesses, how each is built, and the entry points.
# A harness is fuzz/NAME.c; all that exist of this list are built and run.

FUZZ_TARGETS := $(foreach t,sequence misuse options core page_heap central_cache thread_cache large \
  threads pool_region,$(if $(wildcard fuzz/$(t).c),$(t)))
# The harness threads has the explorer's scheduler.
FUZZ_SCHEDULER := proofs/bmc/explore/scheduler.c

# Each function once, as in the coverage build, so that its edges are counted once.
FUZZ_CODE := $(CODE) $(WARNINGS) $(TESTS) -DASHLAR_HOT= -g
# Short spans, little arenas, fewer large classes: with the constants that ship, most
# of the time would go into looking whether all of a span is free, and into poison.
FUZZ_QUICK := -DASHLAR_ARENA_PAGES=1024 -DASHLAR_MAX_ARENAS=4096 -DASHLAR_ADDRESS_BITS=47 \
  -DASHLAR_DOUBLINGS=8 -DASHLAR_SLAB_PAGES=1 -DASHLAR_SLAB_SLOTS=2 -DASHLAR_WAITING_BYTES=4194304
# Everything happens often: little arenas, short lists; all tables are checked
# after each step.
FUZZ_SMALL := -DASHLAR_ARENA_PAGES=512 -DASHLAR_MAX_ARENAS=512 -DASHLAR_ADDRESS_BITS=47 \
  -DASHLAR_DOUBLINGS=5 -DASHLAR_LIST_CAPACITY=16 -DASHLAR_MIN_AGE=4 -DASHLAR_BATCH=8 \
  -DASHLAR_WAITING_BLOCKS=4 -DASHLAR_WAITING_BYTES=4194304 -DASHLAR_KEEP_BYTES=262144 -DFUZZ_CHECK_ALWAYS

# plain: for speed.  asan: user memory is poisoned where it is nobody's.
# small: see above.  cmplog: tells AFL++ what was compared with what.
# replay: any compiler, no fuzzer, the constants that ship; coverage: counts.
FUZZ_KINDS := plain asan small cmplog replay replay-asan replay-small coverage
# The classic instrumentation: the others of AFL++ 4.04 number an edge more than they
# have room for, or are three times slower.
FUZZ_AFL := AFL_QUIET=1 AFL_LLVM_INSTRUMENT=CLASSIC AFL_LLVM_DENYLIST=fuzz/unseen afl-clang-fast -fno-omit-frame-pointer
FUZZ_CC_plain := $(FUZZ_AFL)
FUZZ_FLAGS_plain := -O2 $(FUZZ_QUICK)
FUZZ_CC_asan := $(FUZZ_AFL)
FUZZ_FLAGS_asan := -O1 $(FUZZ_QUICK) -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_CC_small := $(FUZZ_AFL)
FUZZ_FLAGS_small := -O2 $(FUZZ_SMALL)
FUZZ_CC_cmplog := AFL_LLVM_CMPLOG=1 $(FUZZ_AFL)
FUZZ_FLAGS_cmplog := -O2 $(FUZZ_QUICK)
FUZZ_CC_replay := $(CC)
FUZZ_FLAGS_replay := -O2
FUZZ_CC_replay-asan := clang
FUZZ_FLAGS_replay-asan := $(FUZZ_FLAGS_asan)
FUZZ_CC_replay-small := $(CC)
FUZZ_FLAGS_replay-small := $(FUZZ_FLAGS_small)
FUZZ_CC_coverage := clang
FUZZ_FLAGS_coverage := -O1 $(FUZZ_QUICK) -fprofile-instr-generate -fcoverage-mapping

# What a harness is made of besides itself and the allocator.
FUZZ_SUPPORT := fuzz/model.c fuzz/program.c fuzz/tier.c tests/support/json.c $(FUZZ_SCHEDULER)
# The harnesses themselves are not instrumented: the fuzzer looks for new paths
# in the allocator.
fuzz_harness_cc = $(if $(filter plain asan small cmplog,$(1)),clang,$(FUZZ_CC_$(1)))

# fuzz_kind KIND
define fuzz_kind
$(BUILD)/fuzz/$(1)/library.o: fuzz/library.c fuzz/fuzz.mk
	@mkdir -p $$(@D)
	$$(FUZZ_CC_$(1)) $$(FUZZ_CODE) $$(FUZZ_FLAGS_$(1)) -MMD -MP -c -o $$@ $$<

$(BUILD)/fuzz/$(1)/%.o: %.c fuzz/fuzz.mk
	@mkdir -p $$(@D)
	$$(call fuzz_harness_cc,$(1)) $$(FUZZ_CODE) $$(FUZZ_FLAGS_$(1)) -MMD -MP -c -o $$@ $$<

$(BUILD)/fuzz/$(1)/%: $(BUILD)/fuzz/$(1)/fuzz/%.o $(BUILD)/fuzz/$(1)/library.o \
    $$(FUZZ_SUPPORT:%.c=$(BUILD)/fuzz/$(1)/%.o) $(if $(filter plain asan small cmplog,$(1)),,$(BUILD)/fuzz/$(1)/fuzz/replay.o)
	$$(FUZZ_CC_$(1)) $$(FUZZ_FLAGS_$(1)) $(if $(filter plain asan small cmplog,$(1)),-fsanitize=fuzzer) -o $$@ $$^ -pthread
endef
$(foreach k,$(FUZZ_KINDS),$(eval $(call fuzz_kind,$(k))))

$(BUILD)/fuzz/mutator.so: fuzz/mutator.c fuzz/program.h fuzz/fuzz.mk
	@mkdir -p $(@D)
	clang $(CODE) $(WARNINGS) -O2 -shared -o $@ $<

# fuzz_programs KINDS: all harnesses in these builds
fuzz_programs = $(foreach k,$(1),$(FUZZ_TARGETS:%=$(BUILD)/fuzz/$(k)/%))

# What `make check` runs, by tests/run: every past crash, and the seeds; the
# corpus of a harness that has neither.
FUZZ_REGRESSIONS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/regressions/%)
$(BUILD)/fuzz/regressions/%: $(BUILD)/fuzz/replay/%
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec %s %s\n' $< '$(or $(wildcard fuzz/regressions/$* fuzz/seeds/$*),fuzz/corpus/$*)' >$@
	@chmod +x $@

# ---- entry points ------------------------------------------------------------------

TARGET ?= sequence
TIME ?= 3600
JOBS ?= 1

.PHONY: fuzz fuzz-smoke fuzz-coverage fuzz-triage fuzz-faults fuzz-programs

fuzz: ## a campaign of AFL++; TARGET=sequence TIME=3600 (seconds) JOBS=1
	@ci/setup fuzz
	@$(MAKE) -s --no-print-directory fuzz-programs FUZZ_TARGETS='$(TARGET)'
	@fuzz/campaign run '$(TARGET)' '$(TIME)' '$(JOBS)'

fuzz-smoke: ## two minutes of fuzzing, all harnesses, from the corpus of the tree
	@ci/setup fuzz
	@$(MAKE) -s --no-print-directory $(call fuzz_programs,plain replay) $(BUILD)/fuzz/mutator.so
	@fuzz/campaign smoke 120 $(FUZZ_TARGETS)

fuzz-coverage: ## what the corpora reach of src/, with pages, and why not the rest
	@ci/setup fuzz
	@$(MAKE) -s --no-print-directory $(call fuzz_programs,coverage)
	@fuzz/campaign coverage $(FUZZ_TARGETS)

fuzz-triage: ## crashes of campaigns: minimised, each kind once, as C and as a test
	@ci/setup fuzz
	@$(MAKE) -s --no-print-directory $(call fuzz_programs,replay replay-asan replay-small plain asan small)
	@fuzz/campaign triage $(FUZZ_TARGETS)

fuzz-faults: ## whether bugs that are put into a copy are found from the seeds
	@ci/setup fuzz
	@$(MAKE) -s --no-print-directory $(BUILD)/fuzz/mutator.so
	@fuzz/campaign faults

fuzz-programs: $(call fuzz_programs,plain asan small cmplog coverage replay) $(BUILD)/fuzz/mutator.so
