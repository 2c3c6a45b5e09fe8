# nn-plan's predictions against runs of nn-train: 1, 2 and 4 workers, 2 stages and 2 ranks of MPI on this machine; and, for root, a worker
# here and one behind a line of given rate and delay between two network namespaces. Each figure is the
# median of rounds that take turns with the others; the profile is measured in the same run. NNPIPE_MNIST as
# in train.bash. PLAN_ROUNDS, PLAN_LINES ("MBIT MS, MBIT MS"; empty: none) say otherwise.
kept=${BENCH_DIR:-}
. "${BASH_SOURCE%/*}/common.bash"

rounds=${PLAN_ROUNDS:-5}
lines=${PLAN_LINES-20 25, 200 2}
. "$bench_source/images.bash"
nn-init --mlp 784,128,10 --data data.nnt -o small.nnt
nn-init --mlp 784,512,512,10 --data data.nnt -o large.nnt
rows=60000
: >table

# step STEPS OPTION...: seconds of a step, from the log, without the first third: the median, of ten at a time
# where they are many.
step() {
	local steps=$1
	shift
	rm -f log
	${near:-} timeout 300 ${launch:-} nn-train "$@" -n "$steps" --lr 0.001 --log log -o trained.nnt 2>/dev/null || return
	awk -F '\t' 'NR > 1 { s[++n] = $1; t[n] = $3 }
		END { k = n >= 100 ? 10 : 1
			for (i = int(n / 3) + 1; i + k <= n; i += k) print (t[i + k] - t[i]) / (s[i + k] - s[i]) }' log |
		sort -g | awk '{ a[NR] = $1 } END { printf "%.9f\n", a[int((NR + 1) / 2)] }'
}

# What packing leaves depends on the data: bytes of a step, packed and not, to a worker behind a pipe.
ratio_of() {
	local when
	for when in always never; do
		rm -f log
		nn-train --worker nn-grad --compress $when -w 1 --shards 1 -n 12 "${@:2}" --lr 0.001 --log log \
			-o trained.nnt "$1.nnt" data.nnt 2>/dev/null
		awk -F '\t' 'NR == 4 { b = $8 } END { print $8 - b }' log
	done | awk 'NR == 1 { a = $1 } END { printf "%.3f\n", a / $1 }'
}

# predicted PROFILE MODEL OPTION...: the same, by nn-plan.
predicted() {
	case " $* " in *" --way "*) ;; *) set -- "$@" --way sync ;; esac
	nn-plan -p "$1" -d "$rows" --json "${@:2}" 2>/dev/null |
		sed -n 's/.*"ways":\[{[^}]*"step_seconds":\([^,]*\),.*/\1/p'
}

# case NAME PROFILE STEPS MODEL PLAN-OPTIONS -- TRAIN-OPTIONS: a case to be tried in turns.
names=() profiles=() counts=() models=() plans=() trains=()
case_of() {
	names+=("$1") profiles+=("$2") counts+=("$3") models+=("$4")
	shift 4
	local plan= train=
	while [ "$1" != -- ]; do plan+=" $1"; shift; done
	shift
	train=$*
	plans+=("$plan") trains+=("$train")
}

