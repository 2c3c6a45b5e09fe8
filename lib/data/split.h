/* One data set to many shards, frame by frame. */
#ifndef NN_DATA_SPLIT_H
#define NN_DATA_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "stream/reader.h"
#include "stream/writer.h"

struct nn_split {
	const char *method;    /* of nn_partitioner_names */
	uint64_t shards;       /* V */
	const double *weights; /* [shards]; NULL: equal */
	uint64_t seed;         /* of the partition */
	bool sets; /* the parts are whole sets, not shards: for training, for the test */
	/* writers[k] gets shard k; NULL: nobody wants it. An entry that cannot be written and is not
	 * missed becomes NULL. */
	struct nn_writer **writers; /* [shards] */
	/* Asked when a shard cannot be written, with `err` filled: NN_OK if the rest of that shard may
	 * be dropped, else the status to stop with. NULL: stop. */
	int (*failed)(void *context, uint64_t shard, struct nn_error *err);
	/* Called behind each frame of the input; NULL: not. */
	void (*progress)(void *context, uint64_t rows);
	void *context;
};

/* Writes each data frame's rows to their shards: each part of a frame is a frame, so no more than one
 * is in memory. A shard without rows gets a frame without rows; all are ended by END. *rows: N of the
 * set. A set that is a shard already, or whose rows are not as many as it says, is NN_BAD. */
int nn_split(struct nn_reader *reader, struct nn_split *split, uint64_t *rows,
	struct nn_error *err);

#endif
