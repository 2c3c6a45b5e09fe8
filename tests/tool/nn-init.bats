# nn-init: a spec, or its short form, to a model.
load common

digits() {
	awk 'BEGIN { print "a,b,c,kind"; for (i = 0; i < 60; i++)
		printf "%d,%d,%.2f,%s\n", i % 7, i % 5, i / 10, i % 3 ? "even" : "odd" }' >data.csv
	nn-import -t kind data.csv >data.nnt
}

@test "--mlp is short for a spec" {
	cat >spec.json <<-'EOF'
	{ "input": [4],
	  "layers": [ { "type": "dense", "units": 3 }, { "type": "relu" },
	              { "type": "dense", "units": 2 } ],
	  "loss": "cross_entropy" }
	EOF
	nn-init spec.json >from-spec
	nn-init --mlp 4,3,2 >from-mlp
	cmp from-spec from-mlp
	nn-init <spec.json | cmp - from-mlp
	nn-init - <spec.json | cmp - from-mlp
	nn-init spec.json -o named
	cmp named from-mlp
	nn-info from-mlp >got
	grep -F 'frame 0: model, step 0' got
	grep -F 'spec: input [4], loss cross_entropy' got
	grep -E '^ +23 +' got
}

@test "what a model carries" {
	nn-init --mlp 4,3,2 --activation gelu --loss mse --init he --seed 7 --kernel Haswell |
		nn-info --json >got
	grep -F '"seed":7,' got
	grep -F '"kernel":"Haswell"' got
	spec='{"input":[4],"layers":[{"type":"dense","units":3,"init":"he","bias":true,"per_position":false},'
	spec+='{"type":"gelu"},{"type":"dense","units":2,"init":"he","bias":true,"per_position":false}],"loss":"mse"}'
	grep -F "\"spec\":\"${spec//\"/\\\"}\"" got
	nn-init --mlp 4,2 --kernel auto | nn-info | grep -F "$(nn-info --build | grep -o 'OpenBLAS-[^ ,]*/[^ ,]*' | head -n 1)"
}

@test "the seed decides, nothing else does" {
	nn-init --mlp 40,30,20 --seed 1 >a
	nn-init --mlp 40,30,20 --seed 1 >b
	nn-init --mlp 40,30,20 --seed 2 >c
	cmp a b
	! cmp -s a c || false
}

@test "--data completes a spec and checks it" {
	digits
	nn-init --mlp ,5, --data data.nnt >model
	nn-info model >got
	grep -F 'spec: input [3], loss cross_entropy' got
	grep -E '^ +2 +dense 2 ' got
	grep -F 'classes: odd, even (2)' got || grep -F 'classes: even, odd (2)' got
	echo '{"layers":[{"type":"dense","units":5},{"type":"relu"},{"type":"dense"}],"loss":"cross_entropy"}' >spec
	nn-init -d data.nnt spec | cmp - model
	nn-init --mlp 3,5,2 --data data.nnt | cmp - model
	nn-init --mlp 3,5,2 >bare
	! cmp -s bare model || false
	fails 1 "--mlp: input: [4], but the data's rows are [3]" nn-init --mlp 4,5,2 -d data.nnt
	fails 1 '--mlp: layers[2]: 3 outputs, but the data want 2' nn-init --mlp 3,5,3 -d data.nnt
	fails 1 '--mlp: loss: mse wants numbers, but y are classes' \
		nn-init --mlp ,5, --loss mse -d data.nnt
	nn-import -t c data.csv >numbers.nnt
	nn-init --mlp ,5, --data numbers.nnt | nn-info | grep -E '^ +2 +dense 1 +\[1\]'
	fails 1 'numbers.nnt: loss cross_entropy wants classes, but y are numbers' \
		nn-init --mlp ,5, --loss cross_entropy -d numbers.nnt
	nn-import -d kind data.csv >bare.nnt
	fails 1 'bare.nnt: has no target (nn-import -t names one)' nn-init --mlp ,5, -d bare.nnt
	fails 1 'bare.nnt: has no target (nn-import -t names one)' nn-init -d bare.nnt spec
	nn-init --mlp ,5,2 -d bare.nnt | nn-info | grep -F 'spec: input [3]'
	fails 1 "--mlp: input: [4], but the data's rows are [3]" nn-init --mlp 4,5, -d bare.nnt
}

