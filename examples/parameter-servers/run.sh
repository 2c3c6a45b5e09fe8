#!/bin/bash
# Parameter servers: each keeps a slice of the model with its optimizer's state, adds up the workers'
# gradients of it and updates it. First as files, then as a live pipe, then on hosts. run.sh [DIR]
# Exit status 77: all but the hosts was shown; sshd cannot be started here.
set -eu -o pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../ssh/hosts.sh"
begin 'Parameter servers' "$@"
cp "$here/../digits/digits.csv.gz" .
options='-O adam --lr 0.01 --clip 1'

section 'Data for two workers, and a model'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
do_it "nn-shard -n 2 -o 'shard-%d.nnt' digits.nnt"
do_it "nn-init --mlp 64,256,10 --kernel auto --seed 7 --data digits.nnt -o start.nnt"

section 'To compare with: five epochs of the whole model, in one place'
do_it "mkfifo back
nn-update --loop --epochs 5 $options -c whole.nnt start.nnt <back |
  nn-grad --steps-per-epoch 8 shard-0.nnt shard-1.nnt >back"

section 'The model in three slices'
do_it "nn-slice -n 3 start.nnt"
show_it "nn-info slice-1.nnt | sed -n 1,3p"
do_it "nn-join slice-0.nnt slice-1.nnt slice-2.nnt | cmp - start.nnt"

section 'One step: workers cut their gradients, each server takes its slice of both'
do_it "for w in 0 1; do
  nn-grad --steps-per-epoch 8 shard-\$w.nnt <start.nnt | nn-slice -n 3 -o \"grad-\$w-%d.nnt\"
done"
do_it "for k in 0 1 2; do
  nn-reduce grad-0-\$k.nnt grad-1-\$k.nnt | nn-update -O adam --lr 0.01 slice-\$k.nnt -o next-\$k.nnt &
done; wait"
do_it "nn-join next-?.nnt -o next.nnt"
do_it "nn-grad --steps-per-epoch 8 shard-?.nnt <start.nnt | nn-update -O adam --lr 0.01 start.nnt |
  cmp - next.nnt"
say "${green}same bits${plain}: parameters, moments, and what the joined model says of itself"

section 'Five epochs as a live pipe: three servers, two workers'
say 'Server k reads slice k of both gradients from g-0-k and g-1-k, and writes slice k of the model' \
	'to m-k. --clip needs the norm of the whole gradient: sums of squares go round the ring.'
do_it "mkfifo m-0 m-1 m-2 g-0-0 g-0-1 g-0-2 g-1-0 g-1-1 g-1-2 ring-0 ring-1 ring-2 w-0 w-1"
do_it "for k in 0 1 2; do
  nn-reduce g-0-\$k g-1-\$k |
    nn-update --loop --epochs 5 $options --sums-in ring-\$k --sums-out ring-\$(((k + 1) % 3)) \\
      -c server-\$k.nnt slice-\$k.nnt >m-\$k &
done
for w in 0 1; do
  nn-grad --steps-per-epoch 8 shard-\$w.nnt <w-\$w | nn-slice -n 3 -o \"g-\$w-%d\" &
done
nn-join m-0 m-1 m-2 | tee w-0 >w-1
wait"
do_it "nn-join server-?.nnt -o trained.nnt"
same trained.nnt whole.nnt 'three processes that have a third each, or one that has it all'
show_it "nn-eval --only accuracy -m trained.nnt digits.nnt"

hosts_begin "$work/hosts" && host_start server-0 && host_start server-1 || {
	section 'Servers on hosts: skipped'
	say "$hosts_why"
	exit 77
}
section 'Servers on two hosts: the pipes are sessions of ssh'
say 'Two sshd on the loopback play the hosts; a session on server-0 starts in hosts/server-0.'
do_it "nn-slice -n 2 -F 'ssh server-\$SLICE \"mkfifo g-0 g-1 in out; cat >slice.nnt\"' start.nnt"
do_it "mkfifo n-0 n-1 v-0 v-1
for k in 0 1; do
  ssh server-\$k \"nn-reduce g-0 g-1 |
    nn-update --loop --epochs 5 $options --sums-in in --sums-out out -c trained.nnt slice.nnt\" \\
    </dev/null >n-\$k &
  ssh server-\$k 'cat out' </dev/null | ssh server-\$((1 - k)) 'cat >in' &
done
for w in 0 1; do
  nn-grad --steps-per-epoch 8 shard-\$w.nnt <v-\$w |
    nn-slice -n 2 -F \"ssh server-\\\$SLICE 'cat >g-\$w'\" &
done
nn-join n-0 n-1 | tee v-0 >v-1
wait"
do_it "for k in 0 1; do ssh server-\$k 'cat trained.nnt' </dev/null >half-\$k.nnt; done"
do_it "nn-join half-0.nnt half-1.nnt -o remote.nnt"
same remote.nnt whole.nnt 'the state of the optimizer has never left its host'
printf '\n%s\n' "${dim}$(since "$began")$plain"
