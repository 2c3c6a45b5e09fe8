# nn-train --print: a script of the filters that gives the same bits.
load common

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o all.nnt
	nn-shard -n 3 --by random --weights 5,3,1 -o 'part-%d.nnt' all.nnt
	nn-shard --sets --by random --weights 8,2 -o "plain-%d.nnt" all.nnt
	nn-init --mlp 64,16,10 --seed 3 --data all.nnt -o start.nnt
	nn-init --mlp 64,16,10 --seed 3 --kernel auto --data all.nnt -o named.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
	mkdir -p tmp
	export TMPDIR=$PWD/tmp
	bin=$(dirname "$(command -v nn-grad)") pids=
	. "$examples/ssh/hosts.sh"
}

teardown() {
	local pid
	for pid in $pids; do
		kill -9 "$pid" 2>/dev/null || :
	done
}

# by_hand ARGUMENTS...: the script says nothing, leaves nothing, and gives what nn-train gives.
by_hand() {
	nn-train --print "$@" >script
	timeout 60 sh script >out 2>err 3>&- || { cat err; return 1; }
	[ ! -s err ] || { cat err; return 1; }
	[ -z "$(ls tmp)" ]
	nn-train "$@" | cmp - out
}

@test "views and shard files, optimizers, schedules, epochs and steps, seeds" {
	local line
	while read -r line; do
		by_hand $line || fail "$line"
	done <<-'EOF'
		-w 1 -b 256 start.nnt all.nnt
		-w 2 -b 256 -e 2 -O adam --lr 0.01 --clip 5 --shards 4 --by random --shard-seed 7 -s 5 start.nnt all.nnt
		-w 3 -b 200 -n 7 -O momentum --momentum 0.8 --lr 0.02 --schedule step:3:0.5 --warmup 2 --shards 5 --by cyclic start.nnt all.nnt
		-w 8 -b 500 -n 4 -O adamw --weight-decay 0.1 --schedule cosine:4:0.0001 named.nnt all.nnt
		-w 2 -n 2 -O rmsprop start.nnt all.nnt
		-w 2 -b 128 -n 5 -O nesterov --lr 0.01 start.nnt part-2.nnt part-0.nnt part-1.nnt
		-w 2 -b 128 -n 3 -O adagrad named.nnt plain-0.nnt plain-1.nnt
	EOF
}

@test "it can be piped to sh, and -o is obeyed" {
	nn-train --print -n 2 -w 2 --shards 2 -o 'by hand' start.nnt all.nnt | sh
	nn-train -n 2 -w 2 --shards 2 start.nnt all.nnt | cmp - 'by hand'
}

@test "names with blanks, quotes and newlines, and of options" {
	local bad="it's \$(touch oops) \"a\"
touch oops; #"
	cp all.nnt "$bad"
	cp start.nnt -- -model
	by_hand -n 2 -w 2 --shards 2 -- -model "$bad"
	nn-train --print -n 2 -w 1 -o "$bad.out" -c "$bad.ck" start.nnt "$bad" | sh
	nn-train -n 2 -w 1 start.nnt "$bad" | cmp - "$bad.out"
	[ ! -e oops ]
}

@test "checkpoints: written, gone on from, and not written over" {
	nn-train --print -b 256 -n 3 -O adam -w 2 -c ck start.nnt all.nnt >script
	sh script >out
	nn-info ck | grep -q '^frame 1: state'
	run -1 sh script
	nn-train -n 4 -b 256 --shards 4 ck all.nnt >longer
	nn-train -b 256 -n 7 -O adam -w 1 start.nnt all.nnt | cmp - longer
	# What nn-train has begun can be ended by hand.
	nn-train -b 256 -n 3 -O adam -w 2 -c run start.nnt all.nnt >out
	nn-train --print -n 7 -c run --resume start.nnt all.nnt | sh >out
	cmp out longer
	nn-train -b 256 -n 3 -O adam -w 2 -c done start.nnt all.nnt >three
	nn-train --print -n 3 -c done --resume start.nnt all.nnt | sh | cmp - three
}

