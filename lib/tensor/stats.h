/* What the numbers of a tensor are like, for people who look at it. */
#ifndef NN_TENSOR_STATS_H
#define NN_TENSOR_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "tensor/tensor.h"

/* Of the finite elements: min, max, mean and squares, the sum of squared distances from the mean.
 * Zero-initialized: of no elements. */
struct nn_stats {
	uint64_t finite; /* how many count below */
	uint64_t zeros;  /* among them */
	uint64_t nans;
	uint64_t infinities;
	double min;
	double max;
	double mean;
	double squares;
};

/* All of `count` elements, in double and in order: first the mean, then the distances from it. */
void nn_stats_of(struct nn_stats *stats, const void *elements, enum nn_dtype dtype, size_t count);
/* What `into` would be if it had seen the elements of `from` too (T. Chan, G. Golub, R. LeVeque,
 * "Updating formulae and a pairwise algorithm for computing sample variances", 1979). */
void nn_stats_merge(struct nn_stats *into, const struct nn_stats *from);
/* Standard deviation of these elements (divided by their number); 0 for none. */
double nn_stats_deviation(const struct nn_stats *stats);

#endif
