# What the examples and the C++ header are tested with; included by GNUmakefile.

EXAMPLES := $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))
$(BUILD)/examples/%: examples/%.c $(BUILD)/libashlar.a src/ashlar.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) -O2 -g -Isrc -o $@ $< $(BUILD)/libashlar.a -pthread

# tests/run takes programs, so this is one.
PROGRAMS += $(BUILD)/programs/examples $(BUILD)/programs/resources
$(BUILD)/programs/examples: tests/pool/programs/examples $(EXAMPLES)
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec %s $(BUILD)/examples\n' $< >$@
	@chmod +x $@
$(BUILD)/programs/resources: tests/pool/programs/resources.cpp src/ashlar.hpp src/ashlar.h $(BUILD)/libashlar.so
	@mkdir -p $(@D)
	g++ -std=c++17 $(CXX_WARNINGS) -Wconversion -O1 -g -o $@ $< -L$(BUILD) -lashlar -Wl,-rpath,'$$ORIGIN/..' -pthread
