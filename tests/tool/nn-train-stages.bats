# nn-train --stages: the layers shared out over processes, to the bits of one that has all of them.
load common

setup_file() {
	load common
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$examples/digits/digits.csv.gz" -o all.nnt
	nn-shard -n 3 -o 's%d.nnt' all.nnt
	nn-init --mlp 64,40,30,10 --kernel auto -s 3 -d all.nnt -o start.nnt
	cat >images.json <<-'END'
	{ "input": [1, 8, 8], "layers": [ { "type": "conv2d", "filters": 6, "kernel": 3, "padding": 1 },
	  { "type": "batch_norm" }, { "type": "relu" }, { "type": "dropout", "rate": 0.1 },
	  { "type": "residual", "layers": [ { "type": "conv2d", "filters": 8, "kernel": 3, "padding": 1 },
	    { "type": "batch_norm" } ], "shortcut": [ { "type": "conv2d", "filters": 8, "kernel": 1 } ] },
	  { "type": "global_avg_pool" }, { "type": "dense", "units": 10 } ], "loss": "cross_entropy" }
	END
	nn-init -s 3 -d all.nnt images.json -o images.nnt
}

teardown() {
	[ -z "${pids:-}" ] || kill $pids 2>/dev/null || true
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
}

# same OPTIONS... -- WAY...: model and checkpoint of the run are those of one worker.
same() {
	local common=()
	while [ "$1" != -- ]; do common+=("$1"); shift; done
	shift
	[ "${common[*]}" = "${last[*]}" ] || {
		rm -f want.ck
		nn-train -w 1 "${common[@]}" -c want.ck -o want.nnt
		last=("${common[@]}")
	}
	rm -f got.ck
	timeout 120 nn-train "$@" "${common[@]}" -c got.ck -o got.nnt
	cmp got.nnt want.nnt
	cmp got.ck want.ck
}

@test "1 to 5 stages: the model and the checkpoint of one worker" {
	for n in 1 2 3 4 5; do
		same --shards 4 -b 100 -n 9 -O adam --clip 0.5 start.nnt all.nnt -- --stages $n
	done
	for n in 2 4 7; do
		same --shards 3 -b 120 -n 5 -O momentum images.nnt all.nnt -- --stages $n
	done
}

@test "each optimizer, with schedules" {
	for optimizer in sgd momentum nesterov adagrad rmsprop adam adamw; do
		same --shards 2 -b 200 -n 5 -O $optimizer --lr 0.01 --schedule cosine:5 --warmup 2 start.nnt all.nnt -- --stages 3
	done
}

@test "--recompute, files as shards, other cuts, a shard alone" {
	same --shards 3 -b 100 -n 4 images.nnt all.nnt -- --stages 3 --recompute
	same -b 90 -n 4 images.nnt s2.nnt s0.nnt s1.nnt -- --stages 2
	same --shards 3 --by random --shard-seed 4 -b 90 -n 4 start.nnt all.nnt -- --stages 2
	same --shards 1 -b 64 -n 4 start.nnt all.nnt -- --stages 4
	timeout 60 nn-train --stages 2 --shards 1 -b 64 -n 4 start.nnt - <all.nnt | cmp - want.nnt
}

