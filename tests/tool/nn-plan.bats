# nn-plan: predictions out of profiles that are made up, so that they can be counted by hand; and a real
# profile.
load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	unset LC_CTYPE LANG
	export LC_ALL=C
	source "$srcdir/tests/tool/profile.bash"
	# 1,049,600 parameters; forward 2 Mi FLOPs a row, backward as much, as the input's gradient is not wanted.
	nn-init --mlp 1024,1024 -o wide.nnt
	make_profile >p.json
}

# plan OPTION...: as JSON.
plan() {
	nn-plan -p p.json -d 65536 -b 256 --json "$@" wide.nnt
}

# about WANTED FILTER: what jq finds in "got" is that within 0.1 %.
about() {
	jq -r "$2" got | awk -v want="$1" '{ ok = $1 > want * 0.999 && $1 < want * 1.001
		if (!ok) print "wanted " want ", got " $1 } END { exit !ok }'
}

need_jq() {
	command -v jq >/dev/null || skip "jq is not installed"
}

@test "one worker: products, the update, the exchange" {
	need_jq
	make_profile processors=1 >p.json
	plan -w 1 --way sync --shards 1 >got
	# 2 * 2 * 2^20 * 256 FLOPs at 100 GFLOP/s, a nanosecond a parameter, 10 us.
	about "$(awk 'BEGIN { print 4 * 2^20 * 256 / 1e11 + 1049600e-9 + 10e-6 }')" '.ways[0].step_seconds'
	about 1 '.ways[0].speedup'
	[ "$(jq '.ways[0].bytes_per_step' got)" = 0 ]
	about "$(awk 'BEGIN { print 256 * (4 * 2^20 * 256 / 1e11 + 1049600e-9 + 10e-6) }')" '.ways[0].epoch_seconds'
	[ "$(jq -r '.ways[0].command' got)" = \
		"nn-train -w 1 -b 256 --shards 1 -O sgd wide.nnt DATA >trained.nnt" ]
}

@test "C = k b: a model to each worker, a gradient of each shard" {
	need_jq
	plan -S 4/far -w 4 --way sync --shards 8 --compress never >got
	about 12 '.ways[0].messages_per_step'
	about 4198400 '.ways[0].message_bytes'
	about 50380800 '.ways[0].bytes_per_step'
	# The line carries 12.5 MB/s, and that is nearly all the time that a step takes.
	jq -e '.ways[0].step_seconds > 50380800 / 12.5e6 and .ways[0].step_seconds < 1.1 * 50380800 / 12.5e6' got
	[ "$(jq -r '.ways[0].lost_by' got)" = "the line is full" ]
	# Packed to half: twice as fast.
	plan -S 4/far -w 4 --way packed --shards 8 --ratio 0.5 >got
	about 25190400 '.ways[0].bytes_per_step'
	[[ "$(jq -r '.ways[0].command' got)" == *" -S 4/far "*" --compress always "* ]]
	# Local steps: the same once in 16.
	plan -S 4/far -w 4 --way local-steps --local-steps 16 --shards 8 --compress never >got
	about 3148800 '.ways[0].bytes_per_step'
}

@test "P = n T, up to where the line is full" {
	make_profile processors=4 latency=1 mbit=100000 >p.json
	nn-init --mlp 64,64 -o few.nnt
	nn-plan -p p.json -d 16777216 -b 1048576 --shards 4096 --line 1000000 --latency 0.001 few.nnt >got
	cat got
	grep -q '^n x T holds up to [0-9]* workers; beyond it, ' got
	# 4 workers here are 4 times as fast, but for the exchange.
	awk '$1 == "sync" && $2 == "4" { found = 1; if ($7 < 3.9 || $7 > 4) exit 1 } END { exit !found }' got
}

