#include "layer/product.h"

#include "tensor/blas.h"

/* Sides of blocks: with these BLAS computes from the matrices as they lie. It copies larger ones first,
 * which takes a tenth of the time. */
struct sides {
	size_t m;
	size_t n;
	size_t k;
};

/* A transposed, gradients of weights are made, whose sums are long: they are cut less often. */
static struct sides sides_of(bool transpose_a)
{
	return transpose_a ? (struct sides){ 48, 128, 128 } : (struct sides){ 64, 128, 64 };
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void nn_product(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a,
	size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
	struct sides sides = sides_of(transpose_a);

	if (!nn_blas_likes_small()) {
		nn_gemm(transpose_a, false, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
		return;
	}
	for (size_t j = 0; j < n; j += sides.n)
		for (size_t l = 0; l < k; l += sides.k)
			for (size_t i = 0; i < m; i += sides.m)
				nn_gemm(transpose_a, false, least(m - i, sides.m),
					least(n - j, sides.n), least(k - l, sides.k), alpha,
					a + (transpose_a ? l * lda + i : i * lda + l), lda,
					b + l * ldb + j, ldb, l ? 1.0f : beta, c + i * ldc + j,
					ldc);
}
