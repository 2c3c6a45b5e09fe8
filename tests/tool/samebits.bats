# Same bits: with the shards given, who computes, where and when does not change the model. Each test
# trains STEPS steps some way and compares the checkpoint with that of one process.
load common

STEPS=5
UPDATE="nn-update -O adam --lr 0.01 --clip 5 --weight-decay 0.001"
GRAD="nn-grad --steps-per-epoch 3"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-shard -n 4 --by random -o 'even-%d.nnt' all.nnt
	nn-shard -n 4 --by random --weights 5,3,1,2 -o 'uneven-%d.nnt' all.nnt
	nn-shard -n 7 --by cyclic -o 'seven-%d.nnt' all.nnt
	nn-init --mlp 64,16,10 --kernel auto --seed 3 --data all.nnt -o start.nnt
	train even.nnt "$GRAD even-0.nnt even-1.nnt even-2.nnt even-3.nnt"
	train uneven.nnt "$GRAD uneven-0.nnt uneven-1.nnt uneven-2.nnt uneven-3.nnt"
	train seven.nnt "$GRAD seven-?.nnt"
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return 1
	bin=$(dirname "$(command -v nn-grad)") pids=
	. "$examples/ssh/hosts.sh"
}

teardown() {
	local pid
	for pid in $pids; do
		kill "$pid" 2>/dev/null || :
	done
}

# train FILE COMMAND: the command reads a model on stdin and writes gradients of all shards.
train() {
	local step
	cp start.nnt "$1.model"
	for ((step = 0; step < STEPS; step++)); do
		bash -o pipefail -c "{ $2; } | nn-reduce | $UPDATE $1.model >$1.next" <"$1.model"
		mv "$1.next" "$1.model"
	done
	mv "$1.model" "$1"
}

same() {
	cmp "$1" "$2" && rm "$1"
}

@test "training changes the model, and shards matter" {
	run ! cmp -s start.nnt even.nnt
	run ! cmp -s even.nnt uneven.nnt
}

@test "four processes at once" {
	train out.nnt 'cat >m; for k in 0 1 2 3; do '"$GRAD"' -m m even-$k.nnt >g$k & done; wait
		cat g0 g1 g2 g3'
	same out.nnt even.nnt
}

@test "one after the other, files in lockstep" {
	train out.nnt 'cat >m; for k in 0 1 2 3; do '"$GRAD"' -m m even-$k.nnt >g$k; done
		nn-reduce g2 g0 g3 g1'
	same out.nnt even.nnt
}

@test "a live pipe of one process" {
	mkfifo back.1
	$UPDATE --loop --steps $STEPS -c out.nnt start.nnt <back.1 |
		$GRAD even-0.nnt even-1.nnt even-2.nnt even-3.nnt >back.1
	same out.nnt even.nnt
}

@test "a live pipe of four processes" {
	mkfifo back.4 g.0 g.1 g.2 g.3
	nn-reduce g.0 g.1 g.2 g.3 >back.4 3>&- &
	$UPDATE --loop --steps $STEPS -c out.nnt start.nnt <back.4 3>&- |
		tee >($GRAD even-0.nnt >g.0) >($GRAD even-1.nnt >g.1) >($GRAD even-2.nnt >g.2) |
		$GRAD even-3.nnt >g.3
	wait
	same out.nnt even.nnt
}

@test "a live pipe of two processes, three shards and one" {
	mkfifo back.3 h.3 h.1
	nn-reduce h.3 h.1 >back.3 3>&- &
	$UPDATE --loop --steps $STEPS -c out.nnt start.nnt <back.3 3>&- |
		tee >($GRAD even-0.nnt even-1.nnt even-2.nnt >h.3) | $GRAD even-3.nnt >h.1
	wait
	same out.nnt even.nnt
}

@test "a run that is stopped and resumed from its checkpoint" {
	mkfifo back.r
	$UPDATE --loop --steps 2 -c half.nnt start.nnt <back.r |
		$GRAD even-0.nnt even-1.nnt even-2.nnt even-3.nnt >back.r
	nn-update --loop --steps $((STEPS - 2)) -c out.nnt half.nnt <back.r |
		$GRAD even-0.nnt even-1.nnt even-2.nnt even-3.nnt >back.r
	same out.nnt even.nnt
}

@test "GNU parallel, shuffled completion" {
	command -v parallel >/dev/null || skip "GNU parallel is not installed"
	export PARALLEL_HOME=$PWD/parallel
	mkdir -p "$PARALLEL_HOME" && : >"$PARALLEL_HOME/will-cite"
	train out.nnt 'cat >m; parallel -j 4 --shuf "sleep 0.0\$((RANDOM % 10))
		'"$GRAD"' -m m even-{}.nnt" ::: 0 1 2 3'
	same out.nnt even.nnt
}

