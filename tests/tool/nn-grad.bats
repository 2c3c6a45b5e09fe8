# nn-grad: models and shards to gradients. "Same bits" is cmp.
load common

# 500 rows of 6 numbers in 3 classes; a model for them.
given() {
	awk 'BEGIN { print "a,b,c,d,e,f,kind"; for (i = 0; i < 500; i++) {
		k = i * 7919 % 3
		printf "%d,%d,%.3f,%.3f,%d,%d,%s\n", i % 7 - 3, i % 5 - k, sin(i) + k, cos(i * k),
			i % 3, k * (i % 2), substr("abc", k + 1, 1) } }' >data.csv
	nn-import -t kind data.csv >data.nnt
	nn-init --mlp ,9, --seed 5 --data data.nnt >model
}

@test "a gradient says what it is" {
	given
	nn-grad -m model data.nnt >grad
	nn-info --json grad | head -n 1 >got
	for want in '"kind":"grad"' '"step":0' '"steps_per_epoch":1' '"seed":5' '"shards":1' \
		'"first":0' '"end":1' '"rows":500' '"weight":500' '"kernel":"OpenBLAS-'; do
		grep -qF "$want" got || fail "no $want"
	done
	id=$(nn-info --json model | head -n 1 | grep -o '"id":"[^"]*"')
	grep -qF "$id" got
	nn-grad data.nnt <model | cmp - grad
	nn-grad --model=model - <data.nnt | cmp - grad
	nn-grad -m model data.nnt -o named
	cmp named grad
}

@test "batches: the rows of a step" {
	given
	nn-grad -b 64 -m model data.nnt | nn-info --json | head -n 1 >got
	grep -F '"steps_per_epoch":8' got
	grep -F '"rows":62' got
	nn-grad --steps-per-epoch 8 -m model data.nnt >s8
	nn-grad -b 64 -m model data.nnt | cmp - s8
	nn-grad -b 64 --seed 5 -m model data.nnt | cmp - s8
	nn-grad -b 64 --seed 6 -m model data.nnt >other
	! cmp -s other s8 || false
	# More steps than rows: a task without any.
	head -n 3 data.csv >two.csv
	nn-import --like data.nnt two.csv >two.nnt
	nn-grad --steps-per-epoch 8 -m model two.nnt | nn-info --json --stats | head -n 1 >got
	grep -F '"rows":0' got
	grep -F '"zeros":9' got
}

@test "same bits: one process, several, views, whatever is merged where" {
	given
	for v in 1 2 3 5 8; do
		nn-grad --shard 0-$((v - 1))/$v -b 16 -m model data.nnt >all || nn-grad \
			--shard 0-$((v - 1))/$v --steps-per-epoch 6 -m model data.nnt >all
		steps=$(nn-info --json all | sed -n 's/.*"steps_per_epoch":\([0-9]*\).*/\1/p' | head -n 1)
		for k in $(seq 0 $((v - 1)) | sort -r); do
			nn-grad --shard $k/$v --steps-per-epoch "$steps" -m model data.nnt >part-$k
		done
		cat part-* | nn-reduce | cmp - all
		[ $v -eq 1 ] || nn-reduce part-* | cmp - all
		rm part-*
	done
}

@test "same bits: shard files and views, by each method, uneven too" {
	given
	for by in block cyclic random; do
		nn-shard -n 4 --by $by --weights 5,1,2,2 --shard-seed 3 -o "$by-%d.nnt" data.nnt
		nn-grad -m model $by-?.nnt --steps-per-epoch 3 >files
		nn-grad -m model --shard 0-3/4 --by $by --weights 5,1,2,2 --shard-seed 3 \
			--steps-per-epoch 3 data.nnt | cmp - files
		nn-grad -m model $by-3.nnt $by-0.nnt $by-2.nnt $by-1.nnt --steps-per-epoch 3 |
			cmp - files
		for k in 2 0 3 1; do
			nn-grad -m model $by-$k.nnt --steps-per-epoch 3
		done >parts
		nn-reduce <parts | cmp - files
	done
}

@test "what has no neighbour is a frame of its own" {
	given
	nn-grad --shard 1-6/8 -m model data.nnt >some
	nn-info --json some | sed -n 's/.*"first":\([0-9]*\),"end":\([0-9]*\).*"rows.*/\1 \2/p' >got
	printf '1 2\n2 4\n4 6\n6 7\n' | diff - <(head -n 4 got)
}

@test "each model of a stream is answered at once, until it ends" {
	given
	mkfifo models grads
	timeout 60 nn-grad -b 64 data.nnt <models >grads &
	exec 7>models 8<grads
	"$builddir/tests/tool/frames" >end
	end=$(stat -c %s end)
	nn-grad -b 64 -m model data.nnt >want
	# The answer comes while the stream of models is open and silent.
	head -c -"$end" model >&7
	timeout 20 head -c $(($(stat -c %s want) - end)) <&8 | cmp - <(head -c -"$end" want)
	tail -c "$end" model >&7
	timeout 20 cat <&8 | cmp - <(tail -c "$end" want)
	exec 7>&- 8<&-
	wait
}

