# nn-train and workers that go wrong, each in its own way (rogue.c), once: one line says who, at which
# task and what comes next, the run ends, and its result is that of a run without faults.
load common

TRAIN="nn-train -b 256 -O adam --lr 0.01 --clip 5 --shards 4 --by random"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-init --mlp 64,16,10 --kernel auto --seed 3 --data all.nnt -o start.nnt
	$TRAIN -e 300 -w 1 start.nnt all.nnt -o want.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
	ROGUE_TOOL=$(command -v nn-grad)
	export ROGUE_TOOL ROGUE_FLAG=$PWD/flag
	pids= mounted=
	# Workers that share memory are what stands beside nn-train.
	mkdir beside
	cp "$(command -v nn-train)" beside/nn-train
	cp "$builddir/tests/tool/rogue" beside/nn-grad
}

teardown() {
	local pid
	for pid in $pids; do
		kill -9 "$pid" 2>/dev/null || :
	done
	[ -z "$mounted" ] || umount "$mounted"
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
	ROGUE=$what timeout 60 $run -e 300 -w 2 --timeout 2 start.nnt all.nnt -o out 2>err 3>&- ||
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
		quit^(frame [0-9]+, byte .*: the stream ends without an END frame.*|it takes no more tasks)
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
	$TRAIN -e 300 -w 1 start.nnt all.nnt -o plain
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
	survives shared close "step 0, shard [0-3]: (frame [0-9]+, byte .*the stream ends without an END|it takes no more tasks)"
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
	ROGUE=version $TRAIN -e 300 --ssh ./ssh --remote-tool "$builddir/tests/tool/rogue" -S alice,bob \
		start.nnt all.nnt -o out 2>err
	cmp out want.nnt
	grep -qE "^nn-train: worker [12] on (alice|bob): its .* is of version 0.0, this program of .*; no more tasks go to (alice|bob)$" err
	[ "$(wc -l <err)" -eq 1 ]
}

