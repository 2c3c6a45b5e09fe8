# Networks of images and of texts, by the tools: the same bits whoever computes, and what is said of data that
# do not fit.
load common

text_model() {
	for i in {1..60}; do echo "the $i quick brown foxes jump over the lazy dog"; done >text.txt
	nn-import -f text --context 24 --stride 8 --tokens used text.txt -o text.nnt
	cat >gpt.json <<-'END'
	{ "layers": [ { "type": "embedding", "units": 12 }, { "type": "position_embedding" },
	  { "type": "residual", "layers": [ { "type": "layer_norm" },
	    { "type": "attention", "heads": 2, "causal": true } ] },
	  { "type": "residual", "layers": [ { "type": "layer_norm" },
	    { "type": "dense", "units": 30, "per_position": true }, { "type": "gelu" },
	    { "type": "dropout", "rate": 0.1 }, { "type": "dense", "units": 12, "per_position": true } ] },
	  { "type": "layer_norm" }, { "type": "dense", "per_position": true } ], "loss": "cross_entropy" }
	END
	nn-init -s 3 -d text.nnt gpt.json -o start.nnt
}

image_model() {
	nn-import -t 1 "$examples/digits/digits.csv.gz" -o images.nnt
	cat >cnn.json <<-'END'
	{ "input": [1, 8, 8], "layers": [ { "type": "conv2d", "filters": 6, "kernel": 3, "padding": 1 },
	  { "type": "relu" }, { "type": "max_pool", "kernel": 2 },
	  { "type": "residual", "layers": [ { "type": "conv2d", "filters": 8, "kernel": 3, "padding": 1 },
	    { "type": "group_norm", "groups": 2 }, { "type": "silu" } ],
	    "shortcut": [ { "type": "conv2d", "filters": 8, "kernel": 1 } ] },
	  { "type": "global_avg_pool" }, { "type": "dense" } ], "loss": "cross_entropy" }
	END
	nn-init -s 3 -d images.nnt cnn.json -o start.nnt
}

# By hand, with a gradient process for each shard: what nn-train of three shards does.
by_hand() {
	local data=$1 batch=$2 steps=$3 step shard
	cp start.nnt hand.nnt
	nn-shard -n 3 -o 'part-%d.nnt' "$data"
	for ((step = 0; step < steps; step++)); do
		for shard in 2 0 1; do
			nn-grad --steps-per-epoch "$batch" -m hand.nnt part-$shard.nnt -o grad-$shard.nnt
		done
		nn-reduce grad-1.nnt grad-2.nnt grad-0.nnt | nn-update -O adam --lr 0.01 hand.nnt >next.nnt
		mv next.nnt hand.nnt
	done
}

id_of() {
	nn-info --json "$1" | jq -er 'select(.kind == "model") | .id'
}

same_everywhere() {
	local data=$1 batch=$2 epoch=$3 workers
	nn-train -w 1 --shards 3 -b "$batch" -n 6 -O adam --lr 0.01 start.nnt "$data" -o one.nnt
	for workers in 2 3; do
		nn-train -w $workers --shards 3 -b "$batch" -n 6 -O adam --lr 0.01 start.nnt "$data" | cmp - one.nnt
	done
	nn-train -w 2 --worker nn-grad --shards 3 -b "$batch" -n 6 -O adam --lr 0.01 start.nnt "$data" | cmp - one.nnt
	by_hand "$data" "$epoch" 6
	# The id is a hash of all parameters.
	[ "$(id_of hand.nnt)" = "$(id_of one.nnt)" ]
}

@test "a transformer: one worker, several, pipes, and by hand: the same bits" {
	text_model
	rows=$(nn-info text.nnt | sed -n 's/^  rows: //p')
	same_everywhere text.nnt 40 $(((rows + 39) / 40))
}

@test "a convolutional network: one worker, several, pipes, and by hand: the same bits" {
	image_model
	same_everywhere images.nnt 300 6
}

@test "they learn" {
	text_model
	nn-train -w 2 --shards 2 -b 40 -e 20 -O adamw --lr 0.01 start.nnt text.nnt -o trained.nnt
	awk -v p="$(nn-eval --only perplexity -m trained.nnt text.nnt)" 'BEGIN { exit !(p < 2) }'
	image_model
	nn-train -w 2 --shards 2 -b 128 -e 25 -O adamw --lr 0.01 start.nnt images.nnt -o trained.nnt
	awk -v a="$(nn-eval --only accuracy -m trained.nnt images.nnt)" 'BEGIN { exit !(a > 0.9) }'
}

@test "data that do not fit: both shapes, and the file" {
	text_model
	nn-import -f text --context 16 --tokens used text.txt -o short.nnt
	fails 1 "short.nnt: its rows are [16], but the model's input is [24]" nn-eval -m start.nnt short.nnt
	fails 1 "short.nnt: its rows are [16], but the model's input is [24]" nn-grad -m start.nnt short.nnt
	printf 'The Quick ~ Brown Fox, again and again and again' >other.txt
	nn-import -f text --context 24 --tokens used other.txt -o other.nnt
	fails 1 "other.nnt" nn-eval -m start.nnt other.nnt
	fails 1 "byte 0" nn-import --like text.nnt other.txt
	nn-import -t 1 "$examples/digits/digits.csv.gz" -o images.nnt
	fails 1 "images.nnt: its rows are [64], but the model's input is [24]" nn-eval -m start.nnt images.nnt
	image_model
	fails 1 "text.nnt: its rows are [24], but the model's input is [1, 8, 8]" nn-eval -m start.nnt text.nnt
}

