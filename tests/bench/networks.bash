# A small convolutional network and a small transformer, one worker: rows a second against PyTorch, and what
# they learn. NNPIPE_MNIST may name a folder with MNIST's IDX files; else bytes made at random are the
# images. NNPIPE_TEXT may name a text for the transformer; else the novel of examples/tiny-gpt is it.
. "${BASH_SOURCE%/*}/common.bash"
. "$bench_source/images.bash"

python=/usr/bin/python3
peer=$bench_source/torch-networks.py
tuned="MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296"
has_torch=no
has_python torch && has_torch=yes

cat >cnn.json <<'END'
{ "layers": [ { "type": "conv2d", "filters": 16, "kernel": 5 }, { "type": "relu" },
  { "type": "max_pool", "kernel": 2 }, { "type": "conv2d", "filters": 32, "kernel": 5 },
  { "type": "relu" }, { "type": "max_pool", "kernel": 2 }, { "type": "flatten" },
  { "type": "dense" } ], "loss": "cross_entropy" }
END
block='{ "type": "residual", "layers": [ { "type": "layer_norm" }, { "type": "attention", "heads": 4, "causal": true } ] },
  { "type": "residual", "layers": [ { "type": "layer_norm" }, { "type": "dense", "units": 512, "per_position": true },
    { "type": "gelu" }, { "type": "dense", "units": 128, "per_position": true } ] },'
cat >gpt.json <<END
{ "layers": [ { "type": "embedding", "units": 128 }, { "type": "position_embedding" },
  $block $block $block $block
  { "type": "layer_norm" }, { "type": "dense", "per_position": true, "bias": false } ],
  "loss": "cross_entropy" }
END
# For speed a text of 65 bytes at random, for learning one that can be learned.
LC_ALL=C tr -dc '!-a' </dev/urandom | head -c 1048576 >random.txt
text=${NNPIPE_TEXT:-}
if [ -z "$text" ]; then
	text=novel.txt
	gzip -dc "$bench_source/../../examples/tiny-gpt/moby-dick.txt.gz" >"$text"
fi
bytes=$(wc -c <"$text")
head -c $((bytes / 10 * 9)) "$text" >train.txt
tail -c +$((bytes / 10 * 9 + 1)) "$text" >test.txt
nn-import -f text --context 128 --tokens used random.txt -o random.nnt
nn-import -f text --context 128 --stride 32 --tokens used train.txt -o train.nnt
nn-import --like train.nnt test.txt -o test.nnt
nn-init --data data.nnt cnn.json -o cnn.nnt
nn-init --data random.nnt gpt.json -o gpt.nnt
nn-init --data train.nnt gpt.json -o start.nnt

# ours NAME STEPS BATCH ARGUMENTS...: rows a second, from the log, without the first fifth.
ours() {
	rm -f log
	nn-train -w 1 --shards 1 -b "$3" -n "$2" --log log "${@:4}" -o trained.nnt 2>/dev/null
	awk -F '\t' -v n="$2" -v b="$3" \
		'NR == int(n / 5) { s = $1; t = $3 } END { printf "%.0f\n", ($1 - s) * b / ($3 - t) }' log >>"speed.$1"
}

theirs() {
	env $tuned OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" "$peer" speed "$2" "$3" >>"speed.$1"
}

speed() {
	sort -n "speed.$1" | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}

rm -f speed.*
for ((round = 0; round < rounds; round++)); do
	ours cnn 300 64 --lr 0.1 cnn.nnt data.nnt
	[ $has_torch = no ] || theirs cnn-torch cnn raw
	ours gpt 25 16 -O adamw --lr 0.0003 gpt.nnt random.nnt
	[ $has_torch = no ] || theirs gpt-torch gpt random.txt
done
for name in cnn cnn-torch gpt gpt-torch; do
	[ ! -s "speed.$name" ] || printf '  %-17s %9s rows/s\n' "$name" "$(speed "$name")"
done
if [ $has_torch = yes ]; then
	awk -v a="$(speed cnn)" -v b="$(speed cnn-torch)" -v c="$(speed gpt)" -v d="$(speed gpt-torch)" 'BEGIN {
		printf "ratio convolutions: 1 worker : PyTorch, tuned %.2f (wanted >= 1.6)\n", a / b
		printf "ratio transformer: 1 worker : PyTorch, tuned %.2f (wanted >= 1.3)\n", c / d }'
fi

# The same steps of the same recipe, and the loss on what was not read.
steps=${BENCH_LEARN_STEPS:-800}
nn-train -w 2 --shards 2 --by random -b 16 -n "$steps" -O adamw --lr 0.001 --schedule "cosine:$steps" \
	start.nnt train.nnt -o trained.nnt 2>/dev/null
loss=$(nn-eval --only loss -m trained.nnt test.nnt)
printf '  transformer, %d steps: loss %.4f a byte on the rest of the text\n' "$steps" "$loss"
if [ $has_torch = yes ]; then
	peer_loss=$(env $tuned OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" "$peer" learn train.txt test.txt "$steps")
	awk -v a="$loss" -v b="$peer_loss" 'BEGIN { printf "ratio loss: ours : PyTorch (%.4f) %.3f (wanted <= 1.02)\n", b, a / b }'
else
	echo "PyTorch is not installed (python3-torch): its rows are left out"
fi
