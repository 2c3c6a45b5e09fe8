# Sourced by the benchmarks: rounds in turns, medians, ratios.
set -eu
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
export LC_ALL=C
rounds=${BENCH_ROUNDS:-5}
bench_programs=${abs_builddir:-$PWD}/tests/bench
bench_source=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
if [ -z "${BENCH_DIR:-}" ]; then
	BENCH_DIR=$(mktemp -d "${TMPDIR:-/tmp}/nnpipe-bench-XXXXXX")
	trap 'rm -rf "$BENCH_DIR"' EXIT
fi
mkdir -p "$BENCH_DIR"
cd "$BENCH_DIR"

now() { echo "$EPOCHREALTIME"; }

# Shell text that is run, untimed, before each command.
prepare=:

# seconds NAME COMMAND: runs the shell text and appends its seconds to times.NAME.
seconds() {
	local name=$1 start end
	shift
	bash -c "$prepare"
	start=$EPOCHREALTIME
	bash -c "$*"
	end=$EPOCHREALTIME
	awk -v a="$start" -v b="$end" 'BEGIN { printf "%.6f\n", b - a }' >>"times.$name"
}

# in_turns NAME COMMAND [NAME COMMAND...]: $rounds rounds after one to warm up.
in_turns() {
	local round i
	local -a args=("$@")
	for ((i = 0; i < ${#args[@]}; i += 2)); do
		rm -f "times.${args[i]}"
		bash -c "${args[i + 1]}"
	done
	for ((round = 0; round < rounds; round++)); do
		for ((i = 0; i < ${#args[@]}; i += 2)); do
			seconds "${args[i]}" "${args[i + 1]}"
		done
	done
}

median() {
	sort -n "times.$1" | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}

# figure NAME BYTES: "NAME  seconds  MB/s" of the median.
figure() {
	awk -v name="$1" -v s="$(median "$1")" -v bytes="$2" \
		'BEGIN { printf "  %-24s %9.4f s %9.0f MB/s\n", name, s, bytes / s / 1e6 }'
}

# ratio TEXT PEER OURS WANTED: how many times as fast we are, medians.
ratio() {
	awk -v text="$1" -v peer="$(median "$2")" -v ours="$(median "$3")" -v wanted="$4" \
		'BEGIN { printf "ratio %-40s %.2f (wanted %s)\n", text, peer / ours, wanted }'
}

has_python() {
	/usr/bin/python3 -c "import $1" 2>/dev/null
}
