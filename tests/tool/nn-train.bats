# nn-train: the same bits however the work is spread and whatever fails; one line for each fault.
load common

TRAIN="nn-train -b 256 -O adam --lr 0.01 --clip 5"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-shard -n 4 --by random -o 'even-%d.nnt' all.nnt
	nn-shard -n 3 --by random --weights 5,3,1 -o 'uneven-%d.nnt' all.nnt
	nn-init --mlp 64,16,10 --kernel auto --seed 3 --data all.nnt -o start.nnt
	$TRAIN -e 3 -w 1 --shards 4 --by random start.nnt all.nnt -o short.nnt
	$TRAIN -e 500 -w 1 --shards 8 start.nnt all.nnt -o long.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
	bin=$(dirname "$(command -v nn-grad)") pids=
	. "$examples/ssh/hosts.sh"
}

teardown() {
	local pid
	for pid in $pids; do
		kill -9 "$pid" 2>/dev/null || :
	done
}

# The workers of a process.
workers_of() {
	pgrep -P "$1" || :
}

# gone PID...: within three seconds none of them runs; init may be slow to take note of their end.
gone() {
	local pid tries
	for pid; do
		for ((tries = 0; tries < 60; tries++)); do
			[[ "$(ps -o stat= -p "$pid")" == [A-Y]* ]] || continue 2
			sleep 0.05
		done
		echo "$pid still runs"
		return 1
	done
}

# A worker that is a script: $1 is what number 1 does; all others are as they should be.
bad_worker() {
	printf '%s\n' '[ "$NN_WORKER" = 1 ] || exec nn-grad "$@"' "$1" >worker.sh
}

@test "the same bits as the pipeline typed by hand" {
	mkfifo back
	nn-update --loop --epochs 3 -O adam --lr 0.01 --clip 5 -c hand start.nnt <back |
		nn-grad --steps-per-epoch 8 --shard 0-3/4 --by random all.nnt >back
	nn-convert --to nnt --frame 0 hand | cmp - short.nnt
}

@test "views and files, in any order" {
	$TRAIN -e 3 -w 2 start.nnt even-2.nnt even-0.nnt even-3.nnt even-1.nnt | cmp - short.nnt
}

@test "1, 2, 3 and 8 workers, static, dynamic and weighted" {
	local n method
	for n in 1 2 3 8; do
		for method in static dynamic weighted; do
			$TRAIN -e 3 -w $n --assign $method --shards 4 --by random start.nnt all.nnt \
				2>err | cmp - short.nnt
		done
	done
	assert_equal "$(cat err)" \
		"nn-train: 8 workers for 4 shards: the others stand by (--shards makes more)"
}

@test "weighted: capacities given, some workers dying" {
	$TRAIN -e 3 --capacity 1,3 --shards 4 --by random start.nnt all.nnt | cmp - short.nnt
	bad_worker 'kill -9 $$'
	$TRAIN -e 3 --capacity 9,1,1 --worker 'exec sh worker.sh' --shards 4 --by random start.nnt \
		all.nnt 2>err | cmp - short.nnt
	grep -q '^nn-train: worker 1: killed by signal 9' err
	fails 2 "--capacity has 2 numbers, and there are 3 workers" \
		nn-train -w 3 --capacity 1,2 start.nnt all.nnt
	fails 2 "--capacity has 2 numbers, and there are 3 workers" \
		nn-train -S 2/a,b --capacity 1,2 start.nnt all.nnt
	fails 2 "--capacity: 0 is not above 0" nn-train --capacity 1,0 start.nnt all.nnt
	fails 2 "--capacity goes with --assign weighted" \
		nn-train --assign static --capacity 1,1 start.nnt all.nnt
}

@test "uneven shards in files" {
	$TRAIN -e 3 -w 1 start.nnt uneven-?.nnt >one
	$TRAIN -e 3 -w 3 --assign static start.nnt uneven-?.nnt | cmp - one
	$TRAIN -e 3 -w 3 --assign weighted start.nnt uneven-?.nnt | cmp - one
	local step
	cp start.nnt model
	for ((step = 0; step < 24; step++)); do
		nn-grad --steps-per-epoch 8 uneven-?.nnt <model |
			nn-update -O adam --lr 0.01 --clip 5 model >next
		mv next model
	done
	nn-convert --to nnt --frame 0 model | cmp - one
}

