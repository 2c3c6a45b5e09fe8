# nn-reduce: gradients, models and deltas to one.
load common

frames=$builddir/tests/tool/frames

# grad SHARD OF VALUES [WORD...]: a gradient of one shard, with 2 rows.
grad() {
	"$frames" grad step=3 seed=5 S=4 id=77 shards="$2" first="$1" end=$(($1 + 1)) rows=2 weight=2 \
		loss=0.5 kernel=K w="$3" "${@:4}"
}

# five: the files s0 to s4, shards with numbers whose sums depend on the order.
five() {
	for k in 0 1 2 3 4; do
		"$frames" grad step=1 shards=5 first=$k end=$((k + 1)) rows=$k weight=1.$k loss=0.3$k \
			w=0.$k,1e7,$k.7,-0.1$k,3e-8 >s$k
	done
}

@test "two files: their sum" {
	grad 0 2 1,2,3 >a
	grad 1 2 10,20,-30 >b
	nn-reduce a b >sum
	"$frames" grad step=3 seed=5 S=4 id=77 shards=2 first=0 end=2 rows=4 weight=4 loss=1 kernel=K \
		w=11,22,-27 >want
	cmp sum want
}

@test "the order of files does not matter, nor that of frames on standard input" {
	five
	nn-reduce s0 s1 s2 s3 s4 >want
	nn-reduce s3 s0 s4 s2 s1 | cmp - want
	cat s4 s2 s0 s1 s3 | nn-reduce | cmp - want
	cat s1 s3 s2 s4 s0 | nn-reduce - | cmp - want
	cat s0 s1 s2 s3 s4 >all
	nn-reduce all | cmp - want
	nn-reduce -o out s2 s1 s0 s4 s3
	cmp out want
}

@test "partial sums of two hosts give the bits of one" {
	five
	nn-reduce s0 s1 s2 s3 s4 >want
	cat s3 s0 s1 | nn-reduce >here
	nn-reduce s4 s2 >there
	cat there here | nn-reduce | cmp - want
	cat here there s1 2>/dev/null >twice
	fails 1 'shard 1 came before, in sums of other ranges' nn-reduce twice
}

@test "what has no partner is passed on" {
	grad 0 4 1 >a
	grad 2 4 2 >c
	"$frames" grad more=1 step=3 seed=5 S=4 id=77 shards=4 first=0 end=1 rows=2 weight=2 loss=0.5 \
		kernel=K w=1 \
		grad step=3 seed=5 S=4 id=77 shards=4 first=2 end=3 rows=2 weight=2 loss=0.5 kernel=K w=2 >want
	nn-reduce c a | cmp - want
	cat c a | nn-reduce | cmp - want
}

@test "files with several frames of a step, in lockstep" {
	five
	nn-reduce s0 s1 s2 s3 s4 >want
	nn-reduce s0 s1 s3 >here # shards 0 to 1, and 3
	nn-reduce s4 s2 >there
	[ "$(nn-info here | grep -c 'more to come')" -eq 1 ]
	nn-reduce here there | cmp - want
	nn-reduce there here | cmp - want
	nn-reduce here s2 s4 | cmp - want
	cat there here | nn-reduce | cmp - want
	# Two steps.
	local of="shards=3 weight=1"
	"$frames" grad step=1 $of end=1 w=1 more=1 grad step=1 $of first=2 end=3 w=3 \
		grad step=2 $of end=1 w=10 more=1 grad step=2 $of first=2 end=3 w=30 >both
	"$frames" grad step=1 $of first=1 end=2 w=2 grad step=2 $of first=1 end=2 w=20 >other
	"$frames" grad step=1 shards=3 weight=3 end=3 w=6 grad step=2 shards=3 weight=3 end=3 w=60 >want
	nn-reduce both other | cmp - want
	# A promise that is not kept.
	"$frames" grad shards=4 end=1 w=1 more=1 >broken
	"$frames" grad shards=4 first=1 end=2 w=1 >whole
	fails 1 'broken: frame 1: the frame before it promised more of its step' nn-reduce broken whole
}

