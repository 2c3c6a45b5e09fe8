# A pipeline of two stages: a transformer of four blocks against one process, and how long stages of alike
# layers have nothing to do, against (n - 1) / (m + n - 1). Two processors are wanted for it.
. "${BASH_SOURCE%/*}/common.bash"

steps=${BENCH_STAGES_STEPS:-12}
block='{ "type": "residual", "layers": [ { "type": "layer_norm" }, { "type": "attention", "heads": 4, "causal": true } ] },
  { "type": "residual", "layers": [ { "type": "layer_norm" }, { "type": "dense", "units": 512, "per_position": true },
    { "type": "gelu" }, { "type": "dense", "units": 128, "per_position": true } ] },'
cat >gpt.json <<END
{ "layers": [ { "type": "embedding", "units": 128 }, { "type": "position_embedding" },
  $block $block $block $block
  { "type": "layer_norm" }, { "type": "dense", "per_position": true, "bias": false } ],
  "loss": "cross_entropy" }
END
LC_ALL=C tr -dc '!-a' </dev/urandom | head -c 1048576 >random.txt
nn-import -f text --context 128 --tokens used random.txt -o random.nnt
nn-init --data random.nnt gpt.json -o gpt.nnt

# rate NAME ARGUMENTS...: rows a second, from the log, without the first two steps.
rate() {
	rm -f log
	nn-train --shards 16 -b 128 -n "$steps" -O adamw --lr 0.0003 --log log "${@:2}" gpt.nnt random.nnt -o "$1.nnt" 2>/dev/null
	awk -F '\t' 'NR == 3 { s = $1; t = $3 } END { printf "%.1f\n", ($1 - s) * 128 / ($3 - t) }' log >>"rate.$1"
	[ "$1" = one ] || awk -F '\t' 'NR > 3 { print $11 }' log >>"bubble.$1"
}

middle() {
	sort -n "$1" | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}

rm -f rate.* bubble.*
for ((round = 0; round < rounds; round++)); do
	rate one -w 1
	rate two --stages 2
	rate both -w 2
	rate again --stages 2 --recompute
done
cmp one.nnt two.nnt
cmp one.nnt again.nnt
for name in one two again both; do
	printf '  %-20s %9s rows/s\n' "$name" "$(middle rate.$name)"
done
awk -v a="$(middle rate.two)" -v b="$(middle rate.one)" -v c="$(middle bubble.two)" 'BEGIN {
	printf "ratio transformer: 2 stages : one process %.2f (wanted >= 1.6); bubble %.1f %% (even stages: 5.9 %%)\n", a / b, 100 * c }'

# Layers that cost alike: the first needs no gradient of its input, but has half as much again of it. A task is
# some ten milliseconds.
dense='{ "type": "dense", "units": 1024 }, { "type": "tanh" },'
cat >even.json <<END
{ "input": [1536], "layers": [ $dense $dense $dense $dense $dense $dense $dense $dense
  { "type": "dense", "units": 1 } ], "loss": "mse" }
END
awk 'BEGIN { srand(1); for (i = 0; i < 512; i++) { for (j = 0; j < 1536; j++) printf "%.2f,", rand(); print rand() } }' |
	nn-import -t 1537 --target-type number -o rows.nnt 2>/dev/null
nn-init --data rows.nnt even.json -o even.nnt
for shards in 2 4 8; do
	rm -f log bubble
	for ((round = 0; round < rounds; round++)); do
		rm -f log
		nn-train --stages 2 --shards $shards -b $((shards * 64)) -n 10 --lr 1e-7 --log log even.nnt rows.nnt -o even.out 2>/dev/null
		awk -F '\t' 'NR > 2 { print $11 }' log >>bubble
	done
	awk -v m=$shards -v measured="$(middle bubble)" 'BEGIN {
		best = 1 / (m + 1)
		printf "ratio bubble, 2 even stages, %d micro-batches: measured : (n-1)/(m+n-1) %.3f : %.3f, apart %+.3f (a ratio of %.2f)\n",
			m, measured, best, measured - best, measured / best }'
done
