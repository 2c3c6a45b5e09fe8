# nn-slice: where models and gradients are cut, and where the slices go.
load common

frames() {
	"$builddir/tests/tool/frames" "$@"
}

# has SLICE 'TENSOR SHAPE, ...': the tensors of the slice's first frame, as nn-info shows them.
has() {
	nn-info "$1" | sed -n '/^frame 1/q; s/^  \([^ ]*\) *[FU][0-9]* */\1 /p' | paste -sd , |
		sed 's/,\([a-z]\)/, \1/g' >got
	[ "$(cat got)" = "$2" ] || { cat got; return 1; }
}

setup_file() {
	load common
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$examples/digits/digits.csv.gz" -o data
	nn-init --mlp 64,150,100,10 --seed 1 --data data -o model
	nn-grad -m model data -o grad
	nn-update -O adam -o checkpoint model grad
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	cp "$BATS_FILE_TMPDIR"/* .
}

@test "equal parts, each bound at the nearest multiple of 4096 of a tensor" {
	# By name a, b, c: 10 + 20000 + 3 elements. A third is 6671, near 10 + 2 * 4096 (8202) and 10 + 4096.
	frames model a~10 b~20000 c~3 >m
	nn-slice -n 3 m
	has slice-0.nnt 'a [10], b [8192] from 0 of [20000]'
	has slice-1.nnt 'b [4096] from 8192 of [20000]'
	has slice-2.nnt 'b [7712] from 12288 of [20000], c [3]'
	nn-slice -n 2 m
	has slice-0.nnt 'a [10], b [8192] from 0 of [20000]'
	has slice-1.nnt 'b [11808] from 8192 of [20000], c [3]'
	# Seven blocks there are.
	nn-slice -n 7 m
	has slice-0.nnt 'a [10]'
	has slice-6.nnt 'c [3]'
	fails 2 'm: frame 0: 20013 parameters are cut at each 4096 of a tensor: that makes at most 7 slices, not 8' \
		nn-slice -n 8 m
}

@test "a slice says what it is" {
	nn-slice -n 3 model
	nn-info --json slice-1.nnt | head -n 1 >json
	grep -q '"part":1,"parts":3' json
	grep -qF '"metadata":{' json
	[ "$(nn-info --json model | grep -o '"id":"[^"]*"' | head -n 1)" = "$(grep -o '"id":"[^"]*"' json)" ]
	nn-info --json slice-0.nnt | grep -qF '\"0.weight\":{\"first\":0,\"shape\":[150,64]}'
	nn-info --verify slice-0.nnt
	nn-info slice-1.nnt | grep -q '^frame 0: model, step 0, epoch 0, seed 1, slice 1 of 3, id '
	nn-info slice-1.nnt | grep -q '^  0.weight *F32  \[1408\] from 8192 of \[150, 64\]$'
	! nn-info slice-1.nnt | grep 'slice:' || false
}

@test "the cut is that of the parameters: model, gradient and each slot of a state fit together" {
	for file in model grad checkpoint; do
		nn-slice -n 4 -o "$file-%d" $file
	done
	for k in 0 1 2 3; do
		nn-info --json model-$k | head -n 1 | grep -o '"name":"[^}]*' >tensors
		nn-info --json grad-$k | head -n 1 | grep -o '"name":"[^}]*' | cmp - tensors
		nn-info --json checkpoint-$k | head -n 1 | grep -o '"name":"[^}]*' | cmp - tensors
		nn-info --json checkpoint-$k | sed -n 2p | grep -o '"name":"exp_avg/[^}]*' |
			sed 's,exp_avg/,,; s/"offset":[0-9]*//' | cmp - <(sed 's/"offset":[0-9]*//' tensors)
	done
}

@test "one slice alone, to standard output or a file; commands" {
	nn-slice -n 3 checkpoint
	for k in 0 1 2; do
		nn-slice -k $k/3 checkpoint | cmp - slice-$k.nnt
		nn-slice -k $k/3 -o one checkpoint && cmp one slice-$k.nnt
	done
	nn-slice -n 3 -F 'cat >"from-$FILE"; echo "$SLICE" >>numbers' checkpoint
	for k in 0 1 2; do cmp from-slice-$k.nnt slice-$k.nnt; done
	[ "$(sort numbers | xargs)" = "0 1 2" ]
	# A command that has enough may stop; one that fails is named.
	nn-slice -n 2 -F 'head -c 100 >/dev/null' checkpoint
	fails 4 "filter of slice 1: exit status 3: " nn-slice -n 2 -F 'cat >/dev/null; [ $SLICE = 0 ] || exit 3' model
	[ "$(nn-slice -v -n 2 checkpoint 2>&1)" = "nn-slice: 2 frames, each in 2 slices" ]
}

@test "several frames, other kinds between them, several streams" {
	{ frames model a~9000; frames hello task grad step=1 a~9000 b~5000 grad step=2 a~9000 b~5000; } |
		nn-slice -n 2
	nn-info slice-0.nnt >text
	[ "$(grep -c '^end' text)" -eq 2 ]
	[ "$(nn-info --json slice-1.nnt | grep -c '"kind":"grad"')" -eq 2 ]
	frames task >t
	fails 1 "t: no model, state, gradient or delta in it" nn-slice -n 2 t
}

@test "what is no whole, or not what it says" {
	nn-slice -n 2 model
	fails 1 "slice-1.nnt: frame 0: is slice 1 of 2 already" nn-slice -n 2 -o 'x-%d' slice-1.nnt
	frames model id=7 a~9000 >m
	fails 1 "m: frame 0: its parameters have id " nn-slice -n 2 -o 'x-%d' m
	[ -z "$(find . -name 'x-*')" ]
}

@test "usage" {
	fails 2 "how many slices? (-n)" nn-slice model
	fails 2 "-n 0: there would be no slice" nn-slice -n 0 model
	fails 2 "-k 0/0: there would be no slice" nn-slice -k 0/0 model
	fails 2 "-k 0/1 and -n 0 differ" nn-slice -n 0 -k 0/1 model
	fails 2 "-k '1' is not I/N" nn-slice -k 1 model
	fails 2 "-k 3/3: slices are numbered from 0" nn-slice -k 3/3 model
	fails 2 "-k 1/3 and -n 2 differ" nn-slice -n 2 -k 1/3 model
	fails 2 "-k writes one slice: --filter is for all of them" nn-slice -k 1/3 -F cat model
	fails 2 "99999999 slices are too many" nn-slice -n 99999999 model
	fails 2 "a template needs one %d" nn-slice -n 2 -o x model
	fails 2 "2 files: one stream is cut at a time" nn-slice -n 2 model grad
	cp model slice-1
	fails 2 "slice-1: is both input and output" nn-slice -n 2 -o 'slice-%d' slice-1
}

@test "memory does not grow with the model" {
	[ "${SANITIZERS:-no}" != yes ] || skip "the sanitizers take more"
	frames grad weight=1 a~30000000 >big
	(ulimit -v 60000; exec nn-slice -n 2 big)
	(ulimit -v 60000; exec nn-join slice-0.nnt slice-1.nnt) | cmp - big
}

@test "a plain safetensors file, its tensors in any order" {
	nn-convert --to safetensors -o plain model
	nn-slice -n 3 plain
	nn-join slice-?.nnt | cmp - model
}
