# Reducing and updating slices: the same bits as the whole, for every optimizer; and what cannot be done alike in
# all of them.
load common

frames() {
	"$builddir/tests/tool/frames" "$@"
}

setup_file() {
	load common
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$examples/digits/digits.csv.gz" -o data
	nn-init --mlp 64,150,100,10 --seed 1 --data data -o model
	nn-grad --steps-per-epoch 4 -m model data -o grad
	# A network with statistics.
	echo '{"input":[64],"layers":[{"type":"dense","units":130},{"type":"batch_norm"},{"type":"relu"},
		{"type":"dense","units":10}],"loss":"cross_entropy"}' >norm.json
	nn-init --seed 2 --data data norm.json -o norm
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	cp "$BATS_FILE_TMPDIR"/* .
}

# rings N: FIFOs ring-0 to ring-N-1, which next K N names.
rings() {
	rm -f ring-*
	for ((k = 0; k < $1; k++)); do mkfifo "ring-$k"; done
}

ring() {
	echo "--sums-in ring-$1 --sums-out ring-$((($1 + 1) % $2))"
}

# train MODEL N RING OPTION...: three steps on two shards, whole and in N slices; both must be the same.
train() {
	local model=$1 n=$2 ring=$3 step k pid pids
	shift 3
	cp "$model" whole
	rm -f s-*
	nn-slice -n "$n" -o 's-%d' "$model"
	for step in 1 2 3; do
		for k in 0 1; do
			nn-grad --steps-per-epoch 4 --shard $k/2 -m whole data >g-$k
			nn-slice -n "$n" -o "g-$k-%d" g-$k
		done
		[ -z "$ring" ] || rings "$n"
		pids=
		for ((k = 0; k < n; k++)); do
			nn-reduce g-0-$k g-1-$k |
				nn-update "$@" ${ring:+$(ring "$k" "$n")} --log log-$k s-$k -o n-$k &
			pids+=" $!"
		done
		for pid in $pids; do wait "$pid"; done
		nn-reduce g-0 g-1 | nn-update "$@" --log log-whole whole -o next
		mv next whole
		for ((k = 0; k < n; k++)); do mv n-$k s-$k; done
		nn-join s-* | cmp - whole
	done
	# Also what is reported, the norm only where it was asked for.
	for ((k = 0; k < n; k++)); do
		if [ -n "$ring" ]; then
			cmp log-$k log-whole
		else
			cut -f 1-4 log-whole | cmp - <(cut -f 1-4 log-$k)
			[ "$(sed 1d log-$k | cut -f 5 | sort -u)" = nan ]
		fi
	done
	rm log-*
}

@test "every optimizer, several steps, with state" {
	for method in sgd momentum nesterov adagrad rmsprop adam adamw; do
		train model 3 '' -O $method --lr 0.01 --weight-decay 0.01 --schedule step:2:0.5
	done
	train model 2 '' -O rmsprop --momentum 0.9
}

@test "clipped at the norm of the whole: sums of squares go round a ring" {
	for n in 2 3 6; do
		train model $n ring -O sgd --lr 0.1 --clip 0.5
	done
	train model 4 ring -O adamw --clip 0.1
	train model 2 ring -O adam # the norm is reported
}

@test "statistics count in no norm, in slices too" {
	train norm 3 ring -O momentum --clip 0.1
	train norm 2 '' -O adam
}

@test "another optimizer: a new state for each slice" {
	train model 2 '' -O adam
	mv whole trained
	train trained 2 '' -O momentum --lr 0.001
}

# servers N OPTION...: a live pipe of N servers, each with a slice, and two workers; c-K is K's checkpoint.
servers() {
	local n=$1 k w
	shift
	nn-slice -n "$n" -o 's-%d' model
	rings "$n"
	for ((k = 0; k < n; k++)); do
		mkfifo m-$k g-0-$k g-1-$k
		nn-reduce g-0-$k g-1-$k |
			nn-update --loop "$@" $(ring $k "$n") -c c-$k s-$k >m-$k 3>&- &
		echo $! >pid-$k
	done
	mkfifo w-0 w-1
	for w in 0 1; do
		nn-grad --steps-per-epoch 4 --shard $w/2 data <w-$w |
			nn-slice -n "$n" -o "g-$w-%d" 3>&- &
	done
	nn-join m-* | tee w-0 >w-1
	wait
}

@test "a live pipe: servers with a slice each, workers with the whole" {
	mkfifo back
	nn-update --loop --steps 6 -O adam --clip 0.5 -c whole model <back |
		nn-grad --steps-per-epoch 4 --shard 0-1/2 data >back
	servers 3 --steps 6 -O adam --clip 0.5
	nn-join c-? | cmp - whole
	# And on from there, with another number of servers.
	nn-update --loop --epochs 1 -c further whole <back |
		nn-grad --steps-per-epoch 4 --shard 0-1/2 data >back
	mv whole model
	rm -f m-* g-*-* w-* c-* s-*
	servers 2 --epochs 1
	nn-join c-? | cmp - further
}

@test "a server that dies ends the pipe, and the others keep what they reached" {
	servers 3 --steps 1000000 -O adam --clip 0.5 --every 1 2>err &
	pipe=$!
	await '[ -s c-0 ] && [ -s c-1 ] && [ -s c-2 ]'
	kill -9 "$(cat pid-1)"
	await '! kill -0 $pipe 2>/dev/null'
	for k in 0 2; do nn-info --verify c-$k; done
}

@test "models and deltas of slices are averaged as whole ones are" {
	nn-update -O sgd model grad -o other
	nn-reduce --mixed-steps model other -o want
	for k in 0 1 2; do
		nn-slice -k $k/3 model -o a-$k
		nn-slice -k $k/3 other -o b-$k
		nn-reduce --mixed-steps a-$k b-$k -o c-$k
	done
	nn-join c-? -o got
	# An id is computed where slices are joined, and not where whole models are averaged.
	nn-reduce got -o again
	cmp again want
	frames delta step=1 a~9000 b~5000 >one
	frames delta step=1 a~9000 b~5000 seed=0 >two
	nn-reduce one two -o want
	for file in one two; do nn-slice -n 2 -o "$file-%d" $file; done
	for k in 0 1; do nn-reduce one-$k two-$k -o sum-$k; done
	nn-join sum-? | cmp - want
}

@test "slices that are not the same are not mixed" {
	nn-slice -n 3 grad
	nn-slice -n 3 -o 'm-%d' model
	fails 1 "slice-1.nnt: frame 0: is slice 1 of 3, but frame 0 of slice-0.nnt is slice 0 of 3" \
		nn-reduce slice-0.nnt slice-1.nnt
	fails 1 "is slice 1 of 3, but frame 0 of stdin is slice 0 of 3" \
		bash -c 'cat slice-0.nnt slice-1.nnt | nn-reduce'
	fails 1 "grad: frame 0: is whole, but frame 0 of slice-0.nnt is slice 0 of 3" \
		nn-reduce slice-0.nnt grad
	fails 1 "slice-1.nnt: frame 0: a gradient, slice 1 of 3, but m-0 is slice 0 of 3" \
		nn-update m-0 slice-1.nnt
	fails 1 "slice-1.nnt: frame 0: a gradient, slice 1 of 3, but model is whole" \
		nn-update model slice-1.nnt
	fails 1 "grad: frame 0: a gradient, whole, but m-0 is slice 0 of 3" nn-update m-0 grad
	nn-slice -n 2 -o 'half-%d' grad
	fails 1 "a gradient, slice 0 of 2, but m-0 is slice 0 of 3" nn-update m-0 half-0
	# The same number, and the same shapes, but other ranges.
	frames grad weight=1 part=0 parts=2 a~4096 'slice={"a":{"first":0,"shape":[12288]}}' >g-0
	frames grad weight=1 part=0 parts=2 a~4096 'slice={"a":{"first":4096,"shape":[12288]}}' >g-1
	frames model part=0 parts=2 a~4096 'slice={"a":{"first":0,"shape":[12288]}}' >m
	fails 1 "g-1: frame 0: its slice has other parameters than that of frame 0 of g-0" \
		nn-reduce g-0 g-1
	fails 1 "g-1: frame 0: a gradient of a slice that has other parameters than that of m" \
		nn-update m g-1
	nn-update m g-0 >/dev/null
	frames model part=0 parts=2 a~4096 'slice={"a":{"first":0,"shape":[12288]}}' state a=1 >unlike
	fails 1 "unlike: frame 1: a state, whole, behind a model, slice 0 of 2" nn-update unlike g-0
}

@test "what could not be done alike in all slices is refused" {
	nn-slice -n 2 grad
	nn-slice -n 2 -o 'm-%d' model
	fails 2 "m-1 is slice 1 of 2: --clip needs the norm of all slices: --sums-in and --sums-out" \
		nn-update --clip 1 m-1 slice-1.nnt
	fails 2 "m-0 is slice 0 of 2: --quorum could take other shards for each slice" \
		nn-update --quorum 1 m-0 slice-0.nnt
	fails 2 "m-0 is slice 0 of 2: --nonfinite=skip could leave out" \
		nn-update --nonfinite skip m-0 slice-0.nnt
	fails 2 "slice-0.nnt: frame 0: is a slice: --nonfinite=skip would leave it out" \
		nn-reduce --nonfinite skip slice-0.nnt
	fails 2 "--sums-in and --sums-out go together" nn-update --sums-in m-0 m-0 slice-0.nnt
	fails 2 "the model is no slice" nn-update --sums-in x --sums-out y model grad
	fails 4 "x: cannot open: No such file" nn-update --sums-in x --sums-out y m-0 slice-0.nnt
	fails 2 "data: a regular file; slices wait for each other's sums: make a FIFO" \
		nn-update --sums-in data --sums-out y m-0 slice-0.nnt
}

@test "who needs the whole refuses a slice, and says how to make it" {
	nn-slice -n 2 model
	why="slice-1.nnt: frame 0: is slice 1 of 2 of a model: the whole is needed here (nn-join puts slices together)"
	fails 1 "$why" nn-eval -m slice-1.nnt data
	fails 1 "$why" nn-predict -m slice-1.nnt data
	fails 1 "$why" nn-grad -m slice-1.nnt data
	fails 1 "$why" nn-train -w 1 --steps 1 slice-1.nnt data
	sh_fails 1 "stdin: frame 0: is slice 0 of 2 of a model" "nn-grad data <slice-0.nnt"
	sh_fails 1 "stdin: frame 0: is slice 0 of 2 of a model" "nn-eval data <slice-0.nnt"
}

# both 'MODEL GRADIENT' 'MODEL GRADIENT': slices 0 and 1 at once, their exit codes and last words.
both() {
	local one two
	rings 2
	timeout 20 nn-update $(ring 0 2) -o n-0 $1 2>err-0 &
	one=$!
	timeout 20 nn-update $(ring 1 2) -o n-1 $2 2>err-1 &
	two=$!
	code_0=0 code_1=0
	wait $one || code_0=$?
	wait $two || code_1=$?
}

@test "a ring of unlike gradients, or one of which goes away" {
	nn-slice -n 2 -o 'm-%d' model
	nn-slice -n 2 -o 'g-%d' grad
	both "m-0 g-0" "m-1 g-1"
	[ "$code_0 $code_1" = "0 0" ]
	nn-join n-0 n-1 | cmp - <(nn-update model grad)
	# Slice 1 has the gradient of a part of the rows.
	rm n-?
	head -n 900 <(zcat "$examples/digits/digits.csv.gz") >half.csv
	nn-import --like data -o half half.csv
	nn-grad --steps-per-epoch 4 -m model half | nn-slice -k 1/2 >other
	both "m-0 g-0" "m-1 other"
	[ "$code_1" = 1 ]
	[ "$code_0" = 4 ]
	grep -q "ring-1: frame 0: slice 0 has a gradient of 4[0-9]* rows and a loss of .*, this one of 225 and" err-1
	grep -q "ring-0: " err-0
	[ ! -e n-0 ] && [ ! -e n-1 ]
	# One fails before it has anything to say: the others do not wait for ever.
	cp g-1 bad
	printf X | dd of=bad bs=1 seek=2000 conv=notrunc status=none
	both "m-0 g-0" "m-1 bad"
	[ "$code_1" = 1 ]
	[ "$code_0" = 4 ]
	[ "$(wc -l <err-0)" -eq 1 ]
	[ ! -e n-0 ]
	# Two that are the same slice.
	both "m-0 g-0" "m-0 g-0"
	[ "$code_0" != 0 ]
}
