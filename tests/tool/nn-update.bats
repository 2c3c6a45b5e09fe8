# nn-update: a model and its gradients to the next model.
load common

frames=$builddir/tests/tool/frames

# A model of step 3, two shards' gradients of it, and the sizes of an END frame.
given() {
	"$frames" model step=3 step_in_epoch=3 seed=5 S=4 id=auto w=1,2,4 b=0.5 >m
	"$frames" >end
	id=0x$(nn-info m | sed -n 's/.*, id \([0-9a-f]*\),.*/\1/p')
	grad 0 2 4,8,-4 2 >g0
	grad 1 2 4,0,-4 0 >g1
	cat g0 g1 >g
}

# grad SHARD OF W B [WORD...]: 2 rows of weight 2, of the model m.
grad() {
	"$frames" grad step=3 step_in_epoch=3 seed=5 S=4 id=$id shards="$2" first="$1" end=$(($1 + 1)) \
		rows=2 weight=2 loss=0.5 w="$3" b="$4" "${@:5}"
}

# is_model FILE WORD...: does it begin with this model?
is_model() {
	"$frames" model "${@:2}" id=auto >want
	local size=$(($(stat -c %s want) - $(stat -c %s end)))
	cmp -n "$size" "$1" want
}

@test "plain gradient descent: theta - lr sum / weight" {
	given
	nn-update --lr 0.5 m <g >next
	is_model next step=4 epoch=1 seed=5 S=4 w=0,1,5 b=0.25
	nn-info next | grep -F 'optimizer: {"method":"sgd","lr":0.5,'
	nn-update --lr 0.5 m g >again
	cmp next again
	nn-update --lr 0.5 m g1 g0 -o again
	cmp next again
	nn-reduce g0 g1 | nn-update --lr 0.5 m | cmp - next
	nn-update -v --log log --lr 0.5 m g 2>err >again
	[ "$(cat err)" = 'nn-update: step 4, epoch 1: loss 0.25, learning rate 0.5' ]
	# The norm of (2, 2, -2, 0.5): 3.5.
	printf 'step\tepoch\tloss\tlr\tnorm\n4\t1\t0.25\t0.5\t3.5\n' | cmp - log
}

@test "options and state stay in the checkpoint" {
	given
	nn-update -O momentum --lr 0.5 --momentum 0.5 m g >one
	is_model one step=4 epoch=1 seed=5 S=4 w=0,1,5 b=0.25
	"$frames" grad step=4 epoch=1 S=4 seed=5 shards=1 end=1 weight=1 w=0,0,0 b=0 >zero
	nn-update one zero >two
	is_model two step=5 epoch=1 step_in_epoch=1 seed=5 S=4 w=-0.5,0.5,5.5 b=0.125
	nn-info two | grep -F '"method":"momentum","lr":0.5,"momentum":0.5,'
	nn-update --lr 0.25 one zero >two
	is_model two step=5 epoch=1 step_in_epoch=1 seed=5 S=4 w=-0.25,0.75,5.25 b=0.1875
	nn-info two | grep -F '"lr":0.25,"momentum":0.5,'
	nn-update -v -O adam one zero 2>err >two
	grep -F 'one: the optimizer is adam from now on: its state begins anew' err
	is_model two step=5 epoch=1 step_in_epoch=1 seed=5 S=4 w=0,1,5 b=0.25
	nn-info two | grep -F '"method":"adam","lr":0.001,'
	fails 2 'adagrad has no momentum' nn-update -O adagrad --momentum 0.5 one zero
	nn-update -O rmsprop one zero >three
	nn-info three >info
	! grep -q momentum_buffer/ info || false
	"$frames" grad step=5 epoch=1 step_in_epoch=1 S=4 seed=5 shards=1 end=1 weight=1 w=1,1,1 b=0 >g5
	nn-update --momentum 0.5 three g5 | nn-info | grep -q momentum_buffer/w
}

