# Installation under $(DESTDIR)$(PREFIX).

BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
LUA_CDIR   ?= $(LIBDIR)/lua/5.4

MANUAL  := $(wildcard docs/*.1)
INSTALL ?= install
to = $(DESTDIR)$1
put = $(INSTALL) -d $(call to,$2) && $(INSTALL) -m $1 $3 $(call to,$2)

install: all install-module  ## put it under PREFIX (/usr/local); DESTDIR goes before
	$(call put,755,$(BINDIR),$(COMMAND))
	$(call put,644,$(INCLUDEDIR),core/lunette.h)
	$(call put,644,$(LIBDIR),$(CORE_A) $(RUNTIME_A))
	$(call put,755,$(LIBDIR),$(CORE_SO).$(SOMAJOR) $(RUNTIME_SO).$(SOMAJOR))
	ln -sf liblunette.so.$(SOMAJOR) $(call to,$(LIBDIR)/liblunette.so)
	ln -sf liblunette-lua.so.$(SOMAJOR) $(call to,$(LIBDIR)/liblunette-lua.so)
	$(INSTALL) -d $(call to,$(LIBDIR)/pkgconfig)
	$(foreach pc,lunette lunette-lua, \
	  $(call make-pc,$(PREFIX),$(LIBDIR),$(INCLUDEDIR)) packaging/$(pc).pc.in \
	  >$(call to,$(LIBDIR)/pkgconfig/$(pc).pc) &&) :
	$(call put,644,$(DATADIR)/lunette/scripts,$(SCRIPTS))
	$(if $(MANUAL),$(call put,644,$(MANDIR)/man1,$(MANUAL)))

# What the rockspec asks for: the module for stock Lua alone.
install-module: module
	$(call put,755,$(LUA_CDIR),$(MODULE))
	$(call put,755,$(LUA_CDIR)/lunette,$(HTTPD))

.PHONY: install install-module
