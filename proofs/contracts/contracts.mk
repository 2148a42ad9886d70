# The contracts at run time: each call of a proved function from a file that is not
# proved goes through a check made of what the function requires.  Included by
# GNUmakefile.

CONTRACTS := $(BUILD)/contracts
CONTRACT_SUITES := api misuse stress pool
CONTRACT_RUNS := $(CONTRACT_SUITES:%=$(CONTRACTS)/tests/%/run)
CONTRACT_MADE := $(addprefix $(CONTRACTS)/,calls.h calls_known.h calls_on.h calls_off.h checks.c library.c)
# Whose calls are checked: all files but the proved ones, and what shapes the tables.
CONTRACT_CALLERS := $(filter-out $(CORE) src/tables.c src/space.c $(SHARED_ONLY),$(SOURCES))

CC_contracts := gcc
FLAGS_contracts := -O2 -g $(TESTS)
$(eval $(call config,contracts))

$(CONTRACTS)/clauses.json: $(wildcard proofs/contracts/* proofs/wp/gate/*.py src/*.h spec/*.h) proofs/wp/units fuzz/library.c
	@proofs/contracts/generate $(CONTRACTS)
$(CONTRACT_MADE): $(CONTRACTS)/clauses.json ;

# How the checks are compiled, which have more brackets than a person writes.
contract_checks = -Wall -Isrc -Iproofs/contracts -c
$(CONTRACTS)/checks.o: $(CONTRACTS)/checks.c
	$(CC_contracts) $(FLAGS_contracts) $(CODE) $(contract_checks) -o $@ $<
$(CONTRACT_CALLERS:%.c=$(CONTRACTS)/%.o): $(CONTRACTS)/calls.h
$(CONTRACT_CALLERS:%.c=$(CONTRACTS)/%.o): FLAGS_contracts += -include $(CONTRACTS)/calls.h
$(CONTRACT_RUNS): $(CONTRACTS)/checks.o

# What must be stopped.
$(CONTRACTS)/selftest: proofs/contracts/selftest.c $(CONTRACTS)/checks.o $(call objects,contracts,$(SOURCES))
	$(CC_contracts) $(FLAGS_contracts) $(CODE) $(WARNINGS) -Isrc -include $(CONTRACTS)/calls.h -o $@ \
	  $< $(CONTRACTS)/checks.o $(call objects,contracts,$(SOURCES)) -pthread
CONTRACT_SELFTESTS := argument state table invariant pair unused

# The harness of right programs, built as for a campaign.
CONTRACT_FUZZ := $(FUZZ_CODE) $(FUZZ_FLAGS_plain)
$(CONTRACTS)/fuzz/library.o: $(CONTRACTS)/library.c
	@mkdir -p $(@D)
	$(FUZZ_CC_plain) $(CONTRACT_FUZZ) -I$(CONTRACTS) -Ifuzz -MMD -MP -c -o $@ $<
$(CONTRACTS)/fuzz/checks.o: $(CONTRACTS)/checks.c
	@mkdir -p $(@D)
	clang $(filter-out $(WARNINGS),$(CONTRACT_FUZZ)) $(contract_checks) -o $@ $<
$(CONTRACTS)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	clang $(CONTRACT_FUZZ) -MMD -MP -c -o $@ $<
$(CONTRACTS)/fuzz/sequence: $(patsubst %.c,$(CONTRACTS)/fuzz/%.o,fuzz/sequence.c $(FUZZ_SUPPORT)) \
    $(CONTRACTS)/fuzz/library.o $(CONTRACTS)/fuzz/checks.o
	$(FUZZ_CC_plain) $(FUZZ_FLAGS_plain) -fsanitize=fuzzer -o $@ $^ -pthread

.PHONY: check-contracts check-contracts-quick

CONTRACT_RUN := proofs/contracts/run $(CONTRACTS)
# contract_fuzzed SECONDS
contract_fuzzed = $(CONTRACT_RUN) --fuzz $(1) --seeds fuzz/corpus/sequence --mutator $(BUILD)/fuzz/mutator.so \
  -- $(CONTRACTS)/fuzz/sequence

check-contracts: ## what proved functions require, checked at each call: four suites, a minute of fuzzing
	@ci/setup test fuzz
	@$(MAKE) -s --no-print-directory $(CONTRACT_RUNS) $(CONTRACTS)/selftest $(CONTRACTS)/fuzz/sequence $(BUILD)/fuzz/mutator.so
	@for c in $(CONTRACT_SELFTESTS); do $(CONTRACT_RUN) --must-fail -- $(CONTRACTS)/selftest $$c || exit; done
	@$(CONTRACT_RUN) $(CONTRACT_RUNS:%=-- %)
	@$(call contract_fuzzed,60)

check-contracts-quick: ## the same in less than 2.5 minutes: a part of the suites, 10 seconds of fuzzing
	@ci/setup test fuzz
	@$(MAKE) -s --no-print-directory $(CONTRACT_RUNS) $(CONTRACTS)/selftest $(CONTRACTS)/fuzz/sequence $(BUILD)/fuzz/mutator.so
	@for c in $(CONTRACT_SELFTESTS); do $(CONTRACT_RUN) --must-fail -- $(CONTRACTS)/selftest $$c || exit; done
	@$(CONTRACT_RUN) -- $(CONTRACTS)/tests/api/run -- $(CONTRACTS)/tests/pool/run \
	  -- $(CONTRACTS)/tests/misuse/run --filter '*/*_THREADS'
	@$(call contract_fuzzed,10)