@test "a step goes out as soon as it is complete" {
	grad 0 2 1 >a
	grad 1 2 2 >b
	nn-reduce a b >sum
	"$frames" >end
	size=$(($(stat -c %s sum) - $(stat -c %s end)))
	export size
	timeout 20 bash -c '
		{ cat b a; until [ -e seen ]; do sleep 0.05; done; } | nn-reduce |
			{ head -c "$size" >first; touch seen; cat >/dev/null; }'
	head -c "$size" sum | cmp - first
}

@test "several steps, one after the other" {
	for s in 1 2; do
		for k in 0 1; do
			"$frames" grad step=$s shards=2 first=$k end=$((k + 1)) weight=1 w=$s$k >g$s$k
		done
	done
	"$frames" grad step=1 shards=2 end=2 weight=2 w=21 grad step=2 shards=2 end=2 weight=2 w=41 >want
	cat g11 g10 g20 g21 | nn-reduce | cmp - want
	"$frames" grad step=1 shards=2 end=1 weight=1 w=10 grad step=2 shards=2 end=1 weight=1 w=20 >left
	"$frames" grad step=1 shards=2 first=1 end=2 weight=1 w=11 grad step=2 shards=2 first=1 end=2 \
		weight=1 w=21 >right
	nn-reduce left right | cmp - want
	cat g10 g20 g21 | nn-reduce >got
	"$frames" grad step=1 shards=2 end=1 weight=1 w=10 grad step=2 shards=2 end=2 weight=2 w=41 >want
	cmp got want
	fails 1 'g10 has ended, but left has another frame' nn-reduce g10 left
}

@test "the same gradient twice counts once, another one is refused" {
	grad 0 2 1,2 >a
	grad 1 2 3,4 >b
	grad 1 2 3,5 >c
	nn-reduce a b >want
	cat b a b a | nn-reduce | cmp - want
	nn-reduce a b b | cmp - want
	sh_fails 1 'stdin: frame 0: step 3: shard 1 came before, with other numbers' 'cat a b c | nn-reduce'
	fails 1 'c: frame 0: step 3: shard 1 came before, with other numbers' nn-reduce b a c
}

@test "mean of models, and of deltas" {
	"$frames" model step=2 seed=1 id=auto spec={} w=1,2 b=3 >a
	"$frames" model step=2 seed=2 id=auto spec={} w=3,8 b=-3 >b
	"$frames" model step=2 seed=3 id=auto spec={} w=8,2 b=6 >c
	"$frames" model step=2 seed=1 spec={} w=4,4 b=2 >want
	nn-reduce a b c | cmp - want
	cat a b c | nn-reduce | cmp - want
	"$frames" model step=2 seed=1 spec={} w=2.5,6.5 b=-1.5 >want
	nn-reduce --weights 1,3 a b | cmp - want
	nn-reduce -w 0.5,1.5 a b | cmp - want
	cat a b | nn-reduce -w 1,3 | cmp - want
	"$frames" model step=2 seed=1 spec={} w=12,12 b=6 >want
	nn-reduce --method sum a b c | cmp - want
	"$frames" delta step=2 id=9 w=1,2 >a
	"$frames" delta step=2 id=9 w=3,3 >b
	"$frames" delta step=2 id=9 w=2,2.5 >want
	nn-reduce a b | cmp - want
}

@test "mean of gradients: the sum over the weight, of all shards" {
	grad 0 3 1,2 >a
	grad 1 3 1,2 >b
	grad 2 3 4,2 >c
	"$frames" grad step=3 seed=5 S=4 id=77 shards=3 first=0 end=3 rows=6 weight=1 loss=0.25 kernel=K \
		w=1,1 >want
	nn-reduce -m mean a b c | cmp - want
	cat c b a | nn-reduce -m mean | cmp - want
	fails 1 'step 3: mean needs all 3 shards, 2 is missing' nn-reduce -m mean a b
	fails 1 'step 3: mean needs all 3 shards, 0 is missing' nn-reduce -m mean b c
	sh_fails 1 'step 3: mean needs all 3 shards, 1 is missing' 'cat a c | nn-reduce -m mean'
	"$frames" grad shards=1 end=1 w=1 >zero
	fails 1 'total weight is zero' nn-reduce -m mean zero
}