@test "workers: powers of two to 10,000, and what the hosts have" {
	need_jq
	plan -S :,2/far --way sync >got
	[ "$(jq -r '[.ways[].workers] | join(" ")' got)" = \
		"1 2 3 4 8 16 32 64 128 256 512 1024 2048 4096 8192 10000" ]
	[ "$(jq -r '[.ways[] | select(.on_hosts) | .workers] | join(" ")' got)" = "1 2 3" ]
}

@test "all ways are there, and one is recommended with the line that runs it" {
	need_jq
	nn-init --mlp 64,64,64,10 -o deep.nnt
	nn-plan -p p.json -d 65536 -b 256 --json -S 2/far,2/: deep.nnt >got
	for way in sync packed local-steps async stages slices mpi; do
		jq -e --arg way "$way" '[.ways[] | select(.way == $way)] | length > 0' got
	done
	jq -e '.recommended.on_hosts and .recommended.same_bits' got
	jq -r '.ways[].command' got >commands
	grep -q '^nn-train --stages 2 -S .2/far. -b 256' commands || grep -q '^nn-train --stages 2 -S 2/far -b 256' commands
	grep -q '^mpirun -n 4 nn-train -b 256 --shards' commands
	# What is typed is known to nn-train.
	sed -n 's/^\(nn-train .*\) DATA >trained.nnt/\1/p' commands | tr ' ' '\n' | grep '^-' | sort -u >options
	nn-train --help >help
	while read -r option; do
		[ "$option" = --stages ] || grep -qE -- "(^|[ ,])$option([ =,]|\$)" help || fail "$option"
	done <options
}

@test "stages: FLOPs are balanced, and the bubble is (n - 1) / (m + n - 1)" {
	need_jq
	nn-init --mlp 256,256,256,256 -o alike.nnt
	make_profile processors=4 >p.json
	nn-plan -p p.json -d 65536 -b 256 --json -w 2 --way stages --stages 2 --shards 8 alike.nnt >got
	about 0.111111 '.ways[0].bubble'
	jq -e '.ways[0].workers == 1 and .ways[0].stages == 2' got
}

@test "stragglers and failures: the same seed, the same figures; the closed form" {
	need_jq
	nn-init --mlp 1024,1024 -o wide.nnt
	make_profile processors=64 >p.json
	plan -w 16 --way sync --shards 16 --straggler exponential:1 --seed 4 >got
	plan -w 16 --way sync --shards 16 --straggler exponential:1 --seed 4 | cmp - got
	plan -w 16 --way sync --shards 16 --straggler exponential:1 --seed 5 | cmp -s - got && fail "the seed"
	# The slowest of 16: H(16) = 3.3807 times what a task takes; 16 rows at 100 GFLOP/s.
	jq '.ways[0].step_seconds' got | awk '{ t = 4 * 2^20 * 16 / 1e11; u = 1049600e-9 / 16 + 20e-6
		exit !($1 > 0.9 * (3.3807 * t + u) && $1 < 1.1 * (3.3807 * t + u)) }'
	[ "$(jq -r '.ways[0].lost_by' got)" = stragglers ]
	plan -w 16 --way sync --shards 16 --mtbf 1h --restart 1s --every 10 >got
	jq -e '.ways[0].retries_per_step >= 0' got
}

@test "the table, the curve, pictures" {
	nn-plan -p p.json -d 65536 -b 256 --curve --ascii wide.nnt >got
	head -n 1 got | grep -q '^way  *workers  *shards  *a step  *samples/s  *speed-up  *of n  *bytes a step'
	grep -q '^recommended: ' got
	grep -q 'log2 n' got
	grep -q '10000~' got
	nn-plan -p p.json -d 65536 -b 256 --gnuplot wide.nnt | grep -q '<< END'
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
	nn-plan -p p.json -d 65536 -b 256 -o curve.svg wide.nnt
	grep -q '<svg' curve.svg
}

