# nn-info shows what tests/tool/frames has written.
load common

frames() {
	"$builddir/tests/tool/frames" "$@"
}

# A model and five gradients.
write_run() {
	frames model step=3 seed=7 spec='{"input":[2],"layers":[{"type":"dense","units":2},{"type":"relu"}],"loss":"mse"}' \
		0.weight=1,2,nan,-3 0.bias=0.5,0 id=auto \
		grad step=3 shards=5 first=0 end=1 rows=9 weight=8 0.weight=1,2,3,4 0.bias=1,1 \
		grad step=3 shards=5 first=1 end=2 rows=1 weight=1 0.weight=1,2,3,4 0.bias=1,1 \
		grad step=3 shards=5 first=2 end=3 0.weight=1,2,3,4 0.bias=1,1 \
		grad step=3 shards=5 first=3 end=4 rows=9 weight=9 0.weight=1,2,3,4 0.bias=1,1 \
		grad step=3 shards=5 first=4 end=5 rows=9 weight=9 0.weight=0,0,3,inf 0.bias=1,1 >run.nnt
}

@test "a line for each frame, tensors and metadata once, a run of frames shortened" {
	write_run
	nn-info run.nnt | sed -E 's/[0-9a-f]{16}/ID/' >shown
	cat >wanted <<'END'
frame 0: model, step 3, epoch 0, seed 7, id ID, 512 B
  0.bias    F32  [2]
  0.weight  F32  [4]
  spec: input [2], loss mse
    layer  type     output  parameters  FLOPs a row
    0      dense 2  [2]              6            8
    1      relu     [2]              0            2
                                     6           10
frame 1: grad, step 3, epoch 0, shard 0 of 5, 9 rows, weight 8, mean loss 0, 384 B
frame 2: grad, step 3, epoch 0, shard 1 of 5, 1 row, mean loss 0, 384 B
frame 3: grad, step 3, epoch 0, shard 2 of 5, 0 rows, 384 B
... 1 more of the same
frame 5: grad, step 3, epoch 0, shard 4 of 5, 9 rows, mean loss 0, 384 B
  0.bias    F32  [2]
  0.weight  F32  [4]
end: 6 frames, digest ID, 2.7 kB
END
	diff wanted shown
}

@test "standard input is read the same way" {
	write_run
	nn-info run.nnt >file
	cat run.nnt | nn-info | cmp - file
	nn-info - <run.nnt | cmp - file
}

@test "--stats: numbers of each tensor; those that are not finite are counted apart" {
	write_run
	nn-info --stats run.nnt >shown
	# 1, 2, -3: mean 0, squares 14, sd sqrt(14 / 3) = 2.160247
	grep -F '0.weight  F32  [4]  min -3  max 2  mean 0  sd 2.16025  zeros 0  NaN 1  Inf 0' shown
	grep -F '0.bias    F32  [2]  min 0  max 0.5  mean 0.25  sd 0.25  zeros 1' shown
	grep -F 'min 0  max 3  mean 1  sd 1.41421  zeros 2  NaN 0  Inf 1' shown
	[ "$(grep -c '^frame' shown)" -eq 6 ]
}

@test "--json: one object a frame" {
	write_run
	nn-info --json run.nnt >shown
	[ "$(wc -l <shown)" -eq 7 ]
	[ "$(jq -r .kind shown | uniq -c | tr -s ' \n' ' ')" = " 1 model 5 grad 1 end " ]
	[ "$(jq -c 'select(.frame == 1) | [.step, .shards, .first, .end, .rows, .weight, .id]' shown)" = \
		'[3,5,0,1,9,8,null]' ]
	[ "$(jq -r 'select(.kind == "model") | .metadata.spec | fromjson | .layers[0].units' shown)" = 2 ]
	[ "$(jq -c 'select(.frame == 0) | .tensors[1] | [.name, .dtype, .shape, .offset, .bytes]' shown)" = \
		'["0.weight","F32",[4],8,16]' ]
	[ "$(jq -s 'map(.position) | . == sort' shown)" = true ]
	nn-info --json --stats run.nnt | jq -se '.[0].tensors[1].stats |
		.finite == 3 and .nan == 1 and .mean == 0 and .max == 2'
}

