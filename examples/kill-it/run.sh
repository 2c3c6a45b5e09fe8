#!/bin/bash
# Training while workers and the coordinator are killed with -9, again and again: the same bits as a
# run that nobody disturbs. run.sh [DIR]
set -eu -o pipefail
. "$(dirname "$0")/../common.sh"
begin 'Kill it' "$@"
cp "$here/../digits/digits.csv.gz" .

section 'Data and a model'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
do_it "nn-init --mlp 64,32,10 --seed 7 --data digits.nnt -o start.nnt"

section 'A run that nobody disturbs: one worker'
do_it "nn-train -w 1 --shards 8 -b 256 -e 200 -O adam --lr 0.01 start.nnt digits.nnt -o calm.nnt"

# workers PID: what it has started.
workers() {
	ps -A -o ppid= -o pid= | awk -v parent="$1" '$1 == parent { print $2 }'
}

# Kills one worker of process $1 after the other, until that ends; how many goes to the file $2.
kill_workers() {
	kills=0
	while kill -0 "$1" 2>/dev/null; do
		victim=$(workers "$1" | shuf -n 1)
		[ -z "$victim" ] || ! kill -9 "$victim" 2>/dev/null || kills=$((kills + 1))
		echo $kills >"$2"
		sleep 0.05
	done
}

section 'Workers killed with -9, a random one every 50 ms'
do_it "nn-train -w 3 --retries 50 --shards 8 -b 256 -e 200 -O adam --lr 0.01 \\
  start.nnt digits.nnt -o killed.nnt 2>said & pid=\$!"
pids=$pid
kill_workers "$pid" kills
wait "$pid" || fail "it gave up: $(tail -n 1 said)"
pids=
say "$(cat kills) were killed. Each fault is a line, such as"
head -n 2 said | sed 's/^/    /'
same killed.nnt calm.nnt

section 'The coordinator too: the same line is typed until it is done'
say 'Each time with another number of workers.'
turn=0 done=no
: >orphans
while [ $done = no ]; do
	turn=$((turn + 1))
	[ $turn -le 100 ] || fail 'it does not come to an end'
	count=$((turn % 4 + 1))
	line="nn-train -w $count -c run.nnt --every 10 --resume --retries 50 --shards 8 -b 256 -e 200 \\
  -O adam --lr 0.01 start.nnt digits.nnt -o resumed.nnt"
	[ $turn -gt 1 ] || show "$line"
	eval "$line 2>>said & pid=\$!"
	pids=$pid
	kill_workers "$pid" kills &
	killer=$!
	sleep 0.4
	workers "$pid" >>orphans
	kill -9 "$pid" 2>/dev/null || :
	# What the shell says of a job that was killed is not for the reader.
	if wait "$pid" 2>/dev/null; then
		done=yes
	fi
	wait "$killer"
	pids=
done 2>/dev/null
say "It was started $turn times, and killed each time but the last."
same resumed.nnt calm.nnt

section 'Nothing is left behind'
sleep 0.5
while read -r orphan; do
	case $(ps -o stat= -p "$orphan" || :) in
	'' | Z*) ;; # gone, or waits for init to take note
	*) fail "worker $orphan still runs" ;;
	esac
done <orphans
say 'No worker has outlived the one that started it.'
printf '\n%s\n' "${dim}$(since "$began")$plain"
