# nn-train: data that are sent to the workers, or come on standard input.
load common

TRAIN="nn-train -b 256 -O adam --lr 0.01 -e 2"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-shard -n 3 --by random --weights 1790,4,3 -o 'shard-%d.nnt' all.nnt
	nn-init --mlp 64,16,10 --kernel auto --seed 3 --data all.nnt -o start.nnt
	$TRAIN -w 1 start.nnt shard-?.nnt -o files.nnt
	$TRAIN -w 1 --shards 4 --by random start.nnt all.nnt -o views.nnt
}

# A worker that no file of ours can be found by.
setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
	away="exec env -C / $(command -v nn-grad)"
	pids=
}

teardown() {
	local pid
	for pid in $pids; do
		kill -9 "$pid" 2>/dev/null || :
	done
}

@test "views and files are sent: the same bits, whoever takes which shard" {
	local method workers
	for method in static dynamic weighted; do
		for workers in 1 3 5; do
			$TRAIN -w $workers --worker "$away" --assign $method --send --shards 4 --by random \
				start.nnt all.nnt | cmp - views.nnt
		done
		$TRAIN -w 2 --worker "$away" --assign $method --send start.nnt shard-2.nnt shard-0.nnt \
			shard-1.nnt | cmp - files.nnt
	done
	fails 1 "all.nnt: cannot open" $TRAIN -w 1 --worker "$away" start.nnt all.nnt
}

@test "data on standard input: kept for workers here, sent to others" {
	$TRAIN -w 2 --shards 4 --by random start.nnt - <all.nnt | cmp - views.nnt
	cat all.nnt | $TRAIN -w 2 --shards 4 --by random start.nnt - | cmp - views.nnt
	cat all.nnt | $TRAIN -w 2 --worker "$away" --shards 4 --by random start.nnt - | cmp - views.nnt
	nn-import -t 1 "$examples/digits/digits.csv.gz" |
		$TRAIN -w 2 --shards 4 --by random start.nnt - | cmp - views.nnt
	$TRAIN start.nnt shard-0.nnt - shard-2.nnt <shard-1.nnt | cmp - files.nnt
}

@test "each shard crosses once" {
	$TRAIN -w 2 --worker "$away" --assign static --send --shards 4 --compress never --log log start.nnt all.nnt -o x
	$TRAIN -w 2 --worker "$away" --assign static --shards 4 --compress never --log here start.nnt "$PWD/all.nnt" -o y
	cmp x y
	local more=$(($(tail -n 1 log | cut -f 8) - $(tail -n 1 here | cut -f 8)))
	# Their bytes, and at most 4 KiB of frames around each shard's.
	[ "$more" -gt $((1797 * 64)) ]
	[ "$more" -lt $(($(wc -c <all.nnt) + 4 * 4096)) ]
}

@test "local steps and asynchronous ones" {
	$TRAIN -w 2 --shards 4 --local-steps 3 start.nnt all.nnt -o want
	$TRAIN -w 3 --worker "$away" --send --shards 4 --local-steps 3 start.nnt all.nnt | cmp - want
	$TRAIN -w 1 --shards 1 --async start.nnt all.nnt -o want
	$TRAIN -w 1 --worker "$away" --send --shards 1 --async start.nnt all.nnt | cmp - want
}