@test "a circle of pipes trains" {
	given
	mkfifo circle
	timeout 60 nn-update --loop --steps 24 --lr 0.5 -c end model <circle |
		timeout 60 nn-grad -b 64 data.nnt >circle
	nn-info --json end | head -n 1 | grep -F '"step":24,"epoch":3,'
	# By hand, step by step.
	cp model now
	for _ in $(seq 24); do
		nn-grad -b 64 -m now data.nnt | nn-update --lr 0.5 now >next
		mv next now
	done
	id() { nn-info --json "$1" | head -n 1 | grep -o '"id":"[^"]*"'; }
	[ "$(id end)" = "$(id now)" ]
}

@test "of a file the last model is used" {
	given
	nn-init --mlp ,9, --seed 6 --data data.nnt >other
	cat other model >both
	nn-grad -m both data.nnt >got
	nn-grad -m model data.nnt | cmp - got
}

@test "the model's kernel runs, whatever the environment says" {
	given
	[ "$(uname -m)" = x86_64 ] || skip "kernels of x86-64"
	nn-init --mlp ,9, --seed 5 --data data.nnt --kernel Nehalem >model
	grep -qw sse4_1 /proc/cpuinfo || skip "no SSE 4.1"
	nn-grad -m model data.nnt >want
	nn-info want | grep -E 'kernel: OpenBLAS-.*/Nehalem'
	OPENBLAS_CORETYPE=Prescott nn-grad -m model data.nnt | cmp - want
	nn-init --mlp ,9, --data data.nnt --kernel NEOVERSEN1 >model 2>/dev/null
	fails 1 'the model asks for matrix kernel NEOVERSEN1, which this CPU cannot run' \
		nn-grad -m model data.nnt
}

@test "BLAS is not loaded before it is needed" {
	LD_DEBUG=files nn-grad --help >/dev/null 2>log
	! grep -q openblas log || false
}

@test "no room for matrix products" {
	[ "${SANITIZERS:-no}" = no ] || skip "sanitizers need more address space than any limit"
	given
	sh_fails 4 "128 MiB of address space (see ulimit -v): Cannot allocate memory" \
		"ulimit -v 120000; timeout 20 nn-grad -m model data.nnt"
	(ulimit -v 400000; nn-grad -m model data.nnt) | cmp - <(nn-grad -m model data.nnt)
}

@test "data and model that do not go together" {
	given
	nn-init --mlp 5,3 >narrow
	fails 1 "data.nnt: its rows are [6], but the model's input is [5]" nn-grad -m narrow data.nnt
	nn-init --mlp 6,4 >wide
	fails 1 'data.nnt: 3 classes, but the model has 4 outputs' nn-grad -m wide data.nnt
	nn-init --mlp 6,3 --loss mse >numbers
	fails 1 'data.nnt: loss mse wants numbers, but y are classes' nn-grad -m numbers data.nnt
	nn-import -t f --target-type number data.csv -d kind >f.nnt
	nn-init --mlp 5,1 >classes
	fails 1 'f.nnt: loss cross_entropy wants classes, but y are numbers' nn-grad -m classes f.nnt
	nn-init --mlp 5,2 --loss mse >two
	fails 1 'f.nnt: y has 1 numbers a row, but the model has 2 outputs' nn-grad -m two f.nnt
	sed 's/,c$/,z/' data.csv | nn-import -t kind >z.nnt
	fails 1 'class 2 is "z", but the model'"'"'s is "c"' nn-grad -m model z.nnt
	nn-import data.csv -d kind >bare.nnt
	fails 1 'bare.nnt: its rows have no y' nn-grad -m model bare.nnt
}

@test "shards that do not go together" {
	given
	nn-shard -n 2 -o 's-%d.nnt' data.nnt
	nn-shard -n 4 -o 'q-%d.nnt' data.nnt
	fails 1 'is a shard' nn-grad -m model s-0.nnt data.nnt
	fails 1 's-0.nnt is of 2 shards, q-1.nnt of 4' nn-grad -m model s-0.nnt q-1.nnt
	cp s-0.nnt again.nnt
	fails 1 'are both shard 0 of 2' nn-grad -m model s-0.nnt again.nnt
	fails 1 's-0.nnt is shard 0 of 2 itself' nn-grad --shard 0/2 -m model s-0.nnt
	head -n 100 data.csv | nn-import -t kind >less.nnt
	fails 1 'give --steps-per-epoch instead' nn-grad -b 8 -m model data.nnt less.nnt
	sed 's/,c$/,z/' data.csv | nn-import -t kind >z.nnt
	fails 1 'class 2 is "c" in data.nnt and "z" in z.nnt' nn-grad -m model data.nnt z.nnt
}

