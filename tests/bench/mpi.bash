# Ranks of MPI: the exchange of gradients against MPI_Allreduce, and nn-train by two ranks against one and
# against PyTorch's DistributedDataParallel with gloo.
. "${BASH_SOURCE%/*}/common.bash"

nn-info --build | grep -q '^MPI: *yes' || { echo "skipped: built without MPI"; exit 0; }
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
run="mpirun -q -n 2 --bind-to core"
python=/usr/bin/python3
peer=$bench_source/torch-train.py
. "$bench_source/images.bash"
nn-init --mlp 784,512,512,10 --data data.nnt -o large.nnt

for elements in 101770 10000000; do
	$run "$bench_programs/exchange" $elements "$((2 * rounds + 1))" >exchanged
	awk -F ', ' -v bytes=$((4 * elements)) '{
		for (i = 1; i <= NF; i++) {
			n = split($i, words, " ")
			seconds[i] = words[n]
			name = $i
			sub(/ [^ ]*$/, "", name)
			printf "  %9d bytes, 2 ranks, %-14s %9.1f us\n", bytes, name, 1e6 * seconds[i]
			names[i] = name
		}
		for (i = 2; i <= NF; i++)
			printf "ratio %9d bytes: %s : MPI_Allreduce %.2f (wanted <= 1.25)\n", bytes, names[i], seconds[i] / seconds[1]
	}' exchanged
done

# ours NAME COMMAND...: rows a second, from the log, without the first fifth.
ours() {
	local name=$1
	shift
	rm -f log
	"$@" -n 400 -b 256 -O adam --lr 0.001 --shards 2 --log log large.nnt data.nnt -o trained.nnt 2>/dev/null
	awk -F '\t' 'NR == 80 { s = $1; t = $3 } END { printf "%.0f\n", ($1 - s) * 256 / ($3 - t) }' log >>"speed.$name"
}

theirs() {
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" "$peer" large raw 2 >>speed.ddp
}

speed() {
	sort -n "speed.$1" | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}

compare() {
	awk -v text="$1" -v a="$(speed "$2")" -v b="$(speed "$3")" -v wanted="$4" \
		'BEGIN { printf "ratio %-58s %.2f (wanted %s)\n", text, a / b, wanted }'
}

rm -f speed.*
has_torch=no
! has_python torch || has_torch=yes
for ((round = 0; round < rounds; round++)); do
	ours one mpirun -q -n 1 --bind-to core nn-train
	ours two $run nn-train
	ours messages $run nn-train --exchange messages
	ours workers nn-train -w 2
	[ $has_torch = no ] || theirs
done
for name in one two messages workers ddp; do
	[ ! -s speed.$name ] || printf '  784-512-512-10, b 256, Adam: %-9s %9s rows/s\n' $name "$(speed $name)"
done
compare "784-512-512-10: 2 ranks by memory : 1" two one ">= 1.8"
compare "784-512-512-10: 2 ranks by messages : 1" messages one "between machines"
[ $has_torch = no ] || compare "784-512-512-10: 2 ranks : PyTorch DDP, gloo" two ddp ">= 1.5"
