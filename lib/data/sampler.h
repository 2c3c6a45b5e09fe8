/* Which rows of a shard a step takes. Pure functions: any host can compute any task's rows. */
#ifndef NN_DATA_SAMPLER_H
#define NN_DATA_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* In epoch `epoch` the shard's `n` rows are permuted by a function of (seed, epoch, shard) alone;
 * step s of S takes positions floor(s n / S) .. floor((s+1) n / S). Every row comes once an epoch.
 * A step may have no rows; steps at or behind S have none. */
struct nn_step_rows {
	uint64_t begin; /* positions [begin, end) of the permuted shard */
	uint64_t end;
};
struct nn_step_rows nn_sampler_range(uint64_t n, uint64_t step_in_epoch, uint64_t steps_per_epoch);
/* The row numbers (0 .. n-1 in the shard) at those positions, in the order of the permutation; rows
 * [end - begin]. */
void nn_sampler_rows(struct nn_step_rows range, uint64_t n, uint64_t seed, uint64_t epoch,
	uint64_t shard, uint64_t *rows);

#endif
