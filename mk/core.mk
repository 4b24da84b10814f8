# core/: the client library, C without Lua.

CORE_SRC := $(sort $(wildcard core/*/*.c core/*/*/*.c))
CORE_OBJ := $(CORE_SRC:%.c=$(BUILD)/obj/%.o)
CORE_A    = $(BUILD)/liblunette.a
CORE_SO   = $(BUILD)/liblunette.so

LIBRARIES = $(CORE_A) $(CORE_SO) $(BUILD)/lunette.pc

# One object serves the archive, the shared library and the command: all of
# them are position independent.  Everything is compiled again when a flag may
# have changed.
$(BUILD)/obj/%.o: %.c mk/config.mk mk/core.mk mk/lua.mk | have-build
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<

CORE_CFLAGS = $(CURL_CFLAGS) $(CRYPTO_CFLAGS) $(EXPAT_CFLAGS)
$(CORE_OBJ): private UNIT_CFLAGS = -Wconversion $(CORE_CFLAGS)

# $(call link-so,LIBRARIES): a shared library that needs nothing unsaid.  The
# sanitizers' run-time is what a library of theirs may leave open.
define link-so
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(@F) $(if $(SANITIZE),,-Wl,-z,defs) \
	  $(LINK_FLAGS) -o $@ $(filter %.o,$^) $1
endef

# $(call make-ar): an archive of exactly the objects.
define make-ar
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)
endef

# $(call make-link): liblunette.so -> liblunette.so.0
make-link = @ln -sf $(<F) $@

$(CORE_A): $(CORE_OBJ)
	$(make-ar)

$(CORE_SO).$(SOMAJOR): $(CORE_OBJ)
	$(call link-so,$(CORE_LIBS))

$(CORE_SO): $(CORE_SO).$(SOMAJOR)
	$(make-link)

# The public header has a folder of its own, so that a program built against
# the build tree sees what an installed one would see.
$(BUILD)/include/lunette.h: core/lunette.h
	@mkdir -p $(@D)
	@cp $< $@

# $(call make-pc,PREFIX,LIBDIR,INCLUDEDIR): fills in a .pc.in.
make-pc = sed -e 's|@PREFIX@|$1|; s|@LIBDIR@|$2|; s|@INCLUDEDIR@|$3|' \
  -e 's|@VERSION@|$(VERSION)|; s|@LUA_PC@|$(LUA_PC)|'

$(BUILD)/%.pc: packaging/%.pc.in mk/config.mk core/lunette.h $(BUILD)/include/lunette.h
	@$(call make-pc,$(abspath $(BUILD)),$${prefix},$${prefix}/include) \
	  $< >$@

-include $(CORE_OBJ:.o=.d)
