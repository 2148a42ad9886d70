# Model checking of the tiers: proofs/bmc/run says how.

.PHONY: bmc bmc-quick bmc-faults

bmc: ## model checking: the page heap in any state, sequences over all tiers, races
	@ci/setup bmc
	@proofs/bmc/run

bmc-quick: ## the same with smaller bounds and without coverage, in some minutes
	@ci/setup bmc
	@proofs/bmc/run --quick --no-coverage

bmc-faults: ## whether model checking and exploring notice each fault of proofs/bmc/faults
	@ci/setup bmc
	@proofs/bmc/run --faults
	@$(MAKE) --no-print-directory explore-faults
