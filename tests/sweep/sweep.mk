# Real programs under glibc's malloc, default and light; included by GNUmakefile.
.PHONY: sweep sweep-quick

# Where a package cannot be had, its tasks are shown as not run; so it goes on.
sweep: ## every program of /usr/bin and a hundred tasks beside glibc; NEW=1, SWEEP="names"
	-@RUNLEVEL=1 ci/setup sweep
	@$(MAKE) -s --no-print-directory all
	@tests/sweep/run $(if $(NEW),--new) $(SWEEP)

sweep-quick: ## a sample of it with what is installed, in two minutes
	@ci/setup sweep-quick
	@$(MAKE) -s --no-print-directory all
	@tests/sweep/run --quick --new
