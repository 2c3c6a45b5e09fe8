#!/bin/bash
# A training as a job of Slurm, which is told to stop, is queued again, and goes on. run.sh [DIR]
# Exit status 77: there is no Slurm that can be started here, or nn-train was built without MPI.
set -eu -o pipefail
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/cluster.sh"
begin 'A job of Slurm' "$@"
cp "$here/../digits/digits.csv.gz" "$here/train.sbatch" .
nn-info --build | grep -q '^MPI: *yes' || { say 'skipped: nn-train was built without MPI'; exit 77; }
mkdir -p slurm
slurm_begin "$work/slurm" || { say "skipped: $slurm_why"; exit 77; }
trap 'status=$?; slurm_end; (exit $status); finish' EXIT
say 'A munged, a slurmctld and a slurmd on the loopback play the cluster, in the folder slurm.'

section 'The job'
show_it "sed -n '/^#SBATCH/p; /^status/,\$p' train.sbatch"
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
do_it "nn-init --mlp 64,128,10 --kernel auto --seed 1 --data digits.nnt -o start.nnt"
do_it "export EPOCHS=1500"
do_it "job=\$(sbatch --parsable train.sbatch start.nnt digits.nnt --shards 4 --every 100)"
slurm_await "$job" RUNNING
for ((i = 0; i < 600; i++)); do
	[ ! -s run.ck ] || break
	sleep 0.1
done
[ -s run.ck ] || fail "the job did not start: $(cat train.log)"

section 'What Slurm does a minute before the time is up'
do_it "scancel --signal=USR1 $job"
for ((i = 0; i < 300; i++)); do
	! grep -q 'stopped by signal' train.log || break
	sleep 0.1
done
grep -q 'stopped by signal' train.log || fail "it did not stop: $(cat train.log)"
say 'The job puts itself into the queue again, and goes on when its turn comes.'
slurm_await "$job" COMPLETED || fail "it did not: $(cat train.log)"
show_it "sed 's/^.*nn-train: /nn-train: /' train.log"

section 'The same on this machine, without Slurm or MPI'
do_it "nn-train -b 256 -e 1500 -O adam --lr 0.005 --shards 4 start.nnt digits.nnt -o whole.nnt"
same trained.nnt whole.nnt
printf '\n%s\n' "$(since "$began")"
