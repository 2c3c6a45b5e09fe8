# nn-import: what is typed, and the numbers that come out. tests/tool/rows shows a data stream as text.
load common

rows() {
	"$builddir/tests/tool/rows"
}

# gives 'ROWS' ARGUMENT...: nn-import of the file "in" must give those rows, without the first line.
gives() {
	local want=$1
	shift
	nn-import "$@" in >out.nnt
	rows <out.nnt | sed 1d >got
	printf -- "$want" | diff - got
}

# meta KEY: of the last output.
meta() {
	nn-info --json out.nnt | jq -r "select(.kind == \"data\") | .metadata.$1" | head -n 1
}

# bad 'TEXT IN THE MESSAGE' 'CONTENT' OPTION...: exit 1, one line that names the file.
bad() {
	local text=$1
	printf "$2" >in
	shift 2
	fails 1 "nn-import: in: $text" nn-import "$@" in
	[ ! -s out ]
}

@test "numbers, text classes, a header; the target by name or by number" {
	printf 'age,height,label\n1,2.5,b\n-3e2,.5,a\n0,1.,b\n' >in
	gives '1 2.5 | 1\n-300 0.5 | 0\n0 1 | 1\n' -t label
	[ "$(meta classes)" = '["a","b"]' ]
	[ "$(meta rows)" = 3 ]
	[ "$(meta columns)" = '[{"as":"number","names":["age","height"]},{"as":"class","names":["label"]}]' ]
	[ "$(rows <out.nnt | head -n 1)" = '3 rows, x F32 [3, 2], y I32 [3]' ]
	gives '1 2.5 | 1\n-300 0.5 | 0\n0 1 | 1\n' -t 3
	nn-import -t 1 -o file in
	nn-import -t age <in | cmp - file
}

@test "a cell becomes the nearest float" {
	# numpy.float32(float(text)), written with the fewest digits
	printf '0.1,16777217,1e-45,123456789012345678901234567890,4.35,-0.0,3.4028235e38,1e-50\n' >in
	gives '0.1 16777216 1e-45 1.2345679e+29 4.35 -0 3.4028235e+38 0\n'
}

@test "without -t all columns are inputs and rows are unlabelled" {
	printf '1,2,3\n4,5,6\n' >in
	gives '1 2 3\n4 5 6\n'
	[ "$(meta classes)" = null ]
	[ "$(meta columns)" = '[{"as":"number","count":3}]' ]
}

@test "header: found by the rows below, or said" {
	printf '1,2\n3,4\n' >in
	gives '1 2\n3 4\n'
	gives '3 4\n' --header yes
	printf 'label,0,1\nx,5,6\ny,7,8\n' >in # numbers may name columns
	gives '5 6 | 0\n7 8 | 1\n' -t label --header yes
	printf 'y,0,1\n3,5,6\n4,7,8\n' >in
	gives '5 6 | 0\n7 8 | 1\n' -t y
	printf 'a,b\nx,yes\nz,no\n' >in # texts, but none of the first row comes again
	gives '1 0 | 1\n0 1 | 0\n' -t 2
	printf 'x,yes\nx,no\ny,no\n' >in
	gives '1 0 | 1\n1 0 | 0\n0 1 | 0\n' -t 2
	printf 'a,b\nx,yes\nx,no\ny,no\n' >in
	gives '1 0 | 1\n1 0 | 0\n0 1 | 0\n' -t b
	gives '1 0 0 | 0\n0 1 0 | 2\n0 1 0 | 1\n0 0 1 | 1\n' -t 2 --header no
}

@test "quoted cells, quotes, commas and line feeds in them, CRLF, a byte order mark, blank lines" {
	printf '\xef\xbb\xbf"a","b,c","d ""q"" \n"\r\n"1", 2 ,3\r\n\r\n4,"5",6.5' >in
	gives '1 3 | 0\n4 6.5 | 1\n' -t 'b,c'
	[ "$(meta 'columns | fromjson[2].names[0] | @json')" = '"d \"q\" \n"' ]
	# The same cells, plain and quoted, give the same bits.
	for i in $(seq 200); do
		echo "$i,$((i * i)).25,-$i e$((i % 3))," | tr -d ' '
	done | sed 's/,$/,c/' >in
	nn-import -t 4 in >plain
	sed 's/[^,]*/"&"/g' in >quoted
	nn-import -t 4 quoted | cmp - plain
	sed 's/,/ , /g; s/$/\r/' in >spaced
	nn-import -t 4 spaced | cmp - plain
}

@test "tabs and other delimiters" {
	printf 'a\tb,c\n1\t2\n3\t4\n' >in
	gives '1 | 0\n3 | 1\n' -f tsv -t 'b,c'
	printf 'a\tb\n1\t2\n3\t4\n' >in
	gives '1 | 0\n3 | 1\n' -t b
	gives '1 | 0\n3 | 1\n' -t b --delimiter '\t' -f csv
	tr '\t' ';' <in >semicolons
	nn-import -t b --delimiter ';' semicolons | cmp - out.nnt
}

