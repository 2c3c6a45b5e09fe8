# nn-train: what the validation decides, when checkpoints are written, and what is seen meanwhile.
load common

TRAIN="nn-train -w 1 -b 128 --lr 0.02 --shards 2 --valid part-1.nnt --valid-every 7"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-shard --sets --by random --weights 7,3 -o 'part-%d.nnt' all.nnt
	nn-init --mlp 64,16,10 --kernel auto --seed 3 --data all.nnt -o start.nnt
	$TRAIN -e 40 --log long.log start.nnt part-0.nnt -o long.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt "$BATS_FILE_TMPDIR"/long.log .
}

step_of() {
	nn-info --json "$1" | jq -s '.[0].step'
}

# tries LOG: steps and metrics.
tries() {
	awk -F '\t' 'NR > 1 && $6 != "" { print $1, $6 }' "$1"
}

# The first step that was the best of those up to the end.
best_of() {
	awk '!seen || $2 > most { most = $2; step = $1; seen = 1 } END { print step }'
}

@test "the model is tried after so many steps, and in the end" {
	assert_equal "$(tries long.log | cut -d ' ' -f 1 | head -n 3 | tr '\n' ' ')" "7 14 21 "
	assert_equal "$(tries long.log | tail -n 1 | cut -d ' ' -f 1)" 400
}

@test "--keep-best puts out the best model" {
	best=$(tries long.log | best_of)
	$TRAIN -e 40 --keep-best start.nnt part-0.nnt -o best.nnt
	assert_equal "$(step_of best.nnt)" "$best"
	nn-train -w 2 -b 128 --lr 0.02 --shards 2 -n "$best" start.nnt part-0.nnt | cmp - best.nnt
}

@test "--keep-best goes on without the best model: that is told" {
	$TRAIN -e 3 --keep-best -c ck start.nnt part-0.nnt -o x.nnt
	rm ck.best
	$TRAIN -e 3 --keep-best -c ck --resume start.nnt part-0.nnt -o y.nnt 2>err
	best=$(nn-info ck | sed -n 's/.*"step":\([0-9]*\),"worse".*/\1/p')
	assert_equal "$(cat err)" \
		"nn-train: the best model so far, of step $best, is not in ck.best: a better one must come, or the last is put out"
}

@test "what came out, and that there was nothing left to do" {
	$TRAIN -e 2 -v -c ck start.nnt part-0.nnt -o x.nnt 2>err
	tail -n 1 err | grep -qE '^nn-train: done: epoch 2, step 20, loss [0-9.]+, accuracy [0-9.]+$'
	$TRAIN -e 2 -v -c ck --resume start.nnt part-0.nnt 2>err | cmp - x.nnt
	assert_equal "$(tail -n 1 err)" 'nn-train: there was nothing left to do'
	$TRAIN -e 2 start.nnt part-0.nnt 2>err | cmp - x.nnt
	[ ! -s err ]
}

