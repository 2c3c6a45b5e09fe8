# nn-shard: which rows go where, to files, commands or standard output.
load common

rows() {
	"$builddir/tests/tool/rows"
}

# The first input of each row is its number from 0; a class and a text beside it.
write_data() {
	seq 0 $(($1 - 1)) | sed 's/.*\(.\)$/&,u\1/' >in.csv
	nn-import -t 2 in.csv -o data
}

# has SHARD 'ROW NUMBERS'
has() {
	rows <"shard-$1.nnt" | grep -v rows | cut -d ' ' -f 1 | tr '\n' ' ' >got
	[ "$(cat got)" = "$2 " ] || { cat got; return 1; }
}

@test "block, cyclic, random: rows keep their order" {
	write_data 10
	nn-shard -n 3 data
	has 0 '0 1 2 3'
	has 1 '4 5 6'
	has 2 '7 8 9'
	nn-shard -n 3 --by cyclic data
	has 0 '0 3 6 9'
	has 1 '1 4 7'
	has 2 '2 5 8'
	nn-shard -n 3 -b random data
	for k in 0 1 2; do
		rows <shard-$k.nnt | grep -v rows >part$k
		sort -n part$k | cmp - part$k
	done
	[ "$(wc -l <part0)" -eq 4 ]
	cat part? | sort -n | cmp - <(rows <data | grep -v rows)
	cat part? >all
	nn-shard -n 3 -b random --shard-seed 1 data
	! cmp -s all <(for k in 0 1 2; do rows <shard-$k.nnt | grep -v rows; done) || false
	[ "$(rows <shard-1.nnt | head -n 1)" = '3 rows, shard 1 of 3, x F32 [3, 1], y I32 [3]' ]
	[ "$(ls)" = "$(printf 'all\ndata\ngot\nin.csv\npart0\npart1\npart2\nshard-0.nnt\nshard-1.nnt\nshard-2.nnt')" ]
}

@test "--weights: as the proportions say" {
	write_data 10
	nn-shard -w 8,2 data
	has 0 '0 1 2 3 4 5 6 7'
	has 1 '8 9'
	nn-shard -n 2 -w 0.5,0.5 -b cyclic data
	has 0 '0 2 4 6 8'
	nn-shard -w 8,2 -b cyclic data
	[ "$(rows <shard-1.nnt | grep -vc rows)" -eq 2 ]
}

@test "several frames: the parts of each, the same metadata" {
	write_data 20000
	[ "$(rows <data | grep -c rows)" -eq 3 ]
	for by in block cyclic random; do
		nn-shard -n 3 -b $by data
		for k in 0 1 2; do
			rows <shard-$k.nnt | grep -v rows
			nn-info --json shard-$k.nnt | jq -c 'select(.kind == "data").metadata' | sort -u >>metas
		done | sort -n | cmp - <(rows <data | grep -v rows)
	done
	nn-info --json data | jq -c 'select(.kind == "data").metadata' >>metas
	[ "$(sort -u metas | wc -l)" -eq 1 ]
	[ "$(rows <shard-0.nnt | grep -c rows)" -eq 3 ]
}

@test "more shards than rows: the others are empty, and whole" {
	write_data 3
	nn-shard -n 5 data
	[ "$(rows <shard-4.nnt)" = '0 rows, shard 4 of 5, x F32 [0, 1], y I32 [0]' ]
	nn-info --verify shard-*.nnt
	has 2 2
}

@test "the template" {
	write_data 3
	mkdir dir
	nn-shard -n 2 -o 'dir/50%%-%03d.x' data
	[ "$(ls dir)" = "$(printf '50%%-000.x\n50%%-001.x')" ]
	for template in shard %d-%d %s %5d %; do
		fails 2 "nn-shard: '$template'" nn-shard -n 2 -o "$template" data
	done
	fails 4 'none/0: cannot create' nn-shard -n 2 -o none/%d data
	cp data shard-1.nnt
	cp shard-1.nnt before
	fails 2 'shard-1.nnt: is both input and output' nn-shard -n 2 shard-1.nnt
	cmp before shard-1.nnt
	[ ! -e shard-0.nnt ]
}

@test "-k: one shard on standard output, the same bytes as its file" {
	write_data 20000
	for by in block cyclic random; do
		nn-shard -n 3 -b $by data
		for k in 0 1 2; do
			nn-shard -k $k/3 -b $by <data | cmp - shard-$k.nnt
		done
	done
	nn-shard -k 1/2 -w 8,2 -o one data
	nn-shard -w 8,2 data
	cmp one shard-1.nnt
	fails 2 '-k 3/3: shards are numbered from 0' nn-shard -k 3/3 data
	fails 2 "-k '3' is not I/N" nn-shard -k 3 data
	fails 2 '-k 0/2 and -n 3 differ' nn-shard -k 0/2 -n 3 data
	fails 2 'data: is both input and output' nn-shard -k 0/2 data -o data
}