@test "gzipped tables" {
	printf 'a,b\n1,2\n3,4\n' >in
	nn-import -t b in >plain
	gzip in
	nn-import -t b in.gz | cmp - plain
	nn-import -t b <in.gz | cmp - plain
	head -c 20 in.gz >cut
	fails 1 'nn-import: cut: byte' nn-import cut
	sh_fails 4 'nn-import: stdin: byte' 'cat cut | nn-import'
}

@test "targets: classes by text or few whole numbers, else numbers, or as is said" {
	printf '1,10\n1,2\n1,2.0\n' >in
	gives '1 | 1\n1 | 0\n1 | 0\n' -t 2
	[ "$(meta classes)" = '["2","10"]' ]
	gives '1 | 10\n1 | 2\n1 | 2\n' -t 2 --target-type number
	[ "$(rows <out.nnt | head -n 1)" = '3 rows, x F32 [3, 1], y F32 [3, 1]' ]
	[ "$(meta columns)" = '[{"as":"number","count":1},{"as":"target","count":1}]' ]
	printf '1,10\n1,2\n1,2.5\n' >in
	gives '1 | 10\n1 | 2\n1 | 2.5\n' -t 2
	gives '1 | 2\n1 | 0\n1 | 1\n' -t 2 --target-type class
	[ "$(meta classes)" = '["2","2.5","10"]' ]
	printf '1,10\n1,b\n1,2.5\n' >in
	gives '1 | 0\n1 | 2\n1 | 1\n' -t 2
	[ "$(meta classes)" = '["10","2.5","b"]' ]
	fails 1 "in: line 2: column 2: 'b': not a number" nn-import -t 2 --target-type number in
	# A hundred different whole numbers are classes, a hundred and one are numbers.
	seq 100 | sed 's/^/0,/' >in
	nn-import -t 2 in | rows | head -n 1 | grep -q 'y I32'
	seq 101 | sed 's/^/0,/' >in
	nn-import -t 2 in >out.nnt
	rows <out.nnt | sed 1d | cut -d ' ' -f 3 | cmp - <(seq 101)
	nn-import -t 2 --target-type class in | rows | head -n 1 | grep -q 'y I32'
}

@test "several targets" {
	printf 'a,b,c,d\n1,2,3,4\n5,6,7,8\n' >in
	gives '1 3 | 2 4\n5 7 | 6 8\n' -t b,d
	gives '1 | 2 3 4\n5 | 6 7 8\n' -t 2-4
	fails 1 '2 targets cannot be classes' nn-import -t b,d --target-type class in
}

@test "a column of texts becomes an input for each, in order" {
	printf 'city,x,y\nRome,1,0\nOslo,2,1\nRome,3,0\n' >in
	gives '0 1 1 | 0\n1 0 2 | 1\n0 1 3 | 0\n' -t y
	[ "$(meta 'columns | fromjson[0] | @json')" = \
		'{"as":"one-hot","names":["city"],"values":["Oslo","Rome"]}' ]
	seq 1001 | sed 's/$/x,1/' >in
	fails 1 'in: line 1001: column 1: the 1001st different text' nn-import in
	nn-import -d 1 in | rows | grep -q '1001 rows, x F32 .1001, 1.'
}

@test "--columns and --drop: names, numbers, ranges" {
	printf 'a,b,c,d\n1,2,3,4\n5,6,7,8\n' >in
	gives '1 2 | 0\n5 6 | 1\n' -t d -c a,b
	gives '1 2 | 0\n5 6 | 1\n' -t d -d c
	gives '2 3\n6 7\n' -c 2-3
	gives '1 4\n5 8\n' -d 2-3
	[ "$(meta columns)" = '[{"as":"number","names":["a"]},{"as":"none","names":["b","c"]},{"as":"number","names":["d"]}]' ]
	fails 1 "no column 'e'; columns are a, b, c, d" nn-import -t e in
	fails 1 "no column '5': columns are 1 to 4" nn-import -d 5 in
	fails 1 "no column '3-2': columns are 1 to 4" nn-import -d 3-2 in
	fails 1 'column 1 (a) is the target: it cannot be left out too' nn-import -t a -d a in
	fails 1 'no input columns are left' nn-import -t a -d 2-4 in
	printf '1,2\n3,4\n' >in
	fails 1 "no column 'a': there is no header, columns are 1 to 2" nn-import -t a in
	printf 'a,a\n3,4\n' >in
	fails 1 "2 columns have the name 'a'" nn-import -t a in
}

