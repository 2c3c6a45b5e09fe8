# nn-assign: what nn-train would decide, in lines that GNU parallel takes.
load common

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-shard -n 5 --weights 1,5,3,2,4 --by random -o 'shard-%d.nnt' all.nnt
	nn-init --mlp 64,8,10 --kernel auto --seed 3 --data all.nnt -o model.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
}

# fields FIELD...: of the lines on stdin, as one line.
fields() {
	cut -f "$1" | xargs
}

@test "static: task i is for worker i modulo their number" {
	assert_equal "$(nn-assign -p static -n 7 -w 3 | fields 2)" "1 2 3 1 2 3 1"
	assert_equal "$(nn-assign -p static -n 2 -S 2/alice,ssh\ -p\ 22\ bob,: | tr '\t\n' ', ')" \
		"0,1,alice 1,2,alice "
	assert_equal "$(nn-assign -p static -n 4 -S '2/alice,ssh -p 22 bob,:' | cut -f 3 | tail -n 2)" \
		"$(printf '%s\n' 'ssh -p 22 bob' :)"
}

@test "weighted: by capacity, and by size" {
	assert_equal "$(nn-assign -n 7 --capacity 1,2,4 | fields 2 | tr ' ' '\n' | sort | uniq -c | xargs)" \
		"1 1 2 2 4 3"
	assert_equal "$(nn-assign --sizes 2,8,1,3,0,10 --capacity 1,4,1 | fields 2)" "3 2 3 1 1 2"
	assert_equal "$(nn-assign -n 6 -w 3 | fields 2)" "1 2 3 1 2 3"
	# Three tasks, none for the slow one: largest remainders would give it one.
	assert_equal "$(nn-assign -n 3 --capacity 1,4 | fields 2)" "2 2 2"
}

@test "dynamic: as if workers were as fast as they are said to be" {
	assert_equal "$(nn-assign -p dynamic -n 7 --capacity 1,2,4 | fields 2)" "1 2 3 3 2 3 3"
}

@test "how well it fits" {
	nn-assign -v -n 16 --capacity 1,2,4 2>err >/dev/null
	assert_equal "$(cat err)" \
		"nn-assign: ready after 2.5, where 2.286 would be ideal: 91.4 %"
	nn-assign -v -p static -n 14 --capacity 1,2,4 2>err >/dev/null
	assert_equal "$(cat err)" "nn-assign: ready after 5, where 2 would be ideal: 40.0 %"
	nn-assign -v -n 14 --capacity 1,2,4 2>&1 >/dev/null | grep -q ': 100.0 %$'
	nn-assign -n 14 --capacity 1,2,4 2>err >/dev/null
	[ ! -s err ]
}

# decided OPTION...: what the workers of nn-train have answered, as "TASK WORKER" lines; those of a
# step past the first, so that all are up.
decided() {
	printf '%s\n' 'nn-grad "$@" | tee "said-$NN_WORKER"' >worker.sh
	rm -f said-*
	nn-train -b 500 --steps 3 --worker 'sh worker.sh' "$@" >/dev/null
	local worker
	for worker in said-*; do
		nn-info --json "$worker" | jq -r --arg worker "${worker#said-}" \
			'select(.kind == "grad" and .step == 2) | "\(.first) \($worker)"'
	done | sort -n
}

@test "it is what nn-train decides" {
	command -v jq >/dev/null || skip "no jq(1)"
	nn-assign -p static -w 3 -n 8 | cut -f 1,2 | tr '\t' ' ' >want
	decided --assign static -w 3 --shards 8 model.nnt all.nnt | diff want -
	nn-assign --capacity 1,2,4 -n 8 all.nnt | cut -f 1,2 | tr '\t' ' ' >want
	decided --capacity 1,2,4 --shards 8 model.nnt all.nnt | diff want -
	local order="shard-3.nnt shard-0.nnt shard-4.nnt shard-2.nnt shard-1.nnt"
	nn-assign --capacity 3,1,2 $order | cut -f 1,2 | tr '\t' ' ' >want
	decided --capacity 3,1,2 model.nnt $order | diff want -
	nn-assign -p static -w 2 $order | cut -f 1,2 | tr '\t' ' ' >want
	decided --assign static -w 2 model.nnt $order | diff want -
}