@test "shapes that do not meet: the place in the spec, and both shapes" {
	local text spec
	while IFS='^' read -r spec text; do
		printf '{"input":[1,28,28],"layers":[%s],"loss":"cross_entropy"}' "$spec" >spec
		fails 1 "spec: layers[$text" nn-init spec
	done <<-'EOF'
		{"type":"flatten"},{"type":"conv2d","filters":2,"kernel":3}^1]: 
		{"type":"conv2d","filters":2,"kernel":30}^0]: 
		{"type":"conv2d","filters":3,"kernel":3,"groups":2}^0]: 
		{"type":"attention","heads":2}^0]: 
		{"type":"embedding","vocabulary":9,"units":2}^0]: 
		{"type":"residual","layers":[{"type":"conv2d","filters":4,"kernel":3}]}^0]: its layers put out [4, 26, 26], but what comes in, and is to be added, is [1, 28, 28]
		{"type":"residual","layers":[{"type":"max_pool","kernel":2}],"shortcut":[{"type":"avg_pool","kernel":4}]}^0]: its layers put out [1, 14, 14], but its shortcut [1, 7, 7]
	EOF
}

@test "a model that stopped inside an epoch goes on with other data, from the next epoch on" {
	text_model
	nn-train -w 1 -b 40 -n 3 --lr 0.1 start.nnt text.nnt -o three.nnt
	nn-train -w 1 -b 40 -n 2 --lr 0.1 three.nnt text.nnt -o five.nnt 2>err
	[ ! -s err ]
	[ "$(nn-info --json five.nnt | jq -r 'select(.kind == "model") | [.step, .epoch, .step_in_epoch] | @csv')" = 5,0,5 ]
	head -c 1200 text.txt >more.txt
	nn-import --like text.nnt --stride 24 more.txt -o more.nnt
	nn-train -w 1 -b 10 -n 2 --lr 0.1 three.nnt more.nnt -o other.nnt 2>err
	grep -q 'the model is at step 3 of an epoch of 9 steps, and these rows and batches make 5: it begins with epoch 1' err
	[ "$(nn-info --json other.nnt | jq -r 'select(.kind == "model") | [.step, .epoch, .step_in_epoch] | @csv')" = 5,1,2 ]
	fails 2 "--steps 0: nothing would be trained" nn-train -n 0 start.nnt text.nnt
}

@test "layers that look ahead write no text" {
	text_model
	local layer
	for layer in '{"type":"conv2d","filters":1,"kernel":[3,1],"padding":[1,0]}' \
		'{"type":"group_norm","groups":4}' '{"type":"max_pool","kernel":[3,1],"stride":1,"padding":[1,0]}' \
		'{"type":"residual","layers":[{"type":"batch_norm"}]}'; do
		printf '{"layers":[{"type":"embedding","units":16},%s,{"type":"dense","per_position":true}],"loss":"cross_entropy"}' \
			"$layer" | nn-init -d text.nnt >ahead.nnt
		fails 1 "is not causal: it would look at what is not written yet" \
			nn-predict -g 3 --prompt the -m ahead.nnt
	done
}

@test "a softmax that the loss has anyway is told" {
	text_model
	printf '{"layers":[{"type":"embedding"%s,"units":4},{"type":"dense","per_position":true},{"type":"softmax"}],"loss":"cross_entropy"}' "" |
		nn-init -d text.nnt >twice.nnt 2>err
	grep -q '^nn-init: layer 2: softmax before loss cross_entropy, which has one of its own' err
}

@test "parameters that do not fit the spec are refused by everybody" {
	image_model
	nn-convert --to safetensors start.nnt -o start.safetensors
	# As many bytes, but another name.
	sed 's/5\.weight/7.weight/; s/5\.bias/7.bias/' start.safetensors >other.safetensors
	nn-convert --to nnt other.safetensors -o other.nnt
	local text='the parameters do not fit the spec: '
	fails 1 "$text" nn-train -w 1 -n 2 -b 300 other.nnt images.nnt
	fails 1 "$text" nn-train -w 2 --worker nn-grad -n 2 -b 300 other.nnt images.nnt
	fails 1 "$text" nn-grad -m other.nnt images.nnt
	fails 1 "$text" nn-eval -m other.nnt images.nnt
}

@test "names of layers far down in shortcuts are whole" {
	local spec='{"type":"dense","units":2}' i
	for i in {1..16}; do
		spec='{"type":"residual","layers":[{"type":"dense","units":2}],"shortcut":['$spec']}'
	done
	printf '{"input":[2],"layers":[%s],"loss":"mse"}' "$spec" | nn-init - -o deep.nnt
	[ "$(nn-info --json deep.nnt | jq -r '.tensors[]?.name' | sort -u | wc -l)" -eq 34 ]
}

@test "a pool whose kernel is wider than all there is does not take longer" {
	printf '{"input":[1,8,8],"layers":[{"type":"%s","kernel":[1,2147483647],"padding":[0,1073741823],"stride":1},
		{"type":"dense","units":1}],"loss":"mse"}' max_pool >max
	sed s/max_pool/avg_pool/ max >avg
	seq 1 65 | paste -sd , | nn-import -t 65 --target-type number -o row.nnt
	for spec in max avg; do
		timeout 10 nn-init $spec | timeout 10 nn-grad row.nnt >/dev/null
	done
}
