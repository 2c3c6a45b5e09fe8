#!/bin/bash
# One training, by mpirun on 1, 2 and 3 ranks, killed and gone on with. run.sh [DIR]
# Exit status 77: there is no mpirun, or nn-train was built without MPI.
set -eu -o pipefail
. "$(dirname "$0")/../common.sh"
begin 'Ranks of MPI' "$@"
cp "$here/../digits/digits.csv.gz" .
nn-info --build | grep -q '^MPI: *yes' || { say 'skipped: nn-train was built without MPI'; exit 77; }
command -v mpirun >/dev/null || { say 'skipped: there is no mpirun'; exit 77; }
# mpirun wants to be told that root means it, and that there may be more ranks than processors.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none

section 'Eight shards of the digits'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
do_it "nn-shard -n 8 --by random -o 'shard-%d.nnt' digits.nnt"
do_it "nn-init --mlp 64,128,10 --kernel auto --seed 1 --data digits.nnt -o start.nnt"
train="nn-train -b 256 -e 20 -O adam --lr 0.005 start.nnt shard-*.nnt"

section 'Two ranks: each reads four of the files, and updates a half of the parameters'
do_it "mpirun -n 2 $train -c two.ck -o two.nnt"
say 'Without MPI, and on three ranks that send messages, as they would between machines:'
do_it "$train -c one.ck -o one.nnt"
same two.nnt one.nnt 'the model'
same two.ck one.ck 'the checkpoint, with the state of the optimizer'
do_it "mpirun -n 3 $train --exchange messages -o three.nnt"
same three.nnt one.nnt

section 'The layers shared out: two pipelines of two stages, on four ranks'
do_it "mpirun -n 4 $train --stages 2 -o stages.nnt"
same stages.nnt one.nnt

section 'A rank is killed'
train="${train/-e 20/-e 800}"
show "mpirun -n 2 $train --every 50 --resume -c run.ck -o killed.nnt &"
mpirun -q -n 2 $train --every 50 --resume -c run.ck -o killed.nnt 2>killed.txt &
pids=$!
for ((i = 0; i < 600; i++)); do
	[ ! -s run.ck ] || break
	sleep 0.05
done
rank=$(pgrep -P "$pids" -n)
do_it "kill -9 $rank # one of the two"
wait "$pids" && fail 'mpirun did not notice' || say "mpirun ends the job, and exits with $?."
pids=
show_it "nn-info run.ck | sed -n 1p"
say 'The same command goes on from there, here with four ranks:'
do_it "mpirun -n 4 $train --every 50 --resume -c run.ck -o again.nnt"
do_it "$train -o whole.nnt"
same again.nnt whole.nnt 'as if nothing had been'
printf '\n%s\n' "$(since "$began")"
