# Completion in bash, as readline calls it: the words before the cursor, cut at "=" too.
load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	PATH=$builddir/tests/tool:$PATH
	source "$srcdir/tools/nnpipe.bash"
}

# completes WANTED WORD...: the words WANTED are offered behind the command line WORD...
completes() {
	local wanted=$1
	shift
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_nnpipe "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" || true
	[ "${COMPREPLY[*]}" = "$wanted" ] || fail "$*: wanted '$wanted', got '${COMPREPLY[*]}'"
}

@test "options" {
	completes "--method=" try-options --m
	completes "--verbose --version" try-options file --ver
	completes "" try-options --nothing
	completes "--verbose -v --name= -n --method= -m --count= -c --rate= --scale= \
--weights-of-all-the-inputs= -w --progress --output= -o --help -h --version" try-options -
}

@test "choices" {
	completes "sum mean median" try-options --method ""
	completes "mean median" try-options --method = me
	completes "sum mean median" try-options -v --method =
	completes "median" try-options -m med
}

@test "file names where nothing else is known" {
	completes "" try-options ""
	completes "" try-options -v ""
	completes "" try-options --output ""
	completes "" try-options -o fi
	for tool in $tools; do
		[[ $(complete -p "$tool") == *"-o default"*"-F _nnpipe $tool" ]]
	done
}

@test "every tool is completed, and tells its options" {
	[ "$(complete -p | sed -n 's/.* \(nn-[a-z]*\)$/\1/p' | sort)" = "$(tr ' ' '\n' <<<"$tools" | sort)" ]
	for tool in $tools; do
		completes "--help" "$tool" --hel
	done
}
