#include "layer/product.h"

#include "tensor/blas.h"

/* Sides of blocks: with these BLAS computes from the matrices as they lie. It copies larger ones first,
 * which takes a fifth of the time. */
#define BLOCK_M 48
#define BLOCK_N 128
#define BLOCK_K 128

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void nn_product(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a,
	size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
	if (!nn_blas_likes_small()) {
		nn_gemm(transpose_a, false, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
		return;
	}
	for (size_t j = 0; j < n; j += BLOCK_N)
		for (size_t l = 0; l < k; l += BLOCK_K)
			for (size_t i = 0; i < m; i += BLOCK_M)
				nn_gemm(transpose_a, false, least(m - i, BLOCK_M),
					least(n - j, BLOCK_N), least(k - l, BLOCK_K), alpha,
					a + (transpose_a ? l * lda + i : i * lda + l), lda,
					b + l * ldb + j, ldb, l ? 1.0f : beta, c + i * ldc + j,
					ldc);
}