@test "block by block or in memory: the same bytes" {
	for s in 1 2 3 4 5 6 7; do
		"$frames" model seed=$s id=auto w~200003 v~77 >m$s
	done
	nn-reduce m1 m2 m3 m4 m5 m6 m7 >want
	cat m1 m2 m3 m4 m5 m6 m7 | nn-reduce | cmp - want
	nn-reduce --nonfinite=skip m1 m2 m3 m4 m5 m6 m7 | cmp - want
	nn-reduce <(cat m1) m2 <(cat m3) m4 m5 m6 <(cat m7) | cmp - want
	nn-reduce -w 1,2,3,4,5,6,7 m1 m2 m3 m4 m5 m6 m7 >want
	cat m1 m2 m3 m4 m5 m6 m7 | nn-reduce -w 1,2,3,4,5,6,7 | cmp - want
}

@test "plain safetensors files are taken as models, in any order of their tensors" {
	header='{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}'
	{
		printf "\\x$(printf %02x ${#header})\0\0\0\0\0\0\0%s" "$header"
		printf '\0\0\200\77\0\0\0\100\0\0\100\100' # 1, 2, 3
	} >plain.safetensors
	"$frames" model a=4,5 b=3 >m
	"$frames" model a=3,4 b=2 >want
	nn-reduce m plain.safetensors | cmp - want
	nn-reduce plain.safetensors m | cmp - want
}

@test "memory does not grow with the model" {
	[ "${SANITIZERS:-no}" != yes ] || skip 'sanitizers take address space'
	for s in 1 2 3; do
		"$frames" model seed=$s w~12000000 >m$s # 48 MB each
	done
	(ulimit -v 32768 && nn-reduce m1 m2 m3 >/dev/null)
}

@test "unlike frames are refused: both values and both names" {
	refused() { # TEXT WORD...: an otherwise equal gradient of another shard with these changes
		"$frames" grad step=3 seed=5 S=4 id=77 shards=2 first=1 end=2 weight=1 kernel=K w=1 "${@:2}" >b
		fails 1 "b: frame 0: $1" nn-reduce a b
		cat a b >both
		[[ $1 = 'step 4'* ]] || fails 1 "${1/of a/of both}" nn-reduce both
	}
	grad 0 2 1 >a
	refused 'step 4, but frame 0 of a has 3' step=4
	refused 'seed 6, but frame 0 of a has 5' seed=6
	refused 'steps per epoch 8, but frame 0 of a has 4' S=8
	refused 'epoch 1, but frame 0 of a has 0' epoch=1
	refused 'step in epoch 2, but frame 0 of a has 0' step_in_epoch=2
	refused 'number of shards 3, but frame 0 of a has 2' shards=3
	refused 'made from model 000000000000004e, but frame 0 of a from model 000000000000004d' id=78
	refused 'kernel L, but frame 0 of a has K (--mixed-kernels takes both)' kernel=L
	nn-reduce --mixed-kernels a b >sum
	"$frames" grad step=3 seed=5 S=4 id=77 shards=2 end=2 rows=2 weight=3 loss=0.5 w=2 >want
	cmp sum want
	"$frames" grad step=3 seed=5 S=4 id=77 shards=2 first=1 end=2 weight=1 w=1,2 >b
	fails 1 'b: frame 0: unlike frame 0 of a: tensor w: F32 [2] and F32 [1]' nn-reduce a b
	"$frames" grad step=3 seed=5 S=4 id=77 shards=2 first=1 end=2 weight=1 v=1 >b
	fails 1 'b: frame 0: unlike frame 0 of a: unlike tensors: v and w' nn-reduce a b
	sh_fails 1 'unlike tensors: w and v' 'cat a b | nn-reduce'
	"$frames" model step=1 spec={} w=1 >a
	"$frames" model step=1 spec=[] w=1 >b
	fails 1 'b: frame 0: its spec is not that of frame 0 of a' nn-reduce a b
	"$frames" model step=2 spec={} w=3 >b
	fails 1 'b: frame 0: step 2, but frame 0 of a has 1' nn-reduce a b
	"$frames" model step=1 spec={} w=2 >want
	nn-reduce --mixed-steps a b | cmp - want
}