@test "frames in every order on stdin" {
	local order k
	for k in 0 1 2 3; do
		$GRAD even-$k.nnt <start.nnt >g$k
	done
	nn-reduce g0 g1 g2 g3 >sum
	for order in {0..3}{0..3}{0..3}{0..3}; do
		[[ $order == *0* && $order == *1* && $order == *2* && $order == *3* ]] || continue
		cat g${order:0:1} g${order:1:1} g${order:2:1} g${order:3:1} | nn-reduce | cmp - sum
	done
}

@test "views instead of files" {
	train out.nnt 'cat >m; for k in 3 1 0 2; do
		'"$GRAD"' -m m --shard $k/4 --by random all.nnt; done'
	same out.nnt even.nnt
}

@test "uneven shards: four processes" {
	train out.nnt 'cat >m; for k in 0 1 2 3; do '"$GRAD"' -m m uneven-$k.nnt >g$k & done; wait
		cat g1 g3 g0 g2'
	same out.nnt uneven.nnt
}

@test "uneven shards: views" {
	train out.nnt 'cat >m; for k in 3 1 0 2; do
		'"$GRAD"' -m m --shard $k/4 --by random --weights 5,3,1,2 all.nnt; done'
	same out.nnt uneven.nnt
}

@test "partial reducers on two hosts, whatever they have" {
	local hosts
	for hosts in '0 1:2 3' '0 3:1 2' '2:0 3 1' '3 2 1:0'; do
		train out.nnt "cat >m
			for k in ${hosts%:*}; do $GRAD -m m even-\$k.nnt; done | nn-reduce >a
			for k in ${hosts#*:}; do $GRAD -m m even-\$k.nnt; done | nn-reduce >b
			cat b a"
		same out.nnt even.nnt
		train out.nnt "cat >m
			for k in ${hosts%:*}; do $GRAD -m m even-\$k.nnt; done | nn-reduce >a
			for k in ${hosts#*:}; do $GRAD -m m even-\$k.nnt; done | nn-reduce >b
			nn-reduce b a"
		same out.nnt even.nnt
	done
}

@test "seven shards: flat, and through three partial reducers" {
	train out.nnt 'cat >m; for k in 6 2 4 0 5 1 3; do '"$GRAD"' -m m seven-$k.nnt; done'
	same out.nnt seven.nnt
	train out.nnt 'cat >m
		{ '"$GRAD"' -m m seven-[05].nnt; '"$GRAD"' -m m seven-[1246].nnt; } | nn-reduce >a
		'"$GRAD"' -m m seven-3.nnt | nn-reduce >b
		nn-reduce <a >c
		cat b c | nn-reduce'
	same out.nnt seven.nnt
}

@test "an environment that would pick another matrix kernel" {
	local kernel
	kernel=$(other_kernel all.nnt)
	[ -n "$kernel" ] || skip "this processor has one kernel"
	train out.nnt "cat >m; $GRAD -m m even-0.nnt even-1.nnt
		OPENBLAS_CORETYPE=$kernel $GRAD -m m even-2.nnt even-3.nnt"
	same out.nnt even.nnt
}

@test "two kernels are refused where the model names none" {
	local kernel
	kernel=$(other_kernel all.nnt)
	[ -n "$kernel" ] || skip "this processor has one kernel"
	nn-init --mlp 64,16,10 --seed 3 --data all.nnt -o any.nnt
	$GRAD even-0.nnt even-1.nnt <any.nnt >a
	OPENBLAS_CORETYPE=$kernel $GRAD even-2.nnt even-3.nnt <any.nnt >b
	fails 1 "kernel" nn-reduce a b
	nn-reduce --mixed-kernels a b >c
}

@test "ssh, and a host whose environment would pick another matrix kernel" {
	local kernel
	kernel=$(other_kernel all.nnt)
	rm -rf hosts
	{
		hosts_begin "$PWD/hosts" && host_start host-a &&
			host_start host-b ${kernel:+"OPENBLAS_CORETYPE=$kernel"}
	} 3>&- || skip "$hosts_why"
	cp even-[01].nnt hosts/host-a
	cp even-[23].nnt hosts/host-b
	train out.nnt "cat >m; ssh host-b $GRAD even-2.nnt even-3.nnt <m >b &
		ssh host-a $GRAD even-0.nnt even-1.nnt <m >a; wait \$!; cat b a"
	same out.nnt even.nnt
	mkfifo back.s s.a s.b
	nn-reduce s.a s.b >back.s 3>&- &
	$UPDATE --loop --steps $STEPS -c out.nnt start.nnt <back.s 3>&- |
		tee >(ssh host-a "$GRAD even-0.nnt even-1.nnt" >s.a) |
		ssh host-b "$GRAD even-2.nnt even-3.nnt" >s.b
	wait
	same out.nnt even.nnt
}