@test "a real profile, in canonical JSON, with stages, and MPI where that is there" {
	export TMPDIR=$PWD
	nn-plan --measure -v -m wide.nnt -o real.json 2>measured
	[ "$(ls -A | grep -c nn-plan-)" -eq 0 ]
	grep -q '^{"profile":1,"version":"[^"]*","hosts":\[{"name":":","kernel":"OpenBLAS' real.json
	[ "$(wc -l <real.json)" -eq 1 ]
	nn-plan -p real.json -d 1000 -b 64 -w 1 wide.nnt 2>err >got
	[ ! -s err ]
	if command -v jq >/dev/null; then
		jq -c . real.json >/dev/null
		jq -e '.hosts[0] | .models | length == 1' real.json
		jq -e '.hosts[0].stages | .bytes[0] < .bytes[1]' real.json
	fi
	nn-info --build | grep -q '^MPI: *yes' && command -v mpirun >/dev/null || return 0
	need_jq
	! grep -q "MPI was not measured" measured || skip "mpirun starts no ranks: $(cat measured)"
	jq -e '.hosts[0].ranks | .start_seconds > 0 and (.memory_us | length) == 3 and (.messages_us | length) == 3' real.json
}

@test "ranks of MPI: what was measured counts, and may be missing" {
	need_jq
	make_profile processors=2 >p.json
	plan -w 2 --way mpi --shards 2 >got
	products=$(awk 'BEGIN { print 4 * 2^20 * 128 / 1e11 + 1049600e-9 / 2 }')
	about "$products" '.ways[0].step_seconds'
	sed 's/"models":/"ranks":{"start_seconds":1,"memory_us":[10,100,5000],"messages_us":[20,200,9000]},&/' p.json >q.json
	mv q.json p.json
	plan -w 2 --way mpi --shards 2 >got
	about "$(awk -v p="$products" 'BEGIN { print p + 5e-3 }')" '.ways[0].step_seconds'
	[ "$(jq -r '.ways[0].command' got)" = \
		"mpirun -n 2 nn-train -b 256 --shards 2 -O sgd wide.nnt DATA >trained.nnt" ]
	sed 's/"memory_us":\[10,/"memory_us":[/' p.json >bad.json
	fails 1 "bad.json: hosts[0].memory_us: an array" nn-plan -p bad.json -d 60 wide.nnt
}

@test "stages: none of the way is hidden where they are even" {
	need_jq
	nn-init --mlp 256,256,256,256 -o alike.nnt
	make_profile processors=2 >p.json
	nn-plan -p p.json -d 65536 -b 256 --json -w 2 --way stages --stages 2 --shards 8 alike.nnt >before
	sed 's/"models":/"stages":{"step_us":50,"bytes":[16,131072],"message_us":[1000,1000]},&/' p.json >q.json
	# 9 slots: each has a message on top of half of the arithmetic, which is at most what it had before.
	nn-plan -p q.json -d 65536 -b 256 --json -w 2 --way stages --stages 2 --shards 8 alike.nnt >got
	jq -e --slurpfile before before '.ways[0].step_seconds > 5e-5 + 9e-3 and
		.ways[0].step_seconds < 9.2e-3 + $before[0].ways[0].step_seconds' got
	sed 's/"bytes":\[16,131072\],"message/"bytes":[16,16],"message/' q.json >bad.json
	fails 1 "bad.json: hosts[0].stages: bytes that grow are wanted" nn-plan -p bad.json -d 60 alike.nnt
}

