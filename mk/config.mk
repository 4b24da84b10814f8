# The tools and their flags.  Everything here may be overridden on the command
# line; what pkg-config knows is asked for when it is first needed, so that
# `make deps` and `make help` run on a bare machine.

CC         ?= cc
AR         ?= ar
LUA        ?= lua5.4
PKG_CONFIG ?= pkg-config
PYTHON     ?= /usr/bin/python3

# The name that Lua 5.4 goes by here: Debian's first.
LUA_PC ?= $(call once,LUA_PC,for pc in lua5.4 lua-5.4 lua54; do \
  $(PKG_CONFIG) --exists $$pc && echo $$pc && exit; done; echo lua)

# $(call once,NAME,COMMAND): what COMMAND prints, run at the first use of NAME.
once = $(eval $1 := $(shell $2))$($1)

LUA_CFLAGS    ?= $(call once,LUA_CFLAGS,$(PKG_CONFIG) --cflags $(LUA_PC))
LUA_LIBS      ?= $(call once,LUA_LIBS,$(PKG_CONFIG) --libs $(LUA_PC))
CURL_CFLAGS   ?= $(call once,CURL_CFLAGS,$(PKG_CONFIG) --cflags libcurl)
CURL_LIBS     ?= $(call once,CURL_LIBS,$(PKG_CONFIG) --libs libcurl)
CRYPTO_CFLAGS ?= $(call once,CRYPTO_CFLAGS,$(PKG_CONFIG) --cflags libcrypto)
CRYPTO_LIBS   ?= $(call once,CRYPTO_LIBS,$(PKG_CONFIG) --libs libcrypto)
EXPAT_CFLAGS  ?= $(call once,EXPAT_CFLAGS,$(PKG_CONFIG) --cflags expat)
EXPAT_LIBS    ?= $(call once,EXPAT_LIBS,$(PKG_CONFIG) --libs expat)
MHD_CFLAGS    ?= $(call once,MHD_CFLAGS,$(PKG_CONFIG) --cflags libmicrohttpd)
MHD_LIBS      ?= $(call once,MHD_LIBS,$(PKG_CONFIG) --libs libmicrohttpd)
CMOCKA_CFLAGS ?= $(call once,CMOCKA_CFLAGS,$(PKG_CONFIG) --cflags cmocka)
CMOCKA_LIBS   ?= $(call once,CMOCKA_LIBS,$(PKG_CONFIG) --libs cmocka)

# Optimisation, and what a packager adds, come from CFLAGS; the rest is ours.
CFLAGS ?= -O2 -g
CSTD    = -std=c11 -D_GNU_SOURCE

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wvla -Wwrite-strings -Wformat=2 -Wundef
WERROR ?= $(if $(filter true,$(CI)),1)
WARN   += $(if $(WERROR),-Werror)

# The processor's own protection of the flow of control, where gcc has one.
FLOW ?= $(call once,FLOW,case $$($(CC) -dumpmachine) in \
  (x86_64*|i?86*) echo -fcf-protection ;; \
  (aarch64*) echo -mbranch-protection=standard ;; esac)

HARDEN = -fPIC -fvisibility=hidden -fstack-protector-strong $(FLOW) \
  $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN_LD = -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed

# SANITIZE=address or =undefined, as `make asan` and `make ubsan` set it, and
# VALGRIND=COMMAND, as `make valgrind` does.  What they watch is malloc itself,
# so the command must not put its own free in front: LUN_ASAN says so.
SANITIZE ?=
VALGRIND ?=
SAN_CFLAGS = $(if $(SANITIZE),-fsanitize=$(SANITIZE) \
  -fno-sanitize-recover=all -fno-omit-frame-pointer)
SAN_DEFS = $(if $(filter address,$(SANITIZE))$(VALGRIND),-DLUN_ASAN)

# No path of the machine that built it ends up in what is built.
REPRODUCIBLE = -ffile-prefix-map=$(CURDIR)=.

BASE_CFLAGS = $(CSTD) $(REPRODUCIBLE) $(WARN) $(HARDEN) $(SAN_DEFS) \
  $(SAN_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK_FLAGS  = $(HARDEN_LD) $(SAN_CFLAGS) $(CFLAGS) $(LDFLAGS)

# The libraries under core, and under everything.
CORE_LIBS = $(CURL_LIBS) $(CRYPTO_LIBS) $(EXPAT_LIBS) -lm -ldl

VERSION = $(call once,VERSION,sed -n \
  's/^.define LUN_VERSION  *"\(.*\)"/\1/p' core/lunette.h)
SOMAJOR = 0

# Quiet lines, "  CC   core/base/mem.c"; V=1 shows the commands instead.
V ?=
Q  = $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' '$1' '$2')

# make runs itself for what a first step may have to install.
MAKEFLAGS += --no-print-directory
