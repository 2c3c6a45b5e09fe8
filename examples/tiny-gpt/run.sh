#!/bin/sh
# Trains a small transformer on a text, byte by byte, tests it on the rest, and lets it write. run.sh [DIR]
set -eu
. "$(dirname "$0")/../common.sh"
begin 'nnpipe: a small language model' "$@"
gzip -dc "$here/moby-dick.txt.gz" >moby-dick.txt

section '1. The data: 22 chapters of Moby-Dick; nine tenths to learn from, the rest for the test'
do_it "head -c 195000 moby-dick.txt >train.txt; tail -c +195001 moby-dick.txt >test.txt"
say 'A row is 64 bytes, and at each of them the byte behind it is what is to be learned.' \
	'A row begins every 16 bytes. Bytes that do not occur need no number.'
do_it "nn-import -f text --context 64 --stride 16 --tokens used train.txt -o train.nnt"
do_it "nn-import --like train.nnt test.txt -o test.nnt"

section '2. The network: two blocks of attention and a perceptron, around which the numbers also pass'
cp "$here/spec.json" .
do_it "nn-init --seed 1 --data train.nnt spec.json -o start.nnt"
show_it "nn-info start.nnt | sed -n '/layer/,/^ *[0-9,]* *[0-9,]*\$/p'"

section '3. Training: two workers, 4 epochs'
training=$(now)
do_it "nn-train -w 2 --shards 2 --by random -b 64 -e 4 -O adamw --lr 0.004 --warmup 20 \\
    --schedule cosine:764 --clip 1 start.nnt train.nnt -o trained.nnt"
say "Trained in $(since "$training")."

section '4. The test: how well it guesses the next byte of chapters that it has not read'
show_it "nn-eval -m trained.nnt test.nnt | sed '/^\$/q'"

section '5. It writes'
show "nn-predict --generate 400 --temperature 0.7 --prompt 'The whale ' -m trained.nnt"
nn-predict --generate 400 --temperature 0.7 --prompt 'The whale ' -m trained.nnt | fold -s -w 90 |
	sed 's/^/  /'
echo

loss=$(nn-eval --only loss -m trained.nnt test.nnt)
awk -v loss="$loss" 'BEGIN { exit !(loss <= 1.95) }' ||
	fail "the loss is $loss a byte: below 1.95 was expected"
say '' "${green}Done$plain in $(since "$began")."
