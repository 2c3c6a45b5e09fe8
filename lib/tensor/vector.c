#include "tensor/vector.h"

#include <stdint.h>
#include <string.h>

NN_CLONES void nn_vector_add(float *out, const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = a[i] + b[i];
}

NN_CLONES void nn_vector_scale(float *out, const float *a, float factor, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = factor * a[i];
}

NN_CLONES void nn_vector_axpy(float *out, const float *a, float factor, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] += factor * a[i];
}

/* An exponent of all ones is what infinities and NaNs have in common. */
#define EXPONENT 0x7f800000u
#define SCAN 1024

NN_CLONES static uint32_t any_nonfinite(const float *a, size_t n)
{
	uint32_t found = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t bits;

		memcpy(&bits, a + i, sizeof bits);
		found |= (bits & EXPONENT) == EXPONENT;
	}
	return found;
}

size_t nn_vector_nonfinite(const float *a, size_t n)
{
	for (size_t start = 0; start < n; start += SCAN) {
		size_t length = n - start < SCAN ? n - start : SCAN;

		if (!any_nonfinite(a + start, length))
			continue;
		for (size_t i = start; i < start + length; i++)
			if (any_nonfinite(a + i, 1))
				return i;
	}
	return n;
}

#define LANES 16
#define BLOCK 4096

/* One block in LANES lanes, which are then folded in halves. */
NN_CLONES static double block_square_sum(const float *a, size_t n)
{
	double lanes[LANES] = { 0 };
	size_t whole = n / LANES * LANES;

	for (size_t i = 0; i < whole; i += LANES)
		for (size_t lane = 0; lane < LANES; lane++) {
			double value = (double)a[i + lane];

			lanes[lane] += value * value;
		}
	for (size_t i = whole; i < n; i++)
		lanes[i - whole] += (double)a[i] * (double)a[i];
	for (size_t half = LANES / 2; half; half /= 2)
		for (size_t lane = 0; lane < half; lane++)
			lanes[lane] += lanes[lane + half];
	return lanes[0];
}

/* The same tree as over shards: the left half of a node is the largest power of two of blocks. */
double nn_vector_square_sum(const float *a, size_t n)
{
	size_t left = BLOCK;

	if (n <= BLOCK)
		return block_square_sum(a, n);
	while (2 * left < n)
		left *= 2;
	return nn_vector_square_sum(a, left) + nn_vector_square_sum(a + left, n - left);
}

NN_CLONES double nn_vector_sum(const float *a, size_t n)
{
	double sum = 0;

	for (size_t start = 0; start < n; start += BLOCK) {
		size_t length = n - start < BLOCK ? n - start : BLOCK;
		size_t whole = length / LANES * LANES;
		float lanes[LANES] = { 0 };

		for (size_t i = 0; i < whole; i += LANES)
			for (size_t lane = 0; lane < LANES; lane++)
				lanes[lane] += a[start + i + lane];
		for (size_t i = whole; i < length; i++)
			lanes[i - whole] += a[start + i];
		for (size_t lane = 0; lane < LANES; lane++)
			sum += (double)lanes[lane];
	}
	return sum;
}

/* Columns whose sums are held at a time: a few cache lines of each row. */
#define COLUMNS 64

/* The sums of `width` columns, at most COLUMNS, of rows that are `stride` long. */
NN_CLONES static void add_columns(double *sums, const float *a, size_t rows, size_t stride,
	size_t width)
{
	for (size_t row = 0; row < rows; row++, a += stride)
		for (size_t j = 0; j < width; j++)
			sums[j] += (double)a[j];
}

void nn_vector_column_sums(float *out, const float *a, size_t rows, size_t columns, bool accumulate)
{
	for (size_t start = 0; start < columns; start += COLUMNS) {
		size_t width = columns - start < COLUMNS ? columns - start : COLUMNS;
		double sums[COLUMNS] = { 0 };

		add_columns(sums, a + start, rows, columns, width);
		for (size_t j = 0; j < width; j++)
			out[start + j] = (accumulate ? out[start + j] : 0.0f) + (float)sums[j];
	}
}
