# lua/: the runtime library, the command, and the modules for stock Lua.

# Not the runtime's: the command's own files, and the sandbox's HTTP
# server (h*.c), a module of its own because it alone needs libmicrohttpd.
COMMAND_SRC := lua/main.c lua/repl.c lua/report.c lua/wipe.c
HTTPD_SRC   := $(wildcard lua/h*.c)
RUNTIME_SRC := $(sort $(filter-out $(COMMAND_SRC) $(HTTPD_SRC), \
  $(wildcard lua/*.c)))
LUA_MODULES := $(wildcard lua/lunette/*.lua lua/lunette/*/*.lua \
  lua/lunette/*/*/*.lua)
SCRIPTS     := $(wildcard scripts/*.lua)

RUNTIME_OBJ := $(RUNTIME_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/gen/modules.o
COMMAND_OBJ := $(COMMAND_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/gen/scripts.o
HTTPD_OBJ   := $(HTTPD_SRC:%.c=$(BUILD)/obj/%.o)
LUA_OBJ     := $(RUNTIME_OBJ) $(COMMAND_OBJ) $(HTTPD_OBJ)

COMMAND    = $(BUILD)/lunette
RUNTIME_A  = $(BUILD)/liblunette-lua.a
RUNTIME_SO = $(BUILD)/liblunette-lua.so
MODULE     = $(BUILD)/lua/lunette.so
HTTPD      = $(BUILD)/lua/lunette/httpd.so

LIBRARIES += $(RUNTIME_A) $(RUNTIME_SO) $(BUILD)/lunette-lua.pc

command: $(COMMAND) $(HTTPD)
libraries: $(LIBRARIES)
module: $(MODULE) $(HTTPD)
.PHONY: command libraries module

$(LUA_OBJ): private UNIT_CFLAGS = -Wconversion -Ilua $(LUA_CFLAGS)
$(HTTPD_OBJ): private UNIT_CFLAGS = -Wconversion -Ilua $(LUA_CFLAGS) $(MHD_CFLAGS)

# The Lua files go into the binary, as text and compiled.  embed.lua looks at them every
# time, which costs nothing, and so sees one that is gone as well.
$(BUILD)/gen/modules.c: always | have-build
	@mkdir -p $(@D)
	@$(LUA) mk/embed.lua $@ lun_embedded_modules lua $(LUA_MODULES)

$(BUILD)/gen/scripts.c: always | have-build
	@mkdir -p $(@D)
	@$(LUA) mk/embed.lua $@ lun_embedded_scripts scripts $(SCRIPTS)

.PHONY: always

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c lua/lembed.h mk/config.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) -Ilua $(LUA_CFLAGS) -c -o $@ $<

$(RUNTIME_A): $(RUNTIME_OBJ)
	$(make-ar)

# The runtime's shared library has the client inside: the two share more than
# lunette.h, and what they share is exported to nobody.
$(RUNTIME_SO).$(SOMAJOR): $(RUNTIME_OBJ) $(CORE_OBJ)
	$(call link-so,$(LUA_LIBS) $(CORE_LIBS))

$(RUNTIME_SO): $(RUNTIME_SO).$(SOMAJOR)
	$(make-link)

$(COMMAND): $(COMMAND_OBJ) $(RUNTIME_A) $(CORE_A)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(LINK_FLAGS) -o $@ $^ $(LUA_LIBS) $(CORE_LIBS)

# A module names no liblua: its Lua functions come from whoever loads it.  It
# takes from the archives what its entry point needs, and shows that alone.  It
# is never unloaded, for the libraries under it keep state for the process.
define link-module
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,--version-script=mk/module.map -Wl,-z,nodelete \
	  $(LINK_FLAGS) -o $@ -Wl,-u,$1 $(filter %.o %.a,$^) $2
endef

$(MODULE): $(RUNTIME_A) $(CORE_A) mk/module.map
	$(call link-module,luaopen_lunette,$(CORE_LIBS))

$(HTTPD): $(HTTPD_OBJ) $(RUNTIME_A) $(CORE_A) mk/module.map
	$(call link-module,luaopen_lunette_httpd,$(MHD_LIBS) $(CORE_LIBS))

-include $(LUA_OBJ:.o=.d)
