# What is installed where; included by GNUmakefile.

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/ashlar
INSTALL ?= install
# The cache of the dynamic loader, without which LD_PRELOAD=libashlar.so and
# linked programs find nothing.  Of this machine only: not with DESTDIR.
LDCONFIG ?= ldconfig
# MAJOR.MINOR.PATCH, as src/ashlar.h has it
version = $(shell sed -n 's/^.define ASHLAR_VERSION_[A-Z]* *\([0-9]\)/\1/p' src/ashlar.h | paste -sd .)

# The wrapper finds its libraries beside itself until it is installed.
$(BUILD)/ashlar-run: tools/ashlar-run src/ashlar.h
	@mkdir -p $(@D)
	@sed 's|@VERSION@|$(version)|' $< >$@ && chmod 755 $@

# pkgconfig NAME, DESCRIPTION; made anew each time, for it depends on PREFIX
define pkgconfig
prefix=$(PREFIX)
libdir=$(LIBDIR)
includedir=$(INCLUDEDIR)

Name: $(1)
Description: $(2)
Version: $(version)
Libs: -L$${libdir} -l$(1)
Libs.private: -pthread
Cflags: -I$${includedir}
endef
pkgconfig_default = $(call pkgconfig,ashlar,hardened malloc)
pkgconfig_light = $(call pkgconfig,ashlar-light,hardened malloc: without ageing and random choice)
export pkgconfig_default pkgconfig_light

PAGES := $(wildcard docs/*.1 docs/*.3 docs/*.7)
# The names that a page has besides its own: those before the dash of its NAME.
aliases = $(filter-out $(basename $(notdir $(1))),$(shell sed -n '/^\.SH NAME/,/^\.SH SYN/{/^\.SH/d;s/ *\\-.*//;s/,/ /g;p}' $(1)))
section = $(patsubst .%,%,$(suffix $(1)))
# aliases of PAGE as PAGE:ALIAS
ALIASES := $(foreach p,$(PAGES),$(foreach a,$(call aliases,$(p)),$(p):$(a)))
alias_page = $(firstword $(subst :, ,$(1)))
alias_name = $(lastword $(subst :, ,$(1)))
alias_file = man$(call section,$(call alias_page,$(1)))/$(call alias_name,$(1)).$(call section,$(call alias_page,$(1)))

INSTALLED = $(BINDIR)/ashlar-run \
  $(foreach n,libashlar libashlar-light,$(addprefix $(LIBDIR)/$(n),.a .so .so.0 .so.$(version))) \
  $(LIBDIR)/pkgconfig/ashlar.pc $(LIBDIR)/pkgconfig/ashlar-light.pc \
  $(INCLUDEDIR)/ashlar.h $(INCLUDEDIR)/ashlar.hpp $(DOCDIR)/README.md $(DOCDIR)/LICENSE \
  $(foreach p,$(PAGES),$(MANDIR)/man$(call section,$(p))/$(notdir $(p))) \
  $(foreach a,$(ALIASES),$(MANDIR)/$(call alias_file,$(a)))

# Writes standard input to a file that all may read, whatever the umask.
written = $(INSTALL) -m 644 /dev/stdin

# refresh WHAT: tells the dynamic loader, if this is its machine and its owner.
define refresh
@if [ -n '$(DESTDIR)' ]; then \
  echo '$(1) below $(DESTDIR); on the machine itself, run ldconfig afterwards'; \
elif [ "$$(id -u)" -ne 0 ]; then \
  echo '$(1); now run, as root: ldconfig'; \
elif PATH=$$PATH:/sbin:/usr/sbin $(LDCONFIG); then \
  echo '$(1), and ran ldconfig'; \
else \
  echo '$(1); ldconfig failed' >&2; exit 1; \
fi
endef

.PHONY: install install-strip uninstall

install: all ## libraries, header, wrapper, pkg-config files, manual; PREFIX=/usr/local, DESTDIR=
	@umask 022; mkdir -p $(foreach d,$(sort $(dir $(INSTALLED))),'$(DESTDIR)$(d)')
	@for name in libashlar libashlar-light; do \
	  $(INSTALL) -m 644 $(BUILD)/$$name.a '$(DESTDIR)$(LIBDIR)' && \
	  $(INSTALL) $(STRIP_FLAG) -m 755 $(BUILD)/$$name.so '$(DESTDIR)$(LIBDIR)'/$$name.so.$(version) && \
	  ln -sf $$name.so.$(version) '$(DESTDIR)$(LIBDIR)'/$$name.so.0 && \
	  ln -sf $$name.so.0 '$(DESTDIR)$(LIBDIR)'/$$name.so || exit 1; \
	done
	@sed 's|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(version)|' tools/ashlar-run | \
	  $(INSTALL) -m 755 /dev/stdin '$(DESTDIR)$(BINDIR)/ashlar-run'
	@$(INSTALL) -m 644 src/ashlar.h src/ashlar.hpp '$(DESTDIR)$(INCLUDEDIR)'
	@$(INSTALL) -m 644 README.md LICENSE '$(DESTDIR)$(DOCDIR)'
	@printf '%s\n' "$$pkgconfig_default" | $(written) '$(DESTDIR)$(LIBDIR)/pkgconfig/ashlar.pc'
	@printf '%s\n' "$$pkgconfig_light" | $(written) '$(DESTDIR)$(LIBDIR)/pkgconfig/ashlar-light.pc'
	@for page in $(PAGES); do \
	  $(INSTALL) -m 644 $$page '$(DESTDIR)$(MANDIR)'/man$${page##*.} || exit 1; \
	done
	@$(foreach a,$(ALIASES),echo '.so man$(call section,$(call alias_page,$(a)))/$(notdir $(call alias_page,$(a)))' | \
	  $(written) '$(DESTDIR)$(MANDIR)/$(call alias_file,$(a))' && ) :
	$(call refresh,installed in $(PREFIX))
	@if [ -z '$(DESTDIR)' ] && ! PATH=$$PATH:/sbin:/usr/sbin $(LDCONFIG) -p 2>/dev/null | grep -qF '$(LIBDIR)/libashlar.so'; then \
	  echo 'The dynamic loader does not look for libraries in $(LIBDIR): LD_PRELOAD=libashlar.so would do nothing there.'; \
	  echo 'Use $(BINDIR)/ashlar-run, which knows the place, or LD_PRELOAD=$(LIBDIR)/libashlar.so.'; \
	fi

install-strip: STRIP_FLAG := -s
install-strip: install ## the same, with the shared libraries stripped

uninstall: ## removes what `make install` with the same PREFIX and DESTDIR put there
	@rm -f $(foreach f,$(INSTALLED),'$(DESTDIR)$(f)')
	@$(if $(filter /usr /usr/local,$(DESTDIR)$(PREFIX)),rmdir '$(DOCDIR)' 2>/dev/null || :,$(foreach d,$(sort $(patsubst /%/,%,$(dir $(INSTALLED)))),\
	  (cd '$(DESTDIR)/' && rmdir -p '$(d)' 2>/dev/null);) :)
	$(call refresh,uninstalled from $(PREFIX))
