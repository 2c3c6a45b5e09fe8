# nn-train --journal: what each gradient was, and that anybody can compute it again.
load common

TRAIN="nn-train -b 256 -O adam --lr 0.01 --clip 5"
HEADER="$(printf 'step\tepoch\tshard\tmodel\trows\tloss\tdigest\tkernel\tworker\tseconds')"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	nn-import -t 1 "$BATS_TEST_DIRNAME/../../examples/digits/digits.csv.gz" -o train.nnt
	nn-shard -n 3 --by random --weights 5,3,1 -o 'part-%d.nnt' train.nnt
	nn-init --mlp 64,16,10 --seed 3 --data train.nnt -o model.nnt
	$TRAIN -e 2 -w 1 --shards 4 --journal want.tsv model.nnt train.nnt -o want.nnt
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	ln -s "$BATS_FILE_TMPDIR"/*.nnt .
	cp "$BATS_FILE_TMPDIR/want.tsv" .
}

# What does not depend on who did it and when.
lasting() {
	cut -f 1-8 "$1"
}

@test "a line for each task, by step and shard; the model is the same with it" {
	assert_equal "$(head -n 1 want.tsv)" "$HEADER"
	assert_equal "$(wc -l <want.tsv)" $((1 + 2 * 8 * 4))
	sed 1d want.tsv | awk -F '\t' '{ t = NR - 1
		if (NF != 10 || $1 != int(t / 4) || $2 != int(t / 32) || $3 != t % 4) exit 1
		if (length($4) != 16 || length($7) != 16 || $9 != "worker 1") exit 1
		rows += $5 } END { exit rows != 2 * 1797 }'
	assert_equal "$(sed -n 2p want.tsv | cut -f 4)" \
		"$(nn-info model.nnt | sed -n 's/.* id \([0-9a-f]*\).*/\1/p')"
	$TRAIN -e 2 -w 1 --shards 4 model.nnt train.nnt | cmp - want.nnt
}

@test "workers that share memory, or do not, few or many: the same but for who and when" {
	local n
	lasting want.tsv >want
	for n in 2 3 8; do
		$TRAIN -e 2 -w $n --shards 4 --journal $n.tsv model.nnt train.nnt 2>err | cmp - want.nnt
		lasting $n.tsv | diff want -
	done
	$TRAIN -e 2 -w 3 --worker nn-grad --shards 4 --journal pipe.tsv model.nnt train.nnt | cmp - want.nnt
	lasting pipe.tsv | diff want -
}

@test "nn-train(1): its commands can be typed, and find every gradient" {
	awk '/^\.Ss/ { journal = $2 == "Journal" } /^\.Ed/ { inside = 0 } inside { print }
		/^\.Bd -literal/ { inside = journal }' "$srcdir/man/nn-train.1" | sed 's/\\e$/\\/' >typed
	[ "$(grep -c '^nn-' typed)" -eq 4 ]
	timeout 60 bash -e -o pipefail typed >out 2>err 3>&- || { cat err; return 1; }
	[ ! -s err ] || { cat err; return 1; }
	# The line that grep found, and no difference behind it.
	assert_equal "$(wc -l <out)" 1
	awk -F '\t' '{ exit !($1 == 37 && $3 == 2 && NF == 10) }' out
	cmp second.nnt trained.nnt
	# The way from a checkpoint.
	nn-train -b 64 -n 30 -O adam --lr 0.01 --shards 4 -c at-30 model.nnt train.nnt >at-30.nnt
	nn-train -n 7 at-30 train.nnt | cmp - at-37.nnt
}

@test "a gradient that is not the same is not found" {
	$TRAIN -n 5 --shards 4 model.nnt train.nnt >five
	nn-grad -m five --shard 1/4 train.nnt | nn-info --journal | grep -F -f - want.tsv
	run ! eval "nn-grad -m five --shard 1/4 --by cyclic train.nnt | nn-info --journal | grep -F -f - want.tsv"
	run ! eval "nn-grad -s 9 -m five --shard 1/4 train.nnt | nn-info --journal | grep -F -f - want.tsv"
}

@test "files, one of them far smaller than the others" {
	$TRAIN -n 3 -w 2 --journal a.tsv model.nnt part-?.nnt >out
	$TRAIN -n 2 -w 1 model.nnt part-?.nnt >two
	local k
	for k in 0 1 2; do nn-grad -m two part-$k.nnt; done | nn-info --journal >again
	awk '$1 == 2' a.tsv | lasting - | cmp - again
	# Together they are one gradient, of no task.
	nn-grad -m two part-?.nnt | nn-info --journal >sum
	assert_equal "$(cut -f 3 sum)" 0-2
	run ! grep -F -f sum a.tsv
}

