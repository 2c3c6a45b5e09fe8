# Unit tests are C programs that speak TAP; tests/tool/*.bats try the tools as they are installed.
# make check runs them all; bats alone: PATH=$PWD:$PATH bats tests/tool/nn-info.bats
TEST_EXTENSIONS = .bats
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
BATS_LOG_DRIVER = $(LOG_DRIVER)
BATS_LOG_COMPILER = $(BATS)
AM_BATS_LOG_FLAGS = --tap
# A failed test point counts once; bats exits 1 for it too.
AM_BATS_LOG_DRIVER_FLAGS = --ignore-exit
# What the tests are told: where things are, which tools there are, how this was built.
AM_TESTS_ENVIRONMENT = \
	abs_srcdir='$(abs_srcdir)'; export abs_srcdir; \
	abs_builddir='$(abs_builddir)'; export abs_builddir; \
	TOOLS='$(bin_PROGRAMS)'; export TOOLS; \
	SANITIZERS='$(enable_sanitizers)'; export SANITIZERS; \
	MANDOC='$(MANDOC)'; export MANDOC; \
	CC='$(CC)'; export CC; \
	PATH='$(abs_builddir)':"$$PATH"; export PATH; \
	ASAN_OPTIONS=detect_leaks=$(nn_leaks):allocator_may_return_null=1; export ASAN_OPTIONS; \
	UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS; \
	LC_ALL=C; export LC_ALL; unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE;

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
if HAVE_BATS
TESTS += $(BATS_TESTS)
endif
EXTRA_DIST += $(BATS_TESTS) tests/unit/tap.h tests/tool/common.bash

include tests/unit/local.mk
include tests/tool/local.mk
include tests/bench/local.mk
include tests/files/local.mk
include tests/fuzz/local.mk
