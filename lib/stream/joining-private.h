/* What the two ways to join have in common: private to joining.c and joining_frame.c. */
#ifndef NN_STREAM_JOINING_PRIVATE_H
#define NN_STREAM_JOINING_PRIVATE_H

#include "base/hash.h"
#include "stream/assembly.h"
#include "stream/joining.h"

/* A frame that is a part. */
struct nn_join_source {
	struct nn_reader *reader; /* NULL: it was loaded */
	struct nn_preamble preamble;
	const struct nn_bundle *layout;
	struct nn_bundle loaded;
	size_t taken;   /* of `loaded` */
	char name[160]; /* for messages */
};

struct nn_join {
	struct nn_writer *writer;
	struct nn_hasher *hasher;
	unsigned char *block;
	unsigned char *other; /* of another part, to be compared */
	struct nn_assembly assembly;
	const struct nn_bundle **layouts; /* by part */
	struct nn_join_source **parts;    /* by part */
	size_t room;                      /* of both */
	unsigned char *data;              /* of a model whose id is to be computed */
	size_t data_room;
	/* The last model. */
	uint64_t step;
	uint64_t id;
};

int nn_join_open(struct nn_join *job, struct nn_writer *writer, struct nn_error *err);
void nn_join_close(struct nn_join *job);
/* Writes the whole of `count` frames, in any order, whose data were not taken yet. `known`: the
 * last ones had the same layouts. NN_BAD: they do not make a whole. */
int nn_join_write(struct nn_join *job, struct nn_join_source *sources, size_t count, bool known,
	struct nn_error *err);

#endif
