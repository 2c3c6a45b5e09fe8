# Well-formed streams that say what cannot be meant: one line, no memory that their bytes do not
# justify, no hang. They are made as safetensors files, whose metadata are put into preambles.
load common
load evaluate # safetensors

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	printf '%s\n' a,b,kind 1,0,no 0,1,yes 1,0,yes 0,0,no >data.csv
	nn-import -t kind -o data.nnt data.csv
	nn-init --mlp 2,3,2 --data data.nnt --seed 1 -o model.nnt
	[ "${SANITIZERS:-no}" = yes ] || ulimit -v 1048576
}

# rows META X-SHAPE X-BYTES Y-SHAPE Y-BYTES: a data set in bad.nnt, META beginning with a comma.
rows() {
	local x=${2//[^,0-9]/} y=${4//[^,0-9]/}
	safetensors "{\"__metadata__\":{\"nnt.kind\":\"data\",\"classes\":\"[\\\"no\\\",\\\"yes\\\"]\"$1},\"x\":{\"dtype\":\"F32\",\"shape\":[$x],\"data_offsets\":[0,$3]},\"y\":{\"dtype\":\"I32\",\"shape\":[$y],\"data_offsets\":[$3,$(($3 + $5))]}}" \
		"" >bad
	head -c $(($3 + $5)) /dev/zero >>bad
	nn-convert --to nnt -o bad.nnt bad
}

# Every tool that reads data refuses bad.nnt with this cause.
refused() {
	fails 1 "$1" timeout 10 nn-shard -n 2 -o 'part-%d.nnt' bad.nnt
	fails 1 "$1" timeout 10 nn-grad -m model.nnt -o kept bad.nnt
	fails 1 "$1" timeout 10 nn-eval -m model.nnt -o kept bad.nnt
	fails 1 "$1" timeout 10 nn-predict -m model.nnt -o kept bad.nnt
	fails 1 "$1" timeout 10 nn-init --mlp ,3, --data bad.nnt -o kept
	[ ! -e kept ]
	[ -z "$(find . -name 'part-*' -o -name '.*.part')" ]
}

@test "rows that take no bytes, rows that are not there" {
	rows '' 8192,0 0 8192 32768
	refused "bad.nnt: frame 0: tensor x: rows without a value"
	rows '' 1099511627776,0 0 1099511627776,0 0
	refused "bad.nnt: frame 0: tensor x: rows without a value"
	rows ',"rows":"9223372036854775808"' 2,2 16 2 8
	refused "bad.nnt: names 9223372036854775808 rows but holds 2"
	rows ',"rows":"18446744073709551615"' 2,2 16 2 8
	refused "bad.nnt: names 18446744073709551615 rows but holds 2"
	rows ',"rows":"-2"' 2,2 16 2 8
	refused "metadata \`rows\`: '-2' is no whole number"
	rows ',"nnt.rows":"4294967296"' 2,2 16 2 8
	refused "bad.nnt: frame 0: the preamble says 4294967296 rows, the tensors 2"
	rows '' 2,2 16 3 12
	refused "bad.nnt: frame 0: 2 rows of x and 3 of y"
}

@test "the last of 2^64 - 1 shards is a shard like others" {
	rows ',"nnt.shards":"18446744073709551615","nnt.first":"18446744073709551614","nnt.end":"18446744073709551615"' \
		2,2 16 2 8
	nn-grad -m model.nnt -o grad.nnt bad.nnt
	nn-reduce -o reduced.nnt grad.nnt
	cmp reduced.nnt grad.nnt
	fails 1 "only 1 of 18446744073709551615 shards came" nn-update --lr 1 model.nnt grad.nnt
	nn-update --lr 1 --quorum 1 model.nnt grad.nnt >updated.nnt
}

@test "more shards than can be cut" {
	for v in 16777217 3000000000 9223372036854775808 18446744073709551615; do
		fails 2 "$v shards" timeout 10 nn-shard -k 0/$v -o kept data.nnt
		fails 2 "$v shards" timeout 10 nn-shard -n $v data.nnt
		fails 2 "$v shards" timeout 10 nn-grad -m model.nnt --shard 0/$v -o kept data.nnt
		fails 2 "$v shards" timeout 10 nn-grad -m model.nnt --shard 0-16777216/$v -o kept data.nnt
	done
	[ ! -e kept ]
}

@test "a spec of 30,000 layers is read at once, one of 100,000 brackets is refused" {
	printf '{"input":[1],"loss":"mse","layers":[' >spec
	yes '{"type":"dense","units":1},' | head -n 30000 | tr -d '\n' >>spec
	printf '{"type":"dense","units":1}]}' >>spec
	timeout 20 nn-init -o deep.nnt spec
	[ "$(nn-info --json deep.nnt | head -n 1 | grep -o '\.weight"' | wc -l)" -eq 30001 ]
	printf '1,2\n' | nn-import -t 2 --target-type number -o one.nnt
	timeout 20 nn-eval -m deep.nnt one.nnt >out
	head -c 100000 /dev/zero | tr '\0' '[' >spec
	fails 1 "spec: values in one another deeper than 1000" nn-init spec
}

@test "sizes whose product is beyond memory" {
	for spec in '"input":[2147483647],"layers":[{"type":"dense","units":2147483647}]' \
		'"input":[2147483647,2147483647,2147483647],"layers":[{"type":"dense","units":1}]' \
		'"input":[1],"layers":[{"type":"dense","units":9007199254740993}]'; do
		echo "{$spec,\"loss\":\"mse\"}" >spec
		rc=0
		nn-init -o kept spec 2>err || rc=$?
		[ "$rc" = 1 ] || [ "$rc" = 4 ]
		[ "$(wc -l <err)" -eq 1 ]
		[ ! -e kept ]
	done
}

@test "names that would drive the terminal" {
	for name in '\u001b[2J' '\u009b2J' '\u007f\u0007'; do
		printf '{"__metadata__":{"nnt.kind":"data","classes":"[\\"%s\\",\\"b\\"]","k%s":"%s"},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"y":{"dtype":"I32","shape":[1],"data_offsets":[8,12]}}' \
			"${name/\\u/\\\\u}" "$name" "$name" >json
		safetensors "$(cat json)" '\0\0\0\0\0\0\0\0\0\0\0\0' >bad
		fails 1 'class 0 is "\x' nn-eval -m model.nnt bad
		! LC_ALL=C grep -q "$(printf '[\001-\010\033\177\233]')" err || false
		nn-info bad >out
		! LC_ALL=C grep -q "$(printf '[\001-\010\033\177\233]')" out || false
	done
}

@test "a kernel of four billion threads" {
	safetensors "{\"__metadata__\":{\"kernel\":\"OpenBLAS-0.3.21/Nehalem/4000000000t\",\"spec\":\"{\\\"input\\\":[1],\\\"layers\\\":[{\\\"type\\\":\\\"dense\\\",\\\"units\\\":1,\\\"bias\\\":false}],\\\"loss\\\":\\\"mse\\\"}\"},\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]}}" "$zero" >bad
	printf '1,2\n' | nn-import -t 2 --target-type number -o one.nnt
	fails 1 "the model asks for matrix kernel OpenBLAS-0.3.21/Nehalem/4000000000t, but" \
		nn-grad -m bad one.nnt
}