@test "--verify: a line for each whole file" {
	write_run
	nn-info --verify run.nnt run.nnt >shown
	printf 'run.nnt: OK, 6 frames\nrun.nnt: OK, 6 frames\n' | cmp - shown
	head -c 700 run.nnt >cut.nnt
	fails 1 "cut.nnt: frame 1, byte 700: cut off here" nn-info --verify cut.nnt run.nnt
	printf 'run.nnt: OK, 6 frames\n' | cmp - out
}

@test "--verify: a model has the id that it says" {
	frames model id=7 w=1,2 >lie.nnt
	fails 1 "lie.nnt: frame 0: its parameters have id" nn-info --verify lie.nnt
	frames model id=auto w=1,2 >model.nnt
	nn-info --verify model.nnt
}

@test "what stands before the damage is shown" {
	write_run
	head -c 700 run.nnt >cut.nnt
	fails 1 "cut.nnt: frame 1" nn-info cut.nnt
	grep -F 'frame 0: model' out
	grep -F '0.bias' out
	sh_fails 4 "stdin: frame 1" 'cat cut.nnt | nn-info'
	sh_fails 4 "stdin: frame 1" 'cat cut.nnt | nn-info --json'
	[ "$(jq -r .kind out)" = model ]
}

@test "a terminal does not obey what a file says" {
	frames model kernel=$'\e[31mred\xc2\x9b0m' w=1 >run.nnt
	nn-info run.nnt >shown
	grep -F 'kernel: \x1b[31mred\xc2\x9b0m' shown
	nn-info --json run.nnt | grep -F '\u001b'
}

@test "a long text is cut, and says so" {
	frames model kernel="$(printf 'x%.0s' {1..100})" w=1 >run.nnt
	nn-info run.nnt | grep -E 'kernel: x{60}\.\.\. \(40 bytes more\)$'
}

@test "--build names version, compiler, libraries and kernel; nothing else loads a matrix library" {
	nn-info --build >shown
	for line in version compiler libraries 'this CPU' 'matrix kernel' MPI; do
		grep -E "^$line: +[^ ]" shown
	done
	write_run
	ldd "$(command -v nn-info)" >linked || skip "no ldd"
	! grep -i blas linked || false
	fails 2 "--build takes no FILE" nn-info --build run.nnt
}

@test "-o writes a file, whole or not at all" {
	write_run
	nn-info run.nnt >shown
	nn-info -o info.txt run.nnt
	cmp shown info.txt
	head -c 700 run.nnt >cut.nnt
	fails 1 "cut.nnt: frame 1" nn-info -o info.txt cut.nnt
	cmp shown info.txt
	fails 2 "run.nnt: is both input and output" nn-info -o run.nnt run.nnt
	fails 4 "stdout" bash -c 'nn-info run.nnt >/dev/full'
}

@test "bad operands" {
	fails 1 "none.nnt: cannot open" nn-info none.nnt
	fails 1 "is a directory" nn-info .
	: >empty
	fails 1 "empty: empty" nn-info empty
	sh_fails 4 "stdin: empty" 'cat empty | nn-info'
	fails 2 "unknown option" nn-info --nothing
	echo sepal,petal >in.csv
	fails 1 'no frame here, but "sepal,petal\n" (a text? nn-import makes data of tables and texts)' nn-info in.csv
}

@test "a data set of many frames is a few lines" {
	seq 50000 | sed 's/$/,a/; 1~3s/a$/b/' | nn-import -t 2 -o data.nnt -
	nn-info data.nnt | sed -E 's/[0-9a-f]{16}/ID/; /columns/d; s/, [0-9.]* kB//' >shown
	cat >wanted <<'END'
frame 0: data, 8192 rows
frame 1: data, 8192 rows
frame 2: data, 8192 rows
... 3 more of the same
frame 6: data, 848 rows
  x  F32  [50000, 1]
  y  I32  [50000]
  classes: a, b (2)
  rows: 50000
end: 7 frames, digest ID, 50000 rows
END
	diff wanted shown
	# The deviation of 1, ..., n: the square root of (n^2 - 1) / 12, whatever the frames.
	nn-info --stats data.nnt | grep -F 'min 1  max 50000  mean 25000.5  sd 14433.8  zeros 0'
}

