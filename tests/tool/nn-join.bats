# nn-join: slices together again, and what does not belong together.
load common

frames() {
	"$builddir/tests/tool/frames" "$@"
}

setup_file() {
	load common
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$examples/digits/digits.csv.gz" -o data
	nn-init --mlp 64,150,100,10 --seed 1 --data data -o model
	nn-grad -m model --shard 0-1/3 data -o grad
	nn-update -O adam -o checkpoint model <(nn-grad -m model data)
	nn-update -O momentum -o other model <(nn-grad -m model data)
	nn-slice -n 3 checkpoint
	nn-slice -n 3 -o 'other-%d' other
	nn-slice -n 4 -o 'four-%d' checkpoint
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	cp "$BATS_FILE_TMPDIR"/* .
}

@test "the same bits: models, gradients, checkpoints, in 1 to 8 slices" {
	for file in model grad checkpoint other; do
		for n in 1 2 3 4 5 8; do
			rm -f s-*
			nn-slice -n $n -o 's-%d' $file
			nn-join s-* | cmp - $file
			cat s-* | nn-join | cmp - $file
			nn-join <(cat s-?) | cmp - $file
			nn-join $(ls -r s-*) | cmp - $file
			nn-join -o out s-* && cmp out $file
		done
	done
	[ "$(nn-join -v -o out slice-?.nnt 2>&1)" = "nn-join: 2 frames joined" ]
}

@test "pipes in lockstep, frame by frame, END as it comes" {
	frames grad step=1 a~90000 b~5000 grad step=2 a~90000 b~5000 grad step=3 a~90000 b~5000 >grads
	mkfifo p-0 p-1 p-2
	nn-slice -n 3 -o 'p-%d' grads 3>&- &
	nn-join p-0 p-1 p-2 | cmp - grads
	wait
	# A second stream behind the first on the same pipe.
	cat grads model >both
	nn-slice -n 3 -o 'p-%d' both 3>&- &
	nn-join p-0 p-1 p-2 | cmp - both
	wait
	# Interleaved in one stream.
	nn-slice -n 3 -o 'g-%d' grads
	cat g-0 g-1 g-2 | nn-join | cmp - grads
}

@test "deflated slices, and slices as plain files" {
	for k in 0 1 2; do
		nn-slice -k $k/3 model | tee s-$k | nn-convert --to nnt -z >z-$k
		nn-convert --to safetensors -o p-$k s-$k
	done
	nn-join z-? | cmp - model
	nn-join p-? | cmp - model
}

@test "a slice that is missing, twice there, none, or of another number of them" {
	fails 1 "slice 1 of 3 is missing" nn-join slice-0.nnt slice-2.nnt
	fails 1 "slice 2 of 3 is missing" nn-join slice-0.nnt slice-1.nnt
	fails 1 "slice 0 of 3 is missing" nn-join slice-2.nnt slice-1.nnt
	fails 1 "slice 1 of 3 is missing" nn-join slice-0.nnt
	fails 1 "slice 2 of 3 is missing" nn-join <(cat slice-1.nnt slice-0.nnt)
	fails 1 "frame 0 of slice-0.nnt (slice 0 of 3) and frame 0 of slice-0.nnt (slice 0 of 3): are the same slice" \
		nn-join slice-0.nnt slice-0.nnt slice-1.nnt
	fails 1 "model: frame 0: is no slice, but a whole" nn-join slice-0.nnt slice-1.nnt model
	fails 1 "model: frame 0: is no slice, but a whole model (nn-slice makes slices)" nn-join model
	fails 1 "grad: frame 0: is no slice, but a whole grad (nn-slice makes slices)" nn-join slice-0.nnt grad
	fails 1 "has 3 for its slices, but frame 0 of four-1 (slice 1 of 4) has 4" \
		nn-join slice-0.nnt four-1 slice-2.nnt
	fails 1 "data: no slice of a model, state, gradient or delta in it (nn-slice makes slices)" nn-join data
	# Not what has ended before what.
	fails 1 "nn-join: data: no slice of a model" nn-join slice-0.nnt data slice-1.nnt
	fails 1 "nn-join: data: no slice of a model" nn-join data slice-0.nnt
	fails 2 "slice-0.nnt: is both input and output" nn-join -o slice-0.nnt slice-0.nnt slice-1.nnt slice-2.nnt
}

@test "slices of unlike things" {
	fails 1 "is of model " nn-join slice-0.nnt other-1 slice-2.nnt
	grep -q "but frame 0 of other-1 (slice 1 of 3) of model " err
	nn-slice -n 2 -o 'm-%d' model
	nn-slice -n 2 -o 'g-%d' grad
	fails 1 "frame 0 of m-0 (slice 0 of 2) is a model, but frame 0 of g-1 (slice 1 of 2) a grad" \
		nn-join m-0 g-1
	frames grad step=1 part=0 parts=2 a=1 >a
	for what in step=2 seed=1 'shards=4 first=0 end=1' rows=3 weight=2 more=1; do
		frames grad step=1 part=1 parts=2 $what b=1 >b
		fails 1 "frame 0 of a (slice 0 of 2)" nn-join a b
		grep -q "frame 0 of b (slice 1 of 2)" err
	done
	frames grad step=1 part=0 parts=2 loss=1 a=1 >l
	frames grad step=1 part=1 parts=2 loss=2 b=1 >b
	fails 1 "frame 0 of l (slice 0 of 2) has a loss of 1, but frame 0 of b (slice 1 of 2) of 2" nn-join l b
	# One that does not know it has 0.
	nn-join a b | nn-info --json | grep -q '"loss":2,'
	frames grad step=1 part=1 parts=2 kernel=K b=1 >b
	fails 1 "metadata \`kernel\` of slices 0 and 1 differ" nn-join a b
	# One model's slices, of which one has changed.
	frames model id=5 part=0 parts=2 a=1 >a
	frames model id=5 part=1 parts=2 b=2 >b
	fails 1 "say model 0000000000000005, but together are " nn-join a b
	{ frames grad part=0 parts=2 a=1; } >a
	{ frames grad part=1 parts=2 b=1 grad part=1 parts=2 b=1; } >b
	fails 1 "a has ended, but b has more" nn-join a b
	sh_fails 1 "slice 0 of 2 is missing" "cat a b | nn-join"
}

@test "overlaps and holes" {
	cut='{"a":{"first":0,"shape":[3,4096]}}'
	tail='{"a":{"first":4096,"shape":[3,4096]}}'
	last='{"a":{"first":8192,"shape":[3,4096]}}'
	frames grad part=0 parts=2 a~4096 "slice=$cut" >a
	frames grad part=1 parts=2 a~8192 "slice=$tail" >b
	nn-join a b | nn-info | grep -q 'a *F32  \[3, 4096\]'
	frames grad part=1 parts=2 a~4096 "slice=$last" >b
	fails 1 "tensor a: no slice has elements 4096 to 8191" nn-join a b
	frames grad part=1 parts=2 a~4096 "slice=$tail" >b
	fails 1 "tensor a: no slice has elements 8192 to 12287" nn-join a b
	frames grad part=0 parts=2 a~4096 "slice=$tail" >a
	fails 1 "tensor a: no slice has elements 0 to 4095" nn-join a b
	frames grad part=0 parts=2 a~8192 "slice=$tail" >a
	frames grad part=1 parts=2 a~8192 "slice=$cut" >b
	fails 1 "tensor a: slices 1 and 0 both have element 4096" nn-join a b
	frames grad part=0 parts=2 a~8192 "slice=$cut" >a
	frames grad part=1 parts=2 a~4096 'slice={"a":{"first":8192,"shape":[12288]}}' >b
	fails 1 "tensor a: F32 [3, 4096] in slice 0, F32 [12288] in slice 1" nn-join a b
	frames grad part=0 parts=2 a=1 b=2 >a
	frames grad part=1 parts=2 b=2 c=3 >b
	fails 1 "tensor b: slices 0 and 1 both have element 0" nn-join a b
}

@test "parts that are whole tensors: the layers of a stage" {
	frames grad step=4 shards=2 first=1 end=2 weight=3 rows=3 0.bias=1,2 0.weight=3 2.bias=4 >whole
	frames grad step=4 shards=2 first=1 end=2 weight=3 rows=3 part=0 parts=2 0.bias=1,2 0.weight=3 >a
	frames grad step=4 shards=2 first=1 end=2 weight=3 rows=3 part=1 parts=2 2.bias=4 >b
	nn-join b a | cmp - whole
	cat a b | nn-join | cmp - whole
}

@test "metadata that make no sense" {
	frames grad part=1 parts=2 b=1 >b
	for cut in '[]' '{"a":1}' '{"a":{"first":0}}' '{"a":{"first":0,"shape":[-1]}}' \
		'{"a":{"first":1,"shape":[8192]}}' '{"a":{"first":4096,"shape":[8191]}}' \
		'{"a":{"first":0,"shape":[4096]}}' '{"a":{"first":0,"shape":[9007199254740992,9007199254740992]}}' \
		'{"a":{"first":9007199254740992,"shape":[8192]}}' '{"x":{"first":0,"shape":[8192]}}' \
		'{"a":{"first":0,"shape":[8192],"more":1}}' '{'; do
		frames grad part=0 parts=2 a~4096 "slice=$cut" >a
		fails 1 "slice 0: metadata slice: " nn-join a b
	done
	# A frame that says of how many slices it is, and there is only that one.
	frames grad part=0 parts=4294967295 a=1 >a
	fails 1 "slice 1 of 4294967295 is missing" timeout 10 nn-join a
}

@test "an input that is damaged: nothing is written" {
	cp slice-1.nnt bad
	printf X | dd of=bad bs=1 seek=2000 conv=notrunc status=none
	fails 1 "bad: frame 0, byte 0: damaged: digest" nn-join -o kept slice-0.nnt bad slice-2.nnt
	[ ! -e kept ]
	head -c 5000 slice-2.nnt >cut
	fails 1 "cut: frame 0, byte " nn-join -o kept slice-0.nnt slice-1.nnt cut
	[ ! -e kept ]
}
