# What nnt(5) says holds, seen with od, head, tail and jq alone.
load common

# The commands of the example in nnt(5) that cuts a body out, without their "$ ".
example() {
	sed -n '/^\.Ss A body cut out/,/^\.Ed/s/^\$ //p' "$srcdir/man/nnt.5"
}

# number FILE AT TYPE: one number of a file, TYPE as od -t has it.
number() {
	local size=${3//[a-z]/}
	od -An -t "$3" -j "$2" -N "$size" "$1" | tr -d ' '
}

@test "the example of nnt(5) cuts out a safetensors file" {
	cp "$files/good-model.nnt" model.nnt
	[ "$(example | wc -l)" -eq 2 ]
	eval "$(example)"
	length=$(number model.safetensors 0 u8)
	tail -c +9 model.safetensors | head -c "$length" >header
	jq -e '.["0.weight"] == {"dtype": "F32", "shape": [3, 2], "data_offsets": [12, 36]}' header
	jq -e '.__metadata__.spec | fromjson | .input == [2]' header
	[ "$(stat -c %s model.safetensors)" -eq $((8 + length + 36)) ]
	[ "$(tail -c 36 model.safetensors | od -An -t f4 -w36 | tr -s ' ')" = ' 0.5 1.5 2.5 3.5 4.5 5.5 6.5 7.5 8.5' ]
	# ... that these tools take, too.
	nn-info --verify model.safetensors
	nn-convert --to safetensors model.nnt | tail -c 36 | cmp - <(tail -c 36 model.safetensors)
}

@test "every body of every good stream is a safetensors file, and nn-info says where it is" {
	for file in "$files"/good-*.nnt; do
		nn-info --json "$file" | jq -r 'select(.kind != "end" and (.deflated | not)) |
			[.position, .stored, (.tensors | length)] | @tsv' >where
		while read -r position stored tensors; do
			tail -c +$((position + 193)) "$file" | head -c "$stored" >body
			tail -c +9 body | head -c "$(number body 0 u8)" >header
			[ "$(jq 'del(.__metadata__) | length' header)" -eq "$tensors" ]
			jq -e 'del(.__metadata__) | [.[].data_offsets[1]] | max // 0 == '$((stored - 8 - $(number body 0 u8))) header
			nn-info --verify body
		done <where
	done
}

@test "the preamble's fields are where nnt(5) says" {
	grads=$files/good-grads.nnt
	second=$(nn-info --json "$grads" | jq 'select(.frame == 1).position')
	field() {
		local at
		at=$(sed -n "s/^\.It \([0-9]*\) Ta [uf][0-9]* Ta $1 Ta.*/\1/p" "$srcdir/man/nnt.5")
		number "$grads" $((second + at)) "$2"
	}
	[ "$(field version u2)" = 1 ]
	[ "$(field kind u2)" = 3 ]
	[ "$(field flags u4)" = 0 ]
	[ "$(field sequence u8)" = 1 ]
	[ "$(field stored u8)" = "$(field raw u8)" ]
	[ "$(field step u8)" = 5 ]
	[ "$(field epoch u8)" = 1 ]
	[ "$(field step_in_epoch u8)" = 1 ]
	[ "$(field steps_per_epoch u8)" = 4 ]
	[ "$(field seed u8)" = 42 ]
	[ "$(field shards u8)" = 2 ]
	[ "$(field first u8)" = 1 ]
	[ "$(field end u8)" = 2 ]
	[ "$(field part u4)" = 0 ]
	[ "$(field parts u4)" = 0 ]
	[ "$(field rows u8)" = 4 ]
	[ "$(field weight f8)" = 4 ]
	[ "$(field loss f8)" = 0.25 ]
	[ "$(field id x8)" = "$(nn-info --json "$files/good-model.nnt" | jq -r 'select(.frame == 0).id')" ]
	[ "$(head -c 8 "$grads" | od -An -t x1 | sed 's/^ //')" = "$(sed -n 's/^\.It 0 Ta 8 bytes Ta magic Ta //p' "$srcdir/man/nnt.5")" ]
	# CRC-32 as gzip computes it: in the last 8 bytes of what it writes.
	[ "$(field crc x4)" = "$(tail -c +$((second + 1)) "$grads" | head -c 188 | gzip -c | tail -c 8 | od -An -t x4 -N 4 | tr -d ' ')" ]
}

@test "digests are XXH3 of preamble, body and filler; END's id is that of the digests" {
	command -v xxhsum >/dev/null || skip "no xxhsum"
	# xxhsum writes the number with its first byte first.
	xxh3() {
		xxhsum -H3 - | grep -oE '[0-9a-f]{16}'
	}
	grads=$files/good-grads.nnt
	nn-info --json "$grads" | jq -r '[.position, .kind, .stored, .digest, .id] | @tsv' >frames
	: >digests
	while read -r position kind stored digest id; do
		length=$(((192 + stored + 8 + 63) / 64 * 64 - 8))
		[ "$(tail -c +$((position + 1)) "$grads" | head -c $length | xxh3)" = "$digest" ]
		[ "$(number "$grads" $((position + length)) x8)" = "$digest" ]
		[ "$kind" = end ] && [ "$(xxh3 <digests)" = "$id" ]
		tail -c +$((position + length + 1)) "$grads" | head -c 8 >>digests
	done <frames
}

@test "equal content gives equal bytes: the header is canonical JSON" {
	cp "$files/good-dtypes.nnt" state.nnt
	n=$(number state.nnt 192 u8)
	tail -c +201 state.nnt | head -c "$n" >header
	# jq writes compact JSON with the members in their order, too; then come the spaces.
	[ "$(jq -c . header)" = "$(sed 's/ *$//' header)" ]
	[ "$(jq -c 'keys_unsorted' header)" = '["F64","I64","U64","F32","I32","U32","empty","scalar","BF16","F16","I16","U16","BOOL","I8","U8","eight dimensions é€"]' ]
	[ $(((8 + n) % 64)) -eq 0 ]
}

@test "file(1) knows a stream by the installed magic" {
	command -v file >/dev/null || skip "no file"
	file -b -m "$srcdir/man/nnt.magic" "$files/good-grads.nnt" | grep -F 'nnpipe stream, version 1, begins with a gradient (step 5)'
	file -b -m "$srcdir/man/nnt.magic" "$files/good-data.nnt" | grep -F 'begins with data (4 rows)'
	file -b -m "$srcdir/man/nnt.magic" "$files/good-deflate.nnt" | grep -F ', deflated'
	! file -b -m "$srcdir/man/nnt.magic" "$files/bad-text-transfer.nnt" | grep -F nnpipe || false
}