@test "hosts are measured by ssh: an nn-plan there; without MPI where mpirun fails" {
	export TMPDIR=$PWD
	mkdir bin
	printf '#!/bin/sh\necho no room >&2\nexit 3\n' >bin/mpirun
	chmod +x bin/mpirun
	# In place of ssh: what it would run there, run here.
	printf '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n' >ssh
	chmod +x ssh
	PATH=$PWD/bin:$PATH nn-plan --measure -v --ssh "$PWD/ssh" -o two.json alice 2>err
	! nn-info --build | grep -q '^MPI: *yes' ||
		grep -q "nn-plan: MPI was not measured: mpirun: a short training of 2 ranks: exit status 3: no room" err
	! grep -q '"ranks"' two.json || fail "ranks that did not run"
	[ "$(ls -A | grep -c nn-plan-)" -eq 0 ]
	nn-plan -p two.json -d 1000 -b 64 -w 2 --way mpi wide.nnt >got
	nn-plan -p two.json -d 1000 -b 64 -S :,alice wide.nnt >got
	grep -q '^recommended' got
	printf '#!/bin/sh\necho no route >&2\nexit 255\n' >ssh
	fails 4 "alice: exit status 255: no route" nn-plan --measure --ssh "$PWD/ssh" alice
	printf '#!/bin/sh\necho Welcome\nsleep 1\n' >ssh
	fails 4 "alice: it said 'Welcome', where nn-plan was to say hello" nn-plan --measure --ssh "$PWD/ssh" alice
	printf '#!/bin/sh\necho nn-plan 0.0.1\nsleep 1\n' >ssh
	fails 1 "alice: its nn-plan is of version 0.0.1, this one of version" nn-plan --measure --ssh "$PWD/ssh" alice
	fails 2 '"-oProxy" is no host' nn-plan --measure -- -oProxy
}

@test "profiles of other hosts, kernels, versions" {
	sed 's/"processors":[0-9]*/"processors":30000000/' p.json >big.json
	fails 1 "processors: no machine has so many" nn-plan -p big.json -d 60 wide.nnt
	fails 1 "p.json: it has no host alice: nn-plan --measure with it and all others makes it anew" \
		nn-plan -p p.json -d 60 -S alice wide.nnt
	fails 1 "p.json: measured by version 0.0.9, this is" \
		bash -c 'sed "s/\"version\":\"[^\"]*\"/\"version\":\"0.0.9\"/" p.json >q.json
			nn-plan -p q.json -d 60 wide.nnt 2>&1 | sed s/q.json/p.json/ >&2; exit ${PIPESTATUS[0]}'
	make_profile cpu="Another CPU" >other.json
	nn-plan -p other.json -d 60 wide.nnt >got 2>err
	[ "$(wc -l <err)" -eq 1 ]
	grep -q "nn-plan: other.json: measured on another machine (Another CPU, " err
	nn-init --mlp 1024,1024 -o named.nnt
	make_profile >p.json
	if nn-info named.nnt | grep -q kernel; then skip "the model names a kernel"; fi
	OPENBLAS_CORETYPE=Haswell nn-plan -p p.json -d 60 wide.nnt >got 2>err
	grep -q "nn-plan: p.json: measured with OpenBLAS-0/Test, but here runs OpenBLAS" err
}

