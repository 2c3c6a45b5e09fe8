# Losses whose divisor is not the number of rows, in a training: the same bits whoever computes, and
# nn-update divides by the weight.
load common

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$examples/digits/digits.csv.gz" -o all.nnt
	nn-shard -n 3 --by random -o 'part-%d.nnt' all.nnt
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return 1
}

# start LOSS: a model of digits with this loss on stdout.
start() {
	echo '{"layers":[{"type":"dense","units":16},{"type":"tanh"},{"type":"dense"}],"loss":'"$1"'}' |
		nn-init -d all.nnt --seed 3
}


@test "workers, processes and shards: the same bits with weights and an ignored class" {
	start '{"type":"cross_entropy","label_smoothing":0.1,"class_weights":[1,2,0.5,1,0,1,3,1,1,1],"ignore_index":7}' >start.nnt
	for w in 1 2 3; do
		nn-train -w $w -b 200 -e 2 -O adam --lr 0.01 start.nnt part-0.nnt part-1.nnt part-2.nnt -o $w.nnt
	done
	cmp 1.nnt 2.nnt
	cmp 1.nnt 3.nnt
	for w in 1 3; do
		nn-train -w $w --shards 4 -b 200 -e 1 -O adam --lr 0.01 start.nnt all.nnt -o cut-$w.nnt
	done
	cmp cut-1.nnt cut-3.nnt
	for k in 2 0 1; do
		nn-grad part-$k.nnt <start.nnt >grad-$k.nnt
	done
	cat grad-?.nnt | nn-reduce | nn-update start.nnt >by-hand.nnt
	nn-train -w 2 -e 1 start.nnt part-0.nnt part-1.nnt part-2.nnt | nn-eval --only loss -m - all.nnt >one
	nn-eval --only loss -m by-hand.nnt all.nnt | cmp - one
}

@test "the weight of a gradient is that of its cases" {
	start '{"type":"cross_entropy","class_weights":[1,2,0.5,1,0,1,3,1,1,1],"ignore_index":7}' >start.nnt
	weight=$(nn-grad all.nnt <start.nnt | nn-info --json | jq -s '.[0].weight')
	want=$(zcat "$examples/digits/digits.csv.gz" | awk -F, 'BEGIN { split("1,2,0.5,1,0,1,3,0,1,1", w) }
		$1 ~ /^[0-9]$/ { sum += w[$1 + 1] } END { print sum }')
	assert_equal "$weight" "$want"
}

@test "an update divides by the weight, not by the rows" {
	start '"cross_entropy"' >plain.nnt
	start '{"type":"cross_entropy","class_weights":[4,4,4,4,4,4,4,4,4,4]}' >fourfold.nnt
	for model in plain fourfold; do
		nn-grad all.nnt <$model.nnt | nn-update --lr 0.5 $model.nnt >$model-next.nnt
	done
	# A power of two changes no digit: the same parameters.
	assert_equal "$(nn-eval --only loss -m plain-next.nnt all.nnt)" \
		"$(nn-eval --only loss -m fourfold-next.nnt all.nnt)"
	assert_equal "$(nn-info --json plain-next.nnt | jq -r 'select(.kind == "model") | .id')" \
		"$(nn-info --json fourfold-next.nnt | jq -r 'select(.kind == "model") | .id')"
}

@test "where no case counts, there is nothing to divide by" {
	nn-import -t 1 -o few.nnt <<-'END'
	k,a
	x,1
	y,2
	x,3
	END
	echo '{"layers":[{"type":"dense"}],"loss":{"type":"cross_entropy","ignore_index":0}}' |
		nn-init -d few.nnt -o few-start.nnt
	printf '%s\n' k,a x,1 x,2 | nn-import --like few.nnt -o none.nnt
	fails 1 'total weight is zero' bash -o pipefail -c \
		'nn-grad none.nnt <few-start.nnt | nn-update few-start.nnt'
	fails 1 'total weight is zero' nn-train -w 1 few-start.nnt none.nnt
	nn-train -w 1 -e 3 few-start.nnt few.nnt -o few-trained.nnt
}

@test "each loss is learned" {
	printf '%s\n' a,b,t 0,0,0 0,1,1 1,0,1 1,1,1 | nn-import -t t --target-type number -o or.nnt
	for loss in '"mae"' '"huber"' '{"type":"huber","delta":0.1}' '"mse"' '"binary_cross_entropy"'; do
		echo '{"layers":[{"type":"dense","units":8},{"type":"tanh"},{"type":"dense"}],"loss":'"$loss"'}' |
			nn-init -d or.nnt --seed 2 -o or-start.nnt
		nn-train -w 1 -e 300 -O adam --lr 0.02 or-start.nnt or.nnt -o or-trained.nnt
		nn-predict -m or-trained.nnt or.nnt | awk 'NR == 2 && $1 > 0.2 { exit 1 } NR > 2 && $1 < 0.8 { exit 1 }'
	done
	nn-train -w 1 -e 3 --valid or.nnt -v or-start.nnt or.nnt 2>err >out
	grep -qE 'validation loss [0-9.]+, accuracy' err
}

@test "a text is validated by its perplexity, where less is better" {
	for i in $(seq 40); do printf 'abcd abcd dcba '; done >text
	nn-import -f text --context 8 -o text.nnt text
	echo '{"input":[8],"layers":[{"type":"embedding","vocabulary":256,"units":8},{"type":"dense","per_position":true}],"loss":{"type":"cross_entropy","ignore_index":32}}' |
		nn-init -d text.nnt --seed 1 -o text-start.nnt
	nn-train -w 1 -b 16 -e 30 -O adam --lr 0.05 --valid text.nnt --target 2 -v \
		text-start.nnt text.nnt -o text-trained.nnt 2>err
	grep -q 'stops after step [0-9]*: best perplexity 1\.' err
	perplexity=$(nn-eval --only perplexity -m text-trained.nnt text.nnt)
	awk -v p="$perplexity" 'BEGIN { exit !(p > 1 && p <= 2) }'
	nn-eval -m text-trained.nnt text.nnt | grep -qE '^rows +[0-9]+, [0-9]+ positions, [0-9]+ of them ignored$'
	for w in 2 3; do
		nn-train -w $w --shards 3 -b 16 -e 2 text-start.nnt text.nnt -o text-$w.nnt
	done
	cmp text-2.nnt text-3.nnt
}
