# How others build and install; included by GNUmakefile.

.PHONY: check-build check-install exports

check-build: ## the library with other compilers and flags, from a read-only tree; what is refused
	@ci/setup test build
	@tests/run tests/build/check tests/install/run

check-install: ## tests/install alone: make install, ashlar-run, what README says of their use
	@tests/run tests/install/run

exports: all ## writes the names that the library exports to tests/build/exports
	@nm -D --defined-only $(BUILD)/libashlar.so | cut -d ' ' -f 3 | LC_ALL=C sort >tests/build/exports