@test "--standardize: mean 0 and standard deviation 1; constants are 0, texts stay" {
	printf '1.5,10,7,u\n2.5,20,7,v\n-4,30,7,u\n8,100,7,u\n' >in
	# numpy: ((x - x.mean(0)) / x.std(0)).astype(float32)
	gives "$(printf '%s\\n' '-0.117444046 -0.84852815 0 1 0' '0.117444046 -0.56568545 0 0 1' \
		'-1.4093286 -0.28284273 0 1 0' '1.4093286 1.6970563 0 1 0')" -s
	[ "$(meta 'columns | fromjson[0].mean | @json')" = '[2,40,7]' ]
	# Differences that a float does not hold are kept.
	printf '20230101\n20230102\n20230105\n' >in
	gives '-0.9805807\n-0.39223227\n1.372813\n' -s
}

@test "--na: fail, drop, mean; all the ways to write nothing" {
	printf 'a,b,t\n1,2,x\n,5,y\n3,8,\n5,9,y\n' >in
	fails 1 "in: line 3: column 1 (a): '': a missing value" nn-import -t t in
	fails 1 "in: line 3: column 1 (a): '': a missing value" nn-import -t t --na fail in
	gives '1 2 | 0\n5 9 | 1\n' -t t --na drop
	fails 1 "in: line 4: column 3 (t): '': a missing value" nn-import -t t --na mean in
	printf 'a,b\n1,u\n,v\n6,\n2,u\n' >in
	gives '1 1 0\n3 0 1\n6 0 0\n2 1 0\n' --na mean
	gives '1 1\n2 1\n' --na drop
	printf '1\nNA\nNaN\nnan\nnull\nNULL\n?\nN/A\n""\n3\n' >in
	gives '1\n2\n2\n2\n2\n2\n2\n2\n2\n3\n' --na mean
	bad 'no row is left' 'a,b\n1,\n2,\n' --na drop
	bad 'column 2 (b): holds no number' 'a,b\n1,\n2,\n' --na mean
}

@test "--like: columns by name or place, the same classes, values and scaling" {
	printf 'age,city,label\n1,Oslo,b\n2,Rome,a\n6,Oslo,b\n' >in
	nn-import -s -t label in -o first
	gives '-0.9258201 1 0 | 1\n-0.46291006 0 1 | 0\n1.3887302 1 0 | 1\n' --like first
	cmp out.nnt first
	[ "$(meta columns)" = "$(nn-info --json first | jq -r 'select(.kind == "data").metadata.columns')" ]
	# Another order, other columns between, fewer classes.
	printf 'label,x,city,age\nb,1,Rome,3\n' >in
	gives '0 0 1 | 1\n' --like first
	# No target: rows to predict. No header: places.
	printf 'city,age\nRome,3\n' >in
	gives '0 0 1\n' --like first
	[ "$(meta classes)" = '["a","b"]' ]
	printf '3,Rome\n' >in
	gives '0 0 1\n' --like first
	printf '3,Rome,a\n' >in
	gives '0 0 1 | 0\n' --like first
	bad "line 1: column 3: 'c': an unknown class" '3,Rome,c\n' --like first
	bad "line 2: column 1 (city): 'Bonn': first does not have this value" 'city,age\nBonn,3\n' --like first
	bad "no column 'age', as in first" 'city,years\nBonn,3\n' --like first --header yes
	bad '4 columns, first has 3, the target among them' '1,2,3,4\n' --like first
	bad "line 1: column 1: 'x': not a number" 'x,Rome,a\n' --like first --header no
	fails 2 '--like says' nn-import --like first -t 1 in
	fails 2 '--like says' nn-import --like first -s in
}

@test "--like: missing cells as there, numbers as targets, no header on either side" {
	printf '1,10.5\n3,20\n,30\n' >in
	nn-import -t 2 --na mean in -o first
	printf '5\n\n""\n' >in
	gives '5\n2\n' --like first
	printf '5,1\n,7\n' >in
	gives '5 | 1\n2 | 7\n' --like first
	gives '5 | 1\n' --like first --na drop
	printf '1,10.5\n3,20\n' >in
	nn-import -t 2 in -o plain
	bad 'plain: names no means' '5,1\n,7\n' --like plain --na mean
	bad "line 2: column 1: '': a missing value" '5,1\n,7\n' --like plain
}

@test "--like: a model that was made for the data" {
	printf 'age,city,label\n1,Oslo,b\n2,Rome,a\n6,Oslo,b\n' >in
	nn-import -s -t label in -o first
	nn-init --mlp 3,2 --data first -o model
	printf 'city,age\nRome,3\n' >in
	gives '0 0 1\n' --like model
	nn-init --mlp 3,2 -o bare
	fails 1 'bare does not say how the columns of a table are encoded' nn-import --like bare in
	fails 1 'nn-import: in: ' nn-import --like in in
}

