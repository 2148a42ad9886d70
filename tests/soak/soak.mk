# Random churn for as long as asked, beside glibc; included by GNUmakefile.
.PHONY: soak soak-quick
TIME ?= 3600

soak: ## random churn beside glibc for TIME=3600 seconds: memory, damage
	@ci/setup soak
	@$(MAKE) -s --no-print-directory all
	@tests/soak/run $(TIME)

soak-quick: ## the same for 20 seconds
	@ci/setup soak
	@$(MAKE) -s --no-print-directory all
	@tests/soak/run 20
