# What the examples and the C++ header are tested with; included by GNUmakefile.

EXAMPLES := $(patsubst examples/%.c,build/examples/%,$(wildcard examples/*.c))
build/examples/%: examples/%.c build/libashlar.a src/ashlar.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) -O2 -g -Isrc -o $@ $< build/libashlar.a -pthread

# tests/run takes programs, so this is one.
PROGRAMS += build/programs/examples build/programs/resources
build/programs/examples: tests/pool/programs/examples $(EXAMPLES)
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec %s build/examples\n' $< >$@
	@chmod +x $@
build/programs/resources: tests/pool/programs/resources.cpp src/ashlar.hpp src/ashlar.h build/libashlar.so
	@mkdir -p $(@D)
	g++ -std=c++17 -Wall -Wextra -Wconversion -Werror -O1 -g -o $@ $< -Lbuild -lashlar -Wl,-rpath,'$$ORIGIN/..' -pthread