@test "bad tables: exit 1, and the line says where" {
	bad 'is empty: no rows' ''
	bad 'is empty: no rows' '\n\r\n \n'
	bad 'has a header but no rows' 'a,b\n'
	bad 'line 3: 2 cells, the first row has 3' '1,2,3\n4,5,6\n7,8\n'
	bad 'line 4: 4 cells, the first row has 3' 'a,b,c\n1,2,3\n\n7,8,9,\n'
	bad 'line 3: a quote is opened and never closed' '1,2\n3,4\n5,"6\n7,8\n'
	bad 'line 4: a quote is opened and never closed' '1,2\n3,4\n"5\n","6\n7,8\n'
	bad 'line 2: a quote inside a cell' '1,2\n3,5"6\n7,8\n'
	bad 'line 2: a quote inside a cell' '1,2\n3,"5"6\n7,8\n'
	bad 'line 3: holds a NUL byte' '1,2\n3,4\n5,\0006\n'
	bad 'is UTF-16' '\xff\xfe1\0,\0002\0'
	bad 'line 1: a carriage return inside a line' '1,2\r3,4\r'
	bad "line 2: column 2: '3,14': a decimal comma" '1,2\n3,"3,14"\n'
	bad "line 1: column 1: '3,14': a decimal comma" '3,14;2,5\n' --delimiter ';'
	bad "line 1: column 1: '3;14': several numbers in a cell; is the delimiter ';'?" '3;14\n'
	bad "line 2: column 1 (a): '1e400': beyond the range of a float" 'a\n1e400\n'
	bad "line 2: column 1 (a): '-3.5e38': beyond the range of a float" 'a\n-3.5e38\n'
	bad 'line 1: column 2: ' '1,\xff\n1,b\n'
	grep -q 'not UTF-8' err
	# Beyond the rows that decide.
	{ seq 2000 | sed 's/$/,1/'; echo 'x,1'; } >in
	fails 1 "in: line 2001: column 1: 'x': not a number" nn-import in
	{ seq 2000; echo 'x'; } | sed 's/^/1,/' >in
	fails 1 "in: line 2001: column 2: 'x': not a number" nn-import -t 2 in
	{ seq 2000; echo '1,2'; } >in
	fails 1 'in: line 2001: 2 cells, the first row has 1' nn-import in
}

@test "rows beyond the first thousand, and in several frames" {
	seq 30000 | sed 's/.*/&,&5,a&/; s/a.*\(.\)$/c\1/' >in
	nn-import -t 3 in >out.nnt
	rows <out.nnt | grep -v rows >got
	seq 30000 | sed 's/.*\(.\)$/& &5 | \1/' | diff - got
	[ "$(nn-info --json out.nnt | jq -r 'select(.kind == "data").rows' | tr '\n' ' ')" = \
		'8192 8192 8192 5424 ' ]
}

# idx TYPE DIMENSION...: the head of an IDX file.
idx() {
	printf '\0\0'
	printf "\\x$1\\x0$(($# - 1))"
	shift
	for d; do
		printf "\\0\\0\\x$(printf %02x $((d / 256)))\\x$(printf %02x $((d % 256)))"
	done
}

@test "IDX: bytes stay bytes, images keep their shape, labels are classes" {
	{ idx 08 3 2 2; printf '\x01\x02\x03\x04\x00\x00\x00\x00\xff\x80\x00\x01'; } >images
	{ idx 08 3; printf '\x02\x00\x02'; } >labels
	nn-import images labels >out.nnt
	printf '3 rows, x U8 [3, 2, 2], y I32 [3]\n1 2 3 4 | 2\n0 0 0 0 | 0\n255 128 0 1 | 2\n' |
		diff - <(rows <out.nnt)
	[ "$(meta classes)" = '["0","1","2"]' ]
	[ "$(meta x_scale)" = 0.00392156862745098 ]
	[ "$(meta rows)" = 3 ]
	gzip -k images labels
	nn-import -f idx images.gz labels.gz | cmp - out.nnt
	nn-import - labels <images | cmp - out.nnt
	nn-import images | rows | head -n 2 | diff - <(printf '3 rows, x U8 [3, 2, 2]\n1 2 3 4\n')
	{ idx 08 2; printf '\x00\x01'; } >two
	{ idx 08 2 1; printf '\x07\x09'; } >images2
	nn-import --like out.nnt images2 two >like
	[ "$(nn-info --json like | jq -r 'select(.kind == "data").metadata.classes')" = '["0","1","2"]' ]
}

@test "IDX: other types of element" {
	{ idx 0d 2 1; printf '\x3f\xc0\0\0\xc0\0\0\0'; } >in # 1.5, -2
	gives '1.5\n-2\n'
	{ idx 0b 2 1; printf '\x01\x00\xff\xfe'; } >in
	gives '256\n-2\n'
}