run_cases() {
	local i round
	for ((i = 0; i < ${#names[@]}; i++)); do rm -f "steps.$i"; done
	for ((round = 0; round < rounds; round++)); do
		for ((i = 0; i < ${#names[@]}; i++)); do
			launch=
			[[ "${plans[i]}" != *" --way mpi"* ]] || launch="mpirun -q -n 2"
			# shellcheck disable=SC2086 # words are meant
			step "${counts[i]}" ${trains[i]} "${models[i]}.nnt" data.nnt >>"steps.$i" || :
		done
	done
	for ((i = 0; i < ${#names[@]}; i++)); do
		# shellcheck disable=SC2086 # words are meant
		sort -g "steps.$i" | awk -v name="${names[i]}" \
			-v p="$(predicted "${profiles[i]}" "${models[i]}.nnt" ${plans[i]})" \
			'{ a[NR] = $1 } END { m = a[int((NR + 1) / 2)]
			if (NR) printf "%-34s %10.3f %10.3f %+8.1f %%   %.3f to %.3f\n", name, 1e3 * p, 1e3 * m,
				100 * (p / m - 1), 1e3 * a[1], 1e3 * a[NR]
			else printf "%-34s %10.3f   (nn-train has failed)\n", name, 1e3 * p }' | tee -a table
	done
	names=() profiles=() counts=() models=() plans=() trains=()
}

echo "  milliseconds a step               predicted   measured  deviation   of rounds"
start=$EPOCHREALTIME
nn-plan --measure -o here.json
awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "  (the profile took %.1f s)\n", b - a }'
for workers in 1 2 4; do
	case_of "small, $workers here" here.json 2000 small -b 64 --shards 4 -w $workers -- \
		-b 64 --shards 4 -w $workers
	case_of "large, $workers here" here.json 120 large -b 256 --shards 4 -O adam -w $workers -- \
		-b 256 --shards 4 -O adam -w $workers
done
case_of "small, 1 here, 1 shard" here.json 2000 small -b 64 --shards 1 -w 1 -- -b 64 --shards 1 -w 1
case_of "small, 2 here, 16 shards of 1024" here.json 300 small -b 1024 --shards 16 -w 2 -- \
	-b 1024 --shards 16 -w 2
case_of "large, 2 here, 16 shards of 1024" here.json 60 large -b 1024 --shards 16 -O momentum -w 2 -- \
	-b 1024 --shards 16 -O momentum -w 2
for stages in "256 --shards 4" "1024 --shards 16"; do
	case_of "large, 2 stages, -b $stages" here.json 120 large -b $stages -O adam -w 2 --way stages --stages 2 -- \
		-b $stages -O adam --stages 2
done
if nn-info --build | grep -q '^MPI: *yes' && command -v mpirun >/dev/null; then
	export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
	case_of "small, 2 ranks of MPI" here.json 2000 small -b 64 --shards 4 -w 2 --way mpi -- -b 64 --shards 4
	case_of "large, 2 ranks of MPI" here.json 120 large -b 256 --shards 4 -O adam -w 2 --way mpi -- \
		-b 256 --shards 4 -O adam
fi
run_cases

# Whoever ends this is not to leave hosts behind.
trap 'exit 143' HUP INT TERM
slow_link_program=$bench_programs/../tool/slow-link
. "$bench_source/../tool/slow-link.bash"
trap '[ -z "${slow_link_a:-}" ] || slow_link_end; [ -n "$kept" ] || rm -rf "$BENCH_DIR"' EXIT
while read -r mbit delay; do
	[ -n "$mbit" ] || continue
	path=$PATH
	slow_link_begin "$PWD/hosts-$mbit" "$mbit" "$delay" || { echo "  left out: $slow_link_why"; break; }
	near=$slow_link_near
	$near nn-plan --measure -o "line-$mbit.json" far
	far="-S :,far --assign static --shards 2"
	to="$far -w 2 --line $mbit"
	case_of "small, here + $mbit Mbit/s $delay ms" "line-$mbit.json" 24 small -b 128 $to --compress never -- \
		-b 128 $far --compress never
	case_of "small, ... packed" "line-$mbit.json" 24 small -b 128 $to --compress always \
		--ratio "$(ratio_of small -b 128)" -- \
		-b 128 $far --compress always
	case_of "small, 2 there" "line-$mbit.json" 24 small -b 128 -S 2/far --shards 2 -w 2 \
		--line $mbit --compress never -- \
		-b 128 -S 2/far --shards 2 --compress never
	case_of "large, here + $mbit Mbit/s $delay ms" "line-$mbit.json" 9 large -b 256 $to -O adam --compress never -- \
		-b 256 $far -O adam --compress never
	case_of "small, ... 16 local steps" "line-$mbit.json" 128 small -b 128 $to --way local-steps \
		--local-steps 16 --compress never -- -b 128 $far --local-steps 16 --compress never
	rounds=3 run_cases
	near=
	slow_link_end
	PATH=$path
done < <(tr ',' '\n' <<<"$lines")
awk '{ for (i = 1; i < NF; i++) if ($(i + 1) == "%") d = $i < 0 ? -$i : $i + 0
	n++; within += d <= 15; if (d > worst) worst = d }
	END { printf "ratio %d of %d predictions within 15 %%, the worst is off by %.1f %%\n", within, n, worst }' table
