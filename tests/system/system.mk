# Whole programs with the library as it ships, preloaded; included by GNUmakefile.
# A new file tests/system/NAME.c is a new program: build/system/NAME, run with
# each profile as build/system/NAME-default and build/system/NAME-light.

SYSTEM_NAMES := $(filter-out system,$(basename $(notdir $(wildcard tests/system/*.c))))
SYSTEM_TESTS := $(foreach n,$(SYSTEM_NAMES),$(BUILD)/system/$(n)-default $(BUILD)/system/$(n)-light)
PROGRAMS += $(SYSTEM_TESTS)

$(BUILD)/system/%: tests/system/%.c tests/system/system.c tests/system/system.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O1 -fno-builtin -g -o $@ $< tests/system/system.c -pthread -ldl -lm

$(BUILD)/system/%-default: $(BUILD)/system/% $(BUILD)/libashlar.so
	@printf '#!/bin/sh\nLD_PRELOAD="$(BUILD_PATH)/libashlar.so" exec %s "$$@"\n' $< >$@
	@chmod +x $@

$(BUILD)/system/%-light: $(BUILD)/system/% $(BUILD)/libashlar-light.so
	@printf '#!/bin/sh\nLD_PRELOAD="$(BUILD_PATH)/libashlar-light.so" exec %s "$$@"\n' $< >$@
	@chmod +x $@

check-system: $(SYSTEM_TESTS) ## tests/system alone: whole programs with each profile preloaded
	@tests/run $(SYSTEM_TESTS)