@test "clipping and schedules" {
	given
	# The mean gradient is (1, 1, -1, 1), of norm 2.
	"$frames" grad step=3 step_in_epoch=3 S=4 seed=5 shards=1 end=1 weight=4 w=4,4,-4 b=4 >g
	nn-update --lr 1 --clip 1e9 m g >next
	is_model next step=4 epoch=1 seed=5 S=4 w=0,1,5 b=-0.5
	nn-update --lr 1 --log log --clip 1 m g >next
	[ "$(tail -n 1 log | cut -f 5)" = 2 ]
	nn-update --lr 8 --warmup 4 m g >next
	is_model next step=4 epoch=1 seed=5 S=4 w=-1,0,6 b=-1.5
	nn-update --lr 8 --schedule step:1:0.25 m g >one
	"$frames" grad step=4 epoch=1 S=4 seed=5 shards=1 end=1 weight=4 w=4,4,-4 b=4 >g4
	nn-update --log log one g4 >two
	[ "$(tail -n 1 log | cut -f 4)" = 2 ]
	fails 2 "schedule 'linear'" nn-update --schedule linear m g
}

@test "what is missing, and what is too much" {
	given
	fails 1 'step 3: only 1 of 2 shards came: the first that is missing is 1 (--quorum' nn-update m g0
	fails 1 'the first that is missing is 0' nn-update m g1
	nn-update --quorum 1 --lr 0.5 m g1 >next
	is_model next step=4 epoch=1 seed=5 S=4 w=0,2,5 b=0.5
	"$frames" >empty
	fails 1 'no gradient of step 3 came' nn-update m empty
	nn-update --lr 0.5 m g >next
	nn-update --lr 0.5 m g1 g0 g1 | cmp - next
	grad 1 2 4,0,-4 0.5 >other
	fails 1 'other: frame 0: step 3: shard 1 came before, with other numbers' nn-update m g1 other
	"$frames" grad step=4 step_in_epoch=0 epoch=1 S=4 seed=5 shards=1 end=1 weight=1 w=1,1,1 b=1 >g4
	fails 1 'g4: frame 0: a gradient of step 4, but m has 3' nn-update m g g4
}

@test "gradients of another model are refused: both values" {
	given
	change() { # TEXT WORD...
		"$frames" grad step=3 step_in_epoch=3 seed=5 S=4 id=$id shards=1 end=1 weight=1 w=1,1,1 b=1 \
			"${@:2}" >g
		fails 1 "g: frame 0: $1" nn-update m g
	}
	change 'a gradient of step 2, but m has 3' step=2
	change 'a gradient of epoch 1, but m has 0' epoch=1
	change 'a gradient of step in epoch 2, but m has 3' step_in_epoch=2
	change 'a gradient of steps per epoch 5, but m has 4' S=5
	change "a gradient of model 0000000000000001, but m is model ${id#0x}" id=1
	change '3 tensors, but m has 2' c=1
	"$frames" grad step=3 step_in_epoch=3 S=4 shards=1 end=1 weight=1 w=1,1 b=1 >g
	fails 1 'g: frame 0: tensor w: [2], but m has [3]' nn-update m g
	"$frames" grad step=3 step_in_epoch=3 S=4 shards=1 end=1 weight=1 w=1,1,1 >g
	fails 1 'g: frame 0: no tensor b, which m has' nn-update m g
	grad 0 2 1,1,1 1 kernel=K >g0
	grad 1 2 1,1,1 1 kernel=L >g1
	fails 1 'g1: frame 0: kernel L, but frame 0 of g0 has K (--mixed-kernels takes both)' \
		nn-update m g0 g1
	nn-update --mixed-kernels m g0 g1 >next
	grad 0 1 1,1,1 1 kernel=a/b >g
	nn-update m g >next
	nn-info next | grep -F 'kernel: a/b'
	"$frames" grad step=4 epoch=1 S=4 seed=5 shards=1 end=1 weight=1 w=1,1,1 b=1 kernel=a/c >g4
	fails 1 'g4: frame 0: kernel a/c, but next has a/b (--mixed-kernels takes both)' nn-update next g4
}