@test "bad specs" {
	table='nonsense|spec: byte 0: not JSON
{}|spec: input: missing
{"layers":[{"type":"dense"}],"loss":"mse"}|spec: input: missing; give it, or --data
{"input":[2],"layers":[{"type":"dense"}],"loss":"mse"}|spec: layers[0].units: missing; give it, or --data
{"input":[2],"layers":[{"type":"dense"},{"type":"dense"}],"loss":"mse"}|spec: layers[0].units: missing
{"input":[2],"layers":[{"type":"dens","units":1}],"loss":"mse"}|spec: layers[0].type: there is no "dens"
{"input":[2],"layers":[{"type":"dense","units":0}],"loss":"mse"}|spec: layers[0].units: 0 is not
{"input":[2],"layers":[{"type":"dense","units":1,"unit":1}],"loss":"mse"}|spec: layers[0].unit: unknown key
{"input":[2],"layers":[{"type":"dense","units":1,"units":1}],"loss":"mse"}|spec: layers[0].units: stands there twice
{"input":[2],"layers":[{"type":"dense","units":true}],"loss":"mse"}|spec: layers[0].units: a truth value where a size
{"input":[2],"layers":[{"type":"dense","units":9e99}],"loss":"mse"}|spec: layers[0].units: 9e+99 is not
{"input":[2147483647],"layers":[{"type":"dense","units":2147483647}],"loss":"mse"}|spec: layers[0]: tensor 0.weight: its shape overflows
{"input":[2],"layers":[{"type":"dense","units":1}],"loss":"l1"}|spec: loss: there is no "l1"; there are binary_cross_entropy, cross_entropy, huber, mae, mse
{"input":[2],"layers":[{"type":"dense","units":1}],"loss":{"type":"mse","delta":1}}|spec: loss.delta: unknown key; known are type
{"input":[2],"layers":[{"type":"dense","units":1}],"loss":{"type":"huber","delta":0}}|spec: loss.delta: 0 is not above 0
{"input":[2],"layers":[{"type":"dense","units":3}],"loss":{"type":"cross_entropy","class_weights":[1,2]}}|spec: loss.class_weights: 2, but the network has 3 outputs
{"input":[2],"layers":[{"type":"dense","units":3}],"loss":{"type":"cross_entropy","ignore_index":3}}|spec: loss.ignore_index: 3, but the network has 3 outputs
{"input":[2],"layers":[{"type":"dense","units":1}],"loss":"mse"} x|spec: byte 65: text behind the JSON value'
	while IFS='|' read -r spec text; do
		printf '%s' "$spec" >spec
		fails 1 "$text" nn-init spec
		sh_fails 1 "stdin${text#spec}" 'nn-init <spec'
	done <<<"$table"
	printf '{ "input": [2],\n  "layers": [\n    { "type": "dense", "units": 1, } ],\n  "loss": "mse" }\n' >spec
	fails 1 'spec: line 3, column 36 (byte 65): not JSON' nn-init spec
	printf '{}\n\n x' >spec
	fails 1 'spec: line 3, column 2 (byte 5): text behind the JSON value' nn-init spec
	: >spec
	fails 1 'spec: empty: no spec' nn-init spec
	sh_fails 1 'stdin: empty: no spec' 'nn-init <spec'
	nn-init --mlp 4,2 -o stream
	fails 1 'stream: is an nnt stream, not a spec (is --data meant?)' nn-init stream
	fails 1 'nothing: cannot open' nn-init nothing
	[ "$SANITIZERS" = yes ] || # which have a word of their own to say
		fails 1 'need 40000000400000 bytes (40.0 TB)' nn-init --mlp 100000000,100000
}

