#!/bin/bash
# One epoch typed by hand: first step by step in a shell loop, then as a live pipe that a FIFO
# closes to a circle. Both give the same bits. run.sh [DIR]
set -eu -o pipefail
. "$(dirname "$0")/../common.sh"
begin 'An epoch by hand' "$@"
cp "$here/../digits/digits.csv.gz" .

section 'Data and a model'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
do_it "nn-shard -n 2 -o 'shard-%d.nnt' digits.nnt"
do_it "nn-init --mlp 64,32,10 --seed 7 --data digits.nnt -o start.nnt"

section 'One step, one command at a time'
do_it "nn-grad --steps-per-epoch 8 shard-0.nnt <start.nnt >grad-0.nnt"
do_it "nn-grad --steps-per-epoch 8 shard-1.nnt <start.nnt >grad-1.nnt"
do_it "nn-reduce grad-0.nnt grad-1.nnt >grad.nnt"
do_it "nn-update -O momentum --lr 0.005 start.nnt <grad.nnt >one.nnt"

section 'The same step as one pipe'
do_it "cat grad-1.nnt grad-0.nnt | nn-reduce | nn-update -O momentum --lr 0.005 start.nnt |
  cmp - one.nnt"
say "${green}same bits${plain}: the order of arrival does not matter"

section 'An epoch, eight steps, as a shell loop'
do_it "cp start.nnt loop.nnt
for step in 1 2 3 4 5 6 7 8; do
  for k in 0 1; do
    nn-grad --steps-per-epoch 8 shard-\$k.nnt <loop.nnt >grad-\$k.nnt &
  done
  wait
  nn-reduce grad-0.nnt grad-1.nnt | nn-update -O momentum --lr 0.005 loop.nnt >next.nnt
  mv next.nnt loop.nnt
done"

section 'The same epoch as a live pipe'
do_it "mkfifo back from-0 from-1
nn-reduce from-0 from-1 >back &
nn-update --loop --steps 8 -O momentum --lr 0.005 -c live.nnt start.nnt <back |
  tee >(nn-grad --steps-per-epoch 8 shard-0.nnt >from-0) |
  nn-grad --steps-per-epoch 8 shard-1.nnt >from-1
wait"
same live.nnt loop.nnt 'processes that live as long as the epoch, or one each a step'

section 'What it learned'
show_it "nn-eval --only accuracy -m start.nnt digits.nnt"
show_it "nn-eval --only accuracy -m live.nnt digits.nnt"
printf '\n%s\n' "${dim}$(since "$began")$plain"
