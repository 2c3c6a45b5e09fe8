#!/bin/sh
# A convolutional network learns to read handwritten digits. run.sh [DIR]
#
# MNIST is not part of nnpipe. Where NNPIPE_MNIST names a folder with its four files (train-images-idx3-ubyte
# and so on, gzipped or not) the network is trained on it, in a minute, and reads 99 % right; else a smaller
# one is trained on the 1,797 digits of examples/digits, in seconds.
set -eu
. "$(dirname "$0")/../common.sh"
begin 'nnpipe: a convolutional network' "$@"

if [ -n "${NNPIPE_MNIST:-}" ]; then
	section '1. The data: MNIST, 28 x 28 grey levels each'
	file() { for f in "$NNPIPE_MNIST/$1" "$NNPIPE_MNIST/$1.gz"; do [ ! -e "$f" ] || echo "$f"; done | head -n 1; }
	do_it "nn-import '$(file train-images-idx3-ubyte)' '$(file train-labels-idx1-ubyte)' -o train.nnt"
	do_it "nn-import --like train.nnt '$(file t10k-images-idx3-ubyte)' '$(file t10k-labels-idx1-ubyte)' -o test.nnt"
	cp "$here/mnist.json" spec.json
	rows=60000 epochs=10 wanted=0.99
else
	section '1. The data: 1,797 digits, 8 x 8 grey levels each; a fifth is kept for the test'
	cp "$here/../digits/digits.csv.gz" .
	do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
	do_it "nn-shard --sets --by random --weights 8,2 -o 'part-%d.nnt' digits.nnt"
	do_it "mv part-0.nnt train.nnt; mv part-1.nnt test.nnt"
	cp "$here/digits.json" spec.json
	rows=1438 epochs=60 wanted=0.96
fi

section '2. The network: two convolutions with pools behind them'
do_it "nn-init --seed 1 --data train.nnt spec.json -o start.nnt"
show_it "nn-info start.nnt | sed -n '/layer/,/^ *[0-9,]* *[0-9,]*\$/p'"

section "3. Training: two workers, $epochs epochs"
training=$(now)
batch=128
steps=$(((rows + batch - 1) / batch * epochs))
do_it "nn-train -w 2 --shards 2 --by random -b $batch -e $epochs -O adamw --lr 0.002 \\
    --schedule cosine:$steps start.nnt train.nnt -o trained.nnt"
say "Trained in $(since "$training")."

section '4. The test, on digits it has not seen'
show_it "nn-eval -m trained.nnt test.nnt"

accuracy=$(nn-eval --only accuracy -m trained.nnt test.nnt)
awk -v accuracy="$accuracy" -v wanted=$wanted 'BEGIN { exit !(accuracy >= wanted) }' ||
	fail "only $accuracy of the test digits are read right: $wanted was expected"
say '' "${green}Done$plain in $(since "$began")."
