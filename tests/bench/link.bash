# nn-train over a slow line, 20 Mbit/s and 25 ms each way, between two network namespaces: steps a second
# of plain synchronous steps, half of the rows on each side, against DistributedDataParallel on the same
# line; and with local steps the time to 97 % where MNIST is there. Root alone.
. "${BASH_SOURCE%/*}/common.bash"

slow_link_program=$bench_programs/../tool/slow-link
. "$bench_source/../tool/slow-link.bash"
peer=$bench_source/torch-train.py
slow_link_begin "$PWD/hosts" 20 25 || { echo "left out: $slow_link_why"; exit 0; }
trap slow_link_end EXIT

if [ -n "${NNPIPE_MNIST:-}" ]; then
	nn-import "$NNPIPE_MNIST"/train-images-idx3-ubyte* "$NNPIPE_MNIST"/train-labels-idx1-ubyte* -o data.nnt
	{ tail -c +17 "$NNPIPE_MNIST/train-images-idx3-ubyte"; tail -c +9 "$NNPIPE_MNIST/train-labels-idx1-ubyte"; } >raw
	nn-import --like data.nnt "$NNPIPE_MNIST"/t10k-images-idx3-ubyte* "$NNPIPE_MNIST"/t10k-labels-idx1-ubyte* \
		-o test.nnt
else
	nn-init --mlp 784,128,10 -o shape.nnt
	awk 'BEGIN { for (i = 0; i < 6000; i++) { printf "c%d", i % 10
		for (j = 0; j < 784; j++) printf ",%d", (i * j) % 251 * ((i + j) % 3 == 0); print "" } }' |
		nn-import --header no -t 1 -o data.nnt
	head -c 4710000 /dev/urandom | head -c $((6000 * 784)) >raw
	awk 'BEGIN { for (i = 0; i < 6000; i++) printf "\001" }' >>raw
fi
nn-init --mlp 784,128,10 --data data.nnt -o start.nnt

# steps NAME OPTION...: steps a second, without the first fifth.
steps() {
	local name=$1
	shift
	rm -f log
	$slow_link_near timeout 120 nn-train -S :,far "$@" --assign static --shards 2 -b 128 --lr 0.1 -n 60 --log log \
		start.nnt data.nnt -o trained.nnt 2>/dev/null
	awk -F '\t' 'NR == 14 { s = $1; t = $3; b = $8 }
		END { print ($1 - s) / ($3 - t), ($8 - b) / ($1 - s) }' log >>"steps.$name"
}

middle() {
	sort -n "steps.$1" | awk '{ a[NR] = $0 } END { print a[int((NR + 1) / 2)] }'
}

# The same network, by DistributedDataParallel, a process on each side.
has_torch=no
/usr/bin/python3 -c 'import torch' 2>/dev/null && has_torch=yes
peer_steps() {
	export MASTER_ADDR=10.203.7.1 MASTER_PORT=29672 GLOO_SOCKET_IFNAME=nnlink0 OMP_NUM_THREADS=1
	RANK=1 timeout 120 $slow_link_far /usr/bin/python3 "$peer" small raw 2 60 &
	RANK=0 timeout 120 $slow_link_near /usr/bin/python3 "$peer" small raw 2 60 |
		awk '{ print $1 / 64, 0 }' >>steps.ddp
	wait $!
}

rm -f steps.*
for ((round = 0; round < ${LINK_ROUNDS:-3}; round++)); do
	steps plain
	steps always --compress always
	steps never --compress never
	[ "$has_torch" = no ] || peer_steps
done
for name in plain always never; do
	echo "  nn-train, --compress ${name/plain/auto}: $(middle $name |
		awk '{ printf "%.2f steps/s, %.0f bytes a step", $1, $2 }')"
done
if [ "$has_torch" = yes ]; then
	awk -v a="$(middle plain)" -v b="$(middle ddp)" 'BEGIN { split(a, x, " "); split(b, y, " ")
		printf "  DDP: %.2f steps/s\nratio nn-train : DDP %.2f\n", y[1], x[1] / y[1] }'
fi
if [ -n "${NNPIPE_MNIST:-}" ]; then
	start=$EPOCHREALTIME
	$slow_link_near timeout 120 nn-train -S :,far --shards 2 --by random -b 128 -O adam --lr 0.002 \
		--local-steps 117 -e 10 --valid test.nnt --valid-every 117 --target 0.97 start.nnt data.nnt \
		-o trained.nnt 2>/dev/null
	awk -v a="$start" -v b="$EPOCHREALTIME" -v e="$(nn-eval --only accuracy -m trained.nnt test.nnt)" \
		'BEGIN { printf "  local steps: accuracy %s after %.1f s, start included\n", e, b - a }'
fi