@test "--timeout auto: what is usual" {
	local how jobs=()
	for how in pipe shared; do
		(
			mkdir $how && cd $how && cp -P ../*.nnt . && cp -r ../beside .
			ROGUE_FLAG=$PWD/flag ROGUE_AT=40
			export ROGUE_FLAG ROGUE_AT ROGUE=hang
			run="$TRAIN --worker $builddir/tests/tool/rogue"
			[ "$how" = pipe ] || run=beside/$TRAIN
			timeout 60 $run -e 300 -w 2 --timeout auto start.nnt all.nnt -o out 2>err 3>&-
			cmp out want.nnt
		) &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job"; done
	for how in pipe shared; do
		grep -qE "^nn-train: worker [12]: step [0-9]+, shard [0-3]: nothing came for 5 s, where [0-9.e-]+ s are usual \(--timeout auto\); another" \
			$how/err
		[ "$(wc -l <$how/err)" -eq 1 ]
	done
	fails 2 "--timeout -1: neither a number of seconds, from 0 to 1e+09, nor auto" \
		nn-train --timeout -1 start.nnt all.nnt
	fails 2 "--timeout soon: neither" nn-train --timeout soon start.nnt all.nnt
}

# A worker that has come up once and never again: number 3. The others are slow enough for that.
mortal() {
	cat >worker.sh <<-EOF
		[ "\$NN_WORKER" -ge 3 ] || exec nn-grad --pace 2e-5 "\$@"
		mkdir "was-\$NN_WORKER" 2>/dev/null || { echo no more >&2; exit 9; }
		ROGUE=die ROGUE_FLAG= ROGUE_AT=5 exec $builddir/tests/tool/rogue "\$@"
	EOF
}

@test "--quorum: enough workers are left, exit 3" {
	local quorum rc
	for quorum in 2 50% 66%; do
		mortal
		rm -rf was-*
		rc=0
		$TRAIN -e 300 -w 3 --worker 'exec sh worker.sh' --retries 1 --quorum $quorum start.nnt \
			all.nnt -o out 2>err || rc=$?
		assert_equal "$rc" 3
		cmp out want.nnt
		grep -q '^nn-train: worker 3: exit status 9: no more; it is given up (--retries)$' err
		tail -n 1 err | grep -q "^nn-train: done, without 1 of 3 workers (--quorum $quorum)$"
	done
	# Nobody asked: it is done.
	rm -rf was-* out
	$TRAIN -e 300 -w 3 --worker 'exec sh worker.sh' --retries 1 start.nnt all.nnt -o out 2>err
	cmp out want.nnt
	# All are left.
	$TRAIN -e 300 -w 3 --quorum 100% start.nnt all.nnt | cmp - want.nnt
}

@test "--quorum: too few are left, exit 4, and the checkpoint goes on" {
	local quorum rc
	for quorum in 3 67%; do
		mortal
		rm -rf was-* ck
		rc=0
		$TRAIN -e 300 -w 3 --worker 'exec sh worker.sh' --retries 1 --quorum $quorum -c ck \
			start.nnt all.nnt -o out 2>err || rc=$?
		assert_equal "$rc" 4
		[ ! -e out ]
		tail -n 1 err | grep -q '^nn-train: worker 3: exit status 9: no more; it is given up (--retries); 2 of 3 workers are left, fewer than 3 (--quorum); --resume goes on after step [0-9]*$'
		$TRAIN -e 300 -w 2 -c ck --resume start.nnt all.nnt -o out
		cmp out want.nnt
		rm out
	done
	fails 2 "--quorum 3, but there are 2 workers" nn-train -w 2 --quorum 3 start.nnt all.nnt
	for quorum in 0 0% 101% -1 many % ''; do
		fails 2 "--quorum $quorum: neither a number of workers nor a percentage" \
			nn-train --quorum "$quorum" start.nnt all.nnt
	done
}

@test "a host that is given up, and the quorum" {
	printf '%s\n' '#!/bin/sh' 'while [ $# -gt 2 ]; do shift; done' \
		'[ "$1" != bob ] || { echo no route to bob >&2; exit 255; }' 'exec sh -c "$2"' >ssh
	chmod +x ssh
	local rc=0
	printf '%s\n' '#!/bin/sh' "exec $ROGUE_TOOL --pace 2e-5 \"\$@\"" >slow
	chmod +x slow
	$TRAIN -e 300 --ssh ./ssh --remote-tool "$PWD/slow" -S 2/alice,bob --retries 1 --quorum 2 \
		start.nnt all.nnt -o out 2>err || rc=$?
	assert_equal "$rc" 3
	cmp out want.nnt
	grep -q '^nn-train: worker 3 on bob: cannot reach bob: no route to bob; it is given up (--retries)$' err
	rc=0
	$TRAIN -e 300 --ssh ./ssh --remote-tool "$ROGUE_TOOL" -S 2/alice,bob --retries 0 --quorum 100% \
		start.nnt all.nnt 2>err >out || rc=$?
	assert_equal "$rc" 4
	tail -n 1 err | grep -q 'no route to bob; it is given up (--retries); 2 of 3 workers are left, fewer than 3 (--quorum)$'
}

# As TRAIN, slow enough to do something to it meanwhile: some two seconds.
slowly() {
	$TRAIN -e 300 -w 2 --worker "nn-grad --pace 4e-5" "$@"
}

# until_there WHAT...: within ten seconds.
until_there() {
	local tries
	for ((tries = 0; tries < 200; tries++)); do
		! "$@" || return 0 || false
		sleep 0.05
	done
	fail "not within ten seconds: $*"
}

@test "no room for checkpoints: the model comes all the same" {
	local rc
	(
		ulimit -f 8
		$TRAIN -e 300 -w 2 --every 7 -c ck start.nnt all.nnt | cat >out
		exit "${PIPESTATUS[0]}"
	) 2>err || rc=$?
	assert_equal "$rc" 4
	cmp out want.nnt
	assert_equal "$(cat err)" "$(printf 'nn-train: ck: cannot write: File too large; %s\n' \
		"the training goes on, and tries again when it is due" "the model is put out all the same")"
	[ ! -e ck ]
	[ -z "$(find . -name '*.part')" ]
}

@test "a disk that is full for a while" {
	mkdir disk
	mount -t tmpfs -o size=96k none disk 2>/dev/null || skip "no tmpfs can be mounted here"
	mounted=$PWD/disk
	slowly --every 1 -c disk/ck start.nnt all.nnt -o out 2>err 3>&- &
	local pid=$! bytes
	pids=$pid
	until_there [ -s disk/ck ]
	head -c 1000000 /dev/zero >disk/filler 2>/dev/null || :
	until_there grep -q "disk/ck: cannot write: No space left on device; the training goes on" err
	nn-info --verify disk/ck
	rm disk/filler
	wait $pid
	cmp out want.nnt
	[ "$(wc -l <err)" -eq 1 ]
	nn-convert --to nnt --frame 0 disk/ck | cmp - want.nnt
}

@test "the folder of the checkpoint is removed, and comes again" {
	mkdir there
	slowly --every 1 -c there/ck start.nnt all.nnt -o out 2>err 3>&- &
	local pid=$!
	pids=$pid
	until_there [ -s there/ck ]
	mv there elsewhere
	until_there grep -q "there/ck: cannot create: No such file or directory; the training goes on" err
	nn-info --verify elsewhere/ck
	mkdir there
	wait $pid
	cmp out want.nnt
	[ "$(wc -l <err)" -eq 1 ]
	nn-convert --to nnt --frame 0 there/ck | cmp - want.nnt
	fails 4 "nowhere/ck: cannot create: No such file or directory" \
		nn-train -c nowhere/ck start.nnt all.nnt
}

@test "a host that cannot be reached for a while" {
	printf '%s\n' '#!/bin/sh' 'while [ $# -gt 2 ]; do shift; done' \
		'[ "$1" != bob ] || [ ! -e down ] || { echo no route to bob >&2; exit 255; }' \
		'[ "$1" != bob ] || echo $$ >bob.pid' 'exec sh -c "$2"' >ssh
	printf '%s\n' '#!/bin/sh' "exec $ROGUE_TOOL --pace 4e-5 \"\$@\"" >slow
	chmod +x ssh slow
	$TRAIN -e 300 --ssh ./ssh --remote-tool "$PWD/slow" -S alice,bob --retries 9 start.nnt all.nnt \
		-o out 2>err 3>&- &
	local pid=$!
	pids=$pid
	until_there [ -s bob.pid ]
	sleep 0.2
	: >down
	kill -9 "$(cat bob.pid)"
	rm bob.pid
	until_there grep -q "^nn-train: worker 2 on bob: cannot reach bob: no route to bob; it starts again in 0.[24] s$" err
	rm down
	until_there [ -s bob.pid ]
	wait $pid
	cmp out want.nnt
	grep -qE "^nn-train: worker 2 on bob: step [0-9]+, shard [0-3]: killed by signal 9 \(Killed\); another takes it" err
	run ! grep -v "^nn-train: worker 2 on bob: " err
}

@test "workers stopped and killed at random, with little time" {
	local kids pid kills=0
	$TRAIN -e 600 -w 1 start.nnt all.nnt -o longer
	beside=$(dirname "$ROGUE_TOOL")/nn-train
	${TRAIN/nn-train/$beside} -e 600 -w 3 --timeout 0.5 --retries 100 start.nnt all.nnt -o out 2>err 3>&- &
	pid=$!
	pids=$pid
	while kill -0 $pid 2>/dev/null; do
		kids=($(pgrep -P $pid || :))
		[ ${#kids[@]} -eq 0 ] ||
			! kill -$([ $((RANDOM % 4)) -eq 0 ] && echo STOP || echo KILL) \
				"${kids[RANDOM % ${#kids[@]}]}" 2>/dev/null || kills=$((kills + 1)) || false
		sleep 0.05
	done
	wait $pid
	cmp out longer
	[ $kills -ge 3 ]
	run ! grep -vE '^nn-train: worker [123]: ' err
}
