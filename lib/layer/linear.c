#include "layer/linear.h"

#include <string.h>

#include "layer/product.h"
#include "tensor/blas.h"
#include "tensor/vector.h"

size_t nn_linear_rows(size_t in, size_t out, size_t vectors)
{
	size_t wanted = in * out / 256;

	if (wanted < NN_LINEAR_BLOCK)
		wanted = NN_LINEAR_BLOCK;
	if (wanted > 8 * NN_LINEAR_BLOCK)
		wanted = 8 * NN_LINEAR_BLOCK;
	return (wanted + vectors - 1) / vectors;
}

static size_t block_at(size_t start, size_t vectors)
{
	return vectors - start < NN_LINEAR_BLOCK ? vectors - start : NN_LINEAR_BLOCK;
}

/* The bias is laid down first and the product added to it, block by block: it is still in the cache
 * then. */
void nn_linear_forward(const struct nn_linear *linear, const float *x, float *y, size_t vectors)
{
	size_t in = linear->in, out = linear->out;

	if (!linear->bias) {
		nn_gemm(false, true, vectors, out, in, 1.0f, x, in, linear->weight, in, 0.0f, y,
			out);
		return;
	}
	for (size_t start = 0; start < vectors; start += NN_LINEAR_BLOCK) {
		size_t block = block_at(start, vectors);
		float *to = y + start * out;

		for (size_t i = 0; i < block; i++)
			memcpy(to + i * out, linear->bias, out * sizeof *to);
		nn_gemm(false, true, block, out, in, 1.0f, x + start * in, in, linear->weight, in,
			1.0f, to, out);
	}
}

/* Vectors in one product are summed in float. BLAS has kernels for small matrices that sum over all
 * of them in one chain, and lose digits where there are many; blocks cost no time. */
void nn_linear_gradients(const struct nn_linear *linear, const float *x, const float *dy,
	size_t vectors, float *d_weight, float *d_bias, bool accumulate)
{
	size_t in = linear->in, out = linear->out;

	/* [out, vectors] [vectors, in] */
	for (size_t start = 0; start < vectors; start += NN_LINEAR_BLOCK)
		nn_product(true, out, in, block_at(start, vectors), 1.0f, dy + start * out, out,
			x + start * in, in, start || accumulate ? 1.0f : 0.0f, d_weight, in);
	if (d_bias)
		nn_vector_column_sums(d_bias, dy, vectors, out, accumulate);
}

void nn_linear_backward(const struct nn_linear *linear, const float *dy, float *dx, size_t vectors)
{
	/* [vectors, out] [out, in] */
	for (size_t start = 0; start < vectors; start += NN_LINEAR_BLOCK)
		nn_product(false, block_at(start, vectors), linear->in, linear->out, 1.0f,
			dy + start * linear->out, linear->out, linear->weight, linear->in, 0.0f,
			dx + start * linear->in, linear->in);
}
