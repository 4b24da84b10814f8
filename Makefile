# lunette: `make help` lists what can be asked for.
#
#   BUILD=DIR    where everything is made (build)      V=1   show the commands
#   PREFIX=DIR   where `make install` puts it          CI=true, WERROR=1
#   DESTDIR=DIR  a root before PREFIX, for packagers         warnings are errors

BUILD  ?= build
PREFIX ?= /usr/local

all: command libraries module layers  ## build the command, the libraries and the Lua module (default)

include mk/config.mk
include mk/core.mk
include mk/lua.mk
include mk/deps.mk
include mk/test.mk
include mk/lint.mk
include mk/install.mk

clean:  ## remove what was built
	rm -rf $(BUILD)

help:  ## show this list
	@awk -F ':.*## *' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' \
	  Makefile mk/*.mk

.PHONY: all clean help
.DELETE_ON_ERROR:
