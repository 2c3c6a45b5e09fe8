# nn-train: rows a second against PyTorch, one process and DistributedDataParallel; the cost of a task;
# memory. NNPIPE_MNIST may name a folder with MNIST's IDX files; else bytes made at random are the data.
. "${BASH_SOURCE%/*}/common.bash"

python=/usr/bin/python3
peer=$bench_source/torch-train.py
. "$bench_source/images.bash"
nn-init --mlp 784,128,10 --data data.nnt -o small.nnt
nn-init --mlp 784,512,512,10 --data data.nnt -o large.nnt
# limit NAME ARGUMENTS...: rows a second of the matrix products alone.
limit() {
	"$bench_programs/products" "${@:2}" >>"speed.$1"
}

small="-b 64 --lr 0.1 small.nnt data.nnt"
large="-b 256 -O adam --lr 0.001 large.nnt data.nnt"

# ours NAME STEPS ARGUMENTS...: rows a second, from the log, without the first fifth.
ours() {
	local name=$1 steps=$2
	shift 2
	rm -f log
	nn-train "$@" -n "$steps" --log log -o trained.nnt 2>/dev/null
	awk -F '\t' -v n="$steps" -v b="$(sed -n 's/.*-b \([0-9]*\).*/\1/p' <<<"$*")" \
		'NR == int(n / 5) { s = $1; t = $3 } END { printf "%.0f\n", ($1 - s) * b / ($3 - t) }' log >>"speed.$name"
}

theirs() {
	local name=$1
	shift
	env "${@:3}" OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" "$peer" "$1" raw "$2" >>"speed.$name"
}

speed() {
	sort -n "speed.$1" | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}

compare() {
	awk -v text="$1" -v a="$(speed "$2")" -v b="$(speed "$3")" -v wanted="$4" \
		'BEGIN { printf "ratio %-58s %.2f (wanted %s)\n", text, a / b, wanted }'
}

has_torch=no
"$python" -c 'import torch' 2>/dev/null && has_torch=yes
rm -f speed.*
tuned="MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296"
for ((round = 0; round < rounds; round++)); do
	# shellcheck disable=SC2086 # words are meant
	{
		limit small-limit 1 64 784 128 10
		ours small-1 4000 -w 1 --shards 1 $small
		[ $has_torch = no ] || theirs small-torch small 1 $tuned
		ours small-1of2 4000 -w 1 --shards 2 $small
		ours small-2 4000 -w 2 --shards 2 $small
		[ $has_torch = no ] || theirs small-ddp small 2 X=
		limit large-limit 1 256 784 512 512 10
		ours large-1 400 -w 1 --shards 1 $large
		[ $has_torch = no ] || theirs large-torch large 1 $tuned
		limit large-limit-1of2 1 128 784 512 512 10
		limit large-limit-2 2 256 784 512 512 10
		ours large-1of2 400 -w 1 --shards 2 $large
		ours large-2 400 -w 2 --shards 2 $large
		[ $has_torch = no ] || theirs large-ddp large 2 X=
	}
done
for name in small-limit small-1 small-1of2 small-2 small-torch small-ddp large-limit large-1 large-torch \
	large-limit-1of2 large-1of2 large-limit-2 large-2 large-ddp; do
	[ ! -s "speed.$name" ] || printf '  %-17s %9s rows/s\n' "$name" "$(speed "$name")"
done
if [ $has_torch = yes ]; then
	compare "784-128-10: 1 worker : PyTorch, 1 process, tuned" small-1 small-torch ">= 1.4"
	compare "784-128-10: 2 workers : PyTorch DDP, 2 processes" small-2 small-ddp ">= 10"
	compare "784-512-512-10: 1 worker : PyTorch, 1 process, tuned" large-1 large-torch ">= 1.35"
	compare "784-512-512-10: 2 workers : PyTorch DDP, 2 processes" large-2 large-ddp ">= 3.5"
else
	echo "PyTorch is not installed (python3-torch): its rows are left out"
fi
compare "784-128-10: 1 worker : its matrix products alone" small-1 small-limit ">= 0.8; 1 is the limit"
compare "784-512-512-10: 1 worker : its matrix products alone" large-1 large-limit ">= 0.9; 1 is the limit"
compare "784-128-10: 2 workers : 1, at 2 shards" small-2 small-1of2 ">= 1.25"
compare "784-512-512-10: 2 workers : 1, at 2 shards" large-2 large-1of2 ">= 1.8"
compare "784-512-512-10: its products alone, 2 processes : 1" large-limit-2 large-limit-1of2 "the limit of the row above"

# The whole process, its start included, to a model that has 97 % of the test data right: an epoch of the
# same recipe on both sides.
if [ -n "${NNPIPE_MNIST:-}" ]; then
	unpacked "$NNPIPE_MNIST/t10k-images-idx3-ubyte" >test-images
	unpacked "$NNPIPE_MNIST/t10k-labels-idx1-ubyte" >test-classes
	nn-import --like data.nnt test-images test-classes -o test.nnt
	{ tail -c +17 test-images; tail -c +9 test-classes; } >raw-test
	ours_whole="nn-train -w 2 --shards 2 --by random -b 128 -O adam --lr 0.003 --schedule cosine:469 -e 1 \
		large.nnt data.nnt -o trained.nnt 2>/dev/null"
	theirs_whole="OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 '$python' '$peer' reach raw"
	if [ $has_torch = yes ]; then
		in_turns whole "$ours_whole" torch "$tuned $theirs_whole 1 raw-test >torch-right" \
			ddp "$theirs_whole 2 raw-test >ddp-right"
		printf '  an epoch, whole process: PyTorch %.2f s (%s right), DDP %.2f s (%s right)\n' \
			"$(median torch)" "$(tail -n 1 torch-right)" "$(median ddp)" "$(tail -n 1 ddp-right)"
		awk -v a="$(median whole)" -v b="$(median torch)" -v c="$(median ddp)" 'BEGIN {
			printf "ratio PyTorch, one process, tuned : nn-train %.2f (wanted >= 2.5)\n", b / a
			printf "ratio DDP : nn-train %.2f (wanted >= 5)\n", c / a }'
	else
		in_turns whole "$ours_whole"
	fi
	printf '  an epoch, whole process: nn-train %.2f s (%s right)\n' "$(median whole)" \
		"$(nn-eval --only accuracy -m trained.nnt test.nnt)"
fi

# A task of hardly any work: 16 of them a step, one row each.
nn-init --mlp 784,2,10 --data data.nnt -o tiny.nnt
for ((round = 0; round < rounds; round++)); do
	ours task 4000 -w 1 --shards 16 -b 16 tiny.nnt data.nnt
done
awk -v s="$(speed task)" 'BEGIN { printf "a task of one row %.1f us, all included (wanted: dispatch <= 50)\n", 1e6 / s }'

# Memory of the coordinator: twice model and state, the gradients of the tree, 64 KiB a worker.
memory() {
	local workers=$1 shards=$2 peak=0 hwm pid bound
	nn-train -w "$workers" --shards "$shards" -n 60 -b 256 -O adam large.nnt data.nnt -o trained.nnt 2>/dev/null &
	pid=$!
	while hwm=$(awk '/^VmHWM/ { print $2 }' /proc/$pid/status 2>/dev/null) && [ -n "$hwm" ]; do
		peak=$hwm
		sleep 0.02
	done
	wait "$pid"
	bound=$(awk -v v="$shards" -v w="$workers" 'BEGIN { g = 669706 * 4 / 1024; n = 2
		for (p = 1; p < v; p *= 2) n++; printf "%d", 2 * 3 * g + n * g + 64 * w }')
	echo "$workers workers, $shards shards: peak $peak KiB, program and libraries included (bound $bound KiB)"
}
memory 2 2
memory 64 64
