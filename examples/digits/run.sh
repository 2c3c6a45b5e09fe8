#!/bin/bash
# Learns to read handwritten digits: from a CSV file to a tested network, on two local workers, in
# seconds. run.sh [DIR]
set -eu -o pipefail
unicode=no
case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
*[Uu][Tt][Ff]8* | *[Uu][Tt][Ff]-8*) unicode=yes ;;
esac
. "$(dirname "$0")/../common.sh"
begin 'nnpipe: learning to read handwritten digits' "$@"
cp "$here/digits.csv.gz" .

# images SET: a line a digit, its class and its 64 grey levels. A safetensors file has the length of
# its header in 8 bytes, then the header, which says where each tensor begins and ends, then the data.
images() {
	nn-convert --to safetensors -k data "$1" -o images.safetensors
	data=$((8 + $(od -A n -t u8 -N 8 images.safetensors)))
	head -c "$data" images.safetensors | tail -c +9 >header
	tensor y d4 1 >labels
	tensor x f4 64 | paste -d ' ' labels -
}

# tensor NAME TYPE NUMBERS: of images.safetensors, so many numbers a line.
tensor() {
	offsets=$(sed "s/.*\"$1\":{[^}]*\"data_offsets\":\[\([0-9,]*\)\].*/\1/" header)
	from=${offsets%,*} to=${offsets#*,}
	od -A n -v -t "$2" -j $((data + from)) -N $((to - from)) images.safetensors |
		tr -s ' \n' '\n' | sed '/^$/d' |
		awk -v n="$3" '{ printf "%s%s", $1, NR % n ? " " : "\n" }'
}

section '1. The data: 1,797 digits, 8 x 8 grey levels each, the digit itself in column 1'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
say 'A fifth is kept for the test. The rest is cut in two shards, one for each worker.'
do_it "nn-shard --sets --by random --weights 8,2 -o 'part-%d.nnt' digits.nnt"
do_it "mv part-0.nnt train.nnt; mv part-1.nnt test.nnt"
do_it "nn-shard -n 2 -o 'shard-%d.nnt' train.nnt"

section '2. The network: 64 inputs, 128 hidden units, 10 classes'
do_it "nn-init --mlp 64,128,10 --seed 1 --data train.nnt -o start.nnt"

section '3. Training: two workers in a live pipe, 30 epochs'
mkfifo log
awk -v unicode=$unicode -f "$here/loss.awk" log &
pids="$pids $!"
training=$(now)
commands="mkfifo from-0 from-1 back
nn-reduce from-0 from-1 >back &
nn-update --loop --epochs 30 -O adamw --lr 0.005 --weight-decay 0.5 \\
    --schedule cosine:690 --log log -c trained.nnt start.nnt <back |
  tee >(nn-grad -b 32 shard-0.nnt >from-0) | nn-grad -b 32 shard-1.nnt >from-1"
show "$commands"
eval "$commands" 2>&1 | cat # no terminal, no progress line: the bars are there
wait
say "Trained in $(since "$training")."

section '4. The test, on rows it has not seen'
show_it "nn-eval -m trained.nnt test.nnt"

section '5. Some of the test digits, and what it read'
do_it "nn-predict -m trained.nnt --proba test.nnt >predictions.csv"
images test.nnt >images
awk -v unicode=$unicode -f "$here/draw.awk" images predictions.csv

accuracy=$(nn-eval --only accuracy -m trained.nnt test.nnt)
awk -v accuracy="$accuracy" 'BEGIN { exit !(accuracy >= 0.96) }' ||
	fail "only $accuracy of the test digits are read right: 0.96 was expected"
say '' "${green}Done$plain in $(since "$began"), by the commands above and nothing else." \
	"run.sh DIR keeps the files. man nnpipe has more; examples/ssh does it on two hosts."
