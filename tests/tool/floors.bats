# The floor rule of lib/README.md: a room includes only its own headers and those of rooms on lower
# floors; tools/ may include any room.
load common

floor() {
	case $1 in
	base) echo 0 ;;
	tensor | json | proc | ranks | sched | cli) echo 1 ;;
	codec | layer | loss | optim | plot | reduce) echo 2 ;;
	stream) echo 3 ;;
	data | model) echo 4 ;;
	train) echo 5 ;;
	plan) echo 6 ;;
	*) return 1 ;;
	esac
}

# "ROOM FILE INCLUDED" for each quoted include of the library.
includes() {
	local file room
	for file in "$srcdir"/lib/*/*.[ch]; do
		room=${file#"$srcdir"/lib/}
		sed -n "s,^#[ 	]*include[ 	]*\"\([^\"]*\)\".*,${room%%/*} ${file#"$srcdir"/} \1,p" "$file"
	done
}

# Files of lib/, tools/ and tests/unit/ that include <HEADER>, a regular expression.
who_includes() {
	(cd "$srcdir" && grep -lE "^#[ 	]*include[ 	]*[<\"]$1[>\"]" lib/*/*.[ch] tools/*.c) || true
}

@test "every folder of lib/ has a floor, and every floor is in lib/README.md" {
	for dir in "$srcdir"/lib/*/; do
		room=$(basename "$dir")
		floor "$room" || fail "lib/$room has no floor in this test"
		grep -q "^| $(floor "$room") | \`$room/\`" "$srcdir/lib/README.md" ||
			fail "lib/README.md does not name $room/ on floor $(floor "$room")"
	done
}

@test "a room includes its own headers and those of lower floors" {
	includes >found
	[ -s found ]
	wrong=0
	while read -r room file header; do
		other=${header%%/*}
		if [ "$other" = "$header" ]; then
			echo "$file: \"$header\" names no room"
			wrong=1
		elif ! floor "$other" >/dev/null; then
			echo "$file: \"$header\" is in no room"
			wrong=1
		elif [ "$other" != "$room" ] && [ "$(floor "$other")" -ge "$(floor "$room")" ]; then
			echo "$file: $room is not above $other (\"$header\")"
			wrong=1
		fi
	done <found
	[ $wrong -eq 0 ]
}

@test "only tools/ see lib/cli" {
	includes | awk '$1 != "cli" && $3 ~ /^cli\//' >found
	cat found
	[ ! -s found ]
}

@test "each foreign library is seen by one room" {
	while read -r room header; do
		who_includes "$header" >found
		[ -s found ] || fail "nobody includes $header"
		grep -v "^lib/$room/" found && fail "$header is for lib/$room alone"
	done <<-'EOF'
		tensor cblas\.h
		tensor dlfcn\.h
		json cjson/cJSON\.h
		stream zlib\.h
		base (xxhash|xxh_x86dispatch)\.h
		base Random123/.*
		cli getopt\.h
		ranks mpi\.h
	EOF
	who_includes 'csv\.h' >found
	! grep -v '^lib/data/' found || false
}

@test "the library does not print and does not exit" {
	cd "$srcdir"
	! grep -nE '(^|[^a-zA-Z_>.])(printf|puts|putchar|fprintf|perror|exit|abort|_exit) ?\(' \
		$(find lib -name '*.c' ! -path 'lib/cli/*' ! -path 'lib/proc/*') || false
}
