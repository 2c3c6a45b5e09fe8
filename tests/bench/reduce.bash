# Adding up four models of 256 MiB: nn-reduce against cat of the same files to /dev/null.
. "${BASH_SOURCE%/*}/common.bash"

for i in 0 1 2 3; do nn-init --mlp 8192,8191,1 --loss mse --seed $i -o "model.$i"; done
bytes=$((4 * $(stat -c %s model.0)))
echo "four models of $((bytes / 4 >> 20)) MiB"
in_turns cat "cat model.0 model.1 model.2 model.3 >/dev/null" \
	nn-reduce "nn-reduce model.0 model.1 model.2 model.3 >/dev/null" \
	nn-reduce-sum "nn-reduce --method sum model.0 model.1 model.2 model.3 >/dev/null"
for name in cat nn-reduce nn-reduce-sum; do figure "$name" "$bytes"; done
ratio "nn-reduce (mean) : cat" cat nn-reduce ">= 0.6"
ratio "nn-reduce --method sum : cat" cat nn-reduce-sum ">= 0.6"
nn-reduce model.0 model.1 model.2 model.3 >/dev/null &
pid=$!
peak=0
while hwm=$(awk '/^VmHWM/ { print $2 }' /proc/$pid/status 2>/dev/null) && [ -n "$hwm" ]; do peak=$hwm; done
wait "$pid"
echo "peak memory $((peak / 1024)) MiB (wanted <= 32)"
