# nn-stage: a network's layers in several processes, by hand.
load common

setup_file() {
	load common
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$examples/digits/digits.csv.gz" -o digits.nnt
	nn-shard -n 3 -o 's%d.nnt' digits.nnt
	cat >mlp.json <<-'END'
	{ "input": [64], "layers": [ { "type": "dense", "units": 40 }, { "type": "relu" },
	  { "type": "dropout", "rate": 0.2 }, { "type": "dense", "units": 30 }, { "type": "tanh" },
	  { "type": "dense", "units": 10 } ], "loss": "cross_entropy" }
	END
	cat >images.json <<-'END'
	{ "input": [1, 8, 8], "layers": [ { "type": "conv2d", "filters": 6, "kernel": 3, "padding": 1 },
	  { "type": "batch_norm" }, { "type": "relu" },
	  { "type": "residual", "layers": [ { "type": "conv2d", "filters": 8, "kernel": 3, "padding": 1 },
	    { "type": "batch_norm" } ], "shortcut": [ { "type": "conv2d", "filters": 8, "kernel": 1 } ] },
	  { "type": "global_avg_pool" }, { "type": "dense", "units": 10 } ], "loss": "cross_entropy" }
	END
	nn-init -s 3 -d digits.nnt mlp.json -o mlp.nnt
	nn-init -s 3 -d digits.nnt images.json -o images.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	for file in "$BATS_FILE_TMPDIR"/*; do ln -s "$file" .; done
}

# The numbers of a frame: with fewer than ten layers the parts' tensors, one behind the other, are the whole's.
numbers() {
	nn-convert --to safetensors "$1" >plain
	tail -c +$((9 + $(od -An -tu8 -N8 plain))) plain
}

# What nn-info says of a frame, without that it is a part.
said() {
	nn-info "$1" | sed -n 's/, slice . of .//; s/, [0-9.]* [kM]*B$//; s/^frame/frame/p'
}

# pipeline MODEL FIRST-OPTIONS RANGE...: gradients in g0, g1, ...
pipeline() {
	local model=$1 first=$2 i pids=()
	shift 2
	rm -f back* act* g?
	for ((i = 1; i < $#; i++)); do mkfifo back$i act$i; done
	for ((i = $# - 1; i > 0; i--)); do
		if [ $i = $(($# - 1)) ]; then
			nn-stage "${@:i+1:1}" $others -m $model --back-out back$i -g g$i <act$i &
		else
			nn-stage "${@:i+1:1}" $others -m $model --back-out back$i --back-in back$((i + 1)) \
				-g g$i <act$i >act$((i + 1)) &
		fi
		pids+=($!)
	done
	nn-stage "$1" -m $model --back-in back1 -g g0 $first s?.nnt >act1
	for i in "${pids[@]}"; do wait $i; done
}

same() {
	local i
	for ((i = 0; i < $2; i++)); do numbers g$i; done >parts
	numbers $1 | cmp - parts
	for ((i = 0; i < $2; i++)); do said g$i | diff - <(said $1); done
	nn-info g0 | grep -q ", slice 0 of $2, "
}

@test "two, three and as many stages as layers: the gradients of one process" {
	for model in mlp images; do
		nn-grad -b 50 -m $model.nnt s?.nnt >whole
		pipeline $model.nnt "-b 50" 0/2 1/2
		same whole 2
		pipeline $model.nnt "-b 50" :1 1:4 4:
		same whole 3
		pipeline $model.nnt "-b 50 --in-flight 1" 0/6 1/6 2/6 3/6 4/6 5/6
		same whole 6
		others=--recompute pipeline $model.nnt "-b 50 --recompute" 0/3 1/3 2/3
		same whole 3
	done
}

@test "one stage is nn-grad" {
	nn-grad -b 50 -s 7 -m mlp.nnt s?.nnt >whole
	nn-stage 0/1 -b 50 -s 7 -m mlp.nnt s?.nnt | cmp - whole
	nn-stage : -b 50 -s 7 -m mlp.nnt -g grad s?.nnt
	cmp grad whole
	nn-grad -m mlp.nnt --steps-per-epoch 9 --shard 1-2/4 --by random digits.nnt >whole
	nn-stage 0/1 -m mlp.nnt --steps-per-epoch 9 --shard 1-2/4 --by random digits.nnt >grad
	cmp grad whole
	nn-info grad | grep -c '^frame' | grep -qx 2
}

@test "nn-join and nn-update go on from there: the model of one process" {
	cp images.nnt whole.nnt
	cp images.nnt parts.nnt
	for i in 1 2 3; do
		nn-grad -b 50 -m whole.nnt s?.nnt | nn-update -O adam --clip 0.5 -o next whole.nnt
		mv next whole.nnt
		pipeline parts.nnt "-b 50" 0/2 1/2
		nn-join g0 g1 | nn-update -O adam --clip 0.5 -o next parts.nnt
		mv next parts.nnt
		cmp parts.nnt whole.nnt
	done
}

@test "descriptors instead of FIFOs" {
	nn-grad -b 50 -m mlp.nnt s?.nnt >whole
	mkfifo back
	nn-stage 0/2 -m mlp.nnt -b 50 --back-in back -g g0 s?.nnt | nn-stage 1/2 -m mlp.nnt --back-out 1 -g g1 >back
	same whole 2
	exec 7<>back
	nn-stage 0/2 -m mlp.nnt -b 50 --back-in 7 -g g0 s?.nnt | nn-stage 1/2 -m mlp.nnt --back-out 7 -g g1
	same whole 2
	exec 7>&-
	fails 2 "descriptor 7 is not open" nn-stage 0/2 -m mlp.nnt --back-in 7 -g g0 s0.nnt
}

# Passes on in pieces, with rests.
slowly() {
	while dd bs=500000 count=1 of=piece.$1 2>dd.$1 && [ -s piece.$1 ]; do
		cat piece.$1
		sleep 0.02
	done
}

@test "activations far larger than pipes, slow ends, both directions full" {
	cat >wide.json <<-'END'
	{ "input": [64], "layers": [ { "type": "dense", "units": 3000 }, { "type": "relu" },
	  { "type": "dense", "units": 3000 }, { "type": "relu" }, { "type": "dense", "units": 10 } ],
	  "loss": "cross_entropy" }
	END
	nn-init -s 3 -d digits.nnt wide.json -o wide.nnt
	nn-shard -n 8 -o 't%d.nnt' digits.nnt
	nn-grad -b 60 -m wide.nnt t?.nnt >whole
	mkfifo back back2 a0 a1 b0 b1
	slowly a <a0 >a1 &
	slowly b <b1 >b0 &
	timeout 60 nn-stage 0:2 -m wide.nnt -b 60 --in-flight 8 --back-in b0 -g g0 -o a0 t?.nnt &
	timeout 60 nn-stage 2:4 -m wide.nnt --in-flight 8 --back-out b1 --back-in back -g g1 <a1 |
		timeout 60 nn-stage 4: -m wide.nnt --back-out back -g g2
	wait
	same whole 3
}

@test "a part of the model is all that a stage holds" {
	[ "${SANITIZERS:-no}" != yes ] || skip "the sanitizers need memory of their own"
	hidden='{ "type": "dense", "units": 3000, "bias": false }, { "type": "relu" },'
	cat >deep.json <<-END
	{ "input": [64], "layers": [ $hidden $hidden $hidden $hidden { "type": "dense", "units": 10 } ],
	  "loss": "cross_entropy" }
	END
	nn-init -s 3 -d digits.nnt deep.json -o deep.nnt # 109 MB
	timeout 60 nn-grad -b 8 -m deep.nnt s0.nnt >whole
	mkfifo back2 back3
	# Of it, OpenBLAS takes 128 MiB.
	limit=275000
	sh_fails 4 "annot allocate memory" "ulimit -v $limit; timeout 60 nn-grad -b 8 -m deep.nnt s0.nnt"
	(
		ulimit -v $limit
		set -o pipefail
		timeout 60 nn-stage 0:4 -m deep.nnt -b 8 --back-in back2 -g g0 s0.nnt |
			timeout 60 nn-stage 4:6 -m deep.nnt --back-out back2 --back-in back3 -g g1 |
			timeout 60 nn-stage 6: -m deep.nnt --back-out back3 -g g2
	)
	same whole 3
}

@test "ranges that are empty, beyond the end, or no ranges" {
	local has="the network has 6 layers, numbered from 0"
	fails 2 "\"2:2\": no layer is in it; $has" nn-stage 2:2 -m mlp.nnt
	fails 2 "\"2:9\": no such layers; $has" nn-stage 2:9 -m mlp.nnt
	fails 2 "\"6:\": no such layers; $has" nn-stage 6: -m mlp.nnt
	fails 2 "\"x\": neither layers A:B nor stage I/N; $has" nn-stage x -m mlp.nnt
	fails 2 "\"9::\": neither layers A:B nor stage I/N; $has" nn-stage 9:: -m mlp.nnt
	fails 2 "stage 2 of 2: they are numbered from 0" nn-stage 2/2 -m mlp.nnt
	fails 2 "7 stages, but the network has only 6 layers" nn-stage 0/7 -m mlp.nnt
	fails 2 "which layers?" nn-stage -m mlp.nnt
	fails 2 "which model?" nn-stage 0/2
}

@test "each stage has the ends that it must have, and no others" {
	fails 2 "0/2 is the first stage: which data?" nn-stage 0/2 -m mlp.nnt --back-in x -g g
	fails 2 "1/2 is not the first stage: only that takes data" nn-stage 1/2 -m mlp.nnt s0.nnt
	fails 2 "before the first stage there is none" nn-stage 0/2 -m mlp.nnt --back-out x s0.nnt
	fails 2 "1/2 is not the first stage: it wants --back-out" nn-stage 1/2 -m mlp.nnt
	fails 2 "behind the last stage there is none" nn-stage 1/2 -m mlp.nnt --back-out x --back-in x
	fails 2 "0/2 is not the last stage: it wants --back-in" nn-stage 0/2 -m mlp.nnt s0.nnt
	fails 2 "where does its gradient go? (-g)" nn-stage 0/2 -m mlp.nnt --back-in x s0.nnt
	fails 2 "--seed and --shard are for the first stage" nn-stage 1/2 -b 3 -m mlp.nnt --back-out x
	fails 2 "activations come on standard input: the model cannot" nn-stage 1/2 -m - --back-out x <mlp.nnt
	fails 2 "nothing is on its way behind the last stage" nn-stage 1/2 --in-flight 2 -m mlp.nnt --back-out x
	fails 2 "--grad or --output" nn-stage 0/1 -m mlp.nnt -g a -o b s0.nnt
	fails 2 "s0.nnt: is both input and output" nn-stage 0/1 -m mlp.nnt -g s0.nnt s0.nnt
	fails 2 "--by and --shard-seed go with --shard" nn-stage 0/1 --by random -m mlp.nnt s0.nnt
}

# stages WANTED-TEXT FIRST SECOND: the second one's complaint; the first one's does not matter.
stages() {
	rm -f back
	mkfifo back
	sh_fails 1 "$1" "nn-stage $2 --back-in back -g g0 s0.nnt 2>first | nn-stage $3 --back-out back -g g1"
}

@test "ranges that overlap or leave a gap, another model: the stage that gets it says so" {
	stages "activations for layer 3, but this stage, layers 2:6, wants layer 2's" "0:3 -m mlp.nnt" "2: -m mlp.nnt"
	stages "activations for layer 2, but this stage, layers 3:6, wants layer 3's" "0:2 -m mlp.nnt" "3: -m mlp.nnt"
	nn-init -s 4 -d digits.nnt mlp.json -o other.nnt
	stages "activations of model " "0:2 -m mlp.nnt" "2: -m other.nnt"
}

@test "a neighbour that dies: exit 4, and no gradient" {
	mkfifo back
	sh_fails 4 "stdin: empty" "true | nn-stage 1/2 -m mlp.nnt --back-out 1 -g g1 | cat >/dev/null"
	exec 7<>back
	nn-stage 0/2 -m mlp.nnt -b 50 --back-in 7 -g g0 s0.nnt >act &
	pid=$!
	await '[ -s act ] || ! kill -0 $pid'
	kill $pid
	wait $pid || true
	exec 7>&-
	[ ! -e g0 ]
	head -c 3000 act >cut
	sh_fails 4 "cut off here" "cat cut | nn-stage 1/2 -m mlp.nnt --back-out 1 -g g1 | cat >/dev/null"
	[ ! -e g1 ]
	sh_fails 4 "not even an END frame came" "nn-stage 0/2 -m mlp.nnt --back-in 3 -g g0 s0.nnt 3< <(:) >act"
	[ ! -e g0 ]
}

@test "what flows is activations: nn-info shows them" {
	mkfifo back
	nn-stage 0:3 -m mlp.nnt -b 50 --back-in back -g g0 s?.nnt | tee act |
		nn-stage 3: -m mlp.nnt --back-out 1 -g g1 | tee grad >back
	nn-info act >said
	grep -q '^frame 0: act, step 0, epoch 0 (0 of 12 steps), seed 3, shard 0 of 3, 49 rows, model' said
	grep -Eq '^  x +F32  \[49, 40\]' said
	grep -Eq '^  labels +I32  \[49, 1\]' said
	nn-info grad >said
	grep -q '^frame 0: act, step 0, .*, shard 0 of 3, part 1 of 2, 49 rows, mean loss' said
	grep -Eq '^  dx +F32  \[49, 40\]' said
}

@test "a loss that is none: which tensor went wrong" {
	nn-init --mlp 64,40,10 -s 1 -d digits.nnt -o start.nnt
	nn-grad -m start.nnt s0.nnt | nn-update --lr 1e25 --quorum 1 start.nnt -o far.nnt
	mkfifo back
	sh_fails 1 "nn-stage: step 1, shard 0: the loss is nan: the first tensor that went wrong is what comes out of layer 2 dense" \
		"nn-stage 0:2 -m far.nnt --back-in back -g g0 s0.nnt 2>first | nn-stage 2: -m far.nnt --back-out back -g g1"
	grep -q "nn-stage: back: " first
	[ ! -e g0 ]
	[ ! -e g1 ]
}

@test "no micro-batch: which input had none" {
	"$builddir/tests/tool/frames" end >none
	sh_fails 1 "nn-stage: stdin: there was no micro-batch" \
		"nn-stage 1/2 -m mlp.nnt --back-out 1 -g g1 <none | cat >/dev/null"
	[ ! -e g1 ]
}

@test "-b: so many rows of each shard, which are a micro-batch" {
	mkfifo back
	nn-stage 0/2 -b 32 -m mlp.nnt --back-in back -g g0 s?.nnt | tee act |
		nn-stage 1/2 -m mlp.nnt --back-out back -g g1
	nn-info act | grep '^frame .: act' | grep -o 'shard . of 3, [0-9]* rows' >said
	# 599 rows are 19 steps of about 32.
	printf 'shard %s of 3, 32 rows\n' 0 1 2 | diff - <(sed 's/31 rows/32 rows/' said)
}

@test "a neighbour that does not start: nobody waits for it" {
	mkfifo back
	run timeout 20 bash -c 'nn-stage 0/2 -m mlp.nnt --back-in back -g g0 s0.nnt | true; exit ${PIPESTATUS[0]}'
	assert_failure 4
	assert_output "nn-stage: stdout: the neighbour has gone before it began"
	run timeout 20 bash -c 'false | nn-stage 1/2 -m mlp.nnt --back-out back -g g1'
	assert_failure 4
	assert_output "nn-stage: stdin: the neighbour has gone before it began"
}
