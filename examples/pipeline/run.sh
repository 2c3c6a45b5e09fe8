#!/bin/bash
# A pipeline: the layers of a network shared out over processes. By hand, with FIFOs; by nn-train; a stage
# that is killed; and by hand on a host. run.sh [DIR]
# Exit status 77: all but the host was shown; sshd cannot be started here.
set -eu -o pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../ssh/hosts.sh"
begin 'A pipeline of stages' "$@"
cp "$here/../digits/digits.csv.gz" .

section 'Data in four shards, and a network of five layers'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
do_it "nn-shard -n 4 -o 'shard-%d.nnt' digits.nnt"
do_it "nn-init --mlp 64,256,128,10 --kernel auto --seed 7 --data digits.nnt -o start.nnt"

section 'One gradient by hand: layers 0 and 1 here, 2 to 4 there'
say 'Activations of a shard go forward on a pipe, their gradient comes back through a FIFO.'
do_it "mkfifo back"
do_it "nn-stage :2 -m start.nnt -b 64 --back-in back -g 0.grad shard-?.nnt |
  nn-stage 2: -m start.nnt --back-out back -g 1.grad"
show_it "nn-info 1.grad | sed -n 1,4p"
do_it "nn-join 0.grad 1.grad -o grad.nnt"
do_it "nn-grad -b 64 -m start.nnt shard-?.nnt | cmp - grad.nnt"
say "${green}same bits${plain}: each stage has added up its own layers' gradients in the fixed tree"

section 'What flows is frames: in three stages, with a look at one of the pipes'
do_it "mkfifo back-1 back-2"
do_it "nn-stage 0/3 -m start.nnt -b 64 --back-in back-1 -g a shard-?.nnt | tee seen |
  nn-stage 1/3 -m start.nnt --back-out back-1 --back-in back-2 -g b |
  nn-stage 2/3 -m start.nnt --back-out back-2 -g c"
show_it "nn-info seen | sed -n 1,4p"
do_it "nn-join a b c | cmp - grad.nnt"

section 'The whole training: nn-train starts the stages, and each keeps and updates its layers'
options='-b 256 -O adam --lr 0.01 --clip 1 start.nnt shard-0.nnt shard-1.nnt shard-2.nnt shard-3.nnt'
do_it "nn-train -w 1 -e 5 $options -o whole.nnt"
for n in 2 3; do
	do_it "nn-train --stages $n -e 5 $options | cmp - whole.nnt"
done
do_it "nn-train --stages 2 -w 2 -e 5 $options | cmp - whole.nnt"
say "${green}same bits${plain}: one process, two stages, three, or two pipelines of two"
show_it "nn-eval --only accuracy -m whole.nnt digits.nnt"

section 'A stage is killed'
say 'The run ends, and says who it was. The same command goes on from the last checkpoint.'
do_it "nn-train --stages 2 -e 200 -c run.nnt --every 5 $options -o killed.nnt 2>said &
coordinator=\$!
until [ -e run.nnt ]; do sleep 0.01; done
kill -9 \$(pgrep -P \$coordinator -f 'nn-stage .* 1/2')
wait \$coordinator || echo \"exit status \$?\""
show_it "cat said"
do_it "nn-train --stages 2 -e 200 -c run.nnt --every 5 --resume $options -o killed.nnt"
do_it "nn-train -w 2 -e 200 $options | cmp - killed.nnt"

hosts_begin "$work/hosts" && host_start alice || {
	section 'A stage on a host: skipped'
	say "$hosts_why"
	exit 77
}
section 'A stage on a host: what goes back comes on the same session of ssh'
do_it "ssh alice 'cat >start.nnt' <start.nnt"
do_it "nn-stage :2 -m start.nnt -b 64 --back-in back -g 0.grad shard-?.nnt |
  ssh alice nn-stage 2: -m start.nnt --back-out 1 -g 1.grad >back"
do_it "ssh alice cat 1.grad </dev/null >1.grad"
do_it "nn-join 0.grad 1.grad | cmp - grad.nnt"
say "${green}same bits${plain}: alice has neither seen the data nor the first layers"
printf '\n%s\n' "${dim}$(since "$began")$plain"
