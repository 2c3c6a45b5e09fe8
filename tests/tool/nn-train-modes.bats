# nn-train: local steps, and steps that nobody waits for.
load common

LOCAL="nn-train -b 128 --lr 0.2 --shards 4 --by random --local-steps 5"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-shard -n 2 --by random --weights 9,1 -o 'part-%d.nnt' all.nnt
	nn-init --mlp 64,16,10 --kernel auto --seed 3 --data all.nnt -o start.nnt
	$LOCAL -w 1 -e 3 start.nnt all.nnt -o short.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
	pids=
}

teardown() {
	local pid
	for pid in $pids; do
		kill -9 "$pid" 2>/dev/null || :
	done
}

accuracy() {
	nn-eval --json -m "$1" all.nnt | jq .accuracy
}

# better MODEL ACCURACY: on the data that it was trained on.
better() {
	jq -en "$(accuracy "$1") > $2" >/dev/null || { accuracy "$1"; return 1; }
}

@test "local steps: the same bits from the filters" {
	mkfifo back
	nn-update --loop --epochs 3 -O sgd --lr 1 start.nnt <back |
		nn-grad --steps-per-epoch 15 --shard 0-3/4 --by random --local-steps 5 --lr 0.2 all.nnt |
		tee back | nn-info --json - >told
	nn-update --loop --epochs 3 -O sgd --lr 1 -c hand start.nnt <back |
		nn-grad --steps-per-epoch 15 --shard 0-3/4 --by random --local-steps 5 --lr 0.2 all.nnt >back
	nn-convert --to nnt --frame 0 hand | cmp - short.nnt
}

@test "local steps: pseudo-gradients are summed as others are" {
	for k in 0 1 2 3; do
		nn-grad --steps-per-epoch 15 --shard $k/4 --by random --local-steps 5 --lr 0.2 -m start.nnt \
			all.nnt -o $k.nnt
	done
	nn-reduce 3.nnt 1.nnt 0.nnt 2.nnt | nn-update --lr 1 start.nnt >once.nnt
	$LOCAL -w 2 -n 5 start.nnt all.nnt | cmp - <(nn-convert --to nnt --frame 0 once.nnt)
	assert_equal "$(nn-info --json once.nnt | jq -s '.[0].step')" 5
	nn-grad --steps-per-epoch 15 --shard 3/4 --by random --local-steps 4 -m start.nnt all.nnt -o other.nnt
	sh_fails 1 "of 4 local steps, but frame 0 of 0.nnt of 5" "nn-reduce 0.nnt 1.nnt 2.nnt other.nnt >x"
}

@test "local steps: one of plain descent is a step" {
	nn-train -b 0 --lr 0.2 --shards 1 --local-steps 1 -n 1 start.nnt all.nnt -o one.nnt
	nn-train -b 0 --lr 0.2 --shards 1 -n 1 start.nnt all.nnt -o sync.nnt
	nn-info --values 0.weight one.nnt >one
	nn-info --values 0.weight sync.nnt >sync
	paste -d, one sync | awk -F, '{ for (i = 1; i <= NF / 2; i++) { d = $i - $(i + NF / 2)
		if (d > 1e-4 || d < -1e-4) exit 1 } }'
}

@test "local steps: any number of workers, killed, resumed" {
	for workers in 2 3 8; do
		$LOCAL -w $workers -e 3 start.nnt all.nnt | cmp - short.nnt
	done
	$LOCAL -w 2 -e 1200 start.nnt all.nnt -o long.nnt
	$LOCAL -w 3 -e 1200 --retries 99 -c kept start.nnt all.nnt -o killed.nnt &
	pids=$!
	for _ in 1 2 3 4 5; do
		sleep 0.02
		kill -9 $(pgrep -P $pids | head -n 1) || :
	done
	wait $pids
	cmp killed.nnt long.nnt
	sh_fails 4 "stopped by signal" "$LOCAL -w 2 -e 1200 -c again start.nnt all.nnt >x & sleep 0.2; kill -TERM \$!; wait \$!"
	$LOCAL -w 1 -e 1200 -c again --resume start.nnt all.nnt | cmp - long.nnt
	fails 2 "--local-steps 4, but again was begun with 5" \
		nn-train --local-steps 4 -c again --resume start.nnt all.nnt
}

@test "local steps: what changes of their optimizer is said" {
	run="nn-train -v -w 1 -b 128 --shards 2 --local-steps 5 -c ck --resume -o x.nnt"
	$run --lr 0.2 -e 1 start.nnt all.nnt
	$run --lr 0.1 -e 2 start.nnt all.nnt 2>err
	grep -qx 'nn-train: ck: local steps: from now on lr is 0.1, it was 0.2' err
	$run -O adam -e 2 start.nnt all.nnt 2>err
	grep -qx 'nn-train: ck: local steps: the optimizer is adam from now on: its state begins anew' err
	$run --outer-lr 0.5 -e 3 start.nnt all.nnt 2>err
	assert_equal "$(grep 'from now on' err)" 'nn-train: ck: from now on lr is 0.5, it was 1'
}

