#include "layer/products.h"
#include "tensor/blas.h"

#define LIMIT 1000000 /* OpenBLAS takes larger products to be worth the copy */
/* Sides of blocks at most: with these, and n a multiple of STEP, below LIMIT. */
#define MOST_M 64
#define MOST_K 240
#define STEP 64 /* of n: whole registers */
/* Products that may be summed in one chain in float. */
#define MOST_CHAIN 1024

/* The size of equal parts of n, none above `most`. */
static size_t part_of(size_t n, size_t most)
{
	size_t parts = (n + most - 1) / most;

	return (n + parts - 1) / parts;
}

void nn_products(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a,
	size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
	size_t mb = m, nb = n, kb = part_of(k, MOST_CHAIN);

	if ((double)m * (double)n * (double)kb > LIMIT) {
		mb = part_of(m, MOST_M);
		kb = part_of(k, MOST_K);
		nb = LIMIT / (mb * kb) / STEP * STEP;
	}
	/* A block of A stays where it is while those of B pass: B has more columns than A rows. */
	for (size_t i = 0; i < m; i += mb)
		for (size_t l = 0; l < k; l += kb)
			for (size_t j = 0; j < n; j += nb)
				nn_gemm(transpose_a, transpose_b, m - i < mb ? m - i : mb,
					n - j < nb ? n - j : nb, k - l < kb ? k - l : kb, 1.0f,
					a + (transpose_a ? l * lda + i : i * lda + l), lda,
					b + (transpose_b ? j * ldb + l : l * ldb + j), ldb,
					l ? 1.0f : beta, c + i * ldc + j, ldc);
}
