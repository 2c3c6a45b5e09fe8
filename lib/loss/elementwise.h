/* Losses of numbers: a case's is the mean over its outputs of a function of output and target. */
#ifndef NN_LOSS_ELEMENTWISE_H
#define NN_LOSS_ELEMENTWISE_H

#include "loss/loss.h"
#include "tensor/lanes.h"

/* The sum over n outputs of the function, in fixed lanes; d[i] receives factor times its slope. */
typedef double nn_loss_sum_of(const struct nn_criterion *criterion, const float *out,
	const float *y, size_t n, float factor, float *d);

/* A run of such a loss. */
struct nn_loss_sum nn_loss_elementwise(const struct nn_criterion *criterion,
	const struct nn_loss_run *run, nn_loss_sum_of *sum_of);

#define NN_LOSS_BLOCK 256

/* The body of an nn_loss_sum_of, to be expanded in a function marked NN_CLONES. */
static inline __attribute__((always_inline)) double nn_loss_lanes(const struct nn_criterion
									  *criterion,
	const float *out, const float *y, size_t n, float factor, float *d,
	double (*function)(const struct nn_criterion *criterion, float out, float y, float *slope))
{
	double lanes[NN_LANES] = { 0 };
	double losses[NN_LOSS_BLOCK];

	for (size_t start = 0; start < n; start += NN_LOSS_BLOCK) {
		size_t count = n - start < NN_LOSS_BLOCK ? n - start : NN_LOSS_BLOCK;
		size_t whole = count / NN_LANES * NN_LANES;

		NN_INDEPENDENT
		for (size_t i = 0; i < count; i++) {
			float slope;

			losses[i] = function(criterion, out[start + i], y[start + i], &slope);
			d[start + i] = factor * slope;
		}
		for (size_t i = 0; i < whole; i += NN_LANES)
			for (size_t lane = 0; lane < NN_LANES; lane++)
				lanes[lane] += losses[i + lane];
		for (size_t i = whole; i < count; i++)
			lanes[i - whole] += losses[i];
	}
	return nn_lanes_fold(lanes);
}

#endif