@test "a broken profile: one line that says where" {
	broken() {
		sed "$2" p.json >bad.json
		fails 1 "bad.json: $1" nn-plan -p bad.json -d 60 wide.nnt
	}
	broken "hosts[0].processors: a number that is not below 0 is wanted" 's/"processors":/"prozessors":/'
	broken "hosts[0].copy_bytes_per_second: a number" 's/"copy_bytes_per_second":1e15/"copy_bytes_per_second":-1/'
	broken "hosts[0].forward_us: an array of the numbers that were measured is wanted" 's/"forward_us":\[/"forward_us":[1,/'
	broken "hosts[0].weights_us: numbers that are not below 0" 's/"weights_us":\[[^,]*/"weights_us":["1"/'
	broken "hosts[0].name: a text is wanted" 's/"name":":"/"name":7/'
	broken "hosts: an array of hosts is wanted" 's/"hosts"/"guests"/'
	broken "no profile: nn-plan --measure writes one" 's/"profile":1,//'
	broken "a profile of form 2, where 1 is known" 's/"profile":1/"profile":2/'
	head -c 1000 p.json >bad.json
	fails 1 "bad.json: byte " nn-plan -p bad.json -d 60 wide.nnt
	local no="no profile, which is JSON that nn-plan --measure writes; a model is the operand, without -p"
	fails 1 "wide.nnt: $no" nn-plan -p wide.nnt -d 60 wide.nnt
	sh_fails 1 "stdin: $no" "nn-convert --to safetensors wide.nnt | nn-plan -p - -d 60 wide.nnt"
	head -c 70000000 /dev/zero >bad.json
	fails 1 "bad.json: $no" nn-plan -p bad.json -d 60 wide.nnt
	head -c 70000000 /dev/zero | tr '\0' '{' >bad.json
	fails 1 "bad.json: more than 67108864 bytes" nn-plan -p bad.json -d 60 wide.nnt
	: >bad.json
	fails 1 "bad.json: " nn-plan -p bad.json -d 60 wide.nnt
	make_profile processors=0 >bad.json
	fails 1 "bad.json: hosts[0].processors: there is none" nn-plan -p bad.json -d 60 wide.nnt
	# Times that are none lead to no division by them.
	sed -E 's/"(forward|weights|inputs)_us":\[[^]]*\]/"\1_us":[ZEROS]/g' p.json |
		sed "s/ZEROS/$(printf '0,%.0s' {1..179})0/g" >zero.json
	rc=0
	nn-plan -p zero.json -d 60 -w 2 wide.nnt >got 2>err || rc=$?
	[ "$rc" -le 2 ]
}

@test "no data, absurd sizes, options that make no sense" {
	nn-init --mlp 64,64,64 -o deep.nnt
	while IFS='|' read -r text arguments; do
		# shellcheck disable=SC2086 # words are meant
		fails 2 "nn-plan: $text" nn-plan $arguments
	done <<-'EOF'
		which --profile? nn-plan --measure makes one|-d 60 wide.nnt
		which MODEL?|-p p.json -d 60
		one MODEL, not 2; hosts are for --hosts|-p p.json -d 60 wide.nnt far
		how many rows? There is no --data|-p p.json wide.nnt
		--data 0: there is nothing to train with|-p p.json -d 0 wide.nnt
		--data: at most 1000000000000000 rows|-p p.json -d 18446744073709551615 wide.nnt
		--workers: at most 100000|-p p.json -d 60 -w 100001 wide.nnt
		--workers 0: nothing would be trained|-p p.json -d 60 -w 0 wide.nnt
		--local-steps: at most 1000000|-p p.json -d 60 --local-steps 1000001 wide.nnt
		--stages and --slices: at most 1000|-p p.json -d 60 --stages 1001 wide.nnt
		--shards: at most 100000|-p p.json -d 60 --shards 99999999999 wide.nnt
		--straggler: 'sometimes' is neither lognormal:S nor exponential:S|-p p.json -d 60 --straggler sometimes wide.nnt
		--straggler: exponential:S, S being from 0 to 1|-p p.json -d 60 --straggler exponential:2 wide.nnt
		--mtbf: 'soon' is no time: 30s, 5m, 1h or 2d is|-p p.json -d 60 --mtbf soon wide.nnt
		either --json or --gnuplot|-p p.json -d 60 --json --gnuplot wide.nnt
		--model is for --measure|-p p.json -d 60 -m wide.nnt wide.nnt
		--way stages: 1 worker, too few for 2 stages|-p p.json -d 60 -w 1 --way stages deep.nnt
		--way stages: 2 workers, too few for 3 stages|-p p.json -d 60 -w 2 --way stages --stages 3 deep.nnt
		--way stages: wide.nnt has one layer, which cannot be cut|-p p.json -d 60 -w 2 --way stages wide.nnt
		--stages 4: too many for the layers of deep.nnt, of which there are 3|-p p.json -d 60 --stages 4 deep.nnt
		--stages 2: too many for the layers of wide.nnt, of which there is 1|-p p.json -d 60 -w 2 --way stages --stages 2 wide.nnt
		--way mpi: 1 worker, too few for 2 ranks|-p p.json -d 60 -w 1 --way mpi wide.nnt
		--way packed: all workers are on this machine, where nothing is sent: --hosts names others|-p p.json -d 60 -w 1 --way packed wide.nnt
		--way slices: all workers are on this machine, where nothing is sent|-p p.json -d 60 -w 1 --way slices wide.nnt
		1000000000 workers on far: 1 to 4096 can be on a host|-p p.json -d 60 -S 1000000000/far wide.nnt
	EOF
	nn-plan -p p.json -d 1 -b 1 wide.nnt >got
	fails 1 "comes to no end" nn-plan -p p.json -d 1000000000000000 -w 4 --mtbf 1s --restart 1s wide.nnt
}

