# How long a tool takes to start: nn-info and nn-grad against /bin/true.
. "${BASH_SOURCE%/*}/common.bash"

for round in 1 2 3 4 5; do
	"$bench_programs/spawn" 200 /bin/true >>true
	"$bench_programs/spawn" 200 nn-info --help >>info
	"$bench_programs/spawn" 200 nn-grad --help >>grad
done
middle() { sort -n "$1" | sed -n 3p; }
for tool in info grad; do
	awk -v tool="nn-$tool --help" -v t="$(middle true)" -v us="$(middle "$tool")" 'BEGIN {
		printf "%-18s %5d us, /bin/true %5d us: %d us of %d allowed (2 x + 3 ms)\n",
			tool, us, t, us, 2 * t + 3000 }'
done
