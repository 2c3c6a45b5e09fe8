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

section '1. The data: 1,797 digits, 8 x 8 grey levels each, the digit itself in column 1'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
say 'A fifth is kept for the test. The rest is cut in two shards, one for each worker.'
do_it "nn-shard --sets --by random --weights 8,2 -o 'part-%d.nnt' digits.nnt
mv part-0.nnt train.nnt
mv part-1.nnt test.nnt"
do_it "nn-shard -n 2 -o 'shard-%d.nnt' train.nnt"

section '2. The network: 64 inputs, 128 hidden units, 10 classes'
do_it "nn-init --mlp 64,128,10 --seed 1 --data train.nnt -o start.nnt"

section '3. Training: two workers in a live pipe, 30 epochs'
mkfifo log
awk -v unicode=$unicode -f "$here/loss.awk" log &
drawing=$!
training=$(now)
do_it "mkfifo from-0 from-1 back
nn-reduce from-0 from-1 >back &
nn-update --loop --epochs 30 -O adamw --lr 0.005 --weight-decay 0.5 \\
    --schedule cosine:690 --log log -c trained.nnt start.nnt <back |
  tee >(nn-grad -b 32 shard-0.nnt >from-0) | nn-grad -b 32 shard-1.nnt >from-1"
wait
say "Trained in $(since "$training")."

section '4. The test, on rows it has not seen'
do_it "nn-eval -m trained.nnt test.nnt"

section '5. Some of the test digits, and what it read'
do_it "nn-predict -m trained.nnt --proba test.nnt >predictions.csv"
images test.nnt >images
awk -v unicode=$unicode -f "$here/draw.awk" images predictions.csv

printf '\n%s\n' "${dim}$(since "$began") in all. The commands above are all there is to it:"
printf '%s\n' "man nnpipe has more, examples/ssh does it on two hosts.$plain"