@test "the largest sizes that are taken come to an end" {
	timeout 300 nn-plan -p p.json -d 1000000000000000 --shards 100000 wide.nnt >got
	timeout 300 nn-plan -p p.json -d 1000000000000000 -w 100000 wide.nnt >got
	timeout 300 nn-plan -p p.json -d 1000000 --shards 100000 -w 4 --way async wide.nnt >got
	timeout 300 nn-plan -p p.json -d 1000000 --shards 100000 -w 100000 --way sync --assign static --mtbf 10h --every 1 wide.nnt >got
	# Neither a task nor what is between two checkpoints ever ends.
	fails 1 "comes to no end" timeout 300 nn-plan -p p.json -d 1000000000000000 --shards 100000 --mtbf 1s wide.nnt
	fails 1 "comes to no end" timeout 300 nn-plan -p p.json -d 100000000 --shards 100000 -w 10 --way sync --mtbf 1s --every 1000000 wide.nnt
}

@test "one worker that is recommended: it is not said to be as fast as one" {
	make_profile processors=2 >p.json
	sed -i 's/"exchange_workers":\[1\],"exchange_step_us":\[10\],"exchange_task_us":\[0\]/"exchange_workers":[1,2],"exchange_step_us":[10,1e6],"exchange_task_us":[0,0]/; s/"near_task_ns":\[0,0\],"near_update_ns":\[0,0\]/"near_task_ns":[0,0,0,0],"near_update_ns":[0,0,0,0]/' p.json
	nn-plan -p p.json -d 65536 -b 256 --way sync wide.nnt >got
	grep -q '^recommended: sync, 1 worker, 2.8. s an epoch; more workers would not be faster: sums and update:$' got
	# There is no other to be compared with.
	nn-plan -p p.json -d 65536 -b 256 --way sync -w 1 wide.nnt >got
	grep -q '^recommended: sync, 1 worker, 2.8. s an epoch:$' got
	# Processes are counted, not pipelines.
	nn-init --mlp 256,256,256,256 -o alike.nnt
	nn-plan -p p.json -d 65536 -b 256 --way stages -w 2 alike.nnt >got
	grep -q '^recommended: stages 2 x 1, 2 workers, ' got
}

@test "thousands of workers, each of which fails now and then, in well under a second" {
	make_profile processors=10000 >p.json
	start=$EPOCHREALTIME
	plan -w 10000 --way sync --shards 10000 -b 65536 --straggler lognormal:0.3 --mtbf 10h >got
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a < 10) }'
}

@test "--echo swallows and sends what it is asked to" {
	{ printf '\003\0\0\0\0\0\0\0\005\0\0\0\0\0\0\0abc'; printf '\0\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0'; } |
		nn-plan --echo | tail -n +2 | wc -c | grep -qx 6
	fails 1 "stdin: no request of nn-plan" bash -c 'printf "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" | nn-plan --echo'
	fails 1 "stdin: no request of nn-plan" bash -c 'printf "\377%.0s" {1..16} | nn-plan --echo'
	fails 4 "stdin: it ended early" bash -c 'printf "\003\0\0\0\0\0\0\0\005\0\0\0\0\0\0\0ab" | nn-plan --echo'
}
