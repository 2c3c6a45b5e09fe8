#!/bin/bash
# Gradients by GNU parallel: on this machine, finishing in any order, and on hosts. run.sh [DIR]
# HOSTS=alice,bob names hosts that have nnpipe and let you in by ssh without a password; without it
# the example starts two of its own on the loopback.
set -eu -o pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../ssh/hosts.sh"
begin 'Gradients by GNU parallel' "$@"
parallel --version 2>/dev/null | grep -q GNU || fail 'this needs GNU parallel'
cp "$here/../digits/digits.csv.gz" .
# Its settings stay here, not in ~/.parallel; the README has the citation that it asks for.
export PARALLEL_HOME=$work/parallel
mkdir -p "$PARALLEL_HOME"
: >"$PARALLEL_HOME/will-cite"

section 'Data in four shards, and a model'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
do_it "nn-shard -n 4 -o 'shard-%d.nnt' digits.nnt"
do_it "nn-init --mlp 64,32,10 --kernel auto --seed 7 --data digits.nnt -o start.nnt"

# steps FILE COMMAND: three steps from start.nnt to FILE; COMMAND writes gradients of model.nnt.
steps() {
	show "for step in 1 2 3; do
$2 |
  nn-reduce | nn-update -O adam --lr 0.01 model.nnt >next.nnt
  mv next.nnt model.nnt
done"
	cp start.nnt model.nnt
	for step in 1 2 3; do
		eval "$2" | nn-reduce | nn-update -O adam --lr 0.01 model.nnt >next.nnt
		mv next.nnt model.nnt
	done
	mv model.nnt "$1"
}

section 'Three steps in a single process'
steps single.nnt '  nn-grad -m model.nnt shard-0.nnt shard-1.nnt shard-2.nnt shard-3.nnt'

section 'Four jobs at once'
steps jobs.nnt '  parallel -j 4 nn-grad -m model.nnt {} ::: shard-0.nnt shard-1.nnt shard-2.nnt shard-3.nnt'
same jobs.nnt single.nnt

section 'Jobs that finish in a random order'
say 'Each sleeps for up to 0.1 s first; parallel passes on what is done.'
steps shuffled.nnt '  parallel -j 4 --shuf "sleep {= \$_ = rand(0.1) =}; nn-grad -m model.nnt {}" \
    ::: shard-0.nnt shard-1.nnt shard-2.nnt shard-3.nnt'
same shuffled.nnt single.nnt

section 'No files for the shards: views on the whole set'
steps views.nnt '  parallel -j 4 nn-grad -m model.nnt --shard {}/4 digits.nnt ::: 0 1 2 3'
same views.nnt single.nnt

if [ -z "${HOSTS:-}" ]; then
	hosts_begin "$work/hosts" && host_start host-a && host_start host-b || {
		section 'Jobs on hosts: skipped'
		say "$hosts_why"
		exit 77
	}
	HOSTS=host-a,host-b
fi
section "Jobs on hosts: $HOSTS"
say 'Each host gets all shards once, since parallel may send any job anywhere.'
for host in $(echo "$HOSTS" | tr ',' ' '); do
	do_it "nn-shard -n 4 -o 'shard-%d.nnt' --filter 'ssh $host \"cat >\$FILE\"' digits.nnt"
done
say '' 'Then only models and gradients cross: --tee gives the model to every job on its stdin.'
steps hosts.nnt "  parallel -j 4 --pipe --tee -S $HOSTS nn-grad shard-{}.nnt ::: 0 1 2 3 <model.nnt"
same hosts.nnt single.nnt
printf '\n%s\n' "${dim}$(since "$began")$plain"
