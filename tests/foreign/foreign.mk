# Tests of other projects, got by apt and built outside of the tree; included by GNUmakefile.
.PHONY: foreign
foreign: ## glibc's, jemalloc's and other projects' tests of malloc; REPEAT=5 for those of fork
	@ci/setup foreign
	@$(MAKE) -s --no-print-directory all
	@tests/foreign/run $(FOREIGN)