@test "local steps: a round ends with the epoch and with the training" {
	nn-train -b 128 --shards 2 --local-steps 10 -e 2 --log log start.nnt all.nnt -o x.nnt
	assert_equal "$(cut -f 1 log | tr '\n' ' ')" "step 10 15 25 30 "
	nn-train -b 128 --shards 2 --local-steps 10 -n 12 --log log2 start.nnt all.nnt -o x.nnt
	assert_equal "$(cut -f 1 log2 | tr '\n' ' ')" "step 10 12 "
}

@test "local steps: they learn, with every outer optimizer" {
	for outer in sgd momentum nesterov; do
		nn-train -b 128 -O adam --lr 0.01 --shards 4 --by random --local-steps 5 --outer $outer \
			--outer-lr 0.5 -e 15 start.nnt all.nnt -o $outer.nnt
		better $outer.nnt 0.9
	done
	nn-train -w 1 -b 128 -O adam --lr 0.01 --shards 4 --by random --local-steps 5 --keep-inner -e 15 \
		start.nnt all.nnt -o kept.nnt
	better kept.nnt 0.9
	run ! cmp -s kept.nnt sgd.nnt
}

@test "local steps beyond an epoch's are told" {
	nn-train -w 1 -b 256 --shards 2 --local-steps 30 -e 1 start.nnt all.nnt -o x.nnt 2>err
	assert_equal "$(cat err)" 'nn-train: a round ends with the epoch: it has 8 local steps, not 30 (a smaller --batch makes more)'
	nn-train -w 1 -b 256 --shards 2 --local-steps 8 -e 1 start.nnt all.nnt 2>err | cmp - x.nnt
	[ ! -s err ]
}

@test "asynchronous: it learns from uneven shards, is stopped and goes on" {
	nn-train --async -w 3 -b 128 --lr 0.02 -e 60 start.nnt part-0.nnt part-1.nnt -o x.nnt
	better x.nnt 0.85
	assert_equal "$(nn-info --json x.nnt | jq -s '.[0].step')" 900
	nn-train --async -w 2 --max-staleness 0 -b 128 -O adam --lr 0.003 --shards 4 -e 20 --every 7 -c kept \
		start.nnt all.nnt -o x.nnt
	better x.nnt 0.9
	sh_fails 4 "stopped by signal" "nn-train --async -w 2 -b 128 --shards 4 -e 500 -c again start.nnt \
		all.nnt >x & sleep 0.3; kill -TERM \$!; wait \$!"
	nn-train --async -w 1 -n 30 -c again --resume start.nnt all.nnt -o y.nnt
}

@test "asynchronous: whole steps for each shard are warned of" {
	local said='--async: each shard'"'"'s gradient is a whole step for adam: divide --lr by the number of shards, or say --max-staleness 0'
	nn-train --async -w 1 -b 256 -O adam --shards 2 -e 1 start.nnt all.nnt 2>err >x
	assert_equal "$(cat err)" "nn-train: $said"
	nn-train --async --max-staleness 0 -w 1 -b 256 -O adam --shards 2 -e 1 start.nnt all.nnt 2>err >x
	nn-train --async -w 1 -b 256 --shards 2 -e 1 start.nnt all.nnt 2>>err >x
	[ ! -s err ]
}

@test "asynchronous: with one worker and one shard it is plain descent" {
	nn-train --async -w 1 --shards 1 -b 128 --lr 0.2 -e 1 start.nnt all.nnt -o x.nnt
	nn-train -w 1 --shards 1 -b 128 --lr 0.2 -e 1 start.nnt all.nnt | cmp - x.nnt
}

@test "asynchronous: workers killed at random" {
	nn-train --async -w 3 -b 128 --shards 4 --lr 0.02 -e 60 --retries 99 start.nnt all.nnt -o x.nnt &
	pids=$!
	for _ in 1 2 3 4 5; do
		sleep 0.03
		kill -9 $(pgrep -P $pids | head -n 1) || :
	done
	wait $pids
	better x.nnt 0.9
}

@test "usage" {
	fails 2 "exclude each other" nn-train --sync --async start.nnt all.nnt
	fails 2 "exclude each other" nn-train --local-steps 3 --async start.nnt all.nnt
	fails 2 "goes with --async" nn-train --max-staleness 3 start.nnt all.nnt
	fails 2 "go with --local-steps" nn-train --outer nesterov start.nnt all.nnt
	fails 2 "--outer-momentum goes with" nn-train --local-steps 3 --outer-momentum 0.5 start.nnt all.nnt
	fails 2 "go with --local-steps" nn-grad --lr 3 all.nnt
	fails 1 "may help" nn-train --retries 0 -b 0 --local-steps 1 -n 50 --lr 1e29 start.nnt all.nnt
}
