# Writes 1,000 rows of 10 inputs and a target, as CSV with a header. Every number is a multiple of
# 1/64 below 64: text, float and double hold it exactly, so all who read it read the same.
# Random numbers: Lehmer's generator, x <- 16807 x mod 2^31 - 1 (Park and Miller 1988), exact in
# double precision and so the same with every awk.
function random() {
	x = (16807 * x) % 2147483647
	return x / 2147483647
}

# A multiple of 1/64, evenly spread from -1 to 1.
function grid() {
	return int(random() * 129) / 64 - 1
}

BEGIN {
	x = 20240101
	printf "x1"
	for (j = 2; j <= 10; j++)
		printf ",x%d", j
	print ",y"
	for (i = 1; i <= 1000; i++) {
		# The truth: y = 3 + 1 x1 - 2 x2 + 3 x3 - ... - 10 x10, and noise.
		y = 3 + grid() / 2
		line = ""
		for (j = 1; j <= 10; j++) {
			input = grid()
			y += (j % 2 ? j : -j) * input
			line = line sprintf("%.6f,", input)
		}
		printf "%s%.6f\n", line, int(64 * y) / 64
	}
}