@test "--filter: a command for each shard, with its number and file name" {
	write_data 20000
	nn-shard -n 3 data
	nn-shard -n 3 -F 'cat >"got-$SHARD-of-$FILE"' -o 'f%d' data
	for k in 0 1 2; do
		cmp shard-$k.nnt got-$k-of-f$k
	done
	[ ! -e f0 ]
	fails 4 'filter of shard 1: exit status 3: ' nn-shard -n 3 -F 'cat >/dev/null; [ $SHARD != 1 ] || exit 3' data
	fails 4 'filter of shard 0: exit status 127: ' nn-shard -n 3 -F 'exec 2>/dev/null; nothere' data
	fails 4 'filter of shard 2: killed by signal 9' \
		nn-shard -n 3 -F 'cat >/dev/null; [ $SHARD != 2 ] || kill -9 $$' data
	# A command that has seen enough.
	nn-shard -n 3 -F 'head -c 8 >"eight-$SHARD"' data
	[ "$(cat eight-? | wc -c)" -eq 24 ]
	fails 4 'filter of shard 0: exit status 1: ' nn-shard -n 3 -F 'exit 1' data
}

@test "many shards: the limit of open files is raised, or named" {
	write_data 3000
	mkdir many
	bash -c 'ulimit -Sn 256; nn-shard -n 1000 -b cyclic -o many/%d data'
	[ "$(ls many | wc -l)" -eq 1000 ]
	[ "$(rows <many/999 | sed 1d | cut -d ' ' -f 1 | tr '\n' ' ')" = '999 1999 2999 ' ]
	sh_fails 4 '1000 files at once are more than the 256' 'ulimit -n 256; nn-shard -n 1000 data'
}

@test "bad input: nothing is written, what was there stays" {
	write_data 10
	nn-shard -n 2 data
	cp shard-0.nnt before
	fails 1 'shard-0.nnt: frame 0: is shard 0 of 2 already' nn-shard -n 2 -o x%d shard-0.nnt
	head -c -8 data >cut
	fails 1 'cut: frame 1, byte' nn-shard -n 2 cut
	sh_fails 4 'stdin: frame 1, byte' 'cat cut | nn-shard -n 2'
	sh_fails 4 'stdin: empty' 'nn-shard -n 2 </dev/null'
	nn-init --mlp 2,2 -o model
	fails 1 'model: holds no data frames' nn-shard -n 2 model
	cat data data >twice
	fails 1 'twice: frame 0: row 20 of a set of 10' nn-shard -n 2 twice
	write_data 11
	cat data <(seq 3 | nn-import) >mixed
	fails 1 'mixed: frame 0: ' nn-shard -n 2 mixed
	cmp before shard-0.nnt
	[ ! -e x0 ]
	ls -A | grep -q part && return 1
	fails 2 'how many shards?' nn-shard data
	fails 2 '2 weights for 3 shards' nn-shard -n 3 -w 8,2 data
	fails 2 'nn-shard: --weights: 0 must be above 0' nn-shard -w 8,0 data
	fails 2 'nn-shard: --weights: their sum overflows' nn-shard -w 1e308,1e308 data
	fails 2 '2 files' nn-shard -n 2 data data
	fails 4 '/dev/full: cannot write' nn-shard -k 0/2 -o /dev/full data
	sh_fails 4 'shard-0.nnt: cannot write' 'write() { ulimit -f 8; trap "" XFSZ; exec nn-shard -n 1 data; }
		seq 20000 | nn-import -o data && write'
	cmp before shard-0.nnt
}

@test "--sets: the same rows as shards, but whole sets that can be cut again" {
	write_data 1000
	nn-shard -w 7,1,2 -b random data
	nn-shard -w 7,1,2 -b random --sets -o 'set-%d.nnt' data
	for k in 0 1 2; do
		cmp <(rows <shard-$k.nnt | sed 1d) <(rows <set-$k.nnt | sed 1d)
		run ! grep -q 'shard' <(rows <set-$k.nnt)
	done
	nn-info set-1.nnt | grep -q 'rows: 100$'
	nn-shard -k 1/3 -w 7,1,2 -b random --sets data | cmp - set-1.nnt
	nn-shard -n 7 -o 'again-%d.nnt' set-0.nnt
	cmp <(rows <set-0.nnt | sed 1d) <(for k in 0 1 2 3 4 5 6; do rows <again-$k.nnt | sed 1d; done)
	# Of one row: the others are sets of none.
	write_data 1
	nn-shard -n 2 --sets data
	nn-shard -n 2 -o 'none-%d.nnt' shard-1.nnt
}

@test "IDX images keep their shape and type" {
	{ printf '\0\0\x08\x03\0\0\0\x03\0\0\0\x02\0\0\0\x02'; printf 'abcdefghijkl'; } >images
	nn-import images | nn-shard -n 2 -b cyclic
	[ "$(rows <shard-0.nnt)" = "$(printf '2 rows, shard 0 of 2, x U8 [2, 2, 2]\n97 98 99 100\n105 106 107 108')" ]
}