@test "bad IDX files" {
	{ idx 08 3 2; printf 123456; } >x
	{ idx 08 3; printf '\x02\x00\x02'; } >y
	head -c 15 x >cut
	fails 1 'cut: names 3 rows of 2 bytes, and ends in row 1' nn-import cut y
	{ cat x; printf z; } >long
	fails 1 'long: goes on behind its 3 rows' nn-import long y
	{ idx 08 2; printf '\x02\x00'; } >two
	fails 1 'x has 3 rows and two 2 labels' nn-import x two
	fails 1 'x: labels are whole numbers in one dimension' nn-import x x
	{ idx 08 3; printf '\x02\x00'; } >few
	fails 1 'few: names 3 rows of 1 bytes, and ends in row 2' nn-import x few
	head -c 10 x >head
	fails 1 'head: is cut off in its 2 dimensions' nn-import head
	{ idx 08 0 2; } >none
	fails 1 'none: has no elements' nn-import none
	printf '\0\0\x08\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' >huge
	fails 1 'huge: its shape overflows' nn-import huge
	printf '\0\0\x08\x02\xff\xff\xff\xff\x00\x3f\xff\xff' >big
	sh_fails 1 'big: names 4294967295 rows' \
		'[ "$SANITIZERS" = yes ] || ulimit -v 131072; nn-import big'
	printf '\0\0\x08\x02\x00\x00\xff\xff\xff\xff\xff\xff' >wide
	fails 1 'wide: a row of more than 64 MiB' nn-import wide
	gzip x
	head -c 30 x.gz >x2.gz
	fails 1 'x2.gz: byte' nn-import x2.gz
	echo 1,2 >in.csv
	fails 1 'in.csv: not an IDX file' nn-import -f idx in.csv
	fails 2 'IDX files have no columns: the labels are a second file' nn-import -t 1 y
	fails 2 'IDX files have no columns' nn-import -c 1 y
	{ idx 08 3 2; printf 123456; } >x
	fails 1 'y holds labels and x images: the images come first (swap them)' nn-import y x
}

# The rows of a text by od: x and y of context $1, stride $2, from the file "in".
text_rows() {
	local at length
	length=$(wc -c <in)
	for ((at = 0; at + $1 < length; at += $2)); do
		echo "$(od -An -v -t u1 -w"$1" -j "$at" -N "$1" in) |" \
			"$(od -An -v -t u1 -w"$1" -j $((at + 1)) -N "$1" in)"
	done | sed 's/  */ /g; s/^ //'
}

@test "a text: rows of bytes, and the byte behind each" {
	printf 'hello\n"w\\rld"\xc3\xa9\0 abc' >in
	nn-import -f text --context 4 in >out.nnt
	[ "$(rows <out.nnt | head -n 1)" = '4 rows, x U8 [4, 4], y U8 [4, 4]' ]
	text_rows 4 4 | diff - <(rows <out.nnt | sed 1d)
	[ "$(meta rows)" = 4 ]
	[ "$(meta tokens)" = bytes ]
	[ "$(meta x_scale)" = null ]
	[ "$(meta 'classes | fromjson | length')" = 256 ]
	nn-info --json out.nnt |
		jq -r 'select(.kind == "data").metadata.classes | fromjson | .[0, 10, 32, 34, 65, 92, 126, 127, 255]' |
		diff - <(printf '%s\n' '\x00' '\x0a' '\x20' '"' A '\x5c' '~' '\x7f' '\xff')
	# As many bytes as fill all rows, and one fewer.
	head -c 17 in >full
	nn-import -f text --context 4 full | cmp - out.nnt
	head -c 16 in >few
	nn-import -f text --context 4 few | rows | head -n 1 | grep -q '^3 rows'
	head -c 2 in >two
	nn-import -f text --context 1 two | rows | diff - <(printf '1 rows, x U8 [1, 1], y U8 [1, 1]\n104 | 101\n')
}

@test "a text: by its name, from a pipe, gzipped" {
	seq 5000 >in
	cp in in.txt
	nn-import -f text in >out.nnt
	text_rows 128 128 | diff - <(rows <out.nnt | grep -v rows)
	nn-import in.txt | cmp - out.nnt
	nn-import -f text <in.txt | cmp - out.nnt
	cat in.txt | nn-import -f text | cmp - out.nnt
	cat in.txt | nn-import -f text - | cmp - out.nnt
	gzip in.txt
	nn-import in.txt.gz | cmp - out.nnt
	nn-import -f text - <in.txt.gz | cmp - out.nnt
	head -c 100 in.txt.gz >cut
	fails 1 'nn-import: cut: byte' nn-import -f text cut
	# From where the descriptor stands.
	{ head -c 1000 >/dev/null; nn-import -f text; } <in >rest
	tail -c +1001 in | nn-import -f text | cmp - rest
	# Content does not make a text.
	nn-import in | rows | head -n 1 | grep -q 'x F32 .5000, 1.'
}

