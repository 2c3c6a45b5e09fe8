# nn-train and workers that go wrong, each in its own way (rogue.c), once: one line says who, at which
# task and what comes next, the run ends, and its result is that of a run without faults.
load common

TRAIN="nn-train -b 256 -O adam --lr 0.01 --clip 5 --shards 4 --by random"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-init --mlp 64,16,10 --kernel auto --seed 3 --data all.nnt -o start.nnt
	$TRAIN -e 60 -w 1 start.nnt all.nnt -o want.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
	ROGUE_TOOL=$(command -v nn-grad)
	export ROGUE_TOOL ROGUE_FLAG=$PWD/flag
	# Workers that share memory are what stands beside nn-train.
	mkdir beside
	cp "$(command -v nn-train)" beside/nn-train
	cp "$builddir/tests/tool/rogue" beside/nn-grad
}

teardown() {
	[ ! -e flag.pid ] || kill -9 "$(cat flag.pid)" 2>/dev/null || :
}

# What is left behind by a worker is not for us to wait for.
end_orphan() {
	[ ! -e flag.pid ] || kill -9 "$(cat flag.pid)" 2>/dev/null || :
	rm -f flag flag.pid
}

# survives HOW WHAT TEXT: two workers, by pipes or by shared memory, one of which does WHAT once.
survives() {
	local how=$1 what=$2 text=$3
	local run="$TRAIN --worker $builddir/tests/tool/rogue"
	[ "$how" = pipe ] || run=beside/$TRAIN
	ROGUE=$what timeout 60 $run -e 60 -w 2 --timeout 2 start.nnt all.nnt -o out 2>err 3>&- ||
		{ echo "exit $?: $how $what"; cat err; return 1; }
	[ -e flag ] || fail "nobody was asked to: $how $what"
	end_orphan
	cmp out want.nnt || fail "another result: $how $what"
	rm out
	[ -n "$text" ] || { [ ! -s err ]; return; }
	[ "$(wc -l <err)" -eq 1 ] || { echo "not one line: $how $what"; cat err; return 1; }
	grep -qE "^nn-train: worker [12]: .*; (another takes it, and this one starts again in 0.1 s|it starts again in 0.1 s|computed again, it is not)$" err &&
		grep -qE -- "$text" err || { echo "wanted '$text' for $how $what:"; cat err; return 1; }
}

@test "before a worker has said hello" {
	local how what text
	while IFS='^' read -r what text; do
		for how in pipe shared; do
			survives $how "$what" "$text"
		done
	done <<-'EOF'
		no-hello^(killed by signal 9|exit status 137).*; it starts again
		exit-0^empty: not even an END frame came; it starts again
		banner^frame 0, byte 0: no frame here, but "Welcome to this host!\\n.* it starts again
		garbage^frame 0, byte 0: no frame here, but .* it starts again
		chatter^
	EOF
}

@test "in place of an answer" {
	local how what text
	while IFS='^' read -r what text; do
		for how in pipe shared; do
			survives $how "$what" "step 0, shard [0-3]: $text; (another takes it|computed again)"
		done
	done <<-'EOF'
		die^(killed by signal 9|exit status 137).*
		quit^frame [0-9]+, byte .*: the stream ends without an END frame.*
		cut^(killed by signal 9|exit status 137).*
		hang^nothing came for 2 s \(--timeout\)
		other-step^it answered another task: step 1, not 0
		other-shard^it answered another task: shard [1-4], not [0-3]
		no-loss^the loss is nan
		flip^.*damaged.*
		length^frame [0-9]+, byte .*
		wrong-kind^it answered with a frame of delta, not grad
		nan^tensor 0.bias: element 7, at \[7\], is nan
	EOF
}

@test "a NaN in shared memory, where no norm is computed first" {
	TRAIN=${TRAIN/--clip 5/}
	$TRAIN -e 60 -w 1 start.nnt all.nnt -o plain
	ln -sf plain want.nnt
	for at in 0 1 7 100; do
		ROGUE_AT=$at survives shared nan "step [0-9]+, shard [0-3]: tensor 0.bias: element 7.*; computed again"
		ROGUE_AT=$at survives shared no-loss "step [0-9]+, shard [0-3]: the loss is nan; computed again"
	done
}

@test "half of an answer, and then nothing" {
	survives pipe stall "step 0, shard [0-3]: nothing came for 2 s \(--timeout\)"
	survives shared stall "step 0, shard [0-3]: cannot read: "
}

@test "standard output closed" {
	survives pipe close "step 0, shard [0-3]: nothing came for 2 s \(--timeout\)"
	survives shared close "step 0, shard [0-3]: frame [0-9]+, byte .*the stream ends without an END"
}

@test "two answers" {
	# To the next task, whenever it has one.
	survives pipe twice "step [01], shard [0-3]: it answered another task: .*"
	survives shared twice "step [01], shard [0-3]: it answered another task: .*"
}

@test "an answer that comes after its time, from a process that nobody can end" {
	survives pipe late "step 0, shard [0-3]: nothing came for 2 s \(--timeout\)"
	survives shared late "step 0, shard [0-3]: nothing came for 2 s \(--timeout\)"
}

@test "a worker is gone, but what it leaves behind holds the pipes open" {
	local how
	for how in pipe shared; do
		survives $how orphan "step 0, shard [0-3]: (killed by signal 9|exit status 137).*"
	done
}

@test "a worker that does not read its input any more" {
	nn-init --mlp 64,4500,10 --kernel auto --seed 3 --data all.nnt -o large.nnt
	$TRAIN -n 3 -w 1 large.nnt all.nnt -o large
	ROGUE=deaf $TRAIN -n 3 -w 2 --timeout 2 --worker "$builddir/tests/tool/rogue" large.nnt \
		all.nnt -o out 2>err
	cmp out large
	end_orphan
	grep -qE "^nn-train: worker [12]: step [012], shard [0-3]: nothing came for 2 s" err
	[ "$(wc -l <err)" -eq 1 ]
	survives shared deaf "step 0, shard [0-3]: nothing came for 2 s \(--timeout\)"
}

@test "another version on one of the hosts" {
	printf '%s\n' '#!/bin/sh' 'while [ $# -gt 2 ]; do shift; done' 'exec sh -c "$2"' >ssh
	chmod +x ssh
	ROGUE=version $TRAIN -e 60 --ssh ./ssh --remote-tool "$builddir/tests/tool/rogue" -S alice,bob \
		start.nnt all.nnt -o out 2>err
	cmp out want.nnt
	grep -qE "^nn-train: worker [12] on (alice|bob): its .* is of version 0.0, this program of .*; no more tasks go to (alice|bob)$" err
	[ "$(wc -l <err)" -eq 1 ]
}