@test "any command" {
	by_hand -n 2 -w 3 --shards 4 --worker 'NN_TEST="$NN_WORKER" exec nn-grad' start.nnt all.nnt
	grep -q '^NN_WORKER=3 sh -c ' script
}

@test "hosts by ssh, and one here" {
	{
		hosts_begin "$PWD/hosts" && host_start host-a && host_start host-b
	} 3>&- || skip "$hosts_why"
	cp all.nnt hosts/host-a/
	cp all.nnt hosts/host-b/
	PATH=${PATH#"$hosts/bin:"}
	by_hand -n 3 -b 256 --shards 4 --ssh "ssh -F $hosts/ssh_config" -S 2/host-a,host-b,: start.nnt all.nnt
	[ "$(grep -c '^ssh ' script)" -eq 3 ]
	# Files on one host alone go to its nn-grads alone.
	cp part-1.nnt part-2.nnt plain-?.nnt hosts/host-a/
	cp part-0.nnt plain-1.nnt hosts/host-b/
	rm hosts/host-a/all.nnt
	by_hand -n 3 -b 256 --ssh "ssh -F $hosts/ssh_config" -S 2/host-a,host-b start.nnt \
		host-a:part-2.nnt host-b:part-0.nnt host-a:part-1.nnt
	[ "$(grep -c '^ssh ' script)" -eq 3 ]
	by_hand -n 3 -b 256 --shards 4 --ssh "ssh -F $hosts/ssh_config" -S :,host-a,2/host-b start.nnt \
		host-b:all.nnt
	[ "$(grep -c '^ssh .* host-b ' script)" -eq 2 ]
	[ "$(grep -c '^ssh ' script)" -eq 2 ]
	by_hand -n 3 -b 256 --ssh "ssh -F $hosts/ssh_config" -S :,2/host-a start.nnt \
		host-a:plain-0.nnt plain-1.nnt
	fails 2 "counted by one nn-grad, and no host has all of them" nn-train --print -n 3 \
		--ssh "ssh -F $hosts/ssh_config" -S host-a,host-b start.nnt host-a:plain-0.nnt host-b:plain-1.nnt
}

@test "what the script leaves out is said in it" {
	nn-train --print -w 2 -c ck --every 30s --valid all.nnt --log log --journal journal \
		--assign static start.nnt all.nnt >script
	local name
	for name in checkpoint every valid log journal assign; do
		grep -q "^# --$name: " script || fail "$name"
	done
	[ ! -e log ] && [ ! -e journal ] && [ ! -e ck ] && [ ! -e ck.lock ]
}

@test "a process that fails ends it, and nothing is left" {
	nn-train --print -n 3 -w 2 --shards 2 start.nnt all.nnt >script
	sed 's/^nn-grad \(.*0\/2\)/false \1/' script >bad
	run ! timeout 20 sh bad
	sed 's/^nn-reduce/no-such-tool/' script >bad
	run ! timeout 20 sh bad
	sed 's/ start\.nnt/ missing.nnt/' script >bad
	run ! timeout 20 sh bad
	[ -z "$(ls tmp)" ]
}

@test "what has no such pipeline" {
	fails 2 "--print: no pipeline of filters does what --async does" \
		nn-train --print --async start.nnt all.nnt
	fails 2 "--local-steps does" nn-train --print --local-steps 2 start.nnt all.nnt
	fails 2 "--print: no filter stops early" nn-train --print --valid all.nnt --keep-best start.nnt all.nnt
	fails 2 "not on standard input" nn-train --print - all.nnt
	nn-train -b 256 -e 1 start.nnt all.nnt >eight
	fails 2 "has 8 steps an epoch, which nn-grad obeys, and this run has 15" \
		nn-train --print -b 128 eight all.nnt
	fails 1 "missing" nn-train --print start.nnt missing
	fails 4 "nn-train: stdout: cannot write" sh -c 'nn-train --print start.nnt all.nnt >/dev/full'
}
