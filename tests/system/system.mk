# Whole programs with the library as it ships, preloaded; included by GNUmakefile.
# A new file tests/system/NAME.c is a new program: build/system/NAME, run with
# each profile as build/system/NAME-default and build/system/NAME-light.

SYSTEM_NAMES := $(filter-out system,$(basename $(notdir $(wildcard tests/system/*.c))))
SYSTEM_TESTS := $(foreach n,$(SYSTEM_NAMES),build/system/$(n)-default build/system/$(n)-light)
PROGRAMS += $(SYSTEM_TESTS)

build/system/%: tests/system/%.c tests/system/system.c tests/system/system.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O1 -fno-builtin -g -o $@ $< tests/system/system.c $(LINKED) -pthread -ldl -lm

# A library that the program is linked with, and its double, which it loads.
build/system/lib%.so build/system/lib%-later.so: tests/system/libraries/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O1 -fno-builtin -fPIC -shared -g -o build/system/lib$*.so $< -pthread
	@cp build/system/lib$*.so build/system/lib$*-later.so

# A static program, run by fork_handlers.
build/system/static_fork: tests/system/programs/static_fork.c build/libashlar.a
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O1 -fno-builtin -static -g -o $@ $< build/libashlar.a -pthread

build/system/fork_handlers: build/system/libatfork.so build/system/static_fork
build/system/fork_handlers: LINKED := -Lbuild/system -latfork -Wl,-rpath,'$$ORIGIN'

build/system/%-default: build/system/% build/libashlar.so
	@printf '#!/bin/sh\nLD_PRELOAD="$$PWD/build/libashlar.so" exec %s "$$@"\n' $< >$@
	@chmod +x $@

build/system/%-light: build/system/% build/libashlar-light.so
	@printf '#!/bin/sh\nLD_PRELOAD="$$PWD/build/libashlar-light.so" exec %s "$$@"\n' $< >$@
	@chmod +x $@

check-system: $(SYSTEM_TESTS) ## tests/system alone: whole programs with each profile preloaded
	@tests/run $(SYSTEM_TESTS)
