/* Matrix products of operands that are in the cache. */
#ifndef NN_LAYER_PRODUCTS_H
#define NN_LAYER_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>

/* C = op(A) op(B) + beta C as nn_gemm has it, in blocks of at most a million multiplications: those
 * BLAS computes, where it has kernels for it, from the matrices as they lie, without copying them
 * first. At most 1,024 products are summed before C is added to. The blocks depend on m, n and k
 * alone. beta is 0 or 1. */
void nn_products(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a,
	size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc);

#endif
