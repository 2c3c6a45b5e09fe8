# Loaded by every .bats file: `load common` in its first lines, setup and teardown as needed.
# Each test runs in an empty folder of its own, $BATS_TEST_TMPDIR.
bats_require_minimum_version 1.5.0
for lib in bats-support bats-assert bats-file; do
	for dir in /usr/lib/bats /usr/lib "${BATS_LIB_PATH:-/usr/local/lib}"; do
		if [ -f "$dir/$lib/load.bash" ]; then
			load "$dir/$lib/load.bash"
			break
		fi
	done
done

srcdir=${abs_srcdir:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
builddir=${abs_builddir:-$srcdir}
files=$srcdir/tests/files
examples=$srcdir/examples
# The names of all tools.
tools=${TOOLS:-$(sed -n 's/^bin_PROGRAMS += *//p' "$srcdir/tools/local.mk" | xargs)}
# A tool leaves its memory to the system when it ends; leaks are for the unit tests to find.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
# No settings of whoever runs the tests; GNU parallel wants a folder to look into.
export HOME=$BATS_RUN_TMPDIR
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# fails CODE TEXT COMMAND...: the command must exit with CODE, and say TEXT (a substring) in a
# single line on stderr that begins with the tool's name; stdout goes to the file "out".
fails() {
	local code=$1 text=$2
	shift 2
	local rc=0
	"$@" >out 2>err || rc=$?
	# What an allocation that fails makes AddressSanitizer say is not the tool's word.
	[ -z "${ASAN_OPTIONS:-}" ] || sed -i '/AddressSanitizer failed to allocate/d' err
	[ "$rc" -eq "$code" ] || { echo "exit $rc, wanted $code: $*"; cat err; return 1; }
	[ "$(wc -l <err)" -eq 1 ] || { echo "not one line: $*"; cat err; return 1; }
	grep -qE '^nn-[a-z]+: ' err || { echo "no tool name: $*"; cat err; return 1; }
	grep -qF -- "$text" err || { echo "wanted '$text' in:"; cat err; return 1; }
}

# sh_fails CODE TEXT 'SHELL TEXT': the same for a pipeline.
sh_fails() {
	local code=$1 text=$2
	fails "$code" "$text" bash -o pipefail -c "$3"
}

# await 'SHELL TEXT': until it is true, but not for ever.
await() {
	local tries
	for ((tries = 0; tries < 1200; tries++)); do
		! eval "$1" || return 0
		sleep 0.05
	done
	echo "waited in vain until: $1"
	return 1
}
