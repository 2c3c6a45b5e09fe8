# make bench: each benchmark is a script that prints its figures. They time both sides of a ratio in
# one run. OPENBLAS_CORETYPE, which some machines export, would halve the speed of both.
#   BENCHES += tests/bench/NAME.bash
BENCHES =
bench: all
	@unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE; \
	abs_srcdir='$(abs_srcdir)'; export abs_srcdir; \
	abs_builddir='$(abs_builddir)'; export abs_builddir; \
	PATH='$(abs_builddir)':"$$PATH"; export PATH; \
	for bench in $(BENCHES); do \
		echo "== $$bench"; bash '$(abs_srcdir)'/$$bench || exit; \
	done
.PHONY: bench
EXTRA_DIST += $(BENCHES)