@test "a batch that the model cannot take any more is told" {
	given
	nn-grad -b 8 -m model data.nnt | nn-update model >next
	nn-grad -b 8 -m next data.nnt >want 2>err
	[ ! -s err ] || fail "$(cat err)"
	nn-grad -b 16 -m next data.nnt >got 2>err
	cmp want got
	assert_equal "$(wc -l <err)" 1
	grep -q 'steps an epoch already: --batch, which would make it .*, is not used' err
}

@test "bad models" {
	given
	sh_fails 4 'stdin: empty' 'nn-grad data.nnt </dev/null'
	fails 1 'no model in it' nn-grad -m data.nnt data.nnt
	sh_fails 1 'stdin: there is no model in it' 'nn-grad data.nnt <data.nnt'
	sh_fails 4 'stdin: ' 'head -c 900 model | nn-grad data.nnt'
	sh_fails 4 'Welcome' '(echo Welcome to alice; cat model) | nn-grad data.nnt'
	nn-convert --to safetensors model >model.safetensors
	nn-grad -m model.safetensors data.nnt >got
	"$builddir/tests/tool/frames" model w=1,2 >bare
	fails 1 'bare: the model has no spec' nn-grad -m bare data.nnt
	"$builddir/tests/tool/frames" model 'spec={"input":[6],"layers":[{"type":"dense","units":3}],"loss":"mse"}' \
		0.weight=1,2 0.bias=0,0,0 >wrong
	fails 1 'wrong: the parameters do not fit the spec: tensor 0.weight: F32 [2] and F32 [3, 6]' \
		nn-grad -m wrong data.nnt
}

@test "usage" {
	given
	fails 2 'which data?' nn-grad -m model
	fails 2 'the model comes on standard input' nn-grad - data.nnt
	fails 2 'cannot both come on standard input' nn-grad -m - -
	fails 2 'either --batch or --steps-per-epoch' nn-grad -b 3 --steps-per-epoch 3 data.nnt
	fails 2 'go with --shard' nn-grad --by block data.nnt
	fails 2 'a view of one file' nn-grad --shard 0/2 data.nnt data.nnt
	for which in 1 1/ /2 a/b 1/2/3 2-1/4 -1/2 1-/4 0x1/2; do
		fails 2 "\"$which\" is no shard K/V" nn-grad -m model --shard=$which data.nnt
	done
	fails 2 'there is no shard 2 of 2' nn-grad -m model --shard 2/2 data.nnt
	fails 2 '2 weights for 3 shards' nn-grad -m model --shard 0/3 --weights 1,2 data.nnt
}

@test "nothing written is harmed" {
	given
	cp model kept
	fails 2 'is both input and output' nn-grad -m model -o model data.nnt
	cmp model kept
	fails 2 'is both input and output' nn-grad -m model -o data.nnt data.nnt
	echo old >grad
	fails 1 'no model' nn-grad -m data.nnt -o grad data.nnt
	[ "$(cat grad)" = old ]
	sh_fails 4 'No space left' 'nn-grad -m model data.nnt >/dev/full'
}

@test "--threads: a kernel of its own name, which the model's must be" {
	nn-init --mlp 4,3 -s 1 -o plain.nnt
	nn-import -t 1 <<<'a,1,2,3,4
b,4,3,2,1
c,1,4,2,3' -o rows.nnt
	nn-grad --threads 2 -m plain.nnt rows.nnt | nn-info | grep -Eq 'kernel: OpenBLAS-[0-9.]+/[A-Za-z0-9]+/2t$'
	nn-grad -m plain.nnt rows.nnt | nn-info | grep -Eq 'kernel: OpenBLAS-[0-9.]+/[A-Za-z0-9]+$'
	nn-train --threads 2 -w 1 -n 2 plain.nnt rows.nnt -o two.nnt
	nn-info two.nnt | grep -Eq 'kernel: .*/2t$'
	# Whoever goes on does so with as many.
	nn-grad -m two.nnt rows.nnt | nn-info | grep -Eq 'kernel: .*/2t$'
	nn-train -w 2 -n 2 plain.nnt rows.nnt -o one.nnt
	fails 1 "asks for matrix kernel" nn-grad --threads 2 -m one.nnt rows.nnt
	nn-train --threads 1 -w 1 -n 1 two.nnt rows.nnt | nn-info | grep -Eq 'kernel: OpenBLAS-[0-9.]+/[A-Za-z0-9]+$'
	fails 2 "--threads: at most 1024" nn-grad --threads 1025 -m one.nnt rows.nnt
	# For whom bits do not matter it is free.
	nn-eval --threads 2 -m one.nnt rows.nnt >two
	nn-eval -m one.nnt rows.nnt >one
	diff <(grep accuracy one) <(grep accuracy two)
	nn-predict --threads 2 -m one.nnt rows.nnt | cmp - <(nn-predict -m one.nnt rows.nnt)
}