@test "workers killed while they train are sent their shards again" {
	$TRAIN -e 60 -w 1 --shards 4 --by random start.nnt all.nnt -o want
	$TRAIN -e 60 -w 2 --worker "$away --pace 0.00002" --retries 99 --send --shards 4 --by random \
		-c ck --every 1 start.nnt all.nnt -o got 2>err 3>&- &
	pids=$!
	await '[ -s ck ]'
	local kills=0 kids
	while kill -0 $pids 2>/dev/null && [ $kills -lt 5 ]; do
		kids=($(pgrep -P $pids -x nn-grad)) || :
		[ ${#kids[@]} -eq 0 ] || ! kill -9 "${kids[0]}" 2>/dev/null || kills=$((kills + 1))
		sleep 0.1
	done
	wait $pids
	cmp want got
	grep -q '^nn-train: worker [12]: .*killed by signal 9.*starts again' err
}

@test "over ssh, to hosts that have no files, with workers here" {
	. "$examples/ssh/hosts.sh"
	{
		hosts_begin "$PWD/hosts" && host_start host-a && host_start host-b
	} 3>&- || skip "$hosts_why"
	PATH=${PATH#"$hosts/bin:"}
	local train="$TRAIN --remote-tool $(command -v nn-grad) --shards 4 --by random"
	$train --ssh "ssh -F $hosts/ssh_config" -S 2/host-a,host-b --send start.nnt all.nnt | cmp - views.nnt
	$train --ssh "ssh -F $hosts/ssh_config" -S :,host-b --send --compress always start.nnt all.nnt | cmp - views.nnt
	$train --ssh "ssh -F $hosts/ssh_config" -S :,host-b start.nnt - <all.nnt | cmp - views.nnt
}

@test "data that are none, or do not fit" {
	fails 1 "start.nnt: holds no data frames" $TRAIN -w 1 --worker "$away" --send start.nnt start.nnt
	fails 1 "gone.nnt: cannot open" $TRAIN -w 1 --worker "$away" --send start.nnt gone.nnt
	fails 1 "shard-0.nnt is one of 3 shards: give all of them" $TRAIN -w 1 --worker "$away" --send start.nnt shard-0.nnt shard-1.nnt
	head -c 20000 all.nnt >cut
	fails 1 "cut: frame 0, byte" $TRAIN -w 1 --worker "$away" --send start.nnt cut
	sh_fails 4 "frame 0, byte" "cat cut | $TRAIN -w 1 --worker '$away' start.nnt -"
	nn-init --mlp 63,4,10 --seed 3 -o narrow.nnt
	fails 1 "the data that were sent" $TRAIN -w 1 --worker "$away" --send narrow.nnt all.nnt
	sh_fails 1 "stdin: holds no data frames" "$TRAIN -w 1 --worker '$away' start.nnt - <start.nnt"
	fails 4 "gone" sh -c "$TRAIN -w 1 --worker 'echo gone >&2; exit 1;' --retries 0 --send start.nnt all.nnt"
}

@test "a worker that has no files is asked about one, or for a shard that did not come" {
	local frames=$builddir/tests/tool/frames
	sh_fails 1 "this worker has none" "'$frames' task parts=0 | nn-grad --worker"
	sh_fails 1 "this worker has none" "'$frames' task parts=3 part=2 | nn-grad --worker"
	sh_fails 1 "a task of shard 1 of 2, which did not come" \
		"'$frames' task parts=1 shards=2 first=1 end=2 S=1 | nn-grad --worker"
}

@test "a worker that answers for another number of files" {
	local frames=$builddir/tests/tool/frames version parts
	version=$(nn-train --version | sed 's/.* //')
	for parts in 0 4294967295; do
		"$frames" hello version="$version" task part=0 parts=$parts rows=7 cut >answer
		fails 4 "it answered another task: number of files $parts, not 1" \
			nn-train -w 1 --worker "cat $PWD/answer; cat >/dev/null; :" --retries 0 start.nnt all.nnt
	done
}

@test "usage" {
	fails 2 "--send is for workers elsewhere" $TRAIN --send start.nnt all.nnt
	fails 2 "alice:all.nnt must be a file here" $TRAIN -S alice --send start.nnt alice:all.nnt
	fails 2 "so alice:x.nnt must be a file here" sh -c "$TRAIN -S alice start.nnt alice:x.nnt - <all.nnt"
	fails 2 "standard input can be read only once" $TRAIN start.nnt - -
	fails 2 "model and data cannot both come on standard input" $TRAIN - -
	fails 2 "--valid and data cannot both" $TRAIN --valid - start.nnt -
	fails 2 "hosts and data cannot both" $TRAIN --sshloginfile - start.nnt -
	fails 2 "not on standard input" sh -c "$TRAIN --print start.nnt - <all.nnt"
	fails 2 "cut the data to the hosts" $TRAIN --print --worker "$away" --send start.nnt all.nnt
}