@test "a text: several frames, and the same through a pipe" {
	seq 400000 >in
	nn-import -f text --context 100 in >out.nnt
	[ "$(nn-info --json out.nnt | jq -r 'select(.kind == "data").rows' | tr '\n' ' ')" = \
		"8192 8192 8192 2312 " ]
	cat in | nn-import -f text --context 100 | cmp - out.nnt
	# All x, one behind the other, are the text.
	nn-info --values x out.nnt | tr , '\n' | cmp - <(od -An -v -t u1 -w1 -N 2688800 in | tr -d ' ')
	nn-info --values y out.nnt | tr , '\n' | cmp - <(od -An -v -t u1 -w1 -j 1 -N 2688800 in | tr -d ' ')
	# A long row: fewer of them in a frame.
	nn-import -f text --context 65536 in >long.nnt
	[ "$(nn-info --json long.nnt | jq -r 'select(.kind == "data").rows' | tr '\n' ' ')" = '32 9 ' ]
}

@test "a text: --stride, smaller and greater than the context" {
	printf 'The quick brown fox jumps over the lazy dog' >in
	for stride in 1 2 4 5 6 7 13 38 39 1000; do
		nn-import -f text --context 5 --stride $stride in >out.nnt
		text_rows 5 $stride | diff - <(rows <out.nnt | sed 1d)
		nn-import -f text --context 5 --stride $stride - <in | cmp - out.nnt
		cat in | nn-import -f text --context 5 --stride $stride | cmp - out.nnt
	done
	seq 20000 >in # over many blocks
	nn-import -f text --context 5 --stride 9000 in | rows | sed 1d | diff - <(text_rows 5 9000)
}

@test "a text: --tokens used numbers the bytes that there are" {
	printf 'b\\a\n\xc3\xa9b' >in
	nn-import -f text --context 2 --tokens used in >out.nnt
	rows <out.nnt | diff - <(printf '%s\n' '3 rows, x U8 [3, 2], y U8 [3, 2]' \
		'3 1 | 1 2' '2 0 | 0 5' '5 4 | 4 3')
	[ "$(meta classes)" = '["\\x0a","\\x5c","a","b","\\xa9","\\xc3"]' ]
	[ "$(meta tokens)" = bytes ]
	cat in | nn-import -f text --context 2 --tokens used | cmp - out.nnt
	# The names of the tokens give back the text.
	seq 1000 | sed 's/0/\\/; s/1/"/' >in
	nn-import -f text --context 7 --tokens used in >out.nnt
	nn-info --json out.nnt | jq -r 'select(.kind == "data").metadata.classes | fromjson[]' >names
	nn-info --values x out.nnt | tr , '\n' | awk 'NR == FNR { name[NR - 1] = $0; next } { print name[$0] }' names - |
		sed 's/^\\x0a$/\n/; s/^\\x5c$/\\/' | sed -z 's/\n\n\n/\r/g; s/\n//g; s/\r/\n/g' >got
	head -c "$(wc -c <got)" in | cmp - got
	[ "$(wc -c <got)" -gt 3800 ]
}

@test "a text: --like gives tokens and context" {
	printf 'abcabcab\ncab' >in
	nn-import -f text --context 3 --tokens used in -o first
	nn-import -f text --like first in | cmp - first
	printf 'ccba\n' >in
	gives '3 3 2 | 3 2 1\n' -f text --like first
	gives '3 3 2 | 3 2 1\n3 2 1 | 2 1 0\n' -f text --like first --stride 1
	[ "$(meta classes)" = '["\\x0a","a","b","c"]' ]
	[ "$(meta tokens)" = bytes ]
	printf 'abc\nab\nbc\xc3a\n' >in
	fails 1 "nn-import: in: line 3, byte 9: '\\xc3': first does not have this byte" nn-import -f text --like first in
	sh_fails 1 "nn-import: stdin: line 3, byte 9: '\\xc3': first" 'cat in | nn-import -f text --like first'
	printf 'abc\nabdbcba\nabcx' >in
	fails 1 "nn-import: in: line 2, byte 6: 'd': first does not have" nn-import -f text --like first --stride 1 in
	printf 'abc' >in
	fails 1 'nn-import: in: is 3 bytes long, a row as in first takes 4' nn-import -f text --like first in
	fails 2 '--like says the context and the tokens' nn-import -f text --like first --context 3 in
	fails 2 '--like says the context and the tokens' nn-import -f text --like first --tokens bytes in
	# A table's data say nothing of bytes, and a text's nothing of columns.
	printf '1,2\n3,4\n' >in
	nn-import -t 2 in -o table
	fails 1 'table does not say how the bytes of a text are numbered (is in a table? -f csv)' nn-import -f text --like table in
	fails 1 'first does not say how the columns of a table are encoded' nn-import -f csv --like first in
	# Like a text is a text, whatever it looks like.
	fails 1 'first does not have this byte' nn-import --like first in
}

