# nn-train over a slow line: 20 Mbit/s and 25 ms each way between two network namespaces, made here.
load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	. "$srcdir/tests/tool/slow-link.bash"
	slow_link_program=$builddir/tests/tool/slow-link
	slow_link_begin "$PWD/hosts" 20 25 3>&- || skip "$slow_link_why"
	# 640 rows of 784 features, as wide as needed for a gradient of 200 KB.
	awk 'BEGIN { for (i = 0; i < 640; i++) { printf "c%d", i % 10
		for (j = 0; j < 784; j++) printf ",%d", (i * j) % 251 * ((i + j) % 3 == 0); print "" } }' |
		nn-import --header no -t 1 -o data.nnt
	nn-init --mlp 784,64,10 --data data.nnt -o start.nnt
}

teardown() {
	slow_link_end 3>&-
}

# over_the_line NAME OPTION...: NAME.nnt, and the log in NAME.
over_the_line() {
	local name=$1
	shift
	# shellcheck disable=SC2086 # words are meant
	$slow_link_near timeout 60 nn-train "$@" -b 128 --lr 0.1 --shards 2 --log "$name" start.nnt data.nnt \
		-o "$name.nnt" 3>&-
}

# bytes NAME: sent and received in the last step.
bytes() {
	awk -F '\t' '{ was = now; now = $8 } END { print now - was }' "$1"
}

@test "a slow line: the same bits; what passes is packed as soon as the line is known" {
	over_the_line here -w 2 -n 10
	over_the_line far -S :,far --assign static -n 10
	over_the_line never -S :,far --assign static --compress never -n 10
	cmp far.nnt here.nnt
	cmp never.nnt here.nnt
	[ "$(bytes never)" -gt 400000 ]
	[ "$(bytes far)" -lt 350000 ]
	[ "$(awk -F '\t' 'NR == 2 { print $8 }' far)" -gt 400000 ]
}

@test "a line that is cut for good: the run goes on here; the same bits" {
	over_the_line here -w 1 -n 30
	over_the_line cut -S :,far --assign static --timeout 3 --retries 2 -n 30 2>err &
	local pid=$!
	for _ in {1..100}; do
		[ "$(cat cut 2>/dev/null | wc -l)" -lt 4 ] || break
		sleep 0.1
	done
	ip -n "$slow_link_b" link set nnlink0 down
	wait "$pid"
	cmp cut.nnt here.nnt
	grep -q "worker 2 on far" err || { cat err cut; return 1; }
}
