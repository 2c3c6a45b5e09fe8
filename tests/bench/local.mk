# make bench: each benchmark is a script that prints its figures, see README.md in this folder. They
# time both sides of a ratio in one run. OPENBLAS_CORETYPE, which some machines export, would halve the
# speed of both.
#   BENCHES += tests/bench/NAME.bash
BENCHES = tests/bench/startup.bash tests/bench/import.bash tests/bench/shard.bash \
	tests/bench/reduce.bash tests/bench/slices.bash tests/bench/train.bash tests/bench/networks.bash \
	tests/bench/link.bash tests/bench/mpi.bash tests/bench/plan.bash tests/bench/stages.bash
bench_helpers = tests/bench/spawn tests/bench/make-data tests/bench/inflate \
	tests/bench/products
if HAVE_MPI
bench_mpi = tests/bench/exchange
endif
EXTRA_PROGRAMS = $(bench_helpers) $(bench_mpi)
CLEANFILES += $(bench_helpers) $(bench_mpi)
tests_bench_spawn_SOURCES = tests/bench/spawn.c
tests_bench_make_data_SOURCES = tests/bench/make-data.c
tests_bench_inflate_SOURCES = tests/bench/inflate.c
tests_bench_exchange_SOURCES = tests/bench/exchange.c
tests_bench_exchange_LDADD = $(LDADD) $(MPI_LIBS)
tests_bench_products_SOURCES = tests/bench/products.c
bench: all $(bench_helpers) $(bench_mpi) tests/tool/slow-link
	@unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE; \
	abs_srcdir='$(abs_srcdir)'; export abs_srcdir; \
	abs_builddir='$(abs_builddir)'; export abs_builddir; \
	PATH='$(abs_builddir)':"$$PATH"; export PATH; \
	nn-info --build; \
	for bench in $(BENCHES); do \
		echo "== $$bench"; bash '$(abs_srcdir)'/$$bench || exit; \
	done
.PHONY: bench
EXTRA_DIST += tests/bench/torch-train.py tests/bench/torch-networks.py
EXTRA_DIST += $(BENCHES) tests/bench/common.bash tests/bench/images.bash tests/bench/README.md
