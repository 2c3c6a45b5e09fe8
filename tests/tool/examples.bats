# Every example runs, in a folder that is not its own, and says what its README says.
load common

# example NAME [DIR]: its output in "out"; skips what cannot be run here, with the reason.
example() {
	local rc=0
	timeout -k 10 300 "$examples/$1/run.sh" "${@:2}" >out 2>err 3>&- || rc=$?
	[ "$rc" -ne 77 ] || skip "$(grep -i -A 1 skipped out | tail -n 1)"
	[ "$rc" -eq 0 ] || { echo "exit $rc"; tail -n 20 out; cat err; return 1; }
}

@test "digits: at least 96 % on rows not trained on" {
	example digits
	awk '/test digits are right/ { share = $(NF - 1) } END { exit !(share >= 96) }' out
}

@test "digits: what a terminal shows is text, in colour only if asked for" {
	example digits
	run ! grep -q "$(printf '\033')" out
	[ "$(wc -L <out)" -le 100 ]
}

@test "digits: in colour on a terminal, unless NO_COLOR is set" {
	command -v script >/dev/null || skip "there is no script(1)"
	export TERM=xterm
	script -qec "$examples/digits/run.sh" /dev/null </dev/null >out 3>&-
	grep -q "$(printf '\033')\[1mnnpipe" out
	grep -q 'test digits are right' out
	run ! grep -qi 'sed:\|awk:' out
	NO_COLOR=1 script -qec "$examples/digits/run.sh" /dev/null </dev/null >out 3>&-
	grep -q 'test digits are right' out
	run ! grep -q "$(printf '\033')\[[0-9;]*m" out
}

@test "digits: twice the same model" {
	example digits one
	example digits two
	cmp one/trained.nnt two/trained.nnt
}

@test "linear regression: each step as in closed form, then least squares" {
	example linear-regression
	[ "$(grep -c '^  equal ' out)" -eq 2 ]
}

@test "by hand: shell loop and live pipe give the same bits" {
	example by-hand
	[ "$(grep -c '^  same bits' out)" -eq 2 ]
}

@test "GNU parallel: jobs here, shuffled, views, on hosts" {
	command -v parallel >/dev/null || skip "GNU parallel is not installed"
	example parallel
	[ "$(grep -c '^  same bits' out)" -eq 4 ]
}

@test "ssh: two hosts with unlike kernels" {
	example ssh
	[ "$(grep -c '^  same bits' out)" -eq 2 ]
}

@test "kill it: the same bits" {
	example kill-it
	[ "$(grep -c '^  same bits' out)" -eq 2 ]
}

@test "parameter servers: files, live pipes, hosts" {
	example parameter-servers
	[ "$(grep -c '^  same bits' out)" -eq 3 ]
}

@test "pipeline: by hand, trained, killed, on a host" {
	example pipeline
	[ "$(grep -c '^  same bits' out)" -eq 3 ]
}

@test "straggler: the same bits, whoever did it" {
	example straggler
	[ "$(grep -c '^  same bits' out)" -eq 3 ]
	[ "$(grep -cE '^  [a-z]+ .* %$' out)" -eq 4 ]
	grep -q '^  nn-assign: ready after 5, where 2 would be ideal: 40.0 %$' out
}

@test "train-ssh: the same bits on hosts, and where one goes away" {
	example train-ssh made
	[ "$(grep -c '^  same bits' out)" -eq 4 ]
	grep -q '^  nn-train: worker 4 on host-b: ' out
	grep -q '^  Exit status 4. ' out
	tail -n 1 made/errors | grep -q 'nobody is left who has host-b:shard-[23].nnt'
	# A twentieth of the bytes, and nearly as good.
	awk '/--sync/ { bytes = $(NF - 2); share = $(NF - 1) }
		/--local-steps 23\)/ { seen = $(NF - 2) * 20 < bytes && $(NF - 1) >= 90 && share >= 93 }
		END { exit !seen }' out
	# What ran on the hosts has ended too, or is about to.
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		pgrep -f "$PWD/made/hosts" >/dev/null || return 0
		sleep 0.05
	done
	pgrep -a -f "$PWD/made/hosts"
	return 1
}

@test "an example leaves nothing behind" {
	mkdir tmp
	TMPDIR=$PWD/tmp "$examples/by-hand/run.sh" >/dev/null 3>&-
	[ -z "$(ls tmp)" ]
}