@test "NaN and infinity: which tensor, which element" {
	grad 0 2 1,2,3 >a
	grad 1 2 1,inf,3 b=nan >b
	grad 0 2 1,2,3 b=1 >c
	fails 1 'b: frame 0: tensor b: element 0, at [0], is nan' nn-reduce c b
	grad 1 2 1,-inf,3 >b
	fails 1 'b: frame 0: tensor w: element 1, at [1], is -inf' nn-reduce a b
	sh_fails 1 'stdin: frame 0: tensor w: element 1, at [1], is -inf' 'cat a b | nn-reduce'
	grad 1 2 1,2,3 loss=nan >d
	fails 1 'd: frame 0: its loss is nan' nn-reduce a d
	"$frames" model w~100000 v=1,2,3,nan >m
	fails 1 'm: frame 0: tensor v: element 3, at [3], is nan' nn-reduce m m
	"$frames" grad step=3 seed=5 S=4 id=77 shards=2 end=2 rows=2 weight=2 loss=0.5 kernel=K w=1,2,3 >want
	for order in 'a b' 'b a'; do
		nn-reduce --nonfinite skip $order >sum 2>err
		cmp sum want
		[ "$(cat err)" = 'nn-reduce: b: frame 0: tensor w: element 1, at [1], is -inf: left out' ]
	done
	cat b a | nn-reduce --nonfinite=skip 2>err | cmp - want
	grep -q 'left out' err
}

@test "a bad input: no digest is written" {
	for s in 1 2; do
		"$frames" model seed=$s w~100000 >m$s
	done
	nn-reduce m1 m2 >whole
	head -c 300000 m2 >cut
	fails 1 'cut: frame 0, byte' nn-reduce m1 cut
	[ "$(stat -c %s out)" -lt "$(stat -c %s whole)" ]
	sh_fails 4 'stdin: frame 0, byte 300000: cut off here' 'cat cut | nn-reduce m1 -'
	cp out stopped
	nn-info stopped >/dev/null 2>&1 && fail 'a reader takes it'
	# One bit of the numbers: seen when the digest comes, before ours goes out.
	cp m2 flipped
	printf '\1' | dd of=flipped bs=1 seek=5000 conv=notrunc status=none
	fails 1 'flipped: frame 0, byte 0: damaged' nn-reduce m1 flipped
	"$frames" >end
	[ "$(stat -c %s out)" -lt $(($(stat -c %s whole) - $(stat -c %s end))) ]
	echo kept >result
	fails 1 'flipped' nn-reduce -o result m1 flipped
	[ "$(cat result)" = kept ]
	"$frames" model w=1 cut >noend
	fails 1 'noend: frame 1, byte' nn-reduce noend
	fails 1 'noend: frame 1, byte' nn-reduce noend noend
}

@test "nothing to reduce" {
	sh_fails 4 'stdin: empty' ': | nn-reduce'
	fails 4 'stdin: empty' nn-reduce </dev/null
	"$frames" state w=1 >state
	fails 1 'state: no gradient, model or delta in it' nn-reduce state
	fails 1 'state: no gradient, model or delta in it' nn-reduce state state
	"$frames" model w=1 >m
	fails 1 'state: no model in it, but m has one' nn-reduce m state
	fails 1 'nosuch: cannot open' nn-reduce nosuch
	fails 4 'stdin' nn-reduce <&-
}

@test "weights" {
	"$frames" model w=1 >a
	grad 0 2 1 >g0
	grad 1 2 1 >g1
	fails 2 'weight 2 is -1' nn-reduce -w 1,-1 a a
	fails 2 'nan' nn-reduce -w 1,nan a a
	fails 2 "the weights' total is zero" nn-reduce -w 0,0 a a
	fails 2 '3 weights for 2 inputs' nn-reduce -w 1,2,3 a a
	sh_fails 2 '3 weights for 2 inputs' 'cat a a | nn-reduce -w 1,2,3'
	sh_fails 2 '1 weights for more inputs' 'cat a a | nn-reduce -w 1'
	fails 2 'weights are for models and deltas' nn-reduce -w 1,2 g0 g1
}

@test "the output" {
	"$frames" model w~100000 >a
	fails 2 'a: is both input and output' nn-reduce -o a a a
	fails 4 'stdout: cannot write' bash -c 'nn-reduce a a >/dev/full'
	fails 4 '/dev/full: cannot write' nn-reduce -o /dev/full a a
	(ulimit -f 64 && fails 4 'big: cannot write' nn-reduce -o big a a)
	[ ! -e big ]
	fails 4 'stdout: cannot write' bash -c 'nn-reduce a a >&-'
	[ -z "$(find . -name '*.part')" ]
}
