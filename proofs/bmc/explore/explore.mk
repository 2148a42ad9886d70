# The explorer of interleavings: proofs/bmc/explore/explore.h says what it does.

EXPLORE := proofs/bmc/explore
EXPLORE_CC := gcc
# An arena of 128 pages of 256 bytes, so that a span of 16 pages is one page of
# the (simulated) kernel; 25 classes; lists of 8.
EXPLORE_SMALL := -DASHLAR_PAGE_SHIFT=8 -DASHLAR_ARENA_PAGES=128 -DASHLAR_MAX_ARENAS=4 \
  -DASHLAR_ADDRESS_BITS=24 -DASHLAR_DOUBLINGS=2 -DASHLAR_LIST_CAPACITY=8 -DASHLAR_MIN_AGE=2 \
  -DASHLAR_BATCH=4
EXPLORE_FLAGS := -std=gnu11 $(WARNINGS) -O2 -g $(TESTS) $(EXPLORE_SMALL)
# src/ as it ships, with the compiler's calls at each access, and the simulated
# kernel's and the program's functions in place of the C library's.
EXPLORE_WATCHED := -fsanitize=thread --param tsan-instrument-func-entry-exit=0 -U__SANITIZE_THREAD__ \
  $(foreach f,mmap munmap mprotect madvise syscall,-D$(f)=kernel_$(f)) \
  $(foreach f,memset memcpy,-D$(f)=access_$(f)) -Dabort=program_abort \
  $(foreach f,key_create setspecific atfork,-Dpthread_$(f)=program_$(f))
# ... but for the vector instructions of payload.c, which the compiler does not
# report: it has plain C for that.
EXPLORE_PAYLOAD := $(filter-out -U%,$(EXPLORE_WATCHED))
EXPLORE_WRAPPED := -Wl,--wrap=report_fatal,--wrap=lock_wait

# explorer FOLDER, SOURCES: an explorer in build/FOLDER, of src/ in SOURCES
define explorer
$(BUILD)/$(1)/src/%.o: $(2)/%.c $(EXPLORE)/explore.mk
	@mkdir -p $$(@D)
	$(EXPLORE_CC) $(EXPLORE_FLAGS) $$(if $$(filter %/payload.c,$$<),$(EXPLORE_PAYLOAD),$(EXPLORE_WATCHED)) \
	  -MMD -MP -c -o $$@ $$<
$(BUILD)/$(1)/explore: $(patsubst src/%.c,$(BUILD)/$(1)/src/%.o,$(SOURCES)) \
    $(patsubst %.c,$(BUILD)/explore/%.o,$(notdir $(wildcard $(EXPLORE)/*.c)))
	$(EXPLORE_CC) -g $(EXPLORE_WRAPPED) -o $$@ $$^ -pthread
endef

$(BUILD)/explore/watched.o: $(EXPLORE)/watched.c $(EXPLORE)/explore.mk
	@mkdir -p $(@D)
	$(EXPLORE_CC) $(EXPLORE_FLAGS) $(EXPLORE_WATCHED) -MMD -MP -c -o $@ $<

$(BUILD)/explore/%.o: $(EXPLORE)/%.c $(EXPLORE)/explore.mk
	@mkdir -p $(@D)
	$(EXPLORE_CC) $(EXPLORE_FLAGS) -Wno-missing-prototypes -MMD -MP -c -o $@ $<
	@objcopy --rename-section .bss=explore_bss,alloc --rename-section .data=explore_data $@

$(eval $(call explorer,explore,src))

.PHONY: explore explore-quick explore-faults
explore: $(BUILD)/explore/explore ## every interleaving of the scenarios, to the full bounds
	$(BUILD)/explore/explore

explore-quick: $(BUILD)/explore/explore ## the same, with fewer preemptions
	$(BUILD)/explore/explore --quick

explore-faults: $(BUILD)/explore/explore ## faults put into src/, which the explorer must find
	$(EXPLORE)/faults

# What faults compiles with.
.PHONY: explore-flags
explore-flags:
	@echo 'all=$(EXPLORE_FLAGS)'
	@echo 'watched=$(EXPLORE_WATCHED)'
	@echo 'payload=$(EXPLORE_PAYLOAD)'
	@echo 'link=$(EXPLORE_WRAPPED)'
