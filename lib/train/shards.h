/* The shards that a process holds: files, or views of one file. */
#ifndef NN_TRAIN_SHARDS_H
#define NN_TRAIN_SHARDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "data/dataset.h"

struct nn_shard {
	const struct nn_dataset *data; /* the caller's */
	const char *name;              /* of the data, for messages; the caller's */
	uint64_t number;               /* of the V shards, from 0 */
	uint64_t count;                /* rows */
	uint64_t *rows; /* their numbers in data [count]; NULL: all of data, in order */
};
struct nn_shards {
	struct nn_shard *list; /* by number */
	size_t count;
	uint64_t shards; /* V */
};

/* How one data set is cut where its shards are views. */
struct nn_view {
	const char *which;     /* "K/V" or "K-L/V": shards K to L of V, from 0 */
	const char *method;    /* of nn_partitioner_names */
	const double *weights; /* [V], or NULL: all alike */
	size_t weight_count;
	uint64_t seed; /* of the partition */
};

/* Data sets as shards: each keeps the number that its frames give it, or, if none of them has one,
 * number i of `count`. They must be alike (V, N if sharded, tensors of a row, classes) and no shard
 * may be there twice: NN_BAD names both. */
int nn_shards_of_files(struct nn_shards *shards, const struct nn_dataset *data,
	const char *const *names, size_t count, struct nn_error *err);
/* One data set, which is no shard itself, seen as shards: the same rows in the same order as the
 * files that nn-shard would write. NN_USAGE if the view makes no sense. */
int nn_shards_of_view(struct nn_shards *shards, const struct nn_dataset *data, const char *name,
	const struct nn_view *view, struct nn_error *err);
void nn_shards_free(struct nn_shards *shards);

#endif