@test "a text: --like a model that was made for one" {
	printf 'abcabcab\ncab' >in
	nn-import -f text --context 3 --tokens used in -o first
	# The metadata are what counts here: a model of any layers has them.
	nn-info --json first | jq -c 'select(.kind == "data").metadata | {classes, tokens}' >metas
	nn-init --mlp 3,4 -o bare
	model_like bare metas >model
	[ "$(nn-info --json model | jq -r 'select(.kind == "model").metadata.tokens')" = bytes ]
	printf 'ccba\n' >in
	gives '3 3 2 | 3 2 1\n' -f text --like model
	fails 1 'bare does not say how the bytes of a text are numbered' nn-import -f text --like bare in
}

# plain JSON: a safetensors file of that header, and x and y from standard input.
plain() {
	local header=$1
	while ((${#header} % 8)); do header+=' '; done
	printf "$(printf '\\x%02x\\x%02x\\0\\0\\0\\0\\0\\0' $((${#header} % 256)) $((${#header} / 256)))"
	printf %s "$header"
	cat
}

@test "tokens: a model keeps those of its data, and refuses others; classes may be bytes" {
	local metas='"classes":"[\"a\",\"b\"]","rows":"2","tokens":"bytes"'
	local x='"x":{"dtype":"U8","shape":[2,3],"data_offsets":[0,6]}'
	printf '\0\1\0\1\1\0\1\0' | plain "{\"__metadata__\":{$metas},$x,
		\"y\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[6,8]}}" >bytes
	nn-init --mlp 3,2 -d bytes -o model
	[ "$(nn-info --json model | jq -r 'select(.kind == "model").metadata.tokens')" = bytes ]
	nn-info model | grep -qx '  tokens: bytes'
	nn-eval -j -m model bytes >eval
	jq -e '.rows == 2' eval
	# The same gradient as of numbers of four bytes.
	printf '\0\1\0\1\1\0\1\0\0\0\0\0\0\0' | plain "{\"__metadata__\":{$metas},$x,
		\"y\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[6,14]}}" >words
	nn-grad bytes <model >grad
	nn-grad words <model | cmp - grad
	sed 's/"tokens":"bytes"/"tokens":"other"/' bytes >other
	fails 1 "other: its tokens are 'other', the model's 'bytes'" nn-eval -m model other
	printf '\0\1\0\1\2\0\1\0' | plain "$(head -c -8 bytes | tail -c +9)" >beyond
	fails 1 'beyond: tensor x: row 1, position 1: token 2, there are 2' nn-eval -m model beyond
}

# model_like MODEL METAS: the model with more metadata, from JSON, as a safetensors file.
model_like() {
	local old
	nn-convert --to safetensors "$1" -o plain.safetensors
	old=$(od -An -t u8 -N 8 plain.safetensors | tr -d ' ')
	tail -c +$((9 + old)) plain.safetensors |
		plain "$(head -c $((8 + old)) plain.safetensors | tail -c +9 |
			jq -c --slurpfile more "$2" '.__metadata__ += $more[0]')"
}

@test "a text: what is wrong is said" {
	printf 'abcde' >in
	fails 1 'nn-import: in: is 5 bytes long, a row of --context 128 takes 129 (--context 4 would do)' nn-import -f text in
	fails 1 'nn-import: in: is 5 bytes long, a row of --context 5 takes 6 (--context 4 would do)' nn-import -f text --context 5 in
	sh_fails 1 'nn-import: stdin: is 5 bytes long, a row of --context 128' 'cat in | nn-import -f text'
	printf a >in
	fails 1 'nn-import: in: is one byte: nothing comes behind it' nn-import -f text in
	: >in
	fails 1 'nn-import: in: is empty: no text' nn-import -f text in
	printf 'a text' >in.txt
	for option in -s '-t 1' '--target-type class' '-c 1' '-d 1' '--na drop' '--header yes' '--delimiter ;'; do
		fails 2 'nn-import: a text has no columns: only --context, --stride, --tokens, --like and -o go with it (a table? -f csv)' \
			nn-import $option in.txt
	done
	fails 2 '--context: 0 is not from 1 to 65536' nn-import -f text --context 0 in.txt
	fails 2 '--context: 65537 is not from 1 to 65536' nn-import -f text --context 65537 in.txt
	fails 2 '--stride: rows 0 bytes apart' nn-import -f text --stride 0 in.txt
	fails 2 'in.txt: text takes one file' nn-import in.txt in.txt
	printf '1,2\n3,4\n' >in
	for option in '--context 3' '--stride 3' '--tokens used'; do
		fails 2 '--context, --stride and --tokens are for texts (-f text), not for csv' nn-import $option in
	done
	nn-import in -o data
	fails 1 'data: is an nnt stream already' nn-import -f text data
	seq 100 >in
	fails 4 '/dev/full: cannot write' nn-import -f text --context 8 in -o /dev/full
}

@test "a text: a person is told what was read, and nn-info shows it" {
	printf 'abcab\ncab' >in
	nn-import -v -f text --context 3 --tokens used in 2>&1 >out.nnt |
		diff - <(echo 'nn-import: 2 rows of 3 bytes, 4 classes (\x0a a b c); the last 2 bytes left out')
	nn-info out.nnt | sed -n '2,$p' | head -n 5 |
		diff - <(printf '%s\n' '  x  U8   [2, 3]' '  y  U8   [2, 3]' '  classes: \x0a, a, b, c (4)' \
			'  rows: 2' '  tokens: bytes, context 3')
	head -c 7 in >full
	nn-import -v -f text --context 3 full 2>&1 >/dev/null |
		diff - <(echo 'nn-import: 2 rows of 3 bytes, 256 classes (\x00 \x01 ... \xff)')
	head -c 8 in >one
	nn-import -v -f text --context 3 one 2>&1 >/dev/null | grep -q '; the last 1 byte left out$'
}

@test "a text that is longer than the memory is written as it is read" {
	[ "${SANITIZERS:-}" != yes ] || skip 'sanitizers take memory'
	truncate -s 200M in
	bash -c 'ulimit -v 65536; nn-import -f text --context 1024 in' | head -c 100M | wc -c | grep -q 104857600
}

@test "shards of a text" {
	seq 3000 >in
	nn-import -f text --context 16 --tokens used in -o all.nnt
	rows <all.nnt | grep -v rows | sort >want
	for method in block cyclic random; do
		nn-shard -n 3 -b $method all.nnt
		cat shard-?.nnt | rows | grep -v rows | sort | diff - want
		nn-info --json shard-1.nnt | jq -r 'select(.kind == "data").metadata.tokens' | grep -q bytes
		nn-shard -k 2/3 -b $method all.nnt | cmp - shard-2.nnt
	done
	nn-shard --sets -w 9,1 -b block -o '%d.nnt' all.nnt
	cat 0.nnt 1.nnt | rows | grep -v rows | diff - <(rows <all.nnt | grep -v rows)
}

@test "usage, outputs that cannot be written, a stream where a table should be" {
	printf 'a,b\n1,2\n' >in
	nn-import in >data
	fails 1 'data: is an nnt stream already' nn-import data
	fails 2 'in: csv takes one file' nn-import in in
	fails 2 '3 files' nn-import in in in
	fails 2 "'::' is not one character" nn-import --delimiter :: in
	fails 4 '/dev/full: cannot write' nn-import in -o /dev/full
	cp data before
	printf '1,2\n3\n' >in
	fails 1 'line 2: 1 cell, the first row has 2' nn-import in -o data
	cmp data before
	sh_fails 1 'nn-import: stdin: is empty' 'nn-import </dev/null'
	sh_fails 4 'nn-import: stdout:' 'nn-import in >&-'
}

@test "a person is told what was read" {
	printf 'a,b,t\n1,2,x\n,5,y\n5,9,y\n' >in
	nn-import -v -t t --na drop in 2>&1 >/dev/null |
		diff - <(echo 'nn-import: 2 rows, 2 inputs, 2 classes (x y), as with --target-type class; 1 row with missing values left out')
	seq 1200 | sed 's/.*/&,&.5/' >in
	nn-import -v -t 2 in 2>&1 >/dev/null |
		diff - <(echo 'nn-import: 1,200 rows, 1 input, 1 target, as with --target-type number')
	nn-import -v in 2>&1 >/dev/null |
		diff - <(echo 'nn-import: 1,200 rows, 2 inputs, no target (-t): all columns are inputs')
	nn-import -v -c 2 in 2>&1 >/dev/null | diff - <(echo 'nn-import: 1,200 rows, 1 input, no target')
	{ idx 08 2 1; printf '\x07\x09'; } >images
	nn-import -v images 2>&1 >/dev/null |
		diff - <(echo 'nn-import: 2 rows, 1 input, no labels (the second FILE)')
	nn-import in 2>err >/dev/null
	[ ! -s err ]
}

@test "whole numbers that may not be meant as classes: a warning, also in a script" {
	# doubtful CLASSES CELL...
	doubtful() {
		printf '7,%s\n' "${@:2}" | sed '1i x,age' >in
		nn-import -t age in 2>err >/dev/null
		diff err <(echo "nn-import: target 'age' taken as $1 classes (numbers? --target-type number)")
	}
	doubtful 11 $(seq 0 10)
	doubtful 30 $(seq 20 49)
	doubtful 2 -1 1
	doubtful 3 0 1 3
	doubtful 2 2 3
	for cells in "$(seq 0 9)" "$(seq 10)" '1 0' '10 b 7' '10 2.5 7'; do
		printf '7,%s\n' $cells | sed '1i x,age' >in
		nn-import -t age in 2>err >/dev/null
		[ ! -s err ]
	done
	seq 20 49 | sed '1i age' | paste -d, - <(seq 0 30) >in
	for type in class number; do
		nn-import -t age --target-type $type in 2>err >/dev/null
		[ ! -s err ]
	done
	nn-import -t age in -o data 2>err
	nn-import --like data in 2>err >/dev/null
	[ ! -s err ]
}
