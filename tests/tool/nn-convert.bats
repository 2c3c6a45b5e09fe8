# nn-convert: safetensors files that other readers take, and back to the same bytes.
load common

frames() {
	"$builddir/tests/tool/frames" "$@"
}

spec='{"input":[2],"layers":[{"type":"dense","units":2}],"loss":"mse"}'

write_model() {
	frames model step=3 epoch=2 step_in_epoch=1 S=8 seed=7 spec="$spec" kernel='none "x"' \
		0.weight=1,2.5,nan,-3 0.bias=0.5,1e-45 id=auto >model.nnt
}

# bytes HEX...: binary output.
bytes() {
	local text=$*
	printf "$(printf '%s' "${text// /}" | sed 's/../\\x&/g')"
}

# foreign JSON HEX...: a safetensors file with the length in front.
foreign() {
	local json=$1 n=${#1}
	shift
	bytes "$(printf '%02x%02x000000000000' $((n % 256)) $((n / 256)))"
	printf %s "$json"
	bytes "$*"
}

@test "a model becomes a safetensors file and comes back, byte for byte" {
	write_model
	nn-convert --to safetensors model.nnt -o model.safetensors
	nn-convert --to nnt model.safetensors | cmp - model.nnt
	cat model.nnt | nn-convert -t safetensors | cmp - model.safetensors
	cat model.safetensors | nn-convert -t nnt | cmp - model.nnt
}

@test "jq and od read the safetensors file" {
	write_model
	nn-convert --to safetensors model.nnt -o model.safetensors
	length=$(od -An -tu8 -N8 model.safetensors | tr -d ' ')
	[ $(((8 + length) % 64)) -eq 0 ]
	tail -c +9 model.safetensors | head -c "$length" >header
	[ "$(jq -c '.["0.weight"]' header)" = '{"dtype":"F32","shape":[4],"data_offsets":[8,24]}' ]
	[ "$(jq -c '.["0.bias"]' header)" = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}' ]
	[ "$(jq -r .__metadata__.spec header)" = "$spec" ]
	[ "$(jq -c '.__metadata__ | [.["nnt.kind"], .["nnt.step"], .["nnt.epoch"], .["nnt.seed"]]' header)" = \
		'["model","3","2","7"]' ]
	[ "$(jq -r '.__metadata__["nnt.id"]' header)" = "$(nn-info --json model.nnt | jq -r 'select(.id).id' | head -1)" ]
	[ "$(tail -c +$((9 + length)) model.safetensors | od -An -tf4 -w24 | tr -s ' ')" = \
		' 0.5 1e-45 1 2.5 nan -3' ]
	[ "$(jq -cS 'keys_unsorted' header)" = '["__metadata__","0.bias","0.weight"]' ]
}

@test "gradients keep what their preamble says" {
	frames grad step=3 shards=4 first=1 end=3 rows=9 weight=8.125 id=77 kernel=k w=1,2 >grad.nnt
	nn-convert --to safetensors grad.nnt -o grad.safetensors
	nn-info grad.safetensors | grep -F 'grad, step 3, epoch 0, shards 1 to 2 of 4, 9 rows, weight 8.125'
	nn-convert --to nnt grad.safetensors | cmp - grad.nnt
}

@test "a safetensors file of our own is a model wherever one is read" {
	write_model
	nn-convert --to safetensors model.nnt -o model.safetensors
	nn-info model.safetensors | grep -F 'safetensors file: model, step 3, epoch 2 (1 of 8 steps), seed 7'
}

@test "another writer's file: any order, half precision, double, integers" {
	# c F64 [2] = 1, -2; a F16 [3] = 1, 65504, 2^-24; b BF16 [] = 1.5; d I64 [1] = -5
	foreign '{"b":{"shape":[],"data_offsets":[22,24],"dtype":"BF16"}, "a":{"dtype":"F16","shape":[3],"data_offsets":[16,22]},
 "d":{"dtype":"I64","shape":[1],"data_offsets":[24,32]},"c":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}  ' \
		000000000000f03f 00000000000000c0 003c ff7b 0100 c03f fbffffffffffffff >foreign.safetensors
	nn-info --json foreign.safetensors >/dev/null
	nn-convert --to nnt foreign.safetensors -o model.nnt
	nn-info --json model.nnt | head -1 >line
	[ "$(jq -c '[.kind, .step, (.tensors[] | .name, .dtype, .shape)]' line)" = \
		'["model",0,"a","F32",[3],"b","F32",[],"c","F32",[2],"d","F32",[1]]' ]
	nn-convert --to safetensors model.nnt | tail -c 28 | od -An -tf4 -w28 | tr -s ' ' >values
	echo ' 1 65504 5.9604645e-08 1.5 1 -2 -5' | diff - values
	nn-convert --to nnt --kind grad foreign.safetensors | nn-info | grep 'frame 0: grad'
	# What is no parameter is not touched.
	nn-convert --to nnt --kind state foreign.safetensors | nn-info | grep -F 'd  I64  [1]'
}

@test "-z deflates, and without it a stream is inflated" {
	frames model step=1 w~4000 id=auto model step=2 w=1,1,1,1,1,1,1,1,1,1 id=auto >two.nnt
	nn-convert -z --to nnt two.nnt -o z.nnt
	nn-info z.nnt | grep -c deflated | grep -x 2
	nn-convert --to nnt z.nnt | cmp - two.nnt
	cat two.nnt two.nnt >twice.nnt
	nn-convert --to nnt twice.nnt | cmp - twice.nnt
	fails 2 "safetensors files cannot be deflated" nn-convert -z --to safetensors two.nnt
}

@test "the last model, a frame by number, a frame by kind" {
	frames model step=1 w=1 id=auto model step=2 w=2 id=auto state step=2 m/w=3 >run.nnt
	[ "$(nn-convert --to safetensors run.nnt | tail -c 4 | od -An -tf4 | tr -d ' ')" = 2 ]
	[ "$(nn-convert --to safetensors -n 0 run.nnt | tail -c 4 | od -An -tf4 | tr -d ' ')" = 1 ]
	[ "$(nn-convert --to safetensors -k state run.nnt | tail -c 4 | od -An -tf4 | tr -d ' ')" = 3 ]
	nn-convert --to nnt -k state run.nnt | nn-info | grep -F 'frame 0: state, step 2'
	nn-convert --to nnt -n 0 run.nnt | nn-info | grep -F 'end: 1 frame'
	fails 1 "run.nnt: no frame 3 in it, but 3 frames" nn-convert --to safetensors -n 3 run.nnt
	fails 1 "run.nnt: no grad frame in it" nn-convert --to safetensors -k grad run.nnt
	frames >nothing.nnt
	fails 1 "nothing.nnt: no frame in it" nn-convert --to safetensors nothing.nnt
}

@test "damage is refused, and nothing is written" {
	write_model
	nn-convert --to safetensors model.nnt -o model.safetensors
	head -c 450 model.nnt >cut.nnt
	echo before >out.st
	fails 1 "cut.nnt: frame 0" nn-convert --to safetensors -o out.st cut.nnt
	[ "$(cat out.st)" = before ]
	head -c -1 model.safetensors >cut.safetensors
	fails 1 "cut.safetensors: frame 0, byte" nn-convert --to nnt -o out.st cut.safetensors
	sh_fails 4 "cut off" 'cat cut.safetensors | nn-convert --to nnt -o out.st'
	{ cat model.safetensors; echo; } >long.safetensors
	fails 1 "bytes behind the last tensor" nn-convert --to nnt -o out.st long.safetensors
	[ "$(cat out.st)" = before ]
	fails 2 "is both input and output" nn-convert --to nnt -o model.nnt model.nnt
}

@test "metadata that cannot be a preamble" {
	foreign '{"__metadata__":{"nnt.step":"-1"},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}' 01 >st
	fails 1 "metadata \`nnt.step\`: not '-1'" nn-convert --to nnt st
	foreign '{"__metadata__":{"nnt.end":"3"},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}' 01 >st
	fails 1 "metadata \`nnt.*\`: shards 0 to 3 of 0" nn-convert --to nnt st
	foreign '{"__metadata__":{"nnt.kind":"cake"},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}' 01 >st
	fails 1 "metadata \`nnt.kind\`: not 'cake'" nn-convert --to nnt st
}

@test "an id that no longer fits is no obstacle: the parameters were changed elsewhere" {
	write_model
	nn-convert --to safetensors model.nnt | sed 's/\x00\x00\x00\x3f/\x00\x00\x00\x40/' >changed.safetensors
	nn-convert --to nnt changed.safetensors -o changed.nnt
	nn-info --verify changed.nnt
	! cmp -s changed.nnt model.nnt || false
}

@test "usage" {
	fails 2 "--to is missing" nn-convert x
	fails 2 "'onyx' is not one of nnt, safetensors" nn-convert --to onyx
	fails 2 "one FILE at a time" nn-convert --to nnt a b
	fails 2 "do not go together" nn-convert --to nnt --kind model --frame 1 a
}
