# nn-train: shards that lie on a host alone; uneven ones; what ssh says.
load common

TRAIN="nn-train -b 256 -O adam --lr 0.01 -e 2"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-shard -n 3 --by random --weights 1790,4,3 -o 'shard-%d.nnt' all.nnt
	nn-init --mlp 64,16,10 --kernel auto --seed 3 --data all.nnt -o start.nnt
	$TRAIN -w 1 start.nnt shard-?.nnt -o local.nnt
	$TRAIN -w 1 --shards 4 start.nnt all.nnt -o views.nnt
}

# A command like ssh whose hosts are folders here; the last tests have real ones.
setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	bin=$(dirname "$(command -v nn-grad)") pids=
	. "$examples/ssh/hosts.sh"
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
	printf '%s\n' '#!/bin/sh' 'while [ $# -gt 2 ]; do shift; done' "cd $PWD/\${1#*@} || exit 255" \
		'exec sh -c "$2"' >ssh
	chmod +x ssh
	mkdir alice bob
	TRAIN="$TRAIN --ssh $PWD/ssh --remote-tool $(command -v nn-grad)"
}

teardown() {
	local pid
	for pid in $pids; do
		kill -9 "$pid" 2>/dev/null || :
	done
}

# Two real hosts; TRAIN goes there.
real_hosts() {
	{
		hosts_begin "$PWD/hosts" && host_start host-a && host_start host-b
	} 3>&- || skip "$hosts_why"
	PATH=${PATH#"$hosts/bin:"}
	TRAIN="nn-train -b 256 -O adam --lr 0.01 -e 2 --ssh"
	SSH="ssh -F $hosts/ssh_config"
}

@test "each shard on one host alone, whoever is asked first" {
	local method
	cp -L shard-0.nnt bob
	cp -L shard-1.nnt shard-2.nnt alice
	for method in static dynamic weighted; do
		$TRAIN --assign $method -S 2/me@alice,2/bob start.nnt \
			alice:shard-2.nnt bob:shard-0.nnt me@alice:shard-1.nnt | cmp - local.nnt
	done
	$TRAIN --capacity 9,1 -S alice,bob start.nnt \
		alice:shard-2.nnt bob:shard-0.nnt alice:shard-1.nnt | cmp - local.nnt
	$TRAIN --assign static -S alice,: start.nnt \
		alice:shard-2.nnt :shard-0.nnt alice:shard-1.nnt | cmp - local.nnt
}

@test "all data on one of the hosts" {
	cp -L all.nnt bob
	$TRAIN --shards 4 -S 2/alice,bob start.nnt bob:all.nnt | cmp - views.nnt
}

@test "a template: a shard for each host, or for each worker" {
	cp -L shard-0.nnt alice/part.nnt
	cp -L shard-1.nnt shard-0.nnt alice
	cp -L shard-1.nnt bob/part.nnt
	cp -L shard-2.nnt part.nnt
	cp -L shard-2.nnt bob/shard-2.nnt
	$TRAIN -S alice,2/bob,: start.nnt '%h:part.nnt' | cmp - local.nnt
	$TRAIN -S 2/me@alice,bob start.nnt '%h:shard-%d.nnt' | cmp - local.nnt
	mv bob/shard-2.nnt bob/s%002
	mv alice/shard-0.nnt alice/s%000
	mv alice/shard-1.nnt alice/s%001
	$TRAIN -S 2/me@alice,bob start.nnt '%h:s%%%03d' | cmp - local.nnt
	fails 4 ", which lies there alone" \
		$TRAIN -S 3/me@alice,bob start.nnt '%h:s-%d'
	fails 2 "a template needs one %d" $TRAIN -S alice,bob start.nnt '%h:%%'
	fails 2 "%h:: no file is named" $TRAIN -S alice,bob start.nnt '%h:'
	fails 2 "%h:x: there are no hosts (--sshlogin)" $TRAIN -w 2 start.nnt '%h:x'
}

@test "a path with a colon" {
	cp -L all.nnt bob:all.nnt
	$TRAIN --shards 4 -w 2 start.nnt bob:all.nnt | cmp - views.nnt
	$TRAIN --shards 4 -S : start.nnt ./bob:all.nnt | cmp - views.nnt
	fails 2 "bob:all.nnt: no worker is on bob" $TRAIN -S alice start.nnt bob:all.nnt
	fails 2 ":all.nnt: no worker is on this machine" $TRAIN -S alice start.nnt :all.nnt
	fails 2 "bob:: no file is named" $TRAIN -S bob start.nnt bob:
}

@test "a host that is lost takes its shards along" {
	cp -L shard-0.nnt shard-1.nnt alice
	fails 4 "nobody is left who has bob:shard-2.nnt" \
		$TRAIN -S alice,bob start.nnt alice:shard-0.nnt alice:shard-1.nnt bob:shard-2.nnt
	rmdir bob
	fails 4 "nobody is left who has bob:shard-2.nnt" $TRAIN --retries 0 -S alice,bob start.nnt \
		alice:shard-0.nnt alice:shard-1.nnt bob:shard-2.nnt
}

@test "uneven shards, steps without rows" {
	local n
	for n in 2 3; do
		$TRAIN -w $n start.nnt shard-?.nnt | cmp - local.nnt
	done
}

@test "a host that is given up while a worker there has one more task in hand: others do it" {
	cp -L all.nnt alice
	cp -L all.nnt bob
	printf '%s\n' '#!/bin/sh' 'while [ $# -gt 2 ]; do shift; done' "cd $PWD/\${1#*@} || exit 255" \
		'case $NN_WORKER in' '1) sleep 0.4; exit 127 ;;' \
		'2) exec sh -c "$(printf "%s\n" "$2" | sed "s/ --worker/ --worker --pace 0.002/")" ;;' 'esac' \
		'exec sh -c "$2"' >ssh
	$TRAIN -w 1 --shards 8 start.nnt all.nnt -o want.nnt
	timeout 60 $TRAIN -S 2/alice,bob --assign static --shards 8 start.nnt all.nnt 2>err | cmp - want.nnt
	grep -q 'no more tasks go to alice' err
}

@test "a path in the home of there" {
	cp -L all.nnt "alice/it's all.nnt"
	printf '%s\n' '#!/bin/sh' 'while [ $# -gt 2 ]; do shift; done' "HOME=$PWD/\$1; export HOME; cd / || exit 255" \
		'exec sh -c "$2"' >ssh
	$TRAIN --shards 4 -S alice start.nnt "alice:~/it's all.nnt" | cmp - views.nnt
}

@test "a file that is another one on another host" {
	nn-import -t 1 <(gzip -dc "$examples/digits/digits.csv.gz" | head -n 1796) -o alice/all.nnt
	cp -L all.nnt bob
	fails 1 "all.nnt has 179" $TRAIN --shards 4 -S alice,bob --assign static start.nnt all.nnt
	fails 1 "all.nnt has 1796 rows there, and 1797 for worker 1" \
		$TRAIN --shards 4 -S :,alice --assign static start.nnt all.nnt
	nn-import -t 1 <(gzip -dc "$examples/digits/digits.csv.gz" | tac) -o alice/all.nnt
	fails 1 "all.nnt holds other rows there than for worker" $TRAIN --shards 4 -S alice,bob \
		--assign static start.nnt all.nnt
	cp -L all.nnt alice
	$TRAIN --shards 4 -S 2/alice,bob,: start.nnt all.nnt | cmp - views.nnt
}

@test "a file that is not on the hosts: what to do" {
	fails 1 "all.nnt: cannot open: No such file or directory (--send sends the data; paths begin at the login folder there)" \
		$TRAIN -S alice start.nnt all.nnt
}

@test "the same rows under two names" {
	cp -L all.nnt alice
	cp -L all.nnt bob
	$TRAIN -S alice,bob start.nnt '%h:all.nnt' 2>err >out
	grep -q 'alice:all.nnt and bob:all.nnt hold the same 1797 rows, which count twice' err
	$TRAIN -w 1 start.nnt all.nnt bob/all.nnt 2>/dev/null | cmp - out
}

@test "a login banner" {
	cp -L all.nnt alice
	printf '%s\n' '#!/bin/sh' 'echo Welcome to alice' >ssh
	fails 4 "Welcome to alice" $TRAIN --retries 0 -S alice start.nnt alice:all.nnt
}

@test "a host that is lost while it trains: what was reached is kept" {
	local pid
	cp -L shard-0.nnt shard-1.nnt alice
	cp -L shard-2.nnt bob
	$TRAIN -e 100000 --retries 1 -c ck --every 1 -S alice,bob start.nnt \
		alice:shard-0.nnt alice:shard-1.nnt bob:shard-2.nnt >out 2>err 3>&- &
	pid=$!
	await '[ -s ck ]'
	mv bob gone
	kill -9 "$(bob_worker $pid)"
	local status=0
	wait $pid || status=$?
	assert_equal "$status" 4
	grep -q 'nobody is left who has bob:shard-2.nnt' err
	nn-info ck | grep -q '^frame 1: state'
}

# The child that was started in bob's folder, which has another name now.
bob_worker() {
	local kid
	for kid in $(pgrep -P "$1"); do
		[[ "$(readlink /proc/$kid/cwd)" != */gone ]] || echo "$kid"
	done
}

@test "ssh: shards on their hosts, mixed with workers here" {
	real_hosts
	cp -L shard-1.nnt shard-2.nnt hosts/host-a
	cp -L shard-0.nnt hosts/host-b
	local method
	for method in static dynamic weighted; do
		$TRAIN "$SSH" --assign $method -S 2/host-a,host-b start.nnt host-a:shard-2.nnt \
			host-b:shard-0.nnt host-a:shard-1.nnt | cmp - local.nnt
	done
	$TRAIN "$SSH" --compress=always -S "2/:,host-a" start.nnt \
		:shard-0.nnt host-a:shard-1.nnt host-a:shard-2.nnt | cmp - local.nnt
	cp -L all.nnt hosts/host-b
	$TRAIN "$SSH" --shards 4 -S "host-a,2/host-b,:" start.nnt host-b:all.nnt | cmp - views.nnt
	fails 1 "worker 1 on host-a: all.nnt: cannot open" $TRAIN "$SSH" -S host-a start.nnt host-a:all.nnt
}

@test "ssh: lines cut while it trains, then a host for good" {
	real_hosts
	cp -L shard-0.nnt shard-1.nnt hosts/host-a
	cp -L shard-2.nnt hosts/host-b
	local pid kid status=0 data="host-a:shard-0.nnt host-a:shard-1.nnt host-b:shard-2.nnt"
	$TRAIN "$SSH" -e 60 -c ck --every 1 -S 2/host-a,host-b start.nnt $data >out 2>err 3>&- &
	pid=$!
	await '[ -s ck ]'
	for kid in $(pgrep -P $pid); do
		kill -9 "$kid"
	done
	wait $pid
	nn-train -b 256 -O adam --lr 0.01 -e 60 -w 1 start.nnt shard-?.nnt | cmp - out
	grep -q '^nn-train: worker 3 on host-b: step .*, shard 2: killed by signal 9 .*; it starts again in' err
	# Nobody answers there any more, and what ran there is gone.
	rm ck
	$TRAIN "$SSH" -e 100000 --retries 1 -c ck --every 1 -S host-a,host-b start.nnt $data \
		>out 2>err 3>&- &
	pid=$!
	await '[ -s ck ]'
	kill -9 "${pids##* }"
	kill -9 $(pgrep -P $pid -f host-b)
	wait $pid || status=$?
	assert_equal "$status" 4
	grep -q '^nn-train: worker 2 on host-b: \(lost the line to\|cannot reach\) host-b.*; nobody is left who has host-b:shard-2.nnt, which lies there alone; --resume goes on after step [0-9]*$' err
	nn-info ck | grep -q '^frame 1: state'
}
