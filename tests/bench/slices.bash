# The update of 100 million parameters, in one process and in two that have a slice each; and nn-slice and nn-join
# against cat of the same bytes.
. "${BASH_SOURCE%/*}/common.bash"

"$bench_programs/make-data" csv 64 | nn-import -t 1 -o rows.nnt -
nn-init --mlp 784,125800,10 --seed 1 --data rows.nnt -o sgd.whole
nn-grad -m sgd.whole rows.nnt -o sgd.grad
nn-update -O adam sgd.whole sgd.grad -o adam.whole
nn-grad -m adam.whole rows.nnt -o adam.grad
mkfifo ring-0 ring-1
bytes=$(stat -c %s sgd.whole)
echo "a model of $((bytes / 1000000)) MB"
for method in sgd adam; do
	nn-slice -n 2 -o "$method.whole-%d" $method.whole
	nn-slice -n 2 -o "$method.grad-%d" $method.grad
done

# halves METHOD OPTION...: the update in two processes, as shell text.
halves() {
	local method=$1
	shift
	echo "nn-update $* ${ring:+--sums-in ring-0 --sums-out ring-1} $method.whole-0 $method.grad-0 >/dev/null &
		nn-update $* ${ring:+--sums-in ring-1 --sums-out ring-0} $method.whole-1 $method.grad-1 >/dev/null; wait"
}
in_turns sgd "nn-update sgd.whole sgd.grad >/dev/null" sgd-2 "$(halves sgd)" \
	adam "nn-update adam.whole adam.grad >/dev/null" adam-2 "$(halves adam)" \
	clip "nn-update --clip 1 adam.whole adam.grad >/dev/null" clip-2 "$(ring=yes halves adam --clip 1)"
for name in sgd sgd-2 adam adam-2 clip clip-2; do figure "$name" "$bytes"; done
ratio "sgd, two processes : one" sgd sgd-2 ">= 1.8"
ratio "adam, two processes : one" adam adam-2 ">= 1.8"
ratio "adam, clipped, two processes : one" clip clip-2 ">= 1.8"

in_turns cat-cut "cat sgd.whole | cat >/dev/null" \
	nn-slice "nn-slice -n 2 -F 'cat >/dev/null' sgd.whole" \
	cat "cat sgd.whole-0 sgd.whole-1 >/dev/null" nn-join "nn-join sgd.whole-0 sgd.whole-1 >/dev/null" \
	cat-pipe "cat sgd.whole-0 sgd.whole-1 | cat >/dev/null" \
	nn-join-pipe "nn-join sgd.whole-0 sgd.whole-1 | cat >/dev/null"
for name in cat-cut nn-slice cat nn-join cat-pipe nn-join-pipe; do figure "$name" "$bytes"; done
ratio "nn-slice into pipes : cat into one" cat-cut nn-slice ">= 0.7"
ratio "nn-join : cat, to /dev/null" cat nn-join ">= 0.5"
ratio "nn-join into a pipe : cat into one" cat-pipe nn-join-pipe ">= 0.7"

# Memory of both, which does not grow with the model.
peak() {
	local hwm most=0 pid
	"$@" >/dev/null &
	pid=$!
	while hwm=$(awk '/^VmHWM/ { print $2 }' /proc/$pid/status 2>/dev/null) && [ -n "$hwm" ]; do most=$hwm; done
	wait "$pid"
	echo "peak memory of $1 $((most / 1024)) MiB (wanted <= 32)"
}
peak nn-slice -k 0/2 sgd.whole
peak nn-join sgd.whole-0 sgd.whole-1
