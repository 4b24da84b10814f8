# Tests: tests/run runs them, tests/sealed keeps them off the network.

SUITES  ?= unit lua e2e interop vectors
VECTORS ?= $(wildcard ../shared/vectors)
FOREIGN  = $(if $(filter address,$(SANITIZE)), \
  $(shell $(CC) -print-file-name=libasan.so))

UNIT_SRC := $(sort $(wildcard tests/unit/*_test.c))
UNIT_BIN := $(UNIT_SRC:%.c=$(BUILD)/%)
LUA_SPEC := $(sort $(wildcard tests/lua/*_spec.lua tests/lua/*/*_spec.lua))
E2E      := $(sort $(wildcard tests/e2e/*_test.sh tests/e2e/*_test.py))
INTEROP  := $(sort $(wildcard tests/interop/*_test.py))

# A unit test sees core's headers and may include the very .c it is about: the
# archives give only what is not there yet.
$(UNIT_BIN): $(BUILD)/%: %.c $(RUNTIME_A) $(CORE_A)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) -DLUN_TEST -Icore -Ilua $(LUA_CFLAGS) \
	  $(CORE_CFLAGS) $(CMOCKA_CFLAGS) -MMD -MP -MF $@.d -pie $(LINK_FLAGS) \
	  -o $@ $< $(filter %.a,$^) $(CMOCKA_LIBS) $(LUA_LIBS) $(CORE_LIBS)

-include $(UNIT_BIN:=.d)

# The conformance data is run by a program of core alone.
VECTORS_BIN = $(BUILD)/tests/vectors/vectors
VECTORS_SRC := $(sort $(filter-out %/resolve.c %/hosts.c %/config.c, \
  $(wildcard tests/vectors/*.c)))

$(VECTORS_BIN): $(VECTORS_SRC) $(wildcard tests/vectors/*.h) $(CORE_A)
	$(call say,CC,tests/vectors)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(CORE_CFLAGS) -pie $(LINK_FLAGS) \
	  -o $@ $(filter %.c %.a,$^) $(CORE_LIBS)

# So are the programs that give lunette's answers: what credentials come to in
# the network of tests/vectors/served, at times that are injected, too; the
# hosts of services, signatures.
VECTORS_ASK = $(addprefix $(BUILD)/tests/vectors/,resolve hosts config)
E2E_BIN = $(BUILD)/tests/e2e/clock
INTEROP_BIN = $(addprefix $(BUILD)/tests/interop/,sigv4_lines dpop_lines \
  credentials_lines)

$(VECTORS_ASK) $(E2E_BIN) $(INTEROP_BIN): $(BUILD)/%: %.c $(CORE_A)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(CORE_CFLAGS) -pie $(LINK_FLAGS) \
	  -o $@ $(filter %.c %.a,$^) $(CORE_LIBS)

RUN = BUILD=$(BUILD) PYTHON=$(PYTHON) VALGRIND='$(VALGRIND)' \
  LUN_PRELOAD='$(strip $(FOREIGN))' tests/run
run-unit    = $(RUN) unit $(UNIT_BIN)
run-lua     = $(RUN) lua $(LUA_SPEC)
run-e2e     = tests/sealed env $(RUN) e2e $(E2E)
run-interop = tests/sealed env $(RUN) interop $(INTEROP)
run-vectors = BUILD=$(BUILD) PYTHON=$(PYTHON) VALGRIND='$(VALGRIND)' \
  tests/run-vectors '$(VECTORS)'

test:  ## install what is missing, build, run every test
	@mk/deps install build demo test
	@$(MAKE) suites

demo:  ## install what is missing, build, show the main job on the sandbox
	@mk/deps install build demo
	@$(MAKE) all
	@LUNETTE=$(abspath $(COMMAND)) tests/sealed scripts/examples/demo

unit: $(UNIT_BIN)  ## run the tests of core, one program a file
	@$(run-unit)

lua-test: command module  ## run the tests of the Lua side
	@$(run-lua)

e2e: all $(E2E_BIN)  ## run the commands as a user types them
	@$(run-e2e)

interop: all $(INTEROP_BIN)  ## compare with botocore and other parsers
	@$(run-interop)

vectors: command $(VECTORS_BIN) $(VECTORS_ASK)  ## run the conformance data in VECTORS=DIR
	@$(run-vectors)

suites: all $(UNIT_BIN) $(VECTORS_BIN) $(VECTORS_ASK) $(E2E_BIN) $(INTEROP_BIN)
	@rm -f $(BUILD)/results
	@$(foreach suite,$(SUITES),$(run-$(suite));) \
	  BUILD=$(BUILD) tests/run-total $(SUITES)

asan:  ## run the tests with AddressSanitizer
	@mk/deps install build demo test
	@$(MAKE) BUILD=$(BUILD)/asan SANITIZE=address CFLAGS='-O1 -g' \
	  SUITES='unit lua e2e interop vectors' suites

ubsan:  ## run the tests with UndefinedBehaviorSanitizer
	@mk/deps install build demo test
	@$(MAKE) BUILD=$(BUILD)/ubsan SANITIZE=undefined CFLAGS='-O1 -g' \
	  SUITES='unit lua e2e interop vectors' suites

# Only what is definitely lost: a block is known by an address inside it, which
# looks like "possibly lost" in a child that was forked and could not exec.
MEMCHECK = valgrind -q --error-exitcode=99 --leak-check=full \
  --errors-for-leak-kinds=definite --show-leak-kinds=definite

valgrind:  ## run the tests under valgrind
	@mk/deps install build demo test valgrind
	@LIMIT=1800 $(MAKE) BUILD=$(BUILD)/valgrind CFLAGS='-O1 -g' \
	  VALGRIND='$(MEMCHECK)' \
	  SUITES='unit lua e2e vectors' suites

# Each fuzzer includes the very .c it attacks; what it finds stays in its folder.
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*_fuzz.c))
FUZZ_BIN := $(FUZZ_SRC:tests/%.c=$(BUILD)/%)
SECONDS  ?= 60
FUZZ_CFLAGS = $(CSTD) -O1 -g -DLUN_ASAN \
  -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

fuzz:  ## fuzz every parser and writer, SECONDS=60 each
	@mk/deps install build fuzz
	@$(MAKE) $(FUZZ_BIN)
	@for fuzzer in $(abspath $(FUZZ_BIN)); do \
	  echo "  FUZZ $${fuzzer##*/}"; \
	  mkdir -p $$fuzzer.corpus && cd $$fuzzer.corpus && \
	  $$fuzzer -max_total_time=$(SECONDS) . >$$fuzzer.log 2>&1 || \
	    { tail -n 40 $$fuzzer.log; exit 1; }; \
	done

$(FUZZ_BIN): $(BUILD)/%: tests/%.c $(CORE_A)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_CFLAGS) $(CORE_CFLAGS) -o $@ $< $(CORE_A) $(CORE_LIBS)

# The yardstick lies outside, and so do the other rows of its table.
BENCH ?= ../shared/bench
ROUNDS ?= 9

bench: command  ## measure one secret over TLS against plain libcurl
	@bench/run $(BENCH) $(abspath $(COMMAND)) $(ROUNDS)

.PHONY: test demo unit lua-test e2e interop vectors suites asan ubsan \
  valgrind fuzz bench