@test "numbers that are none" {
	given
	grad 1 2 1,inf,1 1 >g1
	fails 1 'g1: frame 0: tensor w: element 1, at [1], is inf; a smaller --lr may help' nn-update m g0 g1
	"$frames" model id=auto w=1 >first
	"$frames" grad shards=1 end=1 weight=1 w=nan >g
	fails 1 'g: frame 0: tensor w: element 0, at [0], is nan' nn-update first g
	! grep -q 'may help' err || false
	nn-update --nonfinite skip --lr 0.5 m g0 g1 2>err >next
	grep -F 'g1: frame 0: tensor w: element 1, at [1], is inf: left out' err
	is_model next step=4 epoch=1 seed=5 S=4 w=0,0,5 b=0
	grad 0 1 1,1,1 1 weight=0 >g
	fails 1 'step 3: the total weight is zero' nn-update m g
	grad 0 1 1,1,nan 1 >g
	sh_fails 1 'the total weight is zero' 'nn-update --nonfinite skip m g 2>log >out || { rc=$?; tail -n 1 log >&2; exit $rc; }'
	grad 0 2 3e38,1,1 1 >g0
	grad 1 2 3e38,1,1 1 >g1
	fails 1 'step 3: the sum of the gradients: tensor w: element 0, at [0], is inf; a smaller --lr may help' nn-update m g0 g1
	grad 0 1 1e38,1,1 1 >g
	fails 1 'step 3: the learning rate is too high: updated: tensor w: element 0, at [0], is -inf; a smaller --lr may help' \
		nn-update --lr 1e9 m g
}

@test "a bad input: nothing is written" {
	given
	echo kept >next
	head -c 300 g0 >cut
	fails 1 'cut: frame 0, byte' nn-update -o next m cut
	sh_fails 4 'stdin: frame 0, byte' 'head -c 300 g0 | nn-update -o next m'
	head -c 200 m >cut
	fails 1 'cut: frame 0, byte' nn-update -o next cut g
	cp g flipped
	printf '\1' | dd of=flipped bs=1 seek=330 conv=notrunc status=none
	fails 1 'flipped: frame 0, byte 0: damaged' nn-update -o next m flipped
	fails 4 'stdin: empty' nn-update -o next m </dev/null
	fails 4 'stdin' nn-update -o next m <&-
	fails 1 'g: there is no model in it' nn-update -o next g g
	fails 1 'nosuch: cannot open' nn-update -o next nosuch g
	[ "$(cat next)" = kept ]
	[ ! -s out ]
	[ -z "$(find . -name '*.part')" ]
}

@test "the output" {
	given
	fails 2 'm: is both input and output' nn-update -o m m g
	fails 2 'g: is both input and output' nn-update -o g m g
	fails 4 'stdout: cannot write' bash -c 'nn-update m g >/dev/full'
	fails 4 '/dev/full: cannot write' nn-update -o /dev/full m g
	fails 4 '/dev/full: cannot write' nn-update --log /dev/full m g
	fails 4 'stdout: cannot write' bash -c 'nn-update m g >&-'
}

@test "the log harms nothing" {
	given
	printf 'step\tepoch\tloss\tlr\tnorm\n' >log
	cp log columns
	mkdir before
	cp m g g1 before
	fails 2 'm: is both input and output' nn-update m g --log m
	ln -s m link
	fails 2 'm: is both input and output' nn-update m g --log link
	fails 2 'g1: is both input and output' nn-update m g g1 --log g1
	sh_fails 2 'stdin: is both input and output' 'nn-update m --log g <g'
	sh_fails 2 'stdin: is both input and output' 'nn-update - g --log m <m'
	fails 2 '--log and --output are one file' nn-update m g --log new -o new
	fails 2 '--log and --output are one file' nn-update m g --log log -o ./log
	sh_fails 2 '--log and --output are one file' 'nn-update m g --log log >>log'
	fails 2 '--log and --checkpoint are one file' nn-update --loop -n 1 m g --log new -c new
	fails 1 'g1: is no log of nn-update' nn-update m g --log g1
	printf 'step\tepoch' >short
	fails 1 'short: is no log of nn-update' nn-update m g --log short
	[ ! -s out ] && [ ! -e new ]
	for file in m g g1; do cmp $file before/$file; done
	cmp log columns
	# What is empty, goes on or is no file is fine.
	: >log
	nn-update m g --log log -o next
	[ "$(wc -l <log)" = 2 ]
	nn-update m g --log log -o next
	[ "$(wc -l <log)" = 3 ]
	nn-update m g --log /dev/null -o /dev/null
}