@test "--patience ends the run after tries that were not better" {
	last=$(tries long.log | awk '!seen || $2 > most { most = $2; worse = 0; seen = 1; next }
		++worse == 3 { print $1; exit }')
	[ -n "$last" ]
	$TRAIN -e 40 --patience 3 start.nnt part-0.nnt -v 2>err >last.nnt
	assert_equal "$(step_of last.nnt)" "$last"
	grep -q "stops after step $last: best accuracy" err
	$TRAIN -e 40 --patience 3 --min-delta 0.5 start.nnt part-0.nnt | nn-info --json - | jq -s '.[0].step' |
		grep -qx 28
}

@test "--target ends the run where it is reached" {
	first=$(tries long.log | awk '$2 >= 0.8 { print $1; exit }')
	[ -n "$first" ]
	$TRAIN -e 40 --target 0.8 start.nnt part-0.nnt -o x.nnt
	assert_equal "$(step_of x.nnt)" "$first"
}

@test "stopped and resumed, it decides the same" {
	$TRAIN -e 40 --keep-best --patience 3 start.nnt part-0.nnt -o whole.nnt
	$TRAIN -e 40 --keep-best --patience 3 -c kept --every 4 start.nnt part-0.nnt | cmp - whole.nnt
	nn-convert --to nnt --frame 0 kept.best | cmp - whole.nnt
	$TRAIN -e 40 --keep-best --patience 3 -c kept --resume start.nnt part-0.nnt | cmp - whole.nnt
	for steps in 14 21 35; do
		rm -f part*
		ln -s "$BATS_FILE_TMPDIR"/part* .
		$TRAIN -n $steps --keep-best --patience 3 -c part$steps start.nnt part-0.nnt -o x.nnt
		$TRAIN -e 40 --keep-best --patience 3 -c part$steps --resume start.nnt part-0.nnt | cmp - whole.nnt
	done
	$TRAIN -e 40 --keep-best --patience 3 -c killed --every 1 start.nnt part-0.nnt >x.nnt 2>err &
	sleep 0.05
	kill -9 $! || :
	wait $! || :
	$TRAIN -e 40 --keep-best --patience 3 -c killed --resume start.nnt part-0.nnt | cmp - whole.nnt
}

@test "a checkpoint after a time" {
	$TRAIN -e 40 -c kept --every 0.01s start.nnt part-0.nnt | cmp - long.nnt
	for bad in 0 0s s 5x -3s 1e99d ''; do
		fails 2 "neither a number of steps nor a time" $TRAIN -c x --every "$bad" start.nnt part-0.nnt
	done
}

@test "the log: time, bytes, and how long each worker was at work" {
	nn-train -w 3 --shards 3 -b 64 -e 2 --worker "nn-grad" --log log start.nnt part-0.nnt -o x.nnt
	awk -F '\t' 'NR > 1 && (NF != 10 || $3 < time || $8 <= bytes || split($9, seconds, ",") != 3 ||
		seconds[1] + seconds[2] + seconds[3] <= 0) { exit 1 } { time = $3 + 0; bytes = $8 + 0 }' log
}

@test "usage" {
	for option in --patience=3 --keep-best --target=0.3 --valid-every=3; do
		fails 2 "need --valid" nn-train $option start.nnt all.nnt
	done
	fails 2 "--target 95: an accuracy is 1 at most" nn-train -w 1 --valid all.nnt --target 95 start.nnt all.nnt
	fails 2 "--min-delta goes with --patience" nn-train --valid all.nnt --min-delta 0.1 start.nnt all.nnt
}

@test "--resume: MODEL may be gone, but is no other network; what changes of the optimizer is said" {
	run="nn-train -w 1 -b 128 --shards 2 -c ck --resume -o out.nnt"
	$run --lr 0.02 -e 1 start.nnt part-0.nnt
	nn-init --mlp 64,17,10 --seed 3 --data all.nnt -o other.nnt
	for how in "" "--stages 2"; do
		fails 2 "other.nnt: is another network than that of ck, which --resume goes on from" \
			$run $how -e 2 other.nnt part-0.nnt
	done
	fails 1 "part-0.nnt: " $run -e 2 part-0.nnt part-0.nnt
	$run -v -e 2 gone.nnt part-0.nnt 2>err
	! grep 'from now on' err || false
	nn-train -w 1 -b 128 --shards 2 --lr 0.02 -e 2 start.nnt part-0.nnt | cmp - out.nnt
	$run -v --lr 0.01 --clip 2 -e 3 start.nnt part-0.nnt 2>err
	grep -qx 'nn-train: ck: from now on lr is 0.01, it was 0.02; clip is 2, it was 0' err
	$run -v --stages 2 --lr 0.005 --warmup 3 -e 4 start.nnt part-0.nnt 2>err
	grep -qx 'nn-train: ck: from now on lr is 0.005, it was 0.01; warmup is 3, it was 0' err
	$run -v --lr 0.0050000001 -e 4 start.nnt part-0.nnt 2>err
	grep -qx 'nn-train: ck: from now on lr is 0.0050000001, it was 0.005' err
	$run -v --stages 2 -O adam -e 5 start.nnt part-0.nnt 2>err
	assert_equal "$(grep -c 'from now on' err)" 1
	grep -qx 'nn-train: ck: the optimizer is adam from now on: its state begins anew' err
}

@test "--resume: MODEL that would come by a pipe is not waited for" {
	run="nn-train -w 1 -b 128 --shards 2 -c ck --resume -o out.nnt"
	mkfifo pipe
	timeout -k 1 60 $run -e 1 <(cat start.nnt) part-0.nnt
	timeout -k 1 60 $run -e 2 pipe part-0.nnt
	timeout -k 1 60 $run -e 3 - part-0.nnt </dev/null
	nn-train -w 1 -b 128 --shards 2 -e 3 start.nnt part-0.nnt | cmp - out.nnt
}
