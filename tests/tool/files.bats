# The sample files of tests/files: good ones are read, bad ones refused, by every tool that reads streams.
load common

# "FILE<tab>TEXT" for each line of the tables in README.md that begins with $1.
table() {
	sed -n 's/^| \('"$1"'[^ ]*\) | .* | `\(.*\)` |$/\1\t\2/p' "$files/README.md"
}

# What a declared size could cost at most; the sanitizers need an address space of their own.
limit_memory() {
	[ "${SANITIZERS:-no}" = yes ] || ulimit -v 131072
}

# refused FILE TEXT COMMAND...: exit 1 and one line with TEXT, within seconds and little memory.
refused() {
	local file=$1 text=$2
	shift 2
	(limit_memory && fails 1 "$text" timeout 20 "$@") || fail "$file: $*"
}

# refused_from_pipe FILE TEXT COMMAND...: the same with 4, the file being standard input.
refused_from_pipe() {
	local file=$1 text=$2
	shift 2
	(limit_memory && sh_fails 4 "$text" "cat $files/$file | timeout 20 $*") || fail "cat $file | $*"
}

@test "README.md lists every file, and every file that it lists is there" {
	{ table good- && table bad-; } | cut -f1 | sort >listed
	(cd "$files" && ls good-* bad-*) | sort >there
	diff listed there
	[ "$(wc -l <listed)" -gt 80 ]
}

@test "make-samples writes the same files again" {
	mkdir again
	"$builddir/tests/files/make-samples" again
	for file in "$files"/good-* "$files"/bad-*; do
		cmp "$file" "again/${file##*/}"
		[ "$(stat -c %s "$file")" -le 2048 ]
	done
	[ "$(ls again | wc -l)" -eq "$(table '' | wc -l)" ]
}

@test "good files are whole" {
	while IFS=$'\t' read -r file text; do
		nn-info --verify "$files/$file" >out
		grep -F "$file: $text" out
		cat "$files/$file" | nn-info --verify >out
		grep -F "stdin: $text" out
		nn-info --stats "$files/$file" >/dev/null
		nn-info --json --stats "$files/$file" | jq -e . >/dev/null
	done < <(table good-)
}

@test "good streams come back from nn-convert byte for byte" {
	for file in "$files"/good-*.nnt; do
		case $file in
		*skippable* | *deflate*) continue ;;
		esac
		nn-convert --to nnt "$file" | cmp - "$file"
		nn-convert --to nnt -z "$file" | nn-convert --to nnt | cmp - "$file"
	done
	nn-convert --to nnt "$files/good-model.safetensors" | cmp - "$files/good-model.nnt"
	nn-convert --to safetensors "$files/good-model.nnt" | cmp - "$files/good-model.safetensors"
}

@test "nn-info refuses the bad ones" {
	while IFS=$'\t' read -r file text; do
		refused "$file" "$file: " nn-info --verify "$files/$file"
		refused "$file" "$text" nn-info "$files/$file"
		refused_from_pipe "$file" "$text" nn-info --verify
		refused_from_pipe "$file" "$text" nn-info --json --stats
	done < <(table bad-)
}

@test "nn-convert refuses the bad ones, and leaves what was there" {
	echo before >kept
	while IFS=$'\t' read -r file text; do
		for to in nnt safetensors; do
			refused "$file" "$text" nn-convert --to $to -o kept "$files/$file"
			refused_from_pipe "$file" "$text" nn-convert --to $to -o kept
		done
	done < <(table bad-)
	[ "$(cat kept)" = before ]
}

# Other tools may find something else wrong first (a model without a spec, say). So the message may differ,
# but not that there is one, and nothing that was there before is touched.
refused_somehow() {
	local rc=0 lines
	(limit_memory && exec timeout 20 bash -o pipefail -c "$1" >out 2>err) || rc=$?
	mapfile -t lines <err
	[ $rc -eq 1 ] || [ $rc -eq 4 ] || { cat err; fail "exit $rc: $1"; }
	[ ${#lines[@]} -eq 1 ] || { cat err; fail "not one line: $1"; }
	[[ ${lines[0]} == nn-[a-z]*": "* ]] || { cat err; fail "no tool name: $1"; }
}

# every_bad COMMAND: with {} for the file.
every_bad() {
	echo before >kept
	for file in "$files"/bad-*; do
		refused_somehow "${1//\{\}/$file}"
	done
	[ "$(cat kept)" = before ]
}

@test "nn-eval and nn-predict refuse them as model and as data" {
	every_bad "nn-eval -m {} -o kept $files/good-data.nnt"
	every_bad "cat {} | nn-eval -o kept $files/good-data.nnt"
	every_bad "nn-eval -m $files/good-model.nnt -o kept {}"
	every_bad "nn-predict -m {} -o kept $files/good-data.nnt"
}

@test "nn-grad refuses them as model and as data" {
	every_bad "cat {} | nn-grad -o kept $files/good-data.nnt"
	every_bad "nn-grad -m {} -o kept $files/good-data.nnt"
	every_bad "nn-grad -o kept {} <$files/good-model.nnt"
}

@test "nn-reduce refuses them alone, beside others and as frames" {
	every_bad "nn-reduce -o kept {}"
	every_bad "nn-reduce -o kept {} $files/good-model.nnt"
	every_bad "cat {} | nn-reduce -o kept"
}

@test "nn-update refuses them as model and as gradient" {
	every_bad "nn-update --lr 1 -o kept {} <$files/good-grads.nnt"
	every_bad "nn-update --lr 1 -o kept $files/good-model.nnt {}"
	every_bad "cat {} | nn-update --lr 1 -o kept $files/good-model.nnt"
}

@test "nn-shard refuses them, and writes no part" {
	every_bad "nn-shard -n 2 -o 'part-%d.nnt' {}"
	every_bad "cat {} | nn-shard -n 2 -o 'part-%d.nnt'"
	[ "$(find . -name 'part-*' | wc -l)" -eq 0 ]
}

@test "nn-slice and nn-join refuse them, and write no part" {
	every_bad "nn-slice -n 1 -o 'part-%d.nnt' {}"
	every_bad "cat {} | nn-slice -n 1 -o 'part-%d.nnt'"
	[ "$(find . -name 'part-*' | wc -l)" -eq 0 ]
	"$builddir/tests/tool/frames" model part=0 parts=2 a=1 >good-0
	"$builddir/tests/tool/frames" model part=1 parts=2 b=1 >good-1
	every_bad "nn-join -o kept {}"
	every_bad "cat {} | nn-join -o kept good-0 -"
	every_bad "nn-join -o kept {} good-1"
}

@test "nn-import refuses them as --like" {
	printf '1,2,no\n' >table.csv
	every_bad "nn-import --like {} -o kept table.csv"
	# So does it where only what stands behind the data is wrong.
	nn-import -t 3 -o like.nnt table.csv
	nn-import --like like.nnt table.csv >want
	head -c -64 like.nnt >cut.nnt
	fails 1 "cut.nnt: frame 1, byte " nn-import --like cut.nnt table.csv
}
