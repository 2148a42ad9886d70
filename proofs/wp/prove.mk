# The proofs, and what keeps them honest: proofs/wp, proofs/gate-tests, proofs/mutants.

.PHONY: prove prove-static prove-thorough gate-tests mutants mutants-by-hand

prove: ## the proofs of src/ by Frama-C; UNIT=name for one module
	@ci/setup prove
	proofs/wp/prove $(if $(UNIT),--unit $(UNIT))

prove-static: ## of the proofs, what needs no prover: what is stated, read and shipped
	@ci/setup prove
	proofs/wp/prove --static

prove-thorough: ## every goal of a theorem by two provers; the result goes into proofs/ledger
	@ci/setup prove
	proofs/wp/second-opinion $(if $(UNIT),--unit $(UNIT))

gate-tests: ## ways to have wrong code pass for proved, all of which must be refused
	@ci/setup prove
	proofs/gate-tests/run

mutants: ## whether the proofs fail where the code is wrong; MUTANTS_ARGS="--sample 15" for some
	@ci/setup prove
	proofs/mutants/run $(MUTANTS_ARGS)

mutants-by-hand: ## the same of nasty changes that were thought up; all must be known
	@ci/setup prove
	proofs/mutants/by-hand/run $(MUTANTS_ARGS)