@test "files: numbered as they are or in their order, each with its rows" {
	assert_equal "$(nn-assign -w 2 shard-4.nnt shard-[0-3].nnt | fields 4)" \
		"shard-0.nnt shard-1.nnt shard-2.nnt shard-3.nnt shard-4.nnt"
	assert_equal "$(nn-assign -n 3 -w 2 all.nnt | fields 1,4)" "0 all.nnt 1 all.nnt 2 all.nnt"
	cp all.nnt "it's all.nnt"
	assert_equal "$(nn-assign -w 1 -f workers all.nnt "it's all.nnt")" \
		"$(printf "1\t:\t0 1\tall.nnt 'it'\\\\''s all.nnt'")"
	nn-convert --to safetensors all.nnt -o all.safetensors
	assert_equal "$(nn-assign -f workers --capacity 1,1 all.safetensors shard-?.nnt 2>&1)" \
		"nn-assign: shard-0.nnt is a shard, all.safetensors is none"
	assert_equal "$(nn-assign -w 1 all.safetensors | fields 4)" all.safetensors
}

@test "GNU parallel takes the lines: the same bits" {
	command -v parallel >/dev/null || skip "GNU parallel is not installed"
	export PARALLEL_HOME=$PWD/parallel
	mkdir parallel bin
	: >parallel/will-cite
	printf '%s\n' '#!/bin/sh' 'echo "$1" >>went' 'shift' 'exec sh -c "$*"' >bin/ssh
	chmod +x bin/ssh
	PATH=$PWD/bin:$PATH
	nn-grad -m model.nnt shard-?.nnt | nn-reduce >want
	nn-assign -S alice,bob --capacity 2,1 --form workers shard-*.nnt >lines
	parallel -j 0 --colsep '\t' 'ssh {2} nn-grad {=4 uq() =} <model.nnt' <lines 3>&- |
		nn-reduce | cmp - want
	assert_equal "$(sort went | xargs)" "alice bob"
	nn-grad -m model.nnt --shard 0-5/6 all.nnt | nn-reduce >want
	nn-assign -S alice,bob --capacity 2,1 -n 6 all.nnt |
		parallel -j 3 --colsep '\t' 'ssh {3} nn-grad --shard {1}/6 {4} <model.nnt' 3>&- |
		nn-reduce | cmp - want
	assert_equal "$(sort went | uniq -c | xargs)" "5 alice 3 bob"
}

@test "bad data and usage" {
	fails 2 "which tasks?" nn-assign -w 2
	fails 2 "--sizes stands for --tasks and DATA" nn-assign --sizes 1,2 -n 2
	fails 2 "--tasks cuts one file; each of 2 is a task" nn-assign -n 2 shard-0.nnt shard-1.nnt
	fails 2 "either --workers or --sshlogin" nn-assign -n 2 -w 2 -S alice
	fails 2 "--capacity has 2 numbers, and there are 3 workers" \
		nn-assign -n 2 --capacity 1,2 -S 2/alice,bob
	fails 2 "--capacity: -1 is not above 0" nn-assign -n 2 --capacity 1,-1
	fails 2 "--sizes: -1 is below 0" nn-assign --sizes 1,-1
	fails 2 '"-x" is no host' nn-assign -n 2 -S -x
	fails 2 "--tasks: at most 1000000" nn-assign -n 1000000000000
	fails 2 "operand 1 has a tab" nn-assign "$(printf 'a\tb')"
	fails 1 "shard-0.nnt is one of 5 shards: give all of them" nn-assign shard-0.nnt
	fails 1 "shard-0.nnt is a shard itself" nn-assign -n 2 shard-0.nnt
	fails 1 "model.nnt: there are no data in it" nn-assign model.nnt
	head -c 3000 all.nnt >cut.nnt
	fails 1 "cut.nnt: frame 0" nn-assign cut.nnt
	[ ! -s out ]
}
