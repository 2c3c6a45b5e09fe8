# Networks of all layers, losses and optimizers, with the loops of this library compiled for one
# instruction set after another: the same bits. tests/unit/bits.c prints digests.
load common

# needs FLAG...: does this CPU have them all?
needs() {
	local flag
	for flag; do
		grep -qw "$flag" /proc/cpuinfo || skip "this CPU has no $flag"
	done
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	[ -x "$builddir/tests/unit/bits-sse2" ] || skip "not compiled for x86-64"
	# One matrix kernel for all.
	export OPENBLAS_CORETYPE=Nehalem
	"$builddir/tests/unit/bits-sse2" >want
	[ "$(wc -l <want)" -gt 50 ]
}

@test "loops for AVX2 give the bits of those for any x86-64" {
	needs avx2 fma
	"$builddir/tests/unit/bits-avx2" | diff want -
}

@test "loops for AVX-512 give the bits of those for any x86-64" {
	needs avx512f avx512vl avx512dq avx512bw
	"$builddir/tests/unit/bits-avx512" | diff want -
}

@test "every loop that is compiled for several instruction sets is among them" {
	local file
	for file in $(cd "$srcdir" && grep -l NN_CLONES lib/{base,tensor,layer,loss,optim}/*.c); do
		grep -qF "$file" "$srcdir/tests/unit/local.mk" || fail "$file is not in tests/unit/local.mk"
	done
}
