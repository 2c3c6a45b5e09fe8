/* Products of matrices that are in the cache. */
#ifndef NN_LAYER_PRODUCT_H
#define NN_LAYER_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

/* C = alpha op(A) B + beta C as nn_gemm has it. Where BLAS is fast with small matrices it is computed
 * block by block; the blocks depend on m, n and k alone. */
void nn_product(bool transpose_a, size_t m, size_t n, size_t k, float alpha, const float *a,
	size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc);

#endif
