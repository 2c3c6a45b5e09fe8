#!/bin/bash
# Training on two hosts by ssh: shards stay where they are, only models and gradients cross. The
# hosts are two sshd of our own on the loopback, with keys made for the occasion. run.sh [DIR]
# Exit status 77: sshd cannot be started here.
set -eu -o pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/hosts.sh"
begin 'Two hosts by ssh' "$@"
cp "$here/../digits/digits.csv.gz" .

nn-import -t 1 digits.csv.gz -o digits.nnt
kernel=$(other_kernel digits.nnt)
hosts_begin "$work/hosts" && host_start host-a &&
	host_start host-b ${kernel:+"OPENBLAS_CORETYPE=$kernel"} || {
	say "skipped: $hosts_why"
	exit 77
}
say 'Two sshd on the loopback play the hosts. A session on host-a starts in the folder hosts/host-a,' \
	'one on host-b in hosts/host-b. ssh reads hosts/ssh_config, and no file of yours.'

section 'Four shards: two go to each host, and stay there'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
do_it "for k in 0 1; do nn-shard -k \$k/4 digits.nnt | ssh host-a \"cat >shard-\$k.nnt\"; done"
do_it "for k in 2 3; do nn-shard -k \$k/4 digits.nnt | ssh host-b \"cat >shard-\$k.nnt\"; done"

if [ -n "$kernel" ]; then
	section 'Unlike hosts'
	say "On host-b the environment says OPENBLAS_CORETYPE=$kernel, as some images of machines do." \
		'Its products would round otherwise than those of host-a, and nn-reduce refuses that:'
	do_it "nn-init --mlp 64,32,10 --seed 7 --data digits.nnt -o any.nnt"
	do_it "ssh host-a nn-grad shard-0.nnt shard-1.nnt <any.nnt >from-a"
	do_it "ssh host-b nn-grad shard-2.nnt shard-3.nnt <any.nnt >from-b"
	show "nn-reduce from-a from-b"
	nn-reduce from-a from-b >refused 2>&1 && fail 'two kernels were mixed'
	sed 's/^/  /' refused
	say 'A model that names its kernel is followed by all workers:'
	rm -f from-a from-b
fi
do_it "nn-init --mlp 64,32,10 --kernel auto --seed 7 --data digits.nnt -o start.nnt"

section 'Ten steps, one ssh to each host'
do_it "count() { tee >(wc -c >\$1); } # passes on, and notes how much"
do_it "mkfifo back from-a from-b
nn-reduce from-a from-b >back &
nn-update --loop --steps 10 -O adam --lr 0.01 -c remote.nnt start.nnt <back |
  tee >(count down-b | ssh host-b nn-grad shard-2.nnt shard-3.nnt | count up-b >from-b) |
  count down-a | ssh host-a nn-grad shard-0.nnt shard-1.nnt | count up-a >from-a
wait"

section 'The same on this machine'
do_it "for k in 0 1 2 3; do nn-shard -k \$k/4 digits.nnt -o shard-\$k.nnt; done"
do_it "mkfifo again
nn-update --loop --steps 10 -O adam --lr 0.01 -c local.nnt start.nnt <again |
  nn-grad shard-0.nnt shard-1.nnt shard-2.nnt shard-3.nnt >again"
same remote.nnt local.nnt

section 'What crossed'
for file in down-a up-a down-b up-b; do
	until [ -s "$file" ]; do sleep 0.05; done
done
for host in a b; do
	stay=$(cat hosts/host-$host/shard-?.nnt | wc -c)
	say "$(printf 'host-%s: %7d bytes of models in, %7d of gradients out; %7d of data stayed' \
		$host "$(cat down-$host)" "$(cat up-$host)" "$stay")"
done

section 'Workers that are added up on their host'
say 'A host with several workers sends one gradient: nn-reduce there merges what it has.'
cat >step.sh <<'STEP'
# A step on a host: model on stdin, gradient of its shards on stdout.
cat >model.nnt
for shard in shard-*.nnt; do
	nn-grad -m model.nnt "$shard" >"grad-$shard" &
done
wait
nn-reduce grad-shard-*.nnt
STEP
do_it "sed 's/^/  /' step.sh"
do_it "for host in host-a host-b; do ssh \$host 'cat >step.sh' <step.sh; done"
do_it "cp start.nnt model.nnt
for step in 1 2 3; do
  ssh host-a sh step.sh <model.nnt >grad-a.nnt &
  ssh host-b sh step.sh <model.nnt >grad-b.nnt
  wait \$!
  nn-reduce grad-b.nnt grad-a.nnt | nn-update -O adam --lr 0.01 model.nnt >next.nnt
  mv next.nnt model.nnt
done"
do_it "cp start.nnt flat.nnt
for step in 1 2 3; do
  nn-grad -m flat.nnt shard-?.nnt | nn-update -O adam --lr 0.01 flat.nnt >next.nnt
  mv next.nnt flat.nnt
done"
same model.nnt flat.nnt
printf '\n%s\n' "${dim}$(since "$began")$plain"
