/* Slices of an update in memory that is shared: what the plan there says, from one copy of the
 * parameters and their state to the other. */
#ifndef NN_TRAIN_SHARED_SLICE_H
#define NN_TRAIN_SHARED_SLICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "train/shared.h"
#include "train/slice.h"

/* Where the sources of a sum are listed; zero-initialized it is empty, and it grows. */
struct nn_shared_sources {
	struct nn_slice_source *list;
	size_t room;
};
void nn_shared_sources_free(struct nn_shared_sources *sources);

/* Lists what the plan sums. NN_BAD if nobody can work on such a plan: a worker asks before it believes
 * it. */
int nn_shared_sources_read(struct nn_shared_sources *sources, const struct nn_slicer *slicer,
	const struct nn_shared *shared, struct nn_error *err);

/* Blocks [from, to) of the plan's sum go to a buffer, which is none of the nodes', or that of a
 * single node of all; the sum of the squares of each block to the shared squares. */
void nn_shared_sum(const struct nn_slicer *slicer, const struct nn_shared *shared,
	const struct nn_shared_sources *sources, size_t buffer, size_t from, size_t to);
/* Blocks [from, to) of parameters and state: `which` and the plan's sum make the other copy; the
 * squares too. False if a parameter has become NaN or infinite. */
bool nn_shared_update(const struct nn_slicer *slicer, const struct nn_shared *shared,
	const struct nn_shared_sources *sources, unsigned which, size_t from, size_t to);

#endif
