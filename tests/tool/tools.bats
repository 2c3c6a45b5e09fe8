# What all tools have in common, tried on each of them.
load common

setup_file() {
	load common
	cd "$BATS_FILE_TMPDIR" || return 1
	for i in 0 1 2 3 4 5 6 7; do
		echo "$((i % 3)),$((i * i % 5)).5,$((i % 2)),$([ $((i % 2)) = 0 ] && echo even || echo odd)"
	done >data.csv
	nn-import -t 4 -o data.nnt data.csv
	nn-init --mlp 3,4,2 --seed 1 --data data.nnt -o model.nnt
	nn-grad -m model.nnt -o grad.nnt data.nnt
	nn-slice -n 2 model.nnt
	printf 'step\tloss\n1\t2\n2\t1\n' >log.tsv
	source "$srcdir/tests/tool/profile.bash"
	make_profile >profile.json
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	cp "$BATS_FILE_TMPDIR"/* .
}

# A command line for each tool that reads files, takes no stdin, and writes to stdout.
usual() {
	case $1 in
	nn-import) echo nn-import -t 4 data.csv ;;
	nn-shard) echo nn-shard -n 2 -k 0/2 data.nnt ;;
	nn-init) echo nn-init --mlp 3,4,2 ;;
	nn-grad) echo nn-grad -m model.nnt data.nnt ;;
	nn-reduce) echo nn-reduce grad.nnt ;;
	nn-update) echo nn-update --lr 0.1 model.nnt grad.nnt ;;
	nn-eval) echo nn-eval -m model.nnt data.nnt ;;
	nn-train) echo nn-train -w 1 --steps 1 model.nnt data.nnt ;;
	nn-predict) echo nn-predict -m model.nnt data.nnt ;;
	nn-info) echo nn-info model.nnt ;;
	nn-convert) echo nn-convert --to safetensors model.nnt ;;
	nn-assign) echo nn-assign -w 2 data.nnt ;;
	nn-plot) echo nn-plot --ascii log.tsv ;;
	nn-stage) echo nn-stage -m model.nnt 0/1 data.nnt ;;
	nn-slice) echo nn-slice -k 0/2 model.nnt ;;
	nn-join) echo nn-join slice-0.nnt slice-1.nnt ;;
	nn-plan) echo nn-plan -p profile.json -d 60 -w 2 model.nnt ;;
	*) fail "no usual command line for $1" ;;
	esac
}

writes_text="nn-assign nn-eval nn-info nn-plan nn-plot nn-predict"

is_in() {
	[[ " $2 " == *" $1 "* ]]
}

@test "--help and --version go to stdout, exit 0" {
	for tool in $tools; do
		"$tool" --help >out 2>err
		[ ! -s err ]
		[[ "$(head -n 1 out)" == "usage: $tool [OPTION...]"* ]]
		[ "$(wc -L <out)" -le 79 ] || fail "$tool --help is wider than 79 columns"
		[ "$("$tool" --version 2>&1)" = "$tool (nnpipe) $("$tool" --version | sed 's/.* //')" ]
		sh_fails 4 "$tool: stdout: cannot write" "$tool --help >/dev/full"
		sh_fails 4 "$tool: stdout: cannot write" "$tool --version >/dev/full"
	done
}

@test "an unknown option, or one without its argument, is a usage error" {
	for tool in $tools; do
		fails 2 "$tool: unknown option '--no-such-option'; try '$tool --help'" \
			"$tool" --no-such-option
		"$tool" --list-options >options
		while read -r letter name argument choices; do
			[ "$argument" != - ] || continue
			fails 2 "$tool: option '--$name' needs an argument" "$tool" "--$name"
			[ "$letter" = - ] ||
				fails 2 "$tool: option '--$name' needs an argument" "$tool" "-$letter"
			[ -z "$choices" ] || fails 2 "$tool: --$name: 'no-such-choice' is not one of" \
				"$tool" "--$name=no-such-choice"
		done <options
	done
}

@test "each has -o, --output=FILE, and it gets what stdout would" {
	for tool in $tools; do
		"$tool" --list-options | grep -q '^o output ' || fail "$tool has no -o"
		[ "$tool" != nn-shard ] || continue # a template
		$(usual "$tool") >one 2>err
		$(usual "$tool") -o two >out 2>>err
		[ ! -s out ]
		[ -s one ]
		cmp one two
		cat err
		[ ! -s err ] || fail "$tool has something to say"
		rm two
	done
}

@test "a full disk, a closed stdout: exit 4" {
	for tool in $tools; do
		sh_fails 4 "No space left on device" "$(usual "$tool") >/dev/full"
		sh_fails 4 "stdout: cannot write: Bad file descriptor" "exec $(usual "$tool") >&-"
	done
}

@test "an output file stays as it was where the tool fails" {
	for tool in $tools; do
		[ "$tool" != nn-shard ] || continue
		echo old >file
		fails 4 "no/file" $(usual "$tool") -o no/file
		sh_fails 4 "file: cannot write: File too large" \
			"(ulimit -f 0; exec $(usual "$tool") -o file) 2>&1 | cat >&2"
		[ "$(cat file)" = old ]
		[ -z "$(find . -name '.file*')" ] || fail "$tool left $(find . -name '.file*')"
	done
}

@test "a reader that has gone ends each by SIGPIPE, silently" {
	for tool in $tools; do
		run --separate-stderr bash -c "trap '' PIPE; rm -f p; mkfifo p; exec 3<>p 4>p 3>&-
			exec $(usual "$tool") >&4"
		assert_equal "$tool $status $stderr" "$tool 141 "
	done
}

@test "binary data is refused by a terminal, text is not" {
	command -v script >/dev/null || skip "no script(1)"
	for tool in $tools; do
		run script -qec "$(usual "$tool")" /dev/null </dev/null
		if is_in "$tool" "$writes_text"; then
			assert_equal "$tool $status" "$tool 0"
		else
			assert_equal "$tool $status" "$tool 2"
			assert_output --partial "$tool: stdout: binary data is not for a terminal"
		fi
	done
}

@test "frames are not read from a terminal" {
	command -v script >/dev/null || skip "no script(1)"
	for tool in $tools; do
		case $tool in
		nn-import | nn-init | nn-plot) continue ;; # a person may type a table, and a spec
		nn-update) line="nn-update model.nnt" ;;
		nn-eval | nn-predict | nn-grad) line="$tool -m - data.nnt" ;;
		nn-shard | nn-slice) line="$tool -n 2 -k 0/2" ;;
		nn-train) line="nn-train - data.nnt" ;;
		nn-convert) line="nn-convert --to safetensors" ;;
		nn-assign) line="nn-assign -" ;;
		nn-stage) line="nn-stage -m - 0/1 data.nnt" ;;
		nn-plan) line="nn-plan -p profile.json -d 60 -" ;;
		*) line=$tool ;;
		esac
		run script -qec "$line >out" /dev/null </dev/null
		assert_equal "$tool $status" "$tool 2"
		assert_output --partial "$tool: stdin: is a terminal"
	done
}

@test "-h is --help" {
	for tool in $tools; do
		"$tool" --help >want
		"$tool" -h | cmp - want
	done
}

@test "closed descriptors are not taken by files" {
	for tool in $tools; do
		$(usual "$tool") >want
		bash -c "exec $(usual "$tool") <&- 2>&-" >got
		cmp want got
	done
}

# The same work with what is read last on stdin.
from_stdin() {
	case $1 in
	nn-import) echo nn-import -t 4 ;;
	nn-shard) echo nn-shard -k 0/2 ;;
	nn-init) echo nn-init - ;;
	nn-grad) echo nn-grad data.nnt ;;
	nn-reduce) echo nn-reduce ;;
	nn-update) echo nn-update --lr 0.1 model.nnt ;;
	nn-eval) echo nn-eval data.nnt ;;
	nn-train) echo nn-train -w 1 --steps 1 - data.nnt ;;
	nn-predict) echo nn-predict data.nnt ;;
	nn-info) echo nn-info ;;
	nn-convert) echo nn-convert --to safetensors ;;
	nn-assign) echo nn-assign -w 2 - ;;
	nn-plot) echo nn-plot ;;
	nn-stage) echo nn-stage -m model.nnt 0/1 - ;;
	nn-slice) echo nn-slice -k 1/2 ;;
	nn-join) echo nn-join ;;
	nn-plan) echo nn-plan -p profile.json -d 60 -w 2 - ;;
	*) fail "no command line for $1" ;;
	esac
}

@test "a closed stdin is a failed read, an empty one a bad input" {
	for tool in $tools; do
		sh_fails 4 "$tool: stdin: cannot read: Bad file descriptor" "exec $(from_stdin "$tool") <&-"
		: >empty
		sh_fails 1 "$tool: stdin: " "exec $(from_stdin "$tool") <empty"
		# What a pipe did not bring may come the next time.
		: | $(from_stdin "$tool") >out 2>err && fail "$tool takes nothing for something"
		[[ ${PIPESTATUS[1]} == [14] ]]
		[ "$(wc -l <err)" -eq 1 ]
	done
}

@test "a file that is not there, a folder, text, an empty file: exit 1, the file is named" {
	mkdir folder
	echo 'SSH-2.0 welcome to alice' >text
	: >empty
	for tool in $tools; do
		! is_in "$tool" "nn-init nn-import" || continue || false
		for file in missing folder text empty; do
			# The last operand of the usual command line is the file.
			words=($(usual "$tool"))
			words[-1]=$file
			fails 1 "$tool: $file: " "${words[@]}"
		done
	done
	fails 1 "nn-import: missing: " nn-import -t 1 missing
	fails 1 "nn-import: folder: " nn-import -t 1 folder
	fails 1 "nn-import: empty: " nn-import -t 1 empty
}

# A command line for each tool, with standard input where it may come in.
stdin_places() {
	case $1 in
	nn-import) echo "nn-import -t 4 -o kept" "nn-import --like - -o kept data.csv" ;;
	nn-shard) echo "nn-shard -n 2 -o kept-%d" ;;
	nn-init) echo "nn-init -o kept" "nn-init --mlp ,4, -o kept --data -" ;;
	nn-grad) echo "nn-grad -o kept data.nnt" "nn-grad -m model.nnt -o kept -" ;;
	nn-reduce) echo "nn-reduce -o kept" "nn-reduce -o kept grad.nnt -" ;;
	nn-update) echo "nn-update --lr 1 -o kept model.nnt" "nn-update --lr 1 -o kept - grad.nnt" ;;
	nn-eval) echo "nn-eval -o kept data.nnt" "nn-eval -o kept -m model.nnt -" ;;
	nn-predict) echo "nn-predict -o kept data.nnt" "nn-predict -o kept -m model.nnt" ;;
	nn-info) echo "nn-info -o kept" ;;
	nn-convert) echo "nn-convert --to nnt -o kept" ;;
	nn-assign) echo "nn-assign -w 2 -o kept -" ;;
	nn-plot) echo "nn-plot -o kept -" ;;
	nn-stage) echo "nn-stage -m model.nnt -o kept 0/1 -" "nn-stage -m - -o kept 0/1 data.nnt" ;;
	nn-slice) echo "nn-slice -n 2 -o kept-%d" ;;
	nn-join) echo "nn-join -o kept" "nn-join -o kept slice-0.nnt -" ;;
	nn-plan) echo "nn-plan -p profile.json -d 60 -w 2 -o kept -" ;;
	*) fail "what does $1 read on standard input?" ;;
	esac | sed 's/ nn-/\nnn-/g'
}

@test "standard input empty, closed, a login banner, cut, without END: one line, nothing written" {
	head -c 300 model.nnt >cut
	head -c -256 model.nnt >no-end
	for tool in $tools; do
		stdin_places "$tool" >commands
		while read -r command; do
			sh_fails 4 "stdin: cannot read: Bad file descriptor" "exec $command <&-"
			# Text is what nn-import, nn-init and nn-plot read.
			if [[ "$command" = "nn-import -t"* || "$command" = nn-plot* || "$command" = "nn-init -o kept" ]]; then
				sh_fails 1 "stdin: " ": | $command"
				continue
			fi
			sh_fails 4 "stdin: empty: not even an END frame came" ": | $command"
			sh_fails 4 "login script" "echo Welcome to alice | $command"
			sh_fails 4 "stdin: frame 0, byte 300: cut off here" "cat cut | $command"
			[[ "$command" = *-grad\ -o* ]] || # which answers each model as it comes
				sh_fails 4 "stdin: frame 1, byte " "cat no-end | $command" ||
				grep -q 'stdin: frame 0: ' err # not of its kind: refused before
			[ -z "$(find . -name 'kept*')" ] || fail "$command wrote $(ls kept*)"
		done <commands
	done
}

@test "an input that is also the output is refused" {
	for tool in $tools; do
		! is_in "$tool" "nn-init nn-shard" || continue || false
		words=($(usual "$tool"))
		cp "${words[-1]}" before
		fails 2 "$tool: ${words[-1]}: is both input and output" "${words[@]}" -o "${words[-1]}"
		cmp before "${words[-1]}"
	done
}

@test "the same input gives the same bytes" {
	for tool in $tools; do
		$(usual "$tool") >one
		cd /
		(cd "$BATS_TEST_TMPDIR" && OPENBLAS_NUM_THREADS=2 LC_ALL=C.UTF-8 TZ=Asia/Tokyo \
			$(usual "$tool") >two)
		cd "$BATS_TEST_TMPDIR"
		cmp one two
	done
}
