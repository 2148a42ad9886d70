# Whole programs with the library as it ships, preloaded; included by GNUmakefile.
# A new file tests/system/NAME.c is a new program: build/system/NAME, run with
# each profile as build/system/NAME-default and build/system/NAME-light.

SYSTEM_NAMES := $(filter-out system,$(basename $(notdir $(wildcard tests/system/*.c))))
SYSTEM_TESTS := $(foreach n,$(SYSTEM_NAMES),$(BUILD)/system/$(n)-default $(BUILD)/system/$(n)-light)
PROGRAMS += $(SYSTEM_TESTS)

$(BUILD)/system/%: tests/system/%.c tests/system/system.c tests/system/system.h
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

# Resolvers at other moments: all of the program relocated before it starts, at
# addresses of its own, and with the library linked and not preloaded.
RESOLVERS := resolver_now resolver_fixed resolver_linked
FLAGS_resolver_now := -Wl,-z,now
FLAGS_resolver_fixed := -no-pie -Wl,-z,lazy
FLAGS_resolver_linked := -L$(BUILD) -lashlar -Wl,-rpath,'$$ORIGIN/..'
$(foreach r,$(RESOLVERS),$(BUILD)/system/$(r)): $(BUILD)/system/%: tests/system/resolver.c tests/system/system.c tests/system/system.h $(BUILD)/libashlar.so
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O1 -fno-builtin -g -o $@ $< tests/system/system.c $(FLAGS_$*) -pthread -ldl -lm
SYSTEM_TESTS += $(foreach r,$(RESOLVERS),$(BUILD)/system/$(r)-default $(BUILD)/system/$(r)-light)
PROGRAMS += $(foreach r,$(RESOLVERS),$(BUILD)/system/$(r)-default $(BUILD)/system/$(r)-light)

# Its mmap is the library's, too.
$(BUILD)/system/huge_pages: LINKED := -rdynamic

$(BUILD)/system/%-default: $(BUILD)/system/% $(BUILD)/libashlar.so
	@printf '#!/bin/sh\nLD_PRELOAD="$(BUILD_PATH)/libashlar.so" exec %s "$$@"\n' $< >$@
	@chmod +x $@

$(BUILD)/system/%-light: $(BUILD)/system/% $(BUILD)/libashlar-light.so
	@printf '#!/bin/sh\nLD_PRELOAD="$(BUILD_PATH)/libashlar-light.so" exec %s "$$@"\n' $< >$@
	@chmod +x $@

# Programs and libraries that tests/system/kinds.c runs: a second copy of the C++
# library in a process, and what compilers warn of today.
$(BUILD)/system/libcopy.so: tests/system/parts/copy.cc tests/system/parts/copy.hh
	@mkdir -p $(@D)
	g++ -std=c++17 -Wall -Wextra -Werror -O1 -g -shared -fPIC -static-libstdc++ -static-libgcc -Wl,-Bsymbolic -o $@ $<
$(BUILD)/system/two_copies: tests/system/parts/two_copies.cc tests/system/parts/copy.hh $(BUILD)/system/libcopy.so
	g++ -std=c++17 -Wall -Wextra -Werror -O1 -fno-builtin -g -o $@ $< -L$(BUILD)/system -lcopy -Wl,-rpath,'$$ORIGIN'
$(BUILD)/system/old_program: tests/system/parts/old_program.cc
	@mkdir -p $(@D)
	g++ -std=c++17 -Wall -Wextra -Werror -Wno-mismatched-new-delete -O1 -fno-builtin -g -o $@ $<
$(foreach p,kinds report,$(BUILD)/system/$(p)-default $(BUILD)/system/$(p)-light): $(BUILD)/system/two_copies $(BUILD)/system/old_program

# What tests/system/dlopen.c loads, and the library with src/api_dl.c compiled
# otherwise: O2-nojump, and so on.
DL := $(BUILD)/system/dl
DL_LEVELS := O0 O1 O3 Os O2-nojump O0-checked
DL_FLAGS_O2-nojump := -O2 -fno-optimize-sibling-calls -finstrument-functions
DL_FLAGS_O0-checked := -O0 -fsanitize=undefined -fsanitize-undefined-trap-on-error -fstack-protector-all
DL_PARTS := $(DL)/libcaller.so $(DL)/hidden/libhidden.so $(DL)/static $(foreach l,$(DL_LEVELS),$(DL)/libashlar-$(l).so)
$(DL)/hidden/libhidden.so: tests/system/parts/dl_hidden.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) -O1 -fno-builtin -shared -fPIC -o $@ $<
$(DL)/libcaller.so: tests/system/parts/dl_caller.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) -O1 -shared -fPIC -o $@ $< -Wl,--enable-new-dtags,-rpath,'$$ORIGIN/hidden' -ldl
$(DL)/static: tests/system/parts/dl_static.c $(BUILD)/libashlar.a
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) -O1 -fno-builtin -static -o $@ $^ -pthread
$(DL)/libashlar-%.so: src/api_dl.c $(BUILD)/shipping/unity.o tests/system/system.mk
	@mkdir -p $(@D)
	$(CC) $(CODE) $(WARNINGS) $(or $(DL_FLAGS_$*),-$*) -c -o $(DL)/api_dl-$*.o $<
	$(CC) -shared -Wl,-z,relro,-z,now -o $@ $(DL)/api_dl-$*.o $(BUILD)/shipping/unity.o -pthread
$(BUILD)/system/dlopen-default $(BUILD)/system/dlopen-light: $(DL_PARTS)

check-system: $(SYSTEM_TESTS) ## tests/system alone: whole programs with each profile preloaded
	@tests/run $(SYSTEM_TESTS)