@test "usage" {
	fails 2 'either a spec or --mlp' nn-init --mlp 3,2 spec
	fails 2 'one spec at most' nn-init a b
	fails 2 '--activation goes with --mlp' nn-init --activation tanh spec
	fails 2 '--loss goes with --mlp' nn-init --loss mse spec
	fails 2 '--init goes with --mlp' nn-init --init he spec
	for name in Foo '' Haswell2 OpenBLAS-0.3/PDP11; do
		fails 2 "--kernel: OpenBLAS has no kernel '${name#*/}'" nn-init --mlp 3,2 --kernel "$name"
	done
	fails 2 "'MKL/Haswell' is not OpenBLAS-VERSION/KERNEL" nn-init --mlp 3,2 --kernel MKL/Haswell
	for sizes in '' 5 5,,3 5,x 0,3 5,-3 99999999999999999999,3; do
		fails 2 "--mlp: \"$sizes\" is no list of at least two sizes" nn-init --mlp "$sizes"
	done
	fails 1 '--mlp: input: missing; give it, or --data' nn-init --mlp ,3
	fails 1 '--mlp: input: missing; give it, or --data' nn-init --mlp ,3,
	fails 1 '--mlp: layers[0].units: missing; give it, or --data' nn-init --mlp 3,
}

@test "nothing written is harmed" {
	nn-init --mlp 4,2 -o model
	cp model kept
	echo '{' >bad
	fails 1 'not JSON' nn-init -o model bad
	cmp model kept
	echo '{"input":[2],"layers":[{"type":"dense","units":1}],"loss":"mse"}' >spec
	fails 2 'is both input and output' nn-init -o spec spec
	grep -q dense spec
	sh_fails 4 'No space left' 'nn-init spec >/dev/full'
	fails 4 'cannot' nn-init -o nowhere/model spec
}

@test "a kernel that other CPUs have: a warning, and the model names it" {
	other=NEOVERSEN1
	[ "$(uname -m)" = x86_64 ] || other=Haswell
	nn-init --mlp 3,2 --kernel $other -o model 2>err
	[ "$(wc -l <err)" -eq 1 ]
	grep -F "nn-init: --kernel $other: this CPU cannot run it (it has " err
	nn-info model | grep -F "kernel: $other"
	nn-init --mlp 3,2 --kernel "OpenBLAS-0.3.21/$other/4t" 2>/dev/null |
		nn-info | grep -F "kernel: OpenBLAS-0.3.21/$other/4t"
	nn-init --mlp 3,2 --kernel $(uname -m | sed 's/x86_64/Prescott/; t; s/.*/ARMV8/') 2>err >model
	[ ! -s err ]
}

@test "a spec of tokens or images without an input: data have it" {
	fails 1 'spec.json: input: missing; give it, or --data' nn-init "$examples/tiny-gpt/spec.json"
	printf '{"layers":[{"type":"conv2d","filters":2,"kernel":3},{"type":"flatten"},{"type":"dense"}],"loss":"mse"}' >spec
	fails 1 'spec: input: missing; give it, or --data' nn-init spec
}

@test "a network of absurd size is refused, with the bytes it would need" {
	run nn-init --mlp 784,2147483647 -o model.nnt
	assert_failure 1
	assert_output "nn-init: --mlp: the parameters need 6743098651580 bytes (6.7 TB), more than this machine has; the largest is 0.weight, [2147483647, 784]"
	run nn-init --mlp 2147483647,2147483647,10 -o model.nnt
	assert_failure 1
	assert_output --partial "layers[0]: tensor 0.weight: its shape overflows"
	[ ! -e model.nnt ]
}