# plain HEADER BYTES: a safetensors file of one body, BYTES as printf wants them.
plain() {
	local n=${#1}
	printf "\\x$(printf %02x $((n % 256)))\\x$(printf %02x $((n / 256)))\\0\\0\\0\\0\\0\\0%s$2" "$1"
}

@test "--values: a line for each row, the fewest digits" {
	write_run
	# One dimension: a number a line. The gradients have the tensor, too.
	[ "$(nn-info --values 0.bias run.nnt | xargs)" = '0.5 0 1 1 1 1 1 1 1 1 1 1' ]
	[ "$(nn-info --values 0.weight run.nnt | head -n 4 | xargs)" = '1 2 nan -3' ]
	[ "$(nn-info --values 0.weight run.nnt | tail -n 1)" = inf ]
	printf '0.1,-2.5,1\n16777216,1e-45,3\n' | nn-import -t 3 --target-type number -o two.nnt
	printf '0.1,-2.5\n16777216,1e-45\n' >want
	nn-info --values x two.nnt | cmp - want
	nn-info --values x <two.nnt | cmp - want
	nn-info --values x -o file two.nnt
	cmp file want
	nn-info --values x two.nnt two.nnt | cmp - <(cat want want)
	seq 20000 | nn-import -o many.nnt
	nn-info --values x many.nnt | cmp - <(seq 20000)
}

@test "--values: any type and any number of dimensions" {
	plain '{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F64","shape":[],"data_offsets":[8,16]},"c":{"dtype":"I32","shape":[2],"data_offsets":[16,24]},"d":{"dtype":"BF16","shape":[1,2,1],"data_offsets":[24,28]},"e":{"dtype":"U8","shape":[2,1,2],"data_offsets":[28,32]},"f":{"dtype":"F32","shape":[0,3],"data_offsets":[32,32]}}' \
		'\x01\0\0\0\0\0\x20\0\x9a\x99\x99\x99\x99\x99\xb9\x3f\xff\xff\xff\x7f\xff\xff\xff\xff\x80\x3f\x80\xbf\x01\x02\xff\x00' >all
	# values NAME 'LINES'
	values() {
		nn-info --values "$1" all | diff - <(printf "$2")
	}
	values a '9007199254740993\n'
	values b '0.1\n'
	values c '2147483647\n-1\n'
	values d '1,-1\n'
	values e '1,2\n255,0\n'
	values f ''
}

@test "--values: what does not go" {
	write_run
	fails 1 "run.nnt: has no tensor '1.weight'" nn-info --values 1.weight run.nnt
	fails 2 "no --json" nn-info --values x --json run.nnt
	fails 2 "no --stats" nn-info --values x -s run.nnt
	fails 2 "no --verify" nn-info --values x -V run.nnt
	head -c 700 run.nnt >cut.nnt
	fails 1 "cut.nnt: frame 1" nn-info --values 0.bias cut.nnt
	sh_fails 4 "stdout: cannot write" "nn-info --values 0.bias run.nnt >/dev/full"
}

@test "a network with blocks is shown as a table; what the program does not know as a line" {
	printf '%s' '{"input":[2,3],"layers":[{"type":"residual","layers":[{"type":"dense","units":3,
		"per_position":true,"init":"he"},{"type":"gelu"}]},{"type":"dense","units":1000}],"loss":"mse"}' >spec
	nn-init spec | nn-info | sed -n '/spec/,/^end/p' | sed '$d' >shown
	cat >wanted <<'END'
  spec: input [2, 3], loss mse
    layer  type                     output  parameters  FLOPs a row
    0.0    dense 3 he per_position  [2, 3]          12           36
    0.1    gelu                     [2, 3]           0            6
    0      residual                 [2, 3]           0            6
    1      dense 1000               [1000]       7,000       12,000
                                                 7,012       12,048
END
	diff wanted shown
	frames model spec='{"input":[2],"layers":[{"type":"novel","size":3},{"type":"relu"}],"loss":"mse"}' 0.weight=1 id=auto |
		nn-info | grep -Fx '  spec: 2 -> novel size 3 -> relu, loss mse'
}
