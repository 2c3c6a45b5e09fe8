# nn-train under mpirun: the same bits for any number of ranks, and the same as without MPI.
load common

TRAIN="nn-train -b 256 -O adam --lr 0.01 --clip 5"
# As root, on few processors, in containers that forbid reading each other's memory.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_btl=self,vader
RUN="mpirun -q -n"

has_mpi() {
	nn-info --build | grep -q '^MPI: *yes' && command -v mpirun >/dev/null
}

setup_file() {
	has_mpi || return 0
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-shard -n 4 --by random -o 'even-%d.nnt' all.nnt
	nn-shard -n 5 --by random --weights 5,3,1,1,2 -o 'uneven-%d.nnt' all.nnt
	nn-init --mlp 64,16,10 --kernel auto --seed 3 --data all.nnt -o start.nnt
	$TRAIN -e 3 -w 1 --shards 8 --by random start.nnt all.nnt -c short.ck -o short.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	pid=
	has_mpi || [[ "$BATS_TEST_DESCRIPTION" == "built without"* ]] || skip "built without MPI, or there is no mpirun"
	! has_mpi || ln -s "$BATS_FILE_TMPDIR"/*.nnt "$BATS_FILE_TMPDIR"/*.ck .
}

teardown() {
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :
}

@test "1, 2, 3, 4 and 8 ranks, by memory and by messages: model and checkpoint" {
	for exchange in memory messages; do
		for ranks in 1 2 3 4 8; do
			rm -f out.ck
			$RUN $ranks $TRAIN -e 3 --shards 8 --by random --exchange $exchange \
				-c out.ck -o out.nnt start.nnt all.nnt
			cmp out.nnt short.nnt
			cmp out.ck short.ck
		done
	done
}

@test "by messages over TCP, as between machines" {
	export OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo
	$RUN 3 $TRAIN -e 3 --shards 8 --by random --exchange messages -o out.nnt start.nnt all.nnt
	cmp out.nnt short.nnt
}

@test "files that are shards, uneven ones, and other numbers of shards than powers of two" {
	$TRAIN -e 2 -w 2 start.nnt uneven-*.nnt -o files.nnt
	$TRAIN -e 2 -w 2 --shards 7 start.nnt all.nnt -o seven.nnt
	for exchange in memory messages; do
		$RUN 3 $TRAIN -e 2 --exchange $exchange start.nnt uneven-{3,0,4,1,2}.nnt -o out.nnt
		cmp out.nnt files.nnt
		$RUN 3 $TRAIN -e 2 --exchange $exchange --shards 7 start.nnt all.nnt -o out.nnt
		cmp out.nnt seven.nnt
	done
}

@test "layers of all kinds, each optimizer, no clipping" {
	cat >spec.json <<-'EOF'
		{"input": [1, 8, 8], "loss": "cross_entropy", "layers": [
		{"type": "conv2d", "filters": 6, "kernel": 3, "padding": 1}, {"type": "batch_norm"}, {"type": "relu"},
		{"type": "residual", "layers": [{"type": "conv2d", "filters": 6, "kernel": 3, "padding": 1}, {"type": "tanh"}]},
		{"type": "dropout", "rate": 0.2}, {"type": "max_pool", "kernel": 2}, {"type": "flatten"}, {"type": "identity"},
		{"type": "dense", "units": 40}, {"type": "layer_norm"}, {"type": "gelu"}, {"type": "dense", "units": 10}]}
	EOF
	nn-init spec.json --kernel auto --seed 5 -o deep.nnt
	for optimizer in sgd momentum nesterov adagrad rmsprop adam adamw; do
		nn-train -b 512 -O $optimizer --lr 0.01 -n 3 --shards 5 -w 2 deep.nnt all.nnt -o one.nnt
		for exchange in memory messages; do
			$RUN 3 nn-train -b 512 -O $optimizer --lr 0.01 -n 3 --shards 5 --exchange $exchange \
				deep.nnt all.nnt -o out.nnt
			cmp out.nnt one.nnt
		done
	done
}

@test "parameters of many pieces, which leave while backward runs" {
	nn-init --mlp 64,700,300,10 --kernel auto --data all.nnt -o wide.nnt
	nn-train -b 512 -O adam -n 4 --shards 4 -w 2 wide.nnt all.nnt -o one.nnt
	for ranks in 2 3 4; do
		$RUN $ranks nn-train -b 512 -O adam -n 4 --shards 4 --exchange messages wide.nnt all.nnt -o out.nnt
		cmp out.nnt one.nnt
	done
}

@test "a run goes on with other ranks, and without MPI" {
	local options="--shards 8 --by random -c run.ck start.nnt all.nnt -o out.nnt"
	$RUN 3 $TRAIN -e 1 $options
	$RUN 2 $TRAIN -n 17 --resume $options
	$TRAIN -n 19 --resume -w 2 $options
	$RUN 4 $TRAIN -e 3 --resume $options
	cmp out.nnt short.nnt
	cmp run.ck short.ck
}

@test "validation, the log, the best model, early stopping" {
	local options="-e 9 --shards 4 --valid all.nnt --patience 2 --keep-best start.nnt all.nnt"
	$TRAIN -w 2 $options -c one.ck -o one.nnt --log one.log
	$RUN 2 $TRAIN $options -c two.ck -o two.nnt --log two.log
	cmp one.nnt two.nnt
	cmp one.ck two.ck
	cut -f 1,2,4-6 one.log >one.columns
	cut -f 1,2,4-6 two.log | cmp - one.columns
	awk -F '\t' 'NR > 1 && split($9, seconds, ",") != 2 { exit 1 }' two.log
}

@test "a rank that dies ends the job: the checkpoint is whole, and the same command gives the same bits" {
	$TRAIN -e 400 -w 2 --shards 4 start.nnt all.nnt -o one.nnt
	for number in 1 2; do
		$RUN 3 $TRAIN -e 400 --shards 4 --every 5 --resume -c run.ck -o out.nnt --log $number.log start.nnt all.nnt 2>err &
		pid=$!
		await '[ -s run.ck ] && [ -s $number.log ]'
		kill -9 "$(pgrep -P $pid | sed -n "${number}p")"
		! wait $pid || false
		pid=
		nn-info --verify run.ck >out
		assert_file_not_exist out.nnt
	done
	$RUN 2 $TRAIN -e 400 --shards 4 --resume -c run.ck -o out.nnt start.nnt all.nnt
	cmp out.nnt one.nnt
}

@test "a signal to any rank ends the run after the step, with a checkpoint" {
	for number in 1 2; do
		$RUN 2 $TRAIN -e 100000 --shards 4 --resume -c run.ck -o out.nnt --log $number.log start.nnt all.nnt 2>err &
		pid=$!
		await '[ -s $number.log ]'
		kill -USR1 "$(pgrep -P $pid | sed -n "${number}p")"
		wait $pid || rc=$?
		pid=
		[ "$rc" -eq 4 ]
		grep -q '^nn-train: stopped by signal 10 .*: --resume goes on from run.ck$' err
		[ "$(grep -c nn-train: err)" -eq 1 ]
	done
	nn-info --verify run.ck >out
}

@test "more ranks than shards: the others idle, and one line says so" {
	$TRAIN -e 1 -w 1 --shards 2 start.nnt all.nnt -o one.nnt
	fails 0 "5 ranks for 2 shards: the others idle (--shards makes more)" \
		$RUN 5 $TRAIN -e 1 --shards 2 start.nnt all.nnt -o out.nnt
	cmp out.nnt one.nnt
}

@test "ranks that differ refuse to start" {
	nn-init --mlp 64,16,10 --kernel auto --seed 4 --data all.nnt -o other.nnt
	local name="nn-train -n 1 -o out.nnt start.nnt all.nnt"
	fails 1 "ranks differ in the seed: 3 in rank 0, 9 in rank 1" $RUN 1 $name : -n 1 $name --seed 9
	fails 1 "ranks differ in the shards: 2 by block" $RUN 1 $name --shards 2 : -n 1 $name --shards 4
	fails 1 "ranks differ in the optimizer: " $RUN 1 $name : -n 1 $name -l 0.5
	fails 1 "ranks differ in the length" $RUN 1 $name : -n 1 $name -b 10
	fails 1 "ranks differ in the model: " $RUN 1 $name : \
		-n 1 nn-train -n 1 -o out.nnt other.nnt all.nnt --seed 3
	nn-import -t 1 <(zcat "$examples/digits/digits.csv.gz" | head -n 900) -o half.nnt
	fails 1 "rank 1 finds 900 rows there" \
		$RUN 1 $name : -n 1 bash -c 'mkdir d && cp half.nnt d/all.nnt && cp start.nnt d && cd d && nn-train -n 1 -o ../out.nnt start.nnt all.nnt'
	assert_file_not_exist out.nnt
}

@test "what goes wrong in one rank or in all is one line" {
	fails 1 "nn-train: nope.nnt: cannot open" $RUN 3 $TRAIN -o out.nnt start.nnt nope.nnt
	fails 1 "rank 1: nope.nnt: cannot open" $RUN 1 $TRAIN -o out.nnt start.nnt all.nnt : \
		-n 1 $TRAIN -o out.nnt start.nnt nope.nnt
	fails 2 "unknown option '--bogus'" $RUN 3 $TRAIN --bogus
	fails 2 "--workers is for workers, but these are ranks of MPI" $RUN 2 $TRAIN -w 2 start.nnt all.nnt
	fails 2 "--async is for workers" $RUN 2 $TRAIN --async start.nnt all.nnt
	fails 2 "all ranks of MPI read the model and the data" $RUN 2 $TRAIN start.nnt - <all.nnt
	fails 4 "rank 0: nowhere/out.nnt: cannot create" $RUN 2 $TRAIN -o nowhere/out.nnt start.nnt all.nnt
	fails 1 "step 1, shard" $RUN 2 $TRAIN -O sgd -l 1e25 --clip 0 -e 9 --shards 2 start.nnt all.nnt -o out.nnt
	fails 2 "--exchange is for ranks of MPI" $TRAIN --exchange memory start.nnt all.nnt
}

@test "what all would print is printed once; the model can leave by standard output" {
	$RUN 3 nn-train --help >out
	nn-train --help | cmp - out
	$RUN 2 $TRAIN -e 3 --shards 8 --by random start.nnt all.nnt >out.nnt
	cmp out.nnt short.nnt
}

@test "a checkpoint that cannot be written in the end: the model is there, and the status is 4" {
	mkdir kept
	# What MPI itself writes must be small, too.
	export OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo
	fails 4 "the model is put out all the same" $RUN 2 bash -c \
		"ulimit -f 8; exec $TRAIN -n 3 --shards 4 start.nnt all.nnt -c kept/run.ck -o /dev/null"
	[ -z "$(ls kept/*.ck kept/*.part 2>/dev/null)" ]
}

@test "a full disk" {
	[ -e /dev/full ] || skip "there is no /dev/full"
	fails 4 "/dev/full" $RUN 2 $TRAIN -n 3000 --shards 2 --log /dev/full -o out.nnt start.nnt all.nnt
	assert_file_not_exist out.nnt
}

@test "stages on ranks, in one pipeline and in several: the bits of a training without" {
	for how in "1 --stages 1" "2 --stages 2" "3 --stages 3" "4 --stages 2" "6 --stages 3 -w 2 --recompute"; do
		rm -f out.ck
		$RUN ${how%% *} $TRAIN ${how#* } -e 3 --shards 8 --by random -c out.ck -o out.nnt start.nnt all.nnt
		cmp out.nnt short.nnt
		cmp out.ck short.ck
	done
	OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo \
		$RUN 4 $TRAIN --stages 2 -e 3 --shards 8 --by random -o out.nnt start.nnt all.nnt
	cmp out.nnt short.nnt
	$TRAIN -e 2 -w 2 start.nnt uneven-*.nnt -o files.nnt
	$RUN 2 $TRAIN --stages 2 -e 2 start.nnt uneven-{3,0,4,1,2}.nnt | cmp - files.nnt
	rm out.ck
	$RUN 2 $TRAIN --stages 2 -e 1 --shards 8 --by random -c out.ck -o out.nnt start.nnt all.nnt
	$RUN 3 $TRAIN -e 2 --resume -c out.ck -o out.nnt start.nnt all.nnt
	$RUN 3 $TRAIN --stages 3 -e 3 --resume -c out.ck -o out.nnt start.nnt all.nnt
	cmp out.nnt short.nnt
}

@test "stages on ranks: signals, a rank that dies, one that hangs" {
	run="nn-train --stages 3 -b 256 -e 100000 --shards 4 --every 5 -c out.ck -o out.nnt start.nnt all.nnt"
	for rank in 1 2 3; do
		rm -f out.ck
		mpirun -n 3 $run 2>err &
		pid=$!
		await '[ -s out.ck ]'
		kill -TERM $(pgrep -P $pid | sed -n ${rank}p)
		rc=0
		wait $pid || rc=$?
		[ $rc = 4 ]
		grep -q '^nn-train: stopped by signal 15 (Terminated) after step [0-9]*: --resume goes on from out.ck$' err
		nn-info --verify out.ck >said
	done
	rm -f out.ck
	mpirun -n 3 $run 2>err &
	pid=$!
	await '[ -s out.ck ]'
	kill -9 $(pgrep -P $pid | sed -n 2p)
	! wait $pid || false
	nn-info --verify out.ck >said
	rm -f out.ck
	mpirun -n 3 $run --timeout 2 2>err &
	pid=$!
	await '[ -s out.ck ]'
	kill -STOP $(pgrep -P $pid | sed -n 2p)
	rc=0
	wait $pid || rc=$?
	[ $rc = 4 ]
	grep -q '^nn-train: stage [0-2] of 3 (layers .:.) on rank [0-2] has said nothing for 2 seconds: it hangs, or waits for one that does (--timeout); --resume goes on after step [0-9]*$' err
	nn-info --verify out.ck >said
}

@test "stages on ranks: too many and too few, and what goes wrong is one line" {
	$RUN 5 $TRAIN --stages 2 -e 3 --shards 8 --by random -o out.nnt start.nnt all.nnt 2>err
	[ "$(cat err)" = "nn-train: 1 of 5 ranks have nothing to do: 2 pipelines of 2 stages take 4 (--workers, --shards make more pipelines)" ]
	cmp out.nnt short.nnt
	fails 2 "--stages 2 of 2 pipelines: that takes 4 ranks of MPI, but there are 3 (mpirun -n 4)" \
		$RUN 3 nn-train --stages 2 -w 2 start.nnt all.nnt -o out.nnt
	fails 2 "--stages 12: the network has only 3 layers to be shared out" \
		$RUN 12 nn-train --stages 12 start.nnt all.nnt -o out.nnt
	fails 2 "--exchange does not go with --stages" \
		$RUN 2 nn-train --stages 2 --exchange memory start.nnt all.nnt -o out.nnt
	fails 2 "--sshlogin is for workers, but these are ranks of MPI" \
		$RUN 2 nn-train --stages 2 -S alice start.nnt all.nnt -o out.nnt
	run -1 --separate-stderr $RUN 3 nn-train --stages 3 --shards 2 -b 100 -n 9 --lr 1e25 -o x.nnt start.nnt all.nnt
	[[ "$stderr" == "nn-train: stage "[0-2]" of 3 (layers "*") on rank "[0-2]": "* ]]
	[ ! -e x.nnt ]
}

@test "srun that does not tell its tasks of each other" {
	SLURM_STEP_NUM_TASKS=4 fails 2 "srun --mpi=pmix" $TRAIN start.nnt all.nnt
	! SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=4 $TRAIN start.nnt all.nnt 2>err || false
	[ ! -s err ]
	SLURM_STEP_NUM_TASKS=1 $TRAIN -n 1 start.nnt all.nnt -o out.nnt
}

@test "no other tool loads MPI" {
	for tool in $tools; do
		[ "$tool" = nn-train ] || ! ldd "$(command -v "$tool")" | grep libmpi || fail "$tool does"
	done
}

@test "built without MPI, it does not train as often as there are ranks" {
	! nn-info --build | grep -q '^MPI: *yes' || skip "built with MPI"
	OMPI_COMM_WORLD_SIZE=2 fails 2 "built without it" nn-train start.nnt all.nnt
}