@test "any command, and 64 workers" {
	$TRAIN -e 3 -w 3 --worker 'NN_TEST=$NN_WORKER nn-grad' --shards 4 --by random start.nnt all.nnt |
		cmp - short.nnt
	$TRAIN -e 3 -w 64 --shards 4 --by random start.nnt all.nnt 2>err | cmp - short.nnt
}

@test "workers killed at random" {
	local kills=0 kids
	$TRAIN -e 500 -w 3 --shards 8 --retries 100 start.nnt all.nnt >out 2>err 3>&- &
	local pid=$!
	while kill -0 $pid 2>/dev/null; do
		kids=($(workers_of $pid))
		[ ${#kids[@]} -eq 0 ] || ! kill -9 "${kids[RANDOM % ${#kids[@]}]}" 2>/dev/null ||
			kills=$((kills + 1))
		sleep 0.03
	done
	wait $pid
	cmp out long.nnt
	[ $kills -ge 3 ]
	grep -q '^nn-train: worker [123]: .*killed by signal 9' err
	run ! grep -v '^nn-train: worker [123]: ' err
}

@test "a hundred workers killed at random, behind pipes, each with a task more in hand" {
	local kills=0 kids
	$TRAIN -e 500 -w 3 --worker 'exec nn-grad --pace 0.00004' --assign static --shards 8 \
		--retries 100 start.nnt all.nnt >out 2>err 3>&- &
	local pid=$!
	pids=$pid
	while [ $kills -lt 100 ] && kill -0 $pid 2>/dev/null; do
		kids=($(workers_of $pid))
		[ ${#kids[@]} -eq 0 ] || ! kill -9 "${kids[RANDOM % ${#kids[@]}]}" 2>/dev/null ||
			kills=$((kills + 1))
		sleep 0.05
	done
	wait $pid
	cmp out long.nnt
	[ $kills -ge 100 ]
	run ! grep -v '^nn-train: worker [123]: ' err
}

@test "the coordinator killed and resumed, with other numbers of workers" {
	local n pid kids=
	for n in 1 3 2 4; do
		$TRAIN -e 500 -w $n --shards 8 --every 7 -c ck --resume start.nnt all.nnt \
			-o out 2>>err 3>&- &
		pid=$!
		sleep 0.25
		kids="$kids $(workers_of $pid)"
		kill -9 $pid 2>/dev/null || :
		wait $pid 2>/dev/null || :
	done
	gone $kids
	nn-info ck | grep -q '^frame 1: state'
	$TRAIN -e 500 -w 2 -c ck --resume start.nnt all.nnt | cmp - long.nnt
	# It is done: once more gives the same at once.
	$TRAIN -e 500 -c ck --resume start.nnt all.nnt | cmp - long.nnt
	[ ! -e ck.lock ]
}

@test "TERM, USR1 and INT finish the step, write the checkpoint and exit 4" {
	local signal rc pid kids
	for signal in TERM USR1 INT; do
		rm -f ck out
		# A shell without job control has its background jobs ignore INT.
		env --default-signal=INT $TRAIN -e 500 -w 2 --shards 8 -c ck start.nnt all.nnt -o out \
			2>err 3>&- &
		pid=$!
		sleep 0.2
		kids=$(workers_of $pid)
		kill -$signal $pid
		rc=0
		wait $pid || rc=$?
		cat err
		assert_equal "$signal $rc" "$signal 4"
		grep -q "^nn-train: stopped by signal .* after step [0-9]*: --resume goes on from ck$" err
		[ "$(wc -l <err)" -eq 1 ]
		gone $kids
		[ ! -e out ]
		$TRAIN -e 500 -c ck --resume start.nnt all.nnt | cmp - long.nnt
	done
}

@test "a checkpoint has one writer" {
	$TRAIN -e 1000000 -w 1 --shards 8 -c ck start.nnt all.nnt >/dev/null 3>&- 2>&1 &
	local pid=$!
	pids=$pid
	await '[ -s ck.lock ]'
	fails 4 "ck: is in use by process $pid on $(hostname)" $TRAIN -c ck --resume start.nnt all.nnt
	kill -9 $pid
	wait $pid || :
	$TRAIN -c ck start.nnt all.nnt >out
	cmp <(nn-info ck | grep -o 'id [0-9a-f]*' | head -n 1) <(nn-info out | grep -o 'id [0-9a-f]*')
	fails 2 "ck: is there already" $TRAIN -c ck start.nnt all.nnt
}

@test "resuming keeps what the run was begun with" {
	$TRAIN -s 5 --steps 3 -w 1 --shards 4 --by cyclic -c ck start.nnt all.nnt >out
	fails 2 "--shards 2, but ck was begun with 4" nn-train --shards 2 -c ck --resume start.nnt all.nnt
	fails 2 "--batch 64, but ck was begun with 256" nn-train -b 64 -c ck --resume start.nnt all.nnt
	fails 2 "--by block, but ck" nn-train --by block -c ck --resume start.nnt all.nnt
	fails 2 "--seed 6, but ck was begun with 5" nn-train -s 6 -c ck --resume start.nnt all.nnt
	fails 2 "--local-steps 2, but ck was begun without" nn-train --local-steps 2 -c ck --resume start.nnt all.nnt
	nn-train -w 1 -b 256 --local-steps 2 -n 4 -c local start.nnt all.nnt >out
	fails 2 "--sync, but local was begun with --local-steps 2" nn-train --sync -c local --resume start.nnt all.nnt
	fails 2 "--async, but local was begun" nn-train --async -c local --resume start.nnt all.nnt
	nn-import -t 1 <(gzip -dc "$examples/digits/digits.csv.gz" | head -n 1790) -o fewer.nnt
	fails 1 "the data have 1790 rows, but ck was begun with 1797" nn-train -c ck --resume start.nnt fewer.nnt
	nn-train --steps 9 -c ck --resume start.nnt all.nnt >resumed
	$TRAIN -s 5 --steps 9 -w 1 --shards 4 --by cyclic start.nnt all.nnt | cmp - resumed
	nn-update --lr 0.1 start.nnt <(nn-grad -m start.nnt all.nnt) -o other
	fails 1 "other: is no checkpoint of nn-train" nn-train -c other --resume start.nnt all.nnt
}

@test "hosts by ssh, mixed with workers here, one of them unlike" {
	local kernel
	kernel=$(other_kernel all.nnt)
	{
		hosts_begin "$PWD/hosts" && host_start host-a &&
			host_start host-b ${kernel:+"OPENBLAS_CORETYPE=$kernel"}
	} 3>&- || skip "$hosts_why"
	cp all.nnt "hosts/host-a/all.nnt"
	cp all.nnt "hosts/host-b/all.nnt"
	PATH=${PATH#"$hosts/bin:"}
	local ssh="ssh -F $hosts/ssh_config"
	$TRAIN -e 3 --ssh "$ssh" -S 2/host-a,host-b --shards 4 --by random start.nnt all.nnt |
		cmp - short.nnt
	printf '%s\n' '# hosts' "1/$ssh host-a" '' 'host-b # the other' '1/:' >list
	$TRAIN -e 3 --ssh "$ssh" --sshloginfile list --shards 4 --by random start.nnt all.nnt |
		cmp - short.nnt
	$TRAIN -e 3 --ssh "$ssh" -S 2/host-a,host-b --compress always --log less --shards 4 --by random start.nnt all.nnt |
		cmp - short.nnt
	$TRAIN -e 3 --ssh "$ssh" -S 2/host-a,host-b --compress never --log more --shards 4 --by random start.nnt all.nnt -o x
	fails 2 "--compress is for lines to others" $TRAIN --compress always start.nnt all.nnt
	fails 4 "worker 1 on host-a: no-grad not found on host-a" \
		$TRAIN --ssh "$ssh" -S host-a --remote-tool no-grad start.nnt all.nnt
	rm hosts/host-b/all.nnt
	fails 1 "worker 1 on host-b: all.nnt: cannot open" $TRAIN --ssh "$ssh" -S host-b start.nnt all.nnt
	$TRAIN -e 3 --ssh "$ssh" --assign static -S host-b,host-a \
		--shards 4 --by random start.nnt all.nnt 2>err |
		cmp - short.nnt
	grep -q "^nn-train: worker 1 on host-b: all.nnt: cannot open: .*; no more tasks go to host-b$" err
	[ "$(wc -l <err)" -eq 1 ]
	fails 4 "worker 1 on nowhere: cannot reach nowhere: " \
		$TRAIN --retries 0 --ssh "$ssh" -S nowhere start.nnt all.nnt
}

# A command like ssh that stays here, and writes down where it should have gone.
fake_ssh() {
	printf '%s\n' '#!/bin/sh' 'while [ $# -gt 2 ]; do shift; done' "echo \$1 >>$PWD/went" \
		'exec sh -c "$2"' >ssh
	chmod +x ssh
}

@test "hosts as mpirun, PBS and Slurm list them" {
	local remote
	remote=$(command -v nn-grad)
	fake_ssh
	printf '%s\n' '# mpirun' 'alice slots=2 max_slots=4' 'me@bob  slots=1 ' '' ': slots=1' >mpi
	printf '%s\n' node7 node9 node7 node7 >pbs
	$TRAIN -e 500 --ssh ./ssh --remote-tool "$remote" --sshloginfile mpi --shards 8 \
		start.nnt all.nnt | cmp - long.nnt
	assert_equal "$(sort went | xargs)" "alice alice me@bob"
	rm went
	$TRAIN -e 500 --ssh ./ssh --remote-tool "$remote" --sshloginfile - --shards 8 \
		start.nnt all.nnt <pbs | cmp - long.nnt
	assert_equal "$(sort went | xargs)" "node7 node7 node7 node9"
	fails 2 "hosts and model cannot both come on standard input" \
		nn-train --sshloginfile - - all.nnt
	echo '-oProxyCommand=x slots=2' >bad
	fails 2 'bad: "-oProxyCommand=x" is no host: ssh would take it for an option' \
		nn-train --sshloginfile bad start.nnt all.nnt
	fails 2 "alice/2: how many workers stands before the host" $TRAIN -S alice/2 start.nnt all.nnt
	echo 'alice slots=many' >bad
	fails 2 "bad: many workers on alice: 1 to 4096" nn-train --sshloginfile bad start.nnt all.nnt
}

@test "a worker that dies, hangs, speaks garbage, stops early or mid-frame: another takes its task" {
	local what text
	while IFS='^' read -r what text; do
		bad_worker "$what"
		$TRAIN -e 3 -w 2 --worker 'exec sh worker.sh' --timeout 1 --retries 2 --assign static \
			--shards 4 --by random start.nnt all.nnt >out 2>err
		cmp out short.nnt
		grep -qF -- "$text" err || { echo "wanted '$text' for $what"; cat err; return 1; }
		run ! grep -v '^nn-train: worker 1: ' err
	done <<-'EOF'
		kill -9 $$^worker 1: killed by signal 9 (Killed); it starts again in 0.1 s
		exec sleep 60^worker 1: nothing came for 1 s (--timeout)
		echo Welcome; sleep 9^worker 1: frame 0, byte 0: no frame here, but "Welcome\n" (a text?
		echo oh dear >&2; exit 7^worker 1: exit status 7: oh dear
		exit 0^worker 1: empty: not even an END frame came
		mkfifo $$; nn-grad "$@" <&0 >$$ & exec head -c 3000 <$$^another takes it, and this one starts again in 0.1 s
	EOF
}

@test "an answer to another task, of another model" {
	cat >record.sh <<-'EOF'
		nn-grad "$@" | tee record
	EOF
	$TRAIN -s 1 --steps 2 -w 1 --shards 4 --worker 'sh record.sh' start.nnt all.nnt >out
	bad_worker 'cat record; sleep 9'
	$TRAIN -s 2 --steps 2 -w 1 --shards 4 start.nnt all.nnt >want
	$TRAIN -s 2 --steps 2 -w 2 --shards 4 --assign static --worker 'sh worker.sh' --retries 9 \
		start.nnt all.nnt >out 2>err
	cmp out want
	grep -q 'worker 1: step 0, shard 0: it answered another task: seed 1, not 2; another takes it' err
	fails 4 'that was try 1, and the last (--retries)' $TRAIN -s 2 -w 1 --shards 4 \
		--worker 'sh worker.sh' --retries 0 start.nnt all.nnt
}

@test "a worker that stops in the middle" {
	$TRAIN -e 500 -w 2 --shards 8 --timeout 1 start.nnt all.nnt >out 2>err 3>&- &
	local pid=$!
	sleep 0.2
	kill -STOP "$(workers_of $pid | head -n 1)"
	wait $pid
	cmp out long.nnt
	grep -q 'nothing came for 1 s (--timeout); another takes it' err
}

@test "another version is refused" {
	"$builddir/tests/tool/frames" hello version=0.0 >hello
	bad_worker 'cat hello; sleep 9'
	fails 1 "its sh worker.sh is of version 0.0, this program of version " \
		$TRAIN -w 1 --worker 'sh worker.sh' start.nnt all.nnt
}

@test "no worker can be started: exit 4, and the checkpoint is there" {
	cat >worker.sh <<-'EOF'
		[ ! -e stop ] || exit 3
		exec nn-grad "$@"
	EOF
	$TRAIN -e 500 -w 2 --shards 8 -c ck --retries 1 --worker 'sh worker.sh' start.nnt all.nnt \
		>out 2>err 3>&- &
	local pid=$! rc=0
	sleep 0.2
	: >stop
	kill -9 $(workers_of $pid)
	wait $pid || rc=$?
	assert_equal $rc 4
	tail -n 1 err | grep -qE '(no worker is left|and the last \(--retries\)); --resume goes on after step [0-9]+$'
	rm stop
	$TRAIN -e 500 -c ck --resume start.nnt all.nnt | cmp - long.nnt
}

@test "NaN: the numbers are bad, exit 1" {
	local workers clip wrong='the loss is nan: the first tensor that went wrong is what comes out of layer [0-9] [a-z]+, where row [0-9]+ \(from 0\) has -?(inf|nan)'
	local hint='a smaller --lr, --warmup or --clip may help'
	for workers in 1 2; do
		for clip in 0 1; do
			fails 1 "$hint" nn-train -w $workers --lr 1e29 --shards 4 --clip $clip -e 9 start.nnt all.nnt
			grep -qE "^nn-train: step 1, shard [0-3]: $wrong.*$hint" err
		done
	done
	# Without shared memory, who said so is put to another first.
	local rc=0
	nn-train -w 2 --lr 1e29 --shards 4 -e 9 --worker nn-grad start.nnt all.nnt >out 2>err || rc=$?
	assert_equal $rc 1
	tail -n 1 err | grep -qE "^nn-train: (worker [12]: )?step 1, shard [0-3]: $wrong.*$hint"
	# By hand, whoever gets the gradient decides.
	nn-grad -b 64 -m start.nnt all.nnt | nn-update --lr 1e29 start.nnt >far.nnt
	nn-grad -b 64 -m far.nnt all.nnt >grad.nnt 2>err
	grep -qE "^nn-grad: step 1, shard 0: $wrong" err
	nn-info grad.nnt | grep -q 'mean loss nan'
}

@test "no worker is left behind, however the coordinator ends" {
	local signal pid kids
	for signal in KILL HUP; do
		$TRAIN -e 1000000 -w 3 --shards 8 start.nnt all.nnt >/dev/null 2>&1 3>&- &
		pid=$!
		sleep 0.2
		kids=$(workers_of $pid)
		[ "$(wc -w <<<"$kids")" -eq 3 ]
		kill -$signal $pid
		wait $pid || :
		gone $kids
	done
}

@test "a log is appended to nothing else" {
	cp start.nnt model.nnt
	fails 1 "model.nnt: is no log of nn-train" $TRAIN --log model.nnt model.nnt all.nnt
	cmp start.nnt model.nnt
	echo a,b >houses.csv
	fails 1 "houses.csv: is no log of nn-train" $TRAIN --log houses.csv start.nnt all.nnt
	assert_equal "$(cat houses.csv)" a,b
	fails 2 "--log and --output are one file" $TRAIN --log x -o x start.nnt all.nnt
	fails 2 "--log and --checkpoint are one file" $TRAIN --log x -c x start.nnt all.nnt
	[ ! -e x ]
}

@test "a log of a run that was killed and resumed has steps twice, with the same loss" {
	$TRAIN --steps 4 -w 1 -c run.nnt --log log start.nnt all.nnt -o out
	cp run.nnt then.nnt
	$TRAIN --steps 8 -w 1 -c run.nnt --resume --log log start.nnt all.nnt -o out
	# As if it had been killed before its next checkpoint.
	cp then.nnt run.nnt
	$TRAIN --steps 8 -w 1 -c run.nnt --resume --log log start.nnt all.nnt -o out
	assert_equal "$(tail -n +2 log | cut -f 1 | xargs)" "1 2 3 4 5 6 7 8 5 6 7 8"
	assert_equal "$(tail -n +2 log | cut -f 1,4 | sort -u | wc -l)" 8
}

@test "validation and log" {
	nn-shard --sets --by random --weights 8,2 -o 'part-%d.nnt' all.nnt
	$TRAIN -e 3 -w 1 --valid part-1.nnt --log log start.nnt part-0.nnt >model
	assert_equal "$(head -n 1 log)" "$(
		printf 'step\tepoch\ttime\tloss\tlr\tmetric\tsamples/s\tbytes\tworker_seconds\tretries')"
	[ "$(wc -l <log)" -eq $((1 + 3 * 6)) ]
	assert_equal "$(tail -n 1 log | cut -f 6)" "$(nn-eval --only accuracy -m model part-1.nnt)"
	assert_equal "$(awk -F '\t' '$6 != ""' log | wc -l)" 4
	$TRAIN -e 3 -w 1 start.nnt part-0.nnt | cmp - model
}

@test "the kernel is named, and workers follow it" {
	local kernel
	nn-init --mlp 64,16,10 --seed 3 --data all.nnt -o any
	$TRAIN -w 1 any all.nnt >own
	nn-info own | grep -q "kernel: $(nn-info --build | sed -n 's/^matrix kernel: *//p')"
	kernel=$(other_kernel all.nnt)
	[ -n "$kernel" ] || skip "this processor has one kernel"
	$TRAIN -w 2 --shards 4 any all.nnt >want
	$TRAIN -w 2 --shards 4 --worker "OPENBLAS_CORETYPE=$kernel nn-grad" any all.nnt | cmp - want
	OPENBLAS_CORETYPE=$kernel $TRAIN -w 1 any all.nnt >other
	nn-info other | grep -q "kernel: .*$kernel"
}

@test "default shards, and what is said of a run" {
	local batch shards
	while read -r batch shards; do
		nn-train -v -b $batch --steps 1 start.nnt all.nnt 2>err >/dev/null
		grep -q "^nn-train: 1797 rows in $shards shards, " err || { cat err; return 1; }
	done <<-'EOF'
		1 1
		64 1
		127 1
		128 2
		256 4
		1000 8
		1023 8
		1024 16
		1797 16
		0 16
	EOF
	nn-train -w 1 --steps 1 start.nnt all.nnt 2>err >out
	[ ! -s err ]
	nn-train -w 1 --shards 16 --steps 1 start.nnt all.nnt | cmp - out
}

@test "bad data and usage" {
	fails 1 "nn-train: missing: cannot open" nn-train -w 3 start.nnt missing
	fails 1 "nn-train: start.nnt: " nn-train -w 3 start.nnt start.nnt
	fails 1 "even-0.nnt is one of 4 shards: give all of them" nn-train start.nnt even-0.nnt
	fails 1 "even-0.nnt and even-0.nnt are both shard 0 of 4" \
		nn-train start.nnt even-0.nnt even-0.nnt even-2.nnt even-3.nnt
	fails 1 "is a shard" nn-train start.nnt even-0.nnt all.nnt
	fails 2 "too few for 90 steps an epoch" nn-train --shards 100 -b 20 start.nnt all.nnt
	fails 2 "which model?" nn-train
	fails 2 "which data?" nn-train start.nnt
	fails 4 "stdin: empty" nn-train start.nnt - </dev/null
	fails 2 "either --epochs or --steps" nn-train -e 1 -n 1 start.nnt all.nnt
	fails 2 "either --workers or --sshlogin" nn-train -w 1 -S a start.nnt all.nnt
	fails 2 "either --worker or --sshlogin" nn-train --worker x -S a start.nnt all.nnt
	fails 2 "--every and --resume need --checkpoint" nn-train --every 1 start.nnt all.nnt
	fails 2 "cut one file" nn-train --shards 2 start.nnt even-0.nnt even-1.nnt
	fails 2 '"-oProxyCommand=x" is no host' nn-train -S -oProxyCommand=x start.nnt all.nnt
	fails 2 '"" is no host' nn-train -S a,,b start.nnt all.nnt
	fails 2 "0 workers on a: 1 to 4096" nn-train -S 0/a start.nnt all.nnt
	fails 1 "there are no hosts in it" nn-train --sshloginfile /dev/null start.nnt all.nnt
	fails 2 "the checkpoint cannot be the output too" nn-train -c x -o x start.nnt all.nnt
	fails 2 "go with --worker" nn-grad --kernel x all.nnt
	fails 2 "go with --worker" nn-grad --pace 1 all.nnt
	fails 2 "--worker goes with" nn-grad --worker -b 3 all.nnt
}