@test "an example without the tools says what to do" {
	mkdir -p away/examples/by-hand
	cp "$examples/common.sh" away/examples
	cp "$examples/by-hand/run.sh" away/examples/by-hand
	local PATH=/usr/bin:/bin
	[ -z "$(command -v nn-grad)" ] || skip "the tools are installed in /usr/bin"
	run away/examples/by-hand/run.sh
	assert_failure 1
	assert_output --partial "./bootstrap"
}

@test "nnpipe(7): its recipes can be typed" {
	command -v parallel >/dev/null || skip "GNU parallel is not installed"
	export PARALLEL_HOME=$PWD/parallel
	mkdir -p parallel hosts/alice hosts/bob bin
	: >parallel/will-cite
	cp "$examples/digits/digits.csv.gz" .
	gzip -dc digits.csv.gz | cut -d , -f 2- | head -n 5 >new.csv
	gzip -dc "$examples/tiny-gpt/moby-dick.txt.gz" | head -c 40000 >novel.txt
	cp "$examples/tiny-gpt/spec.json" gpt.json
	# A host is a folder here; examples/ssh tries ssh itself.
	cat >bin/ssh <<-EOF
		#!/bin/sh
		while :; do
			case \$1 in
			-o) shift 2 ;;
			-*) shift ;;
			*) break ;;
			esac
		done
		cd "$PWD/hosts/\$1" && shift && exec sh -c "\$*"
	EOF
	chmod +x bin/ssh
	awk '/^\.Sh/ { examples = $2 == "EXAMPLES" } /^\.Ed/ { inside = 0 } inside { print }
		/^\.Bd -literal/ { inside = examples }' "$srcdir/man/nnpipe.7" | sed 's/\\e$/\\/' >recipes
	[ "$(grep -c . recipes)" -gt 40 ]
	# What is measured with sanitizers takes minutes, and nn-plan.bats does it.
	! ldd "$(command -v nn-plan)" | grep -q libasan || sed -i '/^nn-plan/d' recipes
	# As root, on few processors, in containers that forbid reading each other's memory.
	export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
	export OMPI_MCA_btl_vader_single_copy_mechanism=none
	grep -q '^mpirun .*nn-train' recipes
	nn-info --build | grep -q '^MPI: *yes' && command -v mpirun >/dev/null ||
		sed -i '/^mpirun/,/^cmp ranks/d' recipes
	PATH=$PWD/bin:$PATH timeout 120 bash -e -o pipefail recipes >out 2>err 3>&- || { cat err; return 1; }
	[ ! -s err ] || { cat err; return 1; }
	[ "$(wc -l <predictions.csv)" -eq 6 ]
	[ "$(nn-info back.nnt | grep -o 'id [0-9a-f]*')" = "$(nn-info trained.nnt | grep -o 'id [0-9a-f]*')" ]
}

@test "README: what is typed by hand gives what it says" {
	ln -s "$examples" examples
	awk '/^## / { by_hand = /By hand/ } /^```$/ { inside = 0 } inside { print }
		/^```sh/ { inside = by_hand }' "$srcdir/README.md" >typed
	[ "$(grep -c '^nn-' typed)" -ge 7 ]
	timeout 120 bash -e -o pipefail typed >out 2>err 3>&- || { cat err; return 1; }
	[ ! -s err ] || { cat err; return 1; }
	awk '/^accuracy/ { exit !($2 >= 95) }' out
}

@test "mnist-cnn: a convolutional network, on the digits that are there" {
	example mnist-cnn
	awk '/^ *accuracy/ { share = $2 } END { exit !(share >= 96) }' out
}

@test "tiny-gpt: it guesses better than letters by their frequency, and writes" {
	example tiny-gpt
	awk '/^ *loss/ { loss = $2 } END { exit !(loss <= 1.95) }' out
	grep -q '^  The whale ' out
}

@test "MPI: ranks, and one that is killed" {
	example mpi
	[ "$(grep -c '^  same bits' out)" -eq 5 ]
}

@test "Slurm: a job that is stopped, queued again and goes on" {
	example slurm
	[ "$(grep -c '^  same bits' out)" -eq 1 ]
	grep -q 'goes on after step' out
}