@test "usage" {
	given
	fails 2 'which model?' nn-update
	fails 2 'cannot both come on standard input' nn-update -
	fails 2 '--loop needs --steps or --epochs' nn-update --loop m
	fails 2 '--checkpoint and --every go with --loop' nn-update -c ck m
	fails 2 '--every needs --checkpoint' nn-update --loop -n 3 --every 1 m
	fails 2 '--loop reads one stream' nn-update --loop -n 3 m g g
	fails 2 'sgd has no beta1' nn-update --beta1 0.5 m g
	fails 2 'momentum 1' nn-update -O momentum --momentum 1 m g
	nn-update --lr 0.5 - g <m >next
	is_model next step=4 epoch=1 seed=5 S=4 w=0,1,5 b=0.25
}

@test "a plain safetensors file is a mean gradient" {
	"$frames" model step=1 id=auto a=1,2 b=3 >m
	"$frames" >end
	header='{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}'
	{
		printf "\\x$(printf %02x ${#header})\0\0\0\0\0\0\0%s" "$header"
		printf '\0\0\200\77\0\0\0\100\0\0\100\100' # 1, 2, 3
	} >g.safetensors
	nn-update --lr 1 m g.safetensors >next
	is_model next step=2 step_in_epoch=1 a=-1,-1 b=2
	# And a plain model: step 0.
	nn-update --lr 2 g.safetensors g.safetensors >next
	is_model next step=1 step_in_epoch=1 a=-2,-3 b=-1
}

@test "--loop: the same bits as one by one" {
	for k in 0 1 2 3 4 5 6; do
		"$frames" grad step=$k epoch=$((k / 3)) step_in_epoch=$((k % 3)) S=3 shards=2 first=1 end=2 \
			rows=3 weight=3 loss=$k kernel=K w=0.1$k,$k,-3 >g$k.1
		"$frames" grad step=$k epoch=$((k / 3)) step_in_epoch=$((k % 3)) S=3 shards=2 end=1 \
			rows=5 weight=5 loss=$k kernel=K w=$k.7,1,1e-3 >g$k.0
	done
	"$frames" model id=auto w=1,-2,3 >m
	for options in '-O adamw --lr 0.1 --clip 0.5 --schedule cosine:6:0.01 --warmup 2' '-O nesterov'; do
		cp m one
		for k in 0 1 2 3 4; do
			nn-update $options --log one.log one g$k.0 g$k.1 >next
			mv next one
		done
		cat g0.1 g0.0 g1.0 g1.1 g2.1 g2.0 g3.0 g3.1 g4.0 g4.1 |
			nn-update $options --loop --steps 5 -c loop --log loop.log m >models
		cmp one loop
		cmp one.log loop.log
		# The model it began with and four more: nobody needs the fifth, it is in the checkpoint.
		nn-info models >info
		[ "$(grep -c '^frame .* model' info)" -eq 5 ]
		! grep -q 'state' info || false
		# Killed after two, and on from the checkpoint: the same file is read and replaced.
		cat g0.[01] g1.[01] | nn-update $options --loop --steps 2 -c part m >/dev/null
		cat g2.[01] g3.[01] g4.[01] | nn-update --loop --steps 3 -c part part >/dev/null
		cmp one part
		rm -f one.log loop.log
	done
}