@test "changes of local steps" {
	local k inner="-O adam --lr 0.01 --clip 5"
	$TRAIN -e 1 -w 2 --local-steps 3 --shards 4 --journal a.tsv model.nnt train.nnt >out
	$TRAIN -n 3 -w 1 --local-steps 3 --shards 4 model.nnt train.nnt >three
	for k in 0 1 2 3; do
		nn-grad -m three --local-steps 3 $inner --shard $k/4 train.nnt
	done | nn-info --journal >again
	awk '$1 == 3' a.tsv | lasting - | cmp - again
	fails 2 "--journal: with --async" $TRAIN --async --journal b.tsv model.nnt train.nnt
	[ ! -e b.tsv ]
}

@test "a run that was killed and resumed: lines come twice, but are the same" {
	local pid
	$TRAIN -e 400 -w 2 --shards 4 --every 7 -c ck --journal run.tsv model.nnt train.nnt \
		>out 2>err 3>&- &
	pid=$!
	await '[ -s ck ]'
	sleep 0.05
	kill -9 $pid
	wait $pid || :
	# What was being written when it was killed may be half a step, but is whole lines.
	awk -F '\t' 'NF != 10 { exit 1 }' run.tsv
	$TRAIN -e 400 -w 3 -c ck --resume --journal run.tsv model.nnt train.nnt >out
	$TRAIN -e 400 -w 1 --shards 4 --journal once.tsv model.nnt train.nnt | cmp - out
	lasting once.tsv | sed 1d | sort >once
	lasting run.tsv | sed 1d | sort -u | cmp - once
	assert_equal "$(grep -c step run.tsv)" 1
}

@test "workers that fail leave no line" {
	printf '%s\n' '[ "$NN_WORKER" = 1 ] || exec nn-grad "$@"' \
		'mkfifo $$; nn-grad "$@" <&0 >$$ & exec head -c 3000 <$$' >worker.sh
	$TRAIN -e 2 -w 2 --worker 'exec sh worker.sh' --retries 9 --shards 4 --journal a.tsv \
		model.nnt train.nnt 2>err | cmp - want.nnt
	lasting a.tsv >a
	lasting want.tsv | diff - a
}

@test "a model that names the kernel in short" {
	local kernel
	kernel=$(nn-info --build | sed -n 's|^matrix kernel: .*/||p')
	nn-init --mlp 64,16,10 --seed 3 --kernel "$kernel" --data train.nnt -o short.nnt
	$TRAIN -n 1 -w 2 --shards 4 --journal a.tsv short.nnt train.nnt >out
	$TRAIN -n 1 -w 2 --worker nn-grad --shards 4 --journal b.tsv short.nnt train.nnt >out
	lasting a.tsv >a
	lasting b.tsv | diff a -
	sed 1q want.tsv | lasting - >w
	sed -n 2,5p want.tsv | lasting - >>w
	diff a w
}

@test "nn-info --journal: of gradients alone" {
	nn-grad -m model.nnt --shard 0/2 train.nnt >grad
	cat model.nnt grad >both
	nn-info --journal both | tee gone >out
	assert_equal "$(wc -l <out)" 1
	nn-info --journal grad both | uniq -c | grep -q '^ *2 '
	fails 1 "nn-info: model.nnt: there is no gradient in it" nn-info --journal model.nnt
	fails 2 "--journal prints gradients and nothing else: no --json" nn-info --journal --json grad
	fails 2 "either --values or --journal" nn-info --journal --values x grad
	nn-convert --to safetensors -k grad grad -o grad.safetensors
	assert_equal "$(nn-info --journal grad.safetensors | cut -f 7)" "$(cut -f 7 gone)"
}

@test "what is no journal, or something else too, is refused" {
	cp model.nnt precious
	fails 1 "precious: is no log of nn-train" $TRAIN --journal precious model.nnt train.nnt
	cmp model.nnt precious
	$TRAIN -n 1 --log log model.nnt train.nnt >out
	fails 1 "log: is no log of nn-train" $TRAIN --journal log model.nnt train.nnt
	fails 2 "--journal and --output are one file" $TRAIN --journal x -o x model.nnt train.nnt
	fails 2 "--journal and --checkpoint are one file" $TRAIN --journal x -c x model.nnt train.nnt
	fails 2 "--journal and --log are one file" $TRAIN --journal x --log x model.nnt train.nnt
	fails 4 "/dev/full: cannot write" $TRAIN --journal /dev/full model.nnt train.nnt
}
