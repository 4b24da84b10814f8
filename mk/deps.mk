# The system's packages: mk/deps has the list and looks for what they bring.

deps:  ## install the system packages that make, make demo and make test need
	@mk/deps check build demo test 2>/dev/null && \
	  echo 'lunette: every package is there already' || \
	  mk/deps install build demo test

# What compiles says first what is missing, and installs nothing.
have-build:
	@CC='$(CC)' PKG_CONFIG='$(PKG_CONFIG)' mk/deps check build

.PHONY: deps have-build
