# Networks with batch normalization and dropout: what the layers draw and measure is the task's, so that
# whoever computes it gets the same bits.
load common

TRAIN="nn-train -b 128 -O adam --lr 0.01 --clip 0.5 --weight-decay 0.01 --shards 4 --by random --seed 5"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	cat >spec.json <<-'END'
		{ "input": [64],
		  "layers": [ { "type": "dense", "units": 24, "init": "he" }, { "type": "batch_norm", "momentum": 0.2 },
		              { "type": "relu" }, { "type": "dropout", "rate": 0.1 },
		              { "type": "dense", "units": 16 }, { "type": "layer_norm" }, { "type": "silu" },
		              { "type": "dense", "units": 10 } ],
		  "loss": "cross_entropy" }
	END
	nn-init --kernel auto --seed 3 spec.json -o start.nnt
	$TRAIN -w 1 -n 20 start.nnt all.nnt -o want.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.{nnt,json} .
	pids=
}

teardown() {
	local pid
	for pid in $pids; do
		kill -9 "$pid" 2>/dev/null || :
	done
}

# one_model FILE: without the state.
one_model() {
	nn-convert --to nnt --frame 0 "$1"
}

@test "they learn" {
	$TRAIN -e 20 start.nnt all.nnt -o trained.nnt
	nn-eval --json -m trained.nnt all.nnt >told
	jq -e '.accuracy > 0.97' told || { cat told; return 1; }
	nn-eval -m trained.nnt all.nnt >first
	nn-eval -m trained.nnt all.nnt | cmp - first
}

@test "any number of workers, by shared memory and by pipes" {
	for workers in 2 3; do
		$TRAIN -w $workers -n 20 start.nnt all.nnt | cmp - want.nnt
	done
	$TRAIN --worker nn-grad -w 2 -n 20 start.nnt all.nnt | cmp - want.nnt
	$TRAIN -w 2 -n 20 --seed 6 start.nnt all.nnt -o other.nnt
	run ! cmp -s other.nnt want.nnt
}

@test "without clipping, in slices" {
	${TRAIN/--clip 0.5/} -w 1 -n 20 start.nnt all.nnt -o plain.nnt
	${TRAIN/--clip 0.5/} -w 3 -n 20 start.nnt all.nnt | cmp - plain.nnt
	run ! cmp -s plain.nnt want.nnt
}

@test "by hand" {
	local update="nn-update -O adam --lr 0.01 --clip 0.5 --weight-decay 0.01" step k
	cp start.nnt model
	for ((step = 0; step < 20; step++)); do
		for k in 3 1 0 2; do
			nn-grad --steps-per-epoch 15 --seed 5 --shard $k/4 --by random -m model all.nnt
		done | nn-reduce | $update model >next
		mv next model
	done
	one_model model | cmp - want.nnt
	mkfifo back
	nn-update --loop --steps 20 -O adam --lr 0.01 --clip 0.5 --weight-decay 0.01 -c hand start.nnt <back |
		nn-grad --steps-per-epoch 15 --seed 5 --shard 0-3/4 --by random all.nnt >back
	cmp hand model
}

@test "workers killed" {
	$TRAIN -w 1 -e 60 start.nnt all.nnt -o long.nnt
	$TRAIN -w 3 -e 60 --retries 99 start.nnt all.nnt -o killed.nnt 2>err &
	pids=$!
	for _ in 1 2 3 4 5; do
		sleep 0.05
		kill -9 $(pgrep -P $pids | head -n 1) || :
	done
	wait $pids
	cmp killed.nnt long.nnt
}

@test "local steps: statistics follow each worker's, and their mean is kept" {
	local run="nn-train -b 128 --lr 0.1 --shards 4 --by random --seed 5 --local-steps 5 -e 2"
	$run -w 1 start.nnt all.nnt -o local.nnt
	for workers in 2 3; do
		$run -w $workers start.nnt all.nnt | cmp - local.nnt
	done
	mkfifo back
	nn-update --loop --epochs 2 -O sgd --lr 1 -c hand start.nnt <back |
		nn-grad --steps-per-epoch 15 --seed 5 --shard 0-3/4 --by random --local-steps 5 --lr 0.1 all.nnt >back
	one_model hand | cmp - local.nnt
	nn-info --values 1.running_var local.nnt >values
	run ! grep -qE '(^|,)(1|-.*|nan)(,|$)' values
}

@test "steps that nobody waits for move them too" {
	nn-train --async -w 2 -b 128 --shards 4 -e 10 -O adam --lr 0.01 start.nnt all.nnt -o async.nnt
	nn-eval --json -m async.nnt all.nnt | jq -e '.accuracy > 0.9'
}

@test "a statistic takes the mean change of the tasks, whatever the optimizer" {
	nn-grad --steps-per-epoch 1 --shard 0-1/2 -m start.nnt all.nnt -o sum.nnt
	for options in '-O sgd --lr 0' '-O adam --lr 3 --weight-decay 0.5' '-O momentum --lr 1 --clip 1e-9'; do
		nn-update $options start.nnt sum.nnt -o next.nnt
		nn-info --values 1.running_mean next.nnt >>means
		nn-info --values 1.running_var next.nnt >>variances
	done
	assert_equal "$(sort -u means | wc -l)" "$(($(wc -l <means) / 3))"
	assert_equal "$(sort -u variances | wc -l)" "$(($(wc -l <variances) / 3))"
	# 1797 rows; it starts from 0.
	nn-info --values 1.running_mean sum.nnt | tr , '\n' >grads
	nn-info --values 1.running_mean next.nnt | tr , '\n' | paste - grads | awk '
		{ d = $1 + $2 / 1797; if (d < 0) d = -d; if (d > 1e-5) { print; exit 1 } }'
}

@test "a statistic that is no number is found" {
	local size at
	nn-grad --steps-per-epoch 1 --shard 0-1/2 -m start.nnt all.nnt -o sum.nnt
	nn-convert --to safetensors sum.nnt -o bad.safetensors
	size=$(od -An -tu8 -N8 bad.safetensors)
	at=$(tail -c +9 bad.safetensors | head -c "$size" | jq '."1.running_var".data_offsets[0]')
	printf '\0\0\300\177' | dd of=bad.safetensors bs=1 seek=$((8 + size + at)) conv=notrunc status=none
	fails 1 "tensor 1.running_var: element 0, at [0], is nan" nn-update start.nnt bad.safetensors
}

@test "numbers that are too large to have a variance" {
	local how
	printf '%s\n' 1e30,1 -2e30,2 3e30,3 4e30,5 | nn-import -t 2 --target-type number -o huge.nnt
	echo '{"input":[1],"layers":[{"type":"batch_norm"},{"type":"dense","units":1}],"loss":"mse"}' >huge.json
	nn-init huge.json -o huge-model.nnt
	for how in "-w 1" "-w 2" "-w 2 --clip 1"; do
		fails 1 "tensor 0.running_var: element 0, at [0], is -inf" \
			nn-train $how --shards 2 -b 0 -n 1 --retries 0 huge-model.nnt huge.nnt
	done
}
