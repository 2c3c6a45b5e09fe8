# How options are read, by a tool that has one of each type and prints what it got:
# VERBOSE NAME METHOD COUNT RATE SCALE [WEIGHTS] [WORD]...
load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=$builddir/tests/tool:$PATH
}

# reads WANTED ARGUMENT...
reads() {
	local wanted=$1
	shift
	run --separate-stderr try-options "$@"
	assert_success
	assert_output "$wanted"
}

@test "defaults stand where nothing is given" {
	reads "0 none sum 3 0.5 1"
}

@test "short, long, attached, bundled, abbreviated" {
	reads "1 x mean 4! 0.25 1" -v -n x -m mean -c 4 --rate 0.25
	reads "1 x mean 4! 0.25 1" --verbose --name=x --method=mean --count=4 --rate=0.25
	reads "1 x mean 4! 0.5 1" -vnx -mmean -c4
	reads "1 none sum 3 0.5 1" --verb
}

@test "options may stand among operands, -- ends them, - is an operand" {
	reads "1 none sum 7! 0.5 1 [a] [b]" a -c 7 b -v
	reads "0 none sum 3 0.5 1 [-] [-v] [--count=3]" - -- -v --count=3
}

@test "the last one wins" {
	reads "0 b mean 2! 0.5 1 3" -n a -n b -m sum -m mean -c 1 -c 2 -w 1,2 -w 3
}

@test "numbers" {
	reads "0 none sum 18446744073709551615! 1 1e+300" -c 18446744073709551615 --rate 1 --scale 1e300
	reads "0 none sum 0! 0 0 -1,2.5,0.001" -c 0 --rate 0 --scale 0e0 -w -1,2.5,1e-3
	LC_ALL=de_DE.UTF-8 reads "0 none sum 3 0.25 1" --rate 0.25
}

@test "what is wrong is named in one line, exit 2" {
	while IFS='|' read -r text arguments; do
		# shellcheck disable=SC2086 # words are meant
		fails 2 "nn-try: $text; try 'nn-try --help'" try-options $arguments
	done <<-'EOF'
		unknown option '--foo'|--foo
		unknown option '--foo'|a --foo=3 b
		unknown option '-q'|-q
		unknown option '-q'|-vq
		ambiguous option '--ver'|--ver
		option '--verbose' takes no argument|--verbose=yes
		option '--count' needs an argument: N|a b -c
		option '--weights-of-all-the-inputs' needs an argument: W,...|--weights-of-all-the-inputs
		--method: 'max' is not one of sum, mean, median|-m max
		--method: 'Sum' is not one of sum, mean, median|-m Sum
		--count: '' is not a whole number|--count=
		--count: '-1' is not a whole number|-c -1
		--count: '1.5' is not a whole number|-c 1.5
		--count: '0x10' is not a whole number|-c 0x10
		--count: '18446744073709551616' is too large|-c 18446744073709551616
		--rate: '1,5' is not a number|--rate 1,5
		--rate: 'nan' is not a number|--rate nan
		--rate: '0.5x' is not a number|--rate 0.5x
		--rate: '1e999' is not a number|--rate 1e999
		--rate: 1.5 is not from 0 to 1|--rate 1.5
		--scale: -1 is less than 0|--scale -1
		--weights-of-all-the-inputs: '' in '1,,2' is not a number|-w 1,,2
	EOF
}

@test "a message cannot drive the terminal" {
	fails 2 'unknown option '"'"'--\x1b[31m\x0a'"'" try-options $'--\e[31m\n'
	fails 2 "unknown option '-\\xc3'" try-options -ü
}

