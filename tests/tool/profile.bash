# Sourced: profiles for nn-plan of machines that are made up, so that what is predicted can be counted by hand.
#
#   make_profile [NAME=VALUE...] >FILE
# 100 GFLOP/s; a step of workers that share memory takes 10 us more, whatever it is; updates 1 ns a parameter;
# all else takes no time. processors=2, host "far" behind mbit=100 and latency=1000 (us), cpu= this machine's.
make_profile() {
	local processors cpu mbit=100 latency=1000 version name=: far=far kernel=OpenBLAS-0/Test
	processors=$(nproc)
	cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
	version=$(nn-plan --version | sed 's/.* //')
	[ $# -eq 0 ] || local "$@"
	awk -v processors="$processors" -v cpu="${cpu:-unknown}" -v mbit="$mbit" -v latency="$latency" -v version="$version" \
		-v name="$name" -v far="$far" -v kernel="$kernel" '
	function products(r, i, o, text) {
		for (r = 1; r <= 256; r *= 4)
			for (i = 1; i <= 6; i++)
				for (o = 1; o <= 6; o++)
					text = text (text == "" ? "" : ",") 2 * r * size[i] * size[o] / 1e5
		return "[" text "]"
	}
	function host(name, line, text, i) {
		text = "{\"name\":\"" name "\",\"kernel\":\"" kernel "\",\"cpu\":\"" cpu "\",\"processors\":" processors \
			",\"memory_bytes\":1e9,\"forward_us\":" products() ",\"weights_us\":" products() \
			",\"inputs_us\":" products() ",\"convolution_flops_per_second\":1e11," \
			"\"attention_flops_per_second\":1e11,\"number_ns\":0,\"loss_ns\":0,\"gather_ns\":0," \
			"\"copy_bytes_per_second\":1e15,\"add_ns\":0,\"digest_ns\":0,\"pack_ns\":0,\"unpack_ns\":0," \
			"\"share\":["
		for (i = 1; i <= processors && i <= 64; i++) text = text (i > 1 ? "," : "") 1
		text = text "],\"update_ns\":{"
		for (i = 1; i <= 7; i++) text = text (i > 1 ? "," : "") "\"" method[i] "\":[1,1]"
		text = text "},\"exchange_workers\":[1],\"exchange_step_us\":[10],\"exchange_task_us\":[0]," \
			"\"near_task_ns\":[0,0],\"near_update_ns\":[0,0]"
		if (line) text = text ",\"line\":{\"start_seconds\":0.1,\"latency_us\":" latency ",\"bytes\":[1e3,1e6]," \
			"\"down_us\":[" latency + 8e3 / mbit "," latency + 8e6 / mbit "],\"up_us\":[" \
			latency + 8e3 / mbit "," latency + 8e6 / mbit "]}"
		return text ",\"models\":[]}"
	}
	BEGIN {
		OFMT = CONVFMT = "%.9g"
		split("8 16 64 256 1024 2048", size)
		split("sgd momentum nesterov adagrad rmsprop adam adamw", method)
		print "{\"profile\":1,\"version\":\"" version "\",\"hosts\":[" host(name, 0) "," host(far, 1) "]}"
	}'
}
