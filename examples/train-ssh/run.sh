#!/bin/bash
# nn-train on two hosts and this machine by ssh: shards that lie there, a file of hosts, a host that
# goes away, and what crossed. The hosts are those of ../ssh: two sshd of our own on the loopback.
# run.sh [DIR] Exit status 77: sshd cannot be started here.
set -eu -o pipefail
shopt -s lastpipe # a host that is stopped in a pipe is no longer in $pids
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../ssh/hosts.sh"
begin 'nn-train over ssh' "$@"
cp "$here/../digits/digits.csv.gz" .

nn-import -t 1 digits.csv.gz -o digits.nnt
kernel=$(other_kernel digits.nnt)
start_host_b() {
	host_start host-b ${kernel:+"OPENBLAS_CORETYPE=$kernel"}
}
hosts_begin "$work/hosts" && host_start host-a && start_host_b || {
	say "skipped: $hosts_why"
	exit 77
}
say 'Two sshd on the loopback play the hosts. A session on host-a starts in the folder hosts/host-a,' \
	'one on host-b in hosts/host-b. ssh reads hosts/ssh_config, and no file of yours.'
[ -z "$kernel" ] || say "On host-b the environment asks for another matrix kernel, $kernel: workers" \
	'follow nn-train, not their environment.'
options='-b 64 -e 40 -O adam --lr 0.01'

section 'Data and a model; a fifth of the rows is kept for the test'
do_it "nn-import -t 1 digits.csv.gz -o digits.nnt"
do_it "nn-shard --sets --by random --weights 8,2 -o 'part-%d.nnt' digits.nnt"
do_it "mv part-0.nnt train.nnt; mv part-1.nnt test.nnt"
do_it "nn-init --mlp 64,32,10 --seed 7 --data train.nnt -o start.nnt"

section 'Four shards: two go to each host, and are trained on where they lie'
do_it "for k in 0 1; do nn-shard -k \$k/4 train.nnt | ssh host-a \"cat >shard-\$k.nnt\"; done"
do_it "for k in 2 3; do nn-shard -k \$k/4 train.nnt | ssh host-b \"cat >shard-\$k.nnt\"; done"
do_it "nn-train -S 2/host-a,2/host-b $options --log sync.log \\
  start.nnt %h:shard-%d.nnt -o remote.nnt"

section 'The same on this machine: one worker, four shards that are views'
do_it "nn-train -w 1 --shards 4 $options start.nnt train.nnt -o local.nnt"
same remote.nnt local.nnt

section 'Hosts from a file, and this machine; all can read the data'
do_it "for host in host-a host-b; do ssh \$host 'cat >train.nnt' <train.nnt; done"
cat >hosts.txt <<'END'
# ":" is this machine. Two workers on host-a as mpirun writes them; GNU parallel writes 2/host-a.
:
host-a slots=2
host-b
END
show_it "cat hosts.txt"
do_it "nn-train --sshloginfile hosts.txt --shards 4 $options \\
  start.nnt train.nnt -o mixed.nnt"
same mixed.nnt local.nnt

section 'A host goes away while it trains: the others do its work'
say 'Each worker has one of the shards (--assign static). The log goes to a pipe: behind its first' \
	'lines, sshd on host-b and all of its sessions are killed with -9.'
do_it "nn-train --sshloginfile hosts.txt --shards 4 --assign static $options \\
  --log /dev/stdout start.nnt train.nnt -o others.nnt 2>errors |
  { head -n 20; host_stop host-b; cat; } >others.log"
show_it "head -n 1 errors | fold -s -w 90"
grep -q '^nn-train: worker 4 on host-b: .* starts again in 0.1 s$' errors || fail 'host-b is not missed'
same others.nnt local.nnt

section 'A host goes away with shards that lie there alone: the run stops, and goes on later'
start_host_b || fail "$hosts_why"
line="nn-train -S 2/host-a,2/host-b -c run.nnt --resume $options \\
  --log /dev/stdout start.nnt %h:shard-%d.nnt -o resumed.nnt"
status=0
do_it "$line 2>errors |
  { head -n 20; host_stop host-b; cat; } >before.log" || status=$?
show_it "tail -n 1 errors | fold -s -w 90"
[ $status -eq 4 ] || fail "exit status $status, not 4"
say "Exit status 4. The checkpoint is of step $(tail -n 1 before.log | cut -f 1), of 920." \
	'When host-b is back the same line goes on:'
start_host_b || fail "$hosts_why"
do_it "$line >after.log"
same resumed.nnt local.nnt

section 'What crossed'
do_it "nn-train -S 2/host-a,2/host-b --local-steps 23 $options --log rounds.log \\
  start.nnt %h:shard-%d.nnt -o rounds.nnt"
# crossed WHAT MODEL LOG: its line of the table.
crossed() {
	share=$(nn-eval -m "$2" test.nnt | awk '$1 == "accuracy" { print $2 }')
	awk -F '\t' -v what="$1" -v share="$share" 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
		END { printf "  %-34s %12d %10.1f %%\n", what, $column["bytes"], share }' "$3"
}
say '' '                                          bytes   accuracy'
say "$(printf '%-34s %12d' 'the data, once' "$(cat hosts/host-?/shard-?.nnt | wc -c)")"
crossed 'a step, a round trip (--sync)' remote.nnt sync.log
crossed '23 steps, one (--local-steps 23)' rounds.nnt rounds.log
printf '\n%s\n' "${dim}$(since "$began")$plain"