@test "--help: columns, wrapped lines, choices" {
	try-options --help >got
	cat >want <<-'EOF'
	usage: nn-try [OPTION...] [WORD...]
	try the options

	  -v, --verbose           say more
	  -n, --name=NAME         a name
	  -m, --method=METHOD     how to combine; one of sum, mean, median

	Numbers
	  -c, --count=N           a whole number
	      --rate=RATE         a number with an explanation that is so long that it
	                          does not fit into one line
	      --scale=SCALE       a number from 0 up
	  -w, --weights-of-all-the-inputs=W,...
	                          several numbers
	      --progress          draw a progress line for a while
	  -o, --output=FILE       write to FILE

	  -h, --help              print this help
	      --version           print the version

	The manual: man nn-try; all tools: man nnpipe
	EOF
	diff -u want got
}

@test "--version" {
	reads "nn-try (nnpipe) $(sed -n 's/^AC_INIT(.*\[\([0-9.]*\)\])/\1/p' "$srcdir/configure.ac")" --version
}

@test "closed descriptors are not taken by files" {
	fails 4 "stdout: cannot write: Bad file descriptor" bash -c 'exec try-options >&-'
	try-options -o made <&- 2>&-
	grep -q sum made
	bash -c 'exec try-options -o made2 >&- <&-'
	cmp made made2
}

@test "a full disk is seen" {
	fails 4 "/dev/full: cannot write: No space left on device" try-options -o /dev/full
	sh_fails 4 "stdout: cannot write: No space left on device" 'try-options >/dev/full'
	sh_fails 4 "stdout: cannot write: No space left on device" 'try-options --help >/dev/full'
}

@test "an output file is whole or absent" {
	echo old >file
	sh_fails 4 "file: cannot write: File too large" '(ulimit -f 0; exec try-options -o file) 2>&1 | cat >&2'
	[ "$(cat file)" = old ]
	[ "$(ls -A)" = "$(printf 'err\nfile\nout')" ]
	fails 4 "no/file: cannot create: No such file or directory" try-options -o no/file
	fails 4 ".: cannot create: Is a directory" try-options -o .
	fails 4 "cannot" try-options -o /proc/file
}

@test "a reader that has gone ends a tool silently, also where SIGPIPE is ignored or blocked" {
	run --separate-stderr bash -c 'mkfifo p; exec 3<>p 4>p 5<p; exec 3>&- 5<&-; exec try-options >&4'
	assert_equal "$status" 141
	assert_equal "$stderr" ""
	run --separate-stderr bash -c 'mkfifo q; exec 3<>q 4>q; exec 3>&-; trap "" PIPE; exec try-options >&4'
	assert_equal "$status" 141
	assert_equal "$stderr" ""
}

# on_terminal COMMAND: its output and exit code where stdout is a terminal.
on_terminal() {
	command -v script >/dev/null || skip "no script(1)"
	script -qec "$1" /dev/null </dev/null | tr -d '\r'
	return "${PIPESTATUS[0]}"
}

@test "binary data is refused by a terminal, but not under MPI" {
	run on_terminal try-options
	assert_equal "$status" 2
	assert_output "nn-try: stdout: binary data is not for a terminal: use a pipe, a file or -o FILE"
	for variable in OMPI_COMM_WORLD_RANK PMI_RANK PMIX_RANK; do
		run on_terminal "env $variable=0 try-options 2>/dev/null"
		assert_success
		assert_output "0 none sum 3 0.5 1"
	done
}

@test "a note is for a terminal or for --verbose" {
	try-options 2>err >out
	[ ! -s err ]
	try-options -v 2>err >out
	[ "$(cat err)" = "nn-try: a note" ]
	run on_terminal "try-options >/dev/null"
	assert_output "nn-try: a note"
}

@test "progress is one line on a terminal, cut to its width and removed at the end" {
	run on_terminal "stty cols 20; TERM=xterm try-options --progress >/dev/null"
	assert_success
	assert_output "$(printf 'nn-try: a note\n%s' "2 of 3\\x09and a lon"$'\e[K'"3 of 3\\x09and a lon"$'\e[K\e[K')"
	run on_terminal "TERM=dumb try-options --progress >/dev/null"
	assert_output "nn-try: a note"
	try-options --progress 2>err >out
	[ ! -s err ]
}
