#!/bin/bash
# Three workers, the second twice and the third four times as fast as the first: what static, dynamic
# and weighted assignment make of them. run.sh [DIR]
set -eu -o pipefail
. "$(dirname "$0")/../common.sh"
begin 'The straggler' "$@"
cp "$here/../digits/digits.csv.gz" .

section 'Data and a model'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
do_it "nn-init --mlp 64,32,10 --kernel auto --seed 7 --data digits.nnt -o start.nnt"

section 'Workers of speeds 1, 2 and 4'
say 'Each is nn-grad, told to take at least so long for a row, asleep for most of it.'
cat >worker.sh <<'END'
case $NN_WORKER in
1) exec nn-grad --pace 0.00032 "$@" ;;
2) exec nn-grad --pace 0.00016 "$@" ;;
3) exec nn-grad --pace 0.00008 "$@" ;;
esac
END
show 'cat worker.sh'
sed 's/^/  /' worker.sh

# rate LOG: rows a second, by the median step; in the first one workers start and read.
rate() {
	awk -F '\t' -v rows=1797 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
		{ time = "time" in column ? $column["time"] : (NR - 1) * rows / $column["samples/s"] }
		NR > 2 { print rows / (time - before) }
		{ before = time }' "$1" | sort -g |
		awk '{ rate[NR] = $1 } END { print (rate[int((NR + 1) / 2)] + rate[int(NR / 2) + 1]) / 2 }'
}

# train NAME OPTION...: shows the command line, and trains NAME.nnt.
train() {
	name=$1
	shift
	do_it "nn-train $* --shards 14 --lr 0.5 --log $name.log start.nnt digits.nnt -o $name.nnt"
}

section 'What each can do alone'
for worker in 1 2 3; do
	train "alone-$worker" -n 4 -w 1 --worker "'NN_WORKER=$worker exec sh worker.sh'" >shown
	head -n 1 shown
	rate "alone-$worker.log" >>speeds
	say "$(tail -n 1 speeds | awk '{ printf "%.0f rows a second", $1 }')"
done
ideal=$(awk '{ sum += $1 } END { print sum }' speeds)
say '' "Together at best: $(awk -v ideal="$ideal" 'BEGIN { printf "%.0f", ideal }')"

section 'What is to be expected: nn-assign says it, of 14 shards and of others'
for policy in static dynamic weighted; do
	show_it "nn-assign -v -n 14 --capacity 1,2,4 -p $policy 2>&1 >/dev/null"
done
show_it "for shards in 7 8 16 28 100; do
  printf '%3d shards, ' \$shards
  nn-assign -v -n \$shards --capacity 1,2,4 2>&1 >/dev/null
done"

section 'Together: the same eight steps each'
train static -n 8 -w 3 --worker "'exec sh worker.sh'" --assign static
train dynamic -n 8 -w 3 --worker "'exec sh worker.sh'" --assign dynamic
train weighted -n 8 -w 3 --worker "'exec sh worker.sh'" --capacity 1,2,4
train measured -n 8 -w 3 --worker "'exec sh worker.sh'" --assign weighted
say '' 'assignment           rows a second   of the ideal     (the median step)'
for name in static dynamic weighted measured; do
	rate $name.log | awk -v name="$name" -v ideal="$ideal" \
		'{ printf "  %-20s %13.0f %12.1f %%\n", name, $1, 100 * $1 / ideal }'
done

section 'Who did it does not matter'
for name in dynamic weighted measured; do
	same $name.nnt static.nnt
done
printf '\n%s\n' "${dim}$(since "$began")$plain"
