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

# A command like ssh whose hosts are folders here.
setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
	printf '%s\n' '#!/bin/sh' 'while [ $# -gt 2 ]; do shift; done' "cd $PWD/\${1#*@} || exit 255" \
		'exec sh -c "$2"' >ssh
	chmod +x ssh
	mkdir alice bob
	TRAIN="$TRAIN --ssh $PWD/ssh --remote-tool $(command -v nn-grad)"
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

@test "a login banner" {
	cp -L all.nnt alice
	printf '%s\n' '#!/bin/sh' 'echo Welcome to alice' >ssh
	fails 4 "Welcome to alice" $TRAIN --retries 0 -S alice start.nnt alice:all.nnt
}

@test "a host that is lost while it trains: what was reached is kept" {
	local pid tries
	cp -L shard-0.nnt shard-1.nnt alice
	cp -L shard-2.nnt bob
	$TRAIN -e 100000 --retries 1 -c ck --every 1 -S alice,bob start.nnt \
		alice:shard-0.nnt alice:shard-1.nnt bob:shard-2.nnt >out 2>err 3>&- &
	pid=$!
	for ((tries = 0; tries < 200; tries++)); do
		[ ! -s ck ] || break
		sleep 0.05
	done
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