@test "several pipelines: the same bits" {
	for grid in "1 2" "2 2" "2 3" "3 5"; do
		same --shards 5 -b 100 -n 5 -O adam --clip 0.5 images.nnt all.nnt -- --stages ${grid% *} -w ${grid#* }
	done
	fails 2 "--workers 6: more pipelines than the 5 shards" nn-train --stages 2 -w 6 --shards 5 start.nnt all.nnt
}

@test "a run goes on with other stages, or without, to the same bits" {
	nn-train -w 1 --shards 4 -b 100 -e 2 -O adam start.nnt all.nnt -o want.nnt
	go="--shards 4 -b 100 -O adam -c ck --resume start.nnt all.nnt"
	timeout 60 nn-train --stages 2 -n 5 $go -o part.nnt
	timeout 60 nn-train --stages 3 -n 11 $go -o part.nnt
	nn-train -w 2 -n 20 $go -o part.nnt
	timeout 60 nn-train --stages 4 -w 2 -e 2 $go | cmp - want.nnt
}

@test "checkpoints meanwhile, and a signal: a run that is stopped goes on" {
	nn-train -w 1 --shards 4 -b 100 -e 60 -O adam start.nnt all.nnt -c whole.ck -o want.nnt
	run="nn-train --stages 2 --shards 4 -b 100 -e 60 -O adam -c ck --every 7 --resume start.nnt all.nnt -o got.nnt"
	$run 2>err &
	pid=$!
	await '[ -e ck ]'
	[ $(($(nn-info --json ck | jq -s '.[0].step') % 7)) = 0 ]
	kill -TERM $pid
	rc=0
	wait $pid || rc=$?
	[ $rc = 4 ]
	grep -q "^nn-train: stopped by signal 15 (Terminated) after step [0-9]*: --resume goes on from ck" err
	[ ! -e got.nnt ]
	$run
	cmp got.nnt want.nnt
	cmp ck whole.ck
}

# strike SIGNAL VICTIM PATTERN COMMAND...: the stage that is called so gets the signal once there is a checkpoint;
# the run ends with 4 and one line, the checkpoint is whole, and no stage is left.
strike() {
	rm -f ck
	"${@:4}" 2>err &
	pid=$!
	await '[ -e ck ]'
	kill -"$1" $(pgrep -P $pid -f "nn-stage $2")
	rc=0
	wait $pid || rc=$?
	[ $rc = 4 ]
	[ "$(wc -l <err)" = 1 ]
	grep -q "^nn-train: $3; --resume goes on after step [0-9]*$" err
	nn-info --verify ck >said
	[ -z "$(pgrep -P $pid)" ]
}

@test "a stage that dies: which, exit 4; the checkpoint is whole, and from there the same bits" {
	nn-train -w 1 --shards 4 -b 100 -e 60 -O adam start.nnt all.nnt -o want.nnt
	run="nn-train --stages 3 --shards 4 -b 100 -e 60 -O adam -c ck --every 5 start.nnt all.nnt -o got.nnt"
	for victim in 0/3 1/3 2/3; do
		strike KILL ".* $victim" "stage ${victim%/3} of 3 (layers .:.) ended: killed by signal 9 (Killed)" $run
		$run --resume
		cmp got.nnt want.nnt
	done
	strike KILL ".*--leader .* 1/3" "stage 1 of 3 of pipeline 1 (layers .:.) ended: killed by signal 9 (Killed)" $run -w 2
}

@test "a stage that hangs: after --timeout, which it was; exit 4" {
	run="nn-train --stages 3 --shards 4 -b 100 -e 100000 -c ck --every 5 --timeout 1 start.nnt all.nnt -o got.nnt"
	hung="hung: it did not even end when told, and was killed"
	strike STOP ".* 0/3" "stage 0 of 3 (layers .:.) $hung" $run
	strike STOP ".* 1/3" "stage 1 of 3 (layers .:.) $hung" $run
	# Whoever waits for it in the other pipeline is not to blame.
	strike STOP ".*--leader .* 2/3" "stage 2 of 3 of pipeline 1 (layers .:.) $hung" $run -w 2
	strike STOP ".*--group .* 0/3" "stage 0 of 3 of pipeline 0 (layers .:.) $hung" $run -w 2
	fails 2 "--timeout auto does not go with --stages: a number of seconds does" $run --timeout auto
}

@test "a coordinator that is killed takes its stages along" {
	nn-train --stages 2 --shards 4 -b 100 -e 100000 start.nnt all.nnt -o got.nnt &
	pid=$!
	await '[ "$(pgrep -c -P $pid)" = 2 ]'
	stages=$(pgrep -P $pid)
	kill -9 $pid
	wait $pid || true
	await '! kill -0 $stages 2>/dev/null'
}

@test "a model that does not fit one process trains in stages that do" {
	[ "${SANITIZERS:-no}" != yes ] || skip "the sanitizers need memory of their own"
	hidden='{ "type": "dense", "units": 2000, "bias": false }, { "type": "relu" },'
	cat >deep.json <<-END
	{ "input": [64], "layers": [ $hidden $hidden $hidden $hidden $hidden $hidden $hidden
	  { "type": "dense", "units": 10 } ], "loss": "cross_entropy" }
	END
	# 97 MB of parameters, 193 MB of state, and gradients.
	nn-init -s 3 -d all.nnt deep.json -o deep.nnt
	run="--shards 1 -b 32 -n 2 -O adam deep.nnt all.nnt"
	nn-train -w 1 -c want.ck $run -o want.nnt
	# A stage of two such layers has 32, 64 and 32 MB, OpenBLAS 128.
	ulimit -v 400000
	fails 4 "emory" nn-train -w 1 -c got.ck $run -o got.nnt
	rm -f got.ck
	timeout 120 nn-train --stages 4 -c got.ck $run -o got.nnt
	cmp got.nnt want.nnt
	cmp got.ck want.ck
}

@test "numbers that are none: which stage, and what went wrong" {
	fails 1 "stage 1 of 2 (layers 1:5): step 1, shard 0: the loss is nan: the first tensor that went wrong is" \
		timeout 60 nn-train --stages 2 --shards 2 -b 100 -n 9 --lr 1e25 start.nnt all.nnt
}

@test "shards of very unlike sizes: what is on its way has the room that the next one wants" {
	head -n 61 <(zcat "$examples/digits/digits.csv.gz") | nn-import -t 1 -o few.nnt
	nn-shard -n 4 --weights 1,4,15,40 -o 'few-%d.nnt' few.nnt
	nn-init "$BATS_FILE_TMPDIR/images.json" --kernel auto -d few.nnt -o unlike.nnt
	nn-train -w 1 -n 5 unlike.nnt few-?.nnt -o one.nnt
	for stages in 2 3; do
		nn-train --stages $stages -n 5 unlike.nnt few-?.nnt -o out.nnt
		cmp out.nnt one.nnt
	done
}

@test "a checkpoint that cannot be written in the end: the model is there, and the status is 4" {
	mkdir kept
	(
		ulimit -f 8
		fails 4 "the model is put out all the same" \
			nn-train --stages 2 -n 3 --shards 4 start.nnt all.nnt -c kept/run.ck -o /dev/null
	)
	[ -z "$(ls kept/*.ck kept/*.part 2>/dev/null)" ]
}

@test "the bubble is told, and logged" {
	nn-train -v --stages 2 --shards 4 -b 100 -n 5 --log log start.nnt all.nnt -o got.nnt 2>err
	grep -q "^nn-train: 1 pipeline of 2 stages: layers 0:1, 1:5; the largest has .* % of the arithmetic" err
	grep -q "^nn-train: bubble: the stages had nothing to do for .* % of the time (at best .* %: more --shards make it less)" err
	# m micro-batches behind one another through the larger stage, the last through both.
	awk '/the largest has/ { l = $(NF - 4) / 100 } /at best/ { sub(/.*at best /, ""); best = $1 / 100 }
		END { want = 1 - 4 / (2 * (4 * l + 1 - l)); exit !(l >= 0.5 && best > want - 0.01 && best < want + 0.01) }' err
	[ "$(head -n 1 log | tr '\t' '\n' | tail -n 1)" = bubble ]
	[ "$(awk -F '\t' 'NR > 1 && $11 > 0 && $11 < 1 && split($9, a, ",") == 2' log | wc -l)" = 5 ]
	nn-plot -y loss,bubble log >picture
}

# Hosts that are commands here: what they do is said by words between -x and the host.
fake_ssh() {
	printf '%s\n' '#!/bin/sh' 'for host; do shift; [ $# -gt 1 ] || break; done' \
		'case $host in' 'nowhere) echo "no route to nowhere" >&2; exit 255 ;;' \
		'noisy) echo "Welcome to this fine machine, which has much to say" ;;' \
		'slow) sh -c "$1" | while dd bs=3000 count=1 2>/dev/null >piece && [ -s piece ]; do' \
		'cat piece; sleep 0.005; done; exit ;;' \
		'esac' 'echo $host >>went' 'exec sh -c "$1"' >ssh
	chmod +x ssh
	far="--ssh ./ssh --remote-tool $(command -v nn-grad)"
}

@test "ssh: stages on two hosts, and mixed with those here: the same bits" {
	. "$examples/ssh/hosts.sh"
	bin=$(dirname "$(command -v nn-grad)")
	pids=
	{ hosts_begin "$PWD/hosts" && host_start host-a && host_start host-b; } 3>&- || skip "$hosts_why"
	cp -L all.nnt hosts/host-a/all.nnt
	cp -L all.nnt hosts/host-b/all.nnt
	local ssh="ssh -F $hosts/ssh_config"
	run=(--shards 4 -b 100 -n 9 -O adam --clip 0.5 images.nnt all.nnt -- --ssh "$ssh")
	same "${run[@]}" --stages 2 -S host-a,host-b
	same "${run[@]}" --stages 3 -S 2/host-a,host-b
	same "${run[@]}" --stages 3 -S host-b,:,host-a
	same "${run[@]}" --stages 2 -S :,host-b --recompute
	same "${run[@]}" --stages 2 -w 2 -S 2/host-a,2/host-b
	same "${run[@]}" --stages 2 -w 2 -S :,2/host-a,host-b
	printf '%s\n' 'host-a slots=3' ': slots=1' >list
	same "${run[@]}" --stages 2 -w 2 --sshloginfile list
	# On with other stages, elsewhere.
	nn-train -w 1 --shards 4 -b 100 -e 2 -O adam start.nnt all.nnt -o want.nnt
	go=(--shards 4 -b 100 -O adam -c ck --resume start.nnt all.nnt --ssh "$ssh")
	nn-train --stages 2 -n 5 "${go[@]}" -S host-a,host-b -o part.nnt
	nn-train --stages 3 -n 11 "${go[@]}" -S :,2/host-b -o part.nnt
	nn-train --stages 2 -n 20 "${go[@]}" -o part.nnt
	nn-train --stages 2 -w 2 -e 2 "${go[@]}" -S 3/host-b,host-a | cmp - want.nnt
	# A stage that is killed there, and the way on.
	nn-train -w 1 --shards 4 -b 100 -e 60 -O adam start.nnt all.nnt -o want.nnt
	for victim in 0/3 2/3; do
		rm -f ck
		go=(nn-train --stages 3 --ssh "$ssh" -S host-a,:,host-b --shards 4 -b 100 -e 60 -O adam -c ck --every 5
			start.nnt all.nnt -o got.nnt)
		"${go[@]}" 2>err &
		pid=$!
		await '[ -e ck ]'
		kill -9 $(ps -eo pid,args | awk -v v=" $victim" -v top="$bin" '$2 ~ /nn-stage$/ && /--mux/ && index($0, v) { print $1 }')
		rc=0
		wait $pid || rc=$?
		cat err
		[ $rc = 4 ]
		[ "$(wc -l <err)" = 1 ]
		grep -q "^nn-train: stage ${victim%/3} of 3 (layers .:.) on host-[ab]: it was killed, or the line cut, to host-[ab]; --resume goes on after step [0-9]*$" err
		"${go[@]}" --resume
		cmp got.nnt want.nnt
	done
	fails 4 "stage 1 of 2 (layers 1:5) on host-b: no-stage not found on host-b" \
		nn-train --stages 2 --ssh "$ssh" --remote-tool no-stage -S :,host-b start.nnt all.nnt
	fails 4 "stage 0 of 2 (layers 0:1) on nowhere: cannot reach nowhere: " \
		nn-train --stages 2 --ssh "$ssh" -S nowhere,: start.nnt all.nnt
	rm hosts/host-b/all.nnt
	fails 1 "stage 0 of 2 (layers 0:1) on host-b: all.nnt: cannot open" \
		nn-train --stages 2 --ssh "$ssh" -S host-b,: start.nnt all.nnt
	cp s0.nnt hosts/host-b/all.nnt
	fails 1 "stage 0 of 2 (layers 0:1) on host-b: its data have 599 rows, but those here 1797" \
		nn-train --stages 2 --ssh "$ssh" -S host-b,: start.nnt all.nnt
}

@test "hosts that are wrong: which, and one line" {
	fake_ssh
	stages="nn-train --stages 2 $far --shards 4 -b 100 -n 9"
	same --shards 4 -b 100 -n 9 start.nnt all.nnt -- --stages 2 $far -S alice,bob
	[ "$(sort went | xargs)" = "alice bob" ]
	same --shards 4 -b 100 -n 9 start.nnt all.nnt -- --stages 2 $far -S :,slow
	fails 2 "the hosts are to have as many slots, but have 3" $stages -S 3/alice start.nnt all.nnt
	fails 2 "--stages 2 of 2 pipelines: the hosts are to have as many slots, but have 3" \
		$stages -w 2 -S 2/alice,bob start.nnt all.nnt
	fails 2 "alice:all.nnt: with --stages the data are where the first stages are, and here" \
		$stages -S alice,bob start.nnt alice:all.nnt
	fails 4 "stage 1 of 2 (layers 1:5) on nowhere: cannot reach nowhere: no route to nowhere" \
		timeout 60 $stages -S alice,nowhere start.nnt all.nnt
	fails 1 "stage 1 of 2 (layers 1:5) on noisy: noisy: what comes is not its lines" \
		timeout 60 $stages -S alice,noisy start.nnt all.nnt
	fails 2 "data on standard input: the first stage, on alice, reads files" \
		$stages -S alice,: start.nnt - <all.nnt
	$stages -S :,alice start.nnt - <all.nnt | cmp - want.nnt
	fails 1 "stage 1 of 2 (layers 1:5) on alice: step 1, shard 0: the loss is nan" \
		timeout 60 $stages --lr 1e25 -S :,alice start.nnt all.nnt
}

@test "a coordinator that is killed takes stages elsewhere along" {
	fake_ssh
	nn-train --stages 2 $far -S alice,bob --shards 4 -b 100 -e 100000 start.nnt all.nnt -o got.nnt &
	pid=$!
	await '[ "$(pgrep -c -P $pid)" = 2 ]'
	stages=$(pgrep -P $pid)
	sleep 0.3
	kill -9 $pid
	wait $pid || true
	await '! kill -0 $stages 2>/dev/null'
}

@test "what does not go with stages is refused, and what to do instead" {
	refused() {
		fails 2 "$1 does not go with --stages: $2" nn-train --stages 2 "${@:3}" start.nnt all.nnt
	}
	refused --valid "no process has the whole model: try checkpoints with nn-eval" --valid all.nnt
	refused --worker "its stages are processes here, on hosts by ssh (--sshlogin), or ranks of MPI" --worker nn-grad
	refused --send "the first stage reads files" --send -S 2/:
	refused --compress "what passes between stages is not compressed" --compress always -S 2/:
	refused --async "each step is one of all shards" --async
	refused --local-steps "each step is one of all shards" --local-steps 3
	refused --assign "each pipeline has its share" --assign static
	refused --quorum "a stage that fails ends the run" --quorum 1
	refused --journal "nn-info --journal" --journal x
	refused --print "nn-stage(1) shows it by hand" --print
	fails 2 "MODEL on standard input does not go with --stages" nn-train --stages 2 - all.nnt <start.nnt
	fails 2 "--stages 0: nothing would be trained" nn-train --stages 0 start.nnt all.nnt
	fails 2 "--recompute goes with --stages" nn-train --recompute start.nnt all.nnt
	fails 2 "--stages 6: the network has only 5 layers to be shared out" nn-train --stages 6 start.nnt all.nnt
	fails 2 "--up, --down, --leader and --group go with --worker" nn-stage 0/2 --up 3 -m start.nnt all.nnt
	fails 2 "--mux goes with --worker" nn-stage 0/2 --mux -m start.nnt all.nnt
	fails 2 "--mux: model and output come by it too" nn-stage 0/2 --worker --mux -m start.nnt all.nnt
	fails 2 "--mux: 3 is not the number of a line of its own" nn-stage 0/2 --worker --mux --down 3 all.nnt
	fails 2 "descriptor 77 is not open" nn-stage 0/2 --worker --up 77 -m start.nnt all.nnt
	fails 2 "--worker: nn-train says what is to be done" nn-stage 0/2 --worker -b 3 -m start.nnt all.nnt
}
