# The n-th allocation, read, write, sync or naming of a file fails, for each n in turn, alone or with
# all that follow: a tool says so in one line and exits 4; what was there stays.
load common

setup_file() {
	load common
	[ "${SANITIZERS:-no}" != yes ] || return 0
	cd "$BATS_FILE_TMPDIR" || return 1
	for i in 0 1 2 3 4 5 6 7; do
		echo "$((i % 3)),$((i * i % 5)).5,$((i % 2)),$([ $((i % 2)) = 0 ] && echo even || echo odd)"
	done >data.csv
	nn-import -t 4 -o data.nnt data.csv
	nn-init --mlp 3,4,2 --seed 1 --data data.nnt -o model.nnt
	nn-convert --to nnt -z -o deflated.nnt model.nnt
	nn-convert --to safetensors -o plain model.nnt
	nn-grad --shard 0-1/2 -m model.nnt -o grad.nnt data.nnt
	nn-grad --shard 0/2 -m model.nnt -o half.nnt data.nnt
	nn-update -O adam --lr 0.1 -o checkpoint.nnt model.nnt grad.nnt
	nn-grad -m checkpoint.nnt -o next.nnt data.nnt
}

setup() {
	[ "${SANITIZERS:-no}" != yes ] || skip "the sanitizers have an allocator of their own"
	[ -e "$builddir/tests/fuzz/faults.so" ] || skip "no faults.so"
	cd "$BATS_TEST_TMPDIR" || return 1
	cp "$BATS_FILE_TMPDIR"/* .
}

# One run; sets `fired` to "" where nothing was left to fail.
try() {
	local kind=$1 at=$2 rc=0 said
	shift 2
	fired=
	rm -f fired
	LD_PRELOAD=$builddir/tests/fuzz/faults.so FAULT=$kind FAULT_AT=$at FAULT_FIRED=fired "$@" \
		>stdout 2>stderr </dev/null || rc=$?
	[ -e fired ] || return 0
	fired=yes
	said=$(<stderr)
	if [ "$rc" = 0 ]; then
		cmp out want || fail "exit 0, but another result: $kind $at: $*"
		echo before >out
		return 0
	fi
	[ "$rc" = 4 ] || fail "exit $rc, not 4: $kind $at: $*: $said"
	[[ "$said" == nn-*": "* && "$said" != *$'\n'* ]] ||
		fail "not one line: $kind $at: $*: $said"
	[ "$(<out)" = before ] || fail "harmed what was there: $kind $at: $*"
}

# faults TOOL ARGUMENT...: -o out is added.
faults() {
	local kind also at litter fired
	"$@" -o want
	for kind in memory read write sync name; do
		for also in "" +; do
			echo before >out
			# Each of the first 20, then some.
			fired=yes
			for ((at = 1; ${#fired}; at += at < 20 ? 1 : 1 + at / 10)); do
				try "$kind" "$at$also" "$@" -o out
			done
		done
	done
	litter=$(find . -name '.*.part')
	[ -z "$litter" ] || fail "left $litter"
}

@test "nn-import" {
	faults nn-import -s -t 4 data.csv
	gzip data.csv
	faults nn-import --like model.nnt data.csv.gz
	nn-import -f text --context 5 --tokens used -o text.nnt data.csv.gz
	faults nn-import -f text --like text.nnt data.csv.gz
	gunzip data.csv.gz
	faults nn-import -f text --context 5 --stride 2 data.csv
}

@test "nn-shard" {
	faults nn-shard -n 2 -k 1/2 --by random data.nnt
}

@test "nn-init" {
	faults nn-init --mlp 3,4,2 --data data.nnt
}

@test "nn-grad" {
	faults nn-grad -m model.nnt -b 2 --shard 0-1/3 --by random data.nnt
}

@test "nn-reduce" {
	faults nn-reduce model.nnt deflated.nnt
	faults nn-reduce grad.nnt
}

@test "nn-update" {
	faults nn-update --clip 0.1 checkpoint.nnt next.nnt
	faults nn-update --loop --steps 1 --lr 0.1 -c saved model.nnt grad.nnt
}

@test "nn-eval" {
	faults nn-eval -m deflated.nnt data.nnt
	faults nn-eval --json -m model.nnt data.nnt
}

@test "nn-predict" {
	faults nn-predict --proba -m plain data.nnt
	faults nn-predict --to data -m model.nnt data.nnt
}

@test "nn-info" {
	faults nn-info --stats checkpoint.nnt
	faults nn-info --json deflated.nnt
}

@test "nn-slice and nn-join" {
	faults nn-slice -k 1/2 checkpoint.nnt
	nn-slice -n 2 checkpoint.nnt
	faults nn-join slice-1.nnt slice-0.nnt
	nn-slice -n 2 -o 'next-%d' next.nnt
	faults nn-update slice-1.nnt next-1
	cat slice-?.nnt >both.nnt
	faults nn-join both.nnt
}

@test "nn-convert" {
	faults nn-convert --to nnt -z plain
	faults nn-convert --to safetensors deflated.nnt
}

@test "a signal leaves no unfinished file, also where files cannot be without a name" {
	mkfifo slow
	for tool in "nn-import -o out slow" "nn-shard -n 2 -o out.%d slow" "nn-slice -n 2 -o out.%d slow"; do
		for signal in TERM HUP; do
			sleep 5 >slow & # holds it open
			holder=$!
			LD_PRELOAD=$builddir/tests/fuzz/faults.so FAULT=name FAULT_AT=1 \
				$tool 3>&- &
			tool_pid=$!
			await '[ -n "$(find . -name ".out*.part")" ]'
			kill -$signal "$tool_pid"
			rc=0
			wait "$tool_pid" || rc=$?
			[ "$rc" -gt 128 ]
			[ -z "$(find . -name '.out*.part')" ]
			kill "$holder"
			wait "$holder" || true
		done
	done
}

@test "nn-plot" {
	printf 'step\tloss\tmetric\n1\t2\t\n2\t1\t0.5\n' >log.tsv
	faults nn-plot --smooth 2 log.tsv log.tsv
	faults nn-plot --gnuplot log.tsv
}

@test "nn-stage" {
	faults nn-stage -m model.nnt -b 2 --shard 0-1/3 --by random 0/1 data.nnt
	faults nn-stage --recompute -m checkpoint.nnt 0/1 data.nnt
}

@test "nn-plan" {
	source "$srcdir/tests/tool/profile.bash"
	make_profile >p.json
	faults nn-plan -p p.json -d 60 -b 4 -w 2 -S :,far --json model.nnt
}
