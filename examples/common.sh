# Sourced by every run.sh of this folder: where the tools are, a folder to work in, commands that are
# shown and then run. run.sh [DIR] works in DIR and leaves there what it made; without DIR it works in
# a temporary folder and removes it. The tools come from the folder NNPIPE_BIN names, else from PATH,
# else from build/ at the top of the source.
# shellcheck shell=sh

LC_ALL=C
export LC_ALL

# begin TITLE [DIR]: call it first, with "$@" of the script behind the title.
begin() {
	title=$1
	shift
	here=$(cd "$(dirname "$0")" && pwd)
	find_tools
	if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
		bold=$(printf '\033[1m') dim=$(printf '\033[2m') green=$(printf '\033[32m')
		red=$(printf '\033[31m') plain=$(printf '\033[0m')
	else
		bold='' dim='' green='' red='' plain=''
	fi
	if [ $# -gt 0 ]; then
		mkdir -p "$1"
		work=$(cd "$1" && pwd)
		keep=yes
	else
		work=$(mktemp -d "${TMPDIR:-/tmp}/nnpipe.XXXXXX")
		keep=no
	fi
	pids= # of what may still run in the background when we end
	trap finish EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	cd "$work" || exit
	began=$(now)
	printf '%s\n' "$bold$title$plain"
}

find_tools() {
	bin=${NNPIPE_BIN:-}
	if [ -z "$bin" ]; then
		if tool=$(command -v nn-grad); then
			bin=$(dirname "$tool")
		elif [ -x "$here/../../build/nn-grad" ]; then
			bin=$here/../../build
		else
			echo "$0: there is no nn-grad in PATH; build nnpipe (./bootstrap), or name" \
				"the tools' folder in NNPIPE_BIN" >&2
			exit 1
		fi
	fi
	bin=$(cd "$bin" && pwd)
	PATH=$bin:$PATH
	export PATH
}

# Ends what was started in the background (its process ids are in $pids), and tidies up.
finish() {
	status=$?
	trap - EXIT HUP INT TERM
	for pid in $pids; do
		kill "$pid" 2>/dev/null || :
	done
	cd / || :
	[ "$keep" = yes ] || rm -rf "$work"
	exit "$status"
}

# now: seconds, with fractions where date(1) knows them.
now() {
	date +%s.%N | sed 's/\.N$/.0/; s/\.%N$/.0/'
}

since() {
	now | awk -v began="$1" '{ printf "%.1f s", $1 - began }'
}

# section TEXT...: what comes next.
section() {
	printf '\n%s\n' "$bold$*$plain"
}

say() {
	printf '  %s\n' "$@" | sed 's/ *$//'
}

# show COMMAND: prints the command. do_it COMMAND: runs the very text that it prints.
show() {
	printf '%s\n' "$1" | sed "1s/^/  $dim\$ /; 1!s/^/    $dim/; s/\$/$plain/"
}

do_it() {
	show "$1"
	eval "$1"
}

# The same, what it prints indented.
show_it() {
	show "$1"
	eval "$1" | sed 's/^\(.\)/  \1/'
}

fail() {
	printf '%s\n' "${red}$*${plain}" >&2
	exit 1
}

# same FILE FILE [WHAT]: the same bits, or the end.
same() {
	show "cmp $1 $2"
	cmp "$1" "$2" || fail "$1 and $2 differ"
	say "${green}same bits${plain}${3:+: $3}"
}
