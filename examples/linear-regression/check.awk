# Knows nothing of nnpipe: computes in double precision what gradient descent and least squares give.
#
#   awk -f check.awk -v steps=T -v rate=0.01 -v nodes=4 data.csv thetas     every step, 0 to T
#   awk -f check.awk data.csv thetas                                        the end, least squares
#
# `thetas` has a line a model: the intercept, then the weights. With the rows x_r = (1, inputs) of
# node i, n of them, J_i(theta) = 1/n sum_r (x_r . theta - y_r)^2, and so
#   grad J_i = 2/n (X_i' X_i theta - X_i' y_i),   sum_i grad J_i = A theta - b.
# The recurrence theta <- theta - rate (A theta - b) is, in closed form,
#   theta_t = theta* + (I - rate A)^t (theta_0 - theta*),    A theta* = b,
# and theta* is the least-squares solution.
BEGIN {
	FS = "[, \t]+"
	nodes = nodes ? nodes : 1
}

FNR == 1 && NR == 1 { # the header
	d = NF - 1
	next
}

NR == FNR {
	x[0] = 1
	for (j = 1; j <= d; j++)
		x[j] = $j
	for (j = 0; j <= d; j++) {
		for (k = 0; k <= d; k++)
			A[j, k] += x[j] * x[k]
		b[j] += x[j] * $(d + 1)
	}
	rows++
	next
}

FNR == 1 {
	n = rows / nodes # rows of a node: all have the same number
	for (j = 0; j <= d; j++) {
		for (k = 0; k <= d; k++)
			A[j, k] *= 2 / n
		b[j] *= 2 / n
	}
	solve()
}

steps { # compare with the closed form
	for (j = 0; j <= d; j++)
		e[j] = FNR == 1 ? $(j + 1) - solution[j] : next_e[j]
	for (j = 0; j <= d; j++) {
		expect(solution[j] + e[j], $(j + 1))
		next_e[j] = e[j]
		for (k = 0; k <= d; k++)
			next_e[j] -= rate * A[j, k] * e[k]
	}
	models++
}

!steps { # the last one counts
	worst = 0
	for (j = 0; j <= d; j++)
		expect(solution[j], $(j + 1))
}

END {
	if (NR == rows + 1 || steps && models != steps + 1) {
		print "models are missing"
		exit 1
	}
	printf "%.1e\n", worst
	exit !(worst <= 1e-5)
}

# The deviation relative to the largest parameter.
function expect(right, found, error) {
	error = (found - right) / largest
	error = error < 0 ? -error : error
	if (!(error <= worst))
		worst = error
}

# solution[]: A theta = b by Gaussian elimination with row pivoting.
function solve(   M, i, j, k, pivot, factor, swap) {
	for (j = 0; j <= d; j++) {
		for (k = 0; k <= d; k++)
			M[j, k] = A[j, k]
		M[j, d + 1] = b[j]
	}
	for (i = 0; i <= d; i++) {
		pivot = i
		for (j = i + 1; j <= d; j++)
			if (M[j, i] ^ 2 > M[pivot, i] ^ 2)
				pivot = j
		for (k = i; k <= d + 1; k++) {
			swap = M[i, k]
			M[i, k] = M[pivot, k]
			M[pivot, k] = swap
		}
		for (j = i + 1; j <= d; j++) {
			factor = M[j, i] / M[i, i]
			for (k = i; k <= d + 1; k++)
				M[j, k] -= factor * M[i, k]
		}
	}
	for (j = d; j >= 0; j--) {
		solution[j] = M[j, d + 1]
		for (k = j + 1; k <= d; k++)
			solution[j] -= M[j, k] * solution[k]
		solution[j] /= M[j, j]
		if (solution[j] ^ 2 > largest ^ 2)
			largest = solution[j] < 0 ? -solution[j] : solution[j]
	}
}
