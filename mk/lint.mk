# Rules that a script can check.  The floors are checked by every build, the
# rest by `make lint`; each part can be asked for by its name.

HEADERS := $(wildcard core/*.h core/*/*.h core/*/*.def lua/*.h)
SOURCES := $(CORE_SRC) $(wildcard lua/*.c)
TESTS_C := $(wildcard tests/unit/*.[ch] tests/*/*.c tests/*/*.h)
LUA_SRC := $(LUA_MODULES) $(SCRIPTS) $(wildcard scripts/*/*.lua \
  tests/*/*.lua tests/*/*/*.lua mk/*.lua bench/*.lua)

LINT    = tests/lint
SCRATCH = $(BUILD)/lint

lint:  ## check the rules of the house: layers, format, tidy, cppcheck, abi...
	@mk/deps install build demo test lint
	@$(MAKE) all
	@$(MAKE) --keep-going layers rules statics format luacheck abi \
	  cppcheck tidy

layers: $(SCRATCH)/layers.ok

$(SCRATCH)/layers.ok: $(SOURCES) $(HEADERS) $(LINT)/layers.txt $(LINT)/layers.awk
	@mkdir -p $(@D)
	@awk -f $(LINT)/layers.awk $(LINT)/layers.txt $(SOURCES) $(HEADERS)
	@touch $@

rules:
	$(call say,LINT,rules)
	@sh $(LINT)/rules.sh $(SCRATCH) \
	  $(sort $(SOURCES) $(HEADERS) $(TESTS_C) $(LUA_SRC))

statics: $(CORE_OBJ) $(RUNTIME_OBJ)
	$(call say,LINT,statics)
	@sh $(LINT)/statics.sh $^

FORMATTED = $(filter-out %.def,$(sort $(SOURCES) $(HEADERS) $(TESTS_C)))

format:
	$(call say,LINT,format)
	@clang-format --dry-run -Werror $(FORMATTED)

reformat:  ## let clang-format lay out the C sources anew
	@clang-format -i $(FORMATTED)

luacheck:
	$(call say,LINT,luacheck)
	@luacheck --quiet --no-color $(LUA_SRC)

abi: libraries module  ## compare the exported symbols with the reviewed lists
	$(call say,LINT,abi)
	@sh $(LINT)/abi.sh $(BUILD)

# ctunullpointer takes sizeof(err->message) for a use of err.
cppcheck:
	$(call say,LINT,cppcheck)
	@mkdir -p $(SCRATCH)/cppcheck
	@cppcheck --quiet --std=c11 --platform=unix64 --library=posix,gnu \
	  --enable=warning,performance,portability --inline-suppr -j 2 \
	  --suppress=missingIncludeSystem --suppress=ctunullpointer \
	  --error-exitcode=1 \
	  --cppcheck-build-dir=$(SCRATCH)/cppcheck -D__GNUC__ \
	  -DLUA_VERSION_NUM=504 -Icore -Ilua \
	  $(SOURCES)

# clang-tidy, and for core gcc's own analyzer: one file at a time, two at once,
# and only what changed.  The analyzer knows neither that lua_error never returns
# nor that a refusal's code is never 0, so lua/ and null pointers are left to the
# other tools.
TIDY_FLAGS = $(CSTD) -Ilua $(LUA_CFLAGS) $(CORE_CFLAGS) $(MHD_CFLAGS)
TIDY      := $(SOURCES:%.c=$(SCRATCH)/tidy/%.ok)

tidy:
	@$(MAKE) --keep-going -j 2 $(TIDY)

$(TIDY): $(SCRATCH)/tidy/%.ok: %.c .clang-tidy $(HEADERS)
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	@$(if $(filter core/%,$<),$(CC) $(TIDY_FLAGS) -O1 -fanalyzer \
	  -Wno-analyzer-null-argument -Wno-analyzer-null-dereference -Werror -S \
	  -o /dev/null $<)
	@clang-tidy --quiet $< -- $(TIDY_FLAGS) $(WARN) 2>$(@:.ok=.err) || \
	  { grep -v 'warnings generated' $(@:.ok=.err); exit 1; }
	@touch $@

.PHONY: lint layers rules statics format reformat luacheck abi cppcheck tidy