@test "--loop: epochs, broken pipes, quorum" {
	for k in 0 1 2 3; do
		"$frames" grad step=$k epoch=$((k / 2)) step_in_epoch=$((k % 2)) S=2 shards=2 end=2 weight=1 w=1 >g$k
	done
	"$frames" model id=auto w=1 >m
	cat g0 g1 g2 g3 | nn-update --loop --epochs 1 -c ck m >/dev/null
	nn-info ck | grep -q 'model, step 2, epoch 1'
	cat g0 g1 g2 g3 | nn-update --loop --epochs 2 -c ck m >/dev/null
	nn-info ck | grep -q 'model, step 4, epoch 2'
	# The workers went away: what was reached is kept.
	sh_fails 4 'stdin: ended after 2 updates, while more were to come' \
		'cat g0 g1 | nn-update --loop --steps 9 -c kept m'
	nn-info kept | grep -q 'model, step 2, epoch 1'
	head -c 300 g2 >cut
	sh_fails 4 'stdin: frame 0, byte' 'cat g0 g1 cut | nn-update --loop --steps 9 -c kept2 m'
	cmp kept kept2
	sh_fails 1 'stdin: frame 0: a gradient of step 2, but m has 1' \
		'cat g0 g2 | nn-update --loop --steps 9 -c kept3 m'
	nn-info kept3 | grep -q 'model, step 1, epoch 0'
	# Every second update, too.
	sh_fails 4 'ended after 3' 'cat g0 g1 g2 | nn-update --loop --steps 9 -c kept4 --every 2 m'
	# With a quorum a step goes on without the late, which are passed over.
	"$frames" grad step=0 S=2 shards=2 end=1 weight=1 w=1 >early
	"$frames" grad step=0 S=2 shards=2 first=1 end=2 weight=1 w=1 >late
	cat early late g1 | nn-update --loop --quorum 1 --steps 2 -c ck m >/dev/null
	sh_fails 1 'a gradient of step 0, but m has 1' 'cat g0 late | nn-update --loop --steps 2 -c ck m'
	fails 4 '/dev/full: cannot write' nn-update --loop --steps 1 -c /dev/full m g0
	# The reader of the model went away: the same, and then SIGPIPE as everywhere.
	mkfifo gradients models
	(head -c 100 models >/dev/null; : >gone) &
	(rc=0; timeout 20 nn-update --loop --steps 9 -c kept5 m <gradients >models 2>said || rc=$?; echo $rc >rc) &
	exec 9>gradients
	await '[ -e gone ]'
	cat g0 >&9
	exec 9>&-
	wait
	[ "$(cat rc)" = 141 ]
	[ ! -s said ]
	nn-info kept5 | grep -q 'model, step 1, epoch 0'
	# What was reached, and whether it is kept.
	nn-update -v --loop --steps 2 -c ck m 2>said >/dev/null < <(cat g0 g1)
	[ "$(cat said)" = 'nn-update: step 2, epoch 1: loss 0; ck written' ]
	nn-update -v --loop --steps 1 m g0 2>said >/dev/null
	printf 'nn-update: %s\n' 'no --checkpoint: the trained model will not be kept' \
		'step 1, epoch 0: loss 0' | cmp - said
	# Where it cannot be written is told before anything is read.
	fails 4 'no/ck: cannot create' nn-update --loop --steps 1 -c no/ck m g0
	[ ! -s out ]
	fails 2 'are one file' nn-update --loop --steps 1 -c ck -o ck m g0
}

@test "--loop: a signal keeps what was reached" {
	"$frames" grad S=2 shards=1 end=1 weight=1 w=1 >g0
	"$frames" grad step=1 step_in_epoch=1 S=2 shards=1 end=1 weight=1 w=1 >g1
	"$frames" model id=auto w=1 >m
	nn-update m g0 >one
	head -c 300 g1 >cut
	mkfifo gradients
	# It waits for a frame, or for the rest of one; or no step was made.
	for signal in TERM INT HUP; do
		for rest in /dev/null cut none; do
			rm -f ck log
			# A shell has its background jobs ignore INT.
			env --default-signal=INT,HUP nn-update --loop --steps 9 -c ck --log log -o models m \
				<gradients 2>said &
			exec 9>gradients
			if [ $rest != none ]; then
				cat g0 $rest >&9
				await '[ "$(cat log 2>/dev/null | wc -l)" = 2 ]'
			else
				await 'grep -qs nn-update /proc/$!/comm'
				sleep 0.3
			fi
			kill -$signal $!
			rc=0
			wait $! || rc=$?
			exec 9>&-
			[ "$rc" = $((128 + $(kill -l $signal))) ]
			[ ! -s said ] && [ ! -e models ]
			if [ $rest = none ]; then
				[ ! -e ck ]
			else
				cmp ck one
			fi
		done
	done
	# What is ignored stays ignored.
	(trap '' HUP; exec nn-update --loop --steps 1 -c ck m <gradients >models) &
	exec 9>gradients
	await 'grep -qs nn-update /proc/$!/comm'
	kill -HUP $!
	cat g0 >&9
	exec 9>&-
	wait $!
	cmp ck one
	[ -z "$(find . -name '*.part')" ]
}

@test "--loop: says what it waits for" {
	"$frames" model id=auto w=1 >m
	for k in 0 1; do
		for i in 0 1 2; do
			"$frames" grad step=$k step_in_epoch=$k S=9 shards=3 first=$i end=$((i + 1)) weight=1 w=$i >g$k.$i
		done
	done
	{ cat g0.0 g0.2; sleep 3; cat g0.1 g1.2 g1.0; sleep 3; cat g1.1; } |
		nn-update --loop --steps 2 -c slow m 2>said >/dev/null
	[ "$(cat said)" = 'nn-update: waiting for shard 1 of 3 (step 0)' ]
	cat g0.1 g0.2 g0.0 g1.? | nn-update --loop --steps 2 -c fast m 2>said >/dev/null
	[ ! -s said ]
	cmp slow fast
	# Two that are there and do not merge, before one that is not.
	"$frames" grad shards=4 end=2 weight=1 w=1 >left
	"$frames" grad shards=4 first=2 end=3 weight=1 w=1 >right
	fails 1 'only 3 of 4 shards came: the first that is missing is 3' nn-update m right left
}

@test "the circle of pipes: nn-update, nn-grad, nn-reduce" {
	for i in $(seq 40); do
		echo "$((i * 7 % 13)),$((i * 5 % 11)),$((i % 3))"
	done >rows.csv
	nn-import -t 3 --target-type class rows.csv >data
	nn-init --mlp 2,8,3 -s 4 >m
	mkfifo circle
	timeout 60 bash -o pipefail -c '
		nn-update -O adam --lr 0.01 --loop --epochs 2 -c loop m <circle |
			nn-grad --shard 0-3/4 --steps-per-epoch 3 data | nn-reduce >circle'
	cp m one
	for i in 1 2 3 4 5 6; do
		nn-grad -m one --shard 0-3/4 --steps-per-epoch 3 data |
			nn-update -O adam --lr 0.01 one >next
		mv next one
	done
	cmp loop one
	# Two workers, each with half of the shards.
	mkfifo model left right
	timeout 60 bash -o pipefail -c '
		nn-grad --shard 2-3/4 --steps-per-epoch 3 data <model >right &
		nn-update -O adam --lr 0.01 --loop --epochs 2 -c loop2 m <circle | tee model |
			nn-grad --shard 0-1/4 --steps-per-epoch 3 data >left &
		nn-reduce left right >circle && wait'
	cmp loop2 one
}

@test "a process of the circle is killed: the others end, the checkpoint is whole" {
	seq 40 | sed 's/.*/&,&5,1/' | nn-import -t 3 --target-type number -o data
	nn-init --mlp 2,4,1 --loss mse -s 4 -o m
	mkfifo circle
	for victim in nn-update nn-grad nn-reduce; do
		rm -f checkpoint
		timeout 60 bash -c 'nn-update --loop --steps 1000000 --lr 1e-9 -O adam --every 1 \
			-c checkpoint m <circle 2>u | nn-grad data 2>g | nn-reduce >circle 2>r
			echo ${PIPESTATUS[*]} >codes' 3>&- 2>/dev/null &
		await '[ -s checkpoint ]'
		pkill -KILL -P "$(pgrep -P $!)" -x "$victim"
		wait $!
		nn-info --verify checkpoint
		nn-info checkpoint | grep -q 'state, step '
		# Cut off, or nobody reads what they write.
		for code in $(cat codes); do
			[[ "$code" == 4 || "$code" == 137 || "$code" == 141 ]] || fail "$victim: $(cat codes)"
		done
		for said in u g r; do
			[ "$(wc -l <$said)" -le 1 ] || fail "$victim: $(cat $said)"
		done
	done
}
