/* How ranks exchange gradients and parameters: a reduce-scatter in the fixed tree, each rank summing and
 * updating its slice of the parameters, and an all-gather of what comes out (S. Rajbhandari et al., ZeRO,
 * SC 2020, stage 1). A way is one file and one row of the table. */
#ifndef NN_TRAIN_EXCHANGE_H
#define NN_TRAIN_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "ranks/ranks.h"
#include "train/rank_plan.h"
#include "train/slice.h"

/* What rank 0 wants next. */
enum nn_rank_order {
	NN_RANK_STEP = 1, /* a step, made by all */
	NN_RANK_STATE,    /* the slices of the optimizer's state, sent to rank 0 */
	NN_RANK_END,
};
struct nn_rank_word {
	int order;  /* enum nn_rank_order */
	int status; /* of the end */
};

struct nn_exchange {
	const struct nn_exchange_type *type;
	/* The caller's, set before open. */
	struct nn_ranks *ranks;
	const struct nn_rank_plan *plan;
	const struct nn_slicer *slicer;
	size_t note_count; /* doubles that each rank tells the others of a step */
	/* Set by nn_exchange_open: */
	size_t blocks;          /* of all parameters */
	size_t elements;        /* ... */
	size_t *block_starts;   /* [ranks + 1]: which blocks are whose slice */
	size_t *element_starts; /* [ranks + 1] */
	float *params;          /* [elements]: the model's, for the caller to fill in */
	float **buffers;        /* [plan->buffers]: this rank's gradients, [elements] each */
	double *notes;          /* [ranks][note_count] */
	double *squares;        /* [blocks] ... */
	double *flags;          /* [ranks]: 1: the slice's new parameters are all finite */
	struct nn_slice_source *sources; /* [plan->node_count]: of this rank's slice */
	uint64_t bytes;                  /* sent by all ranks so far */
	void *own;                       /* the type's */
};

struct nn_exchange_type {
	/* What fails in the calls below, but for open, is NN_FAILED: a rank has ended, or there is no memory. The others
	 * do not know it then, and wait: whoever sees it must end the job. */
	const char *name;
	size_t keep; /* nodes of a rank that need not be added before they leave it */
	/* All. Sets params, buffers, notes, squares, flags and the sources' sums. */
	int (*open)(struct nn_exchange *exchange, struct nn_error *err);
	void (*close)(struct nn_exchange *exchange);
	/* A step begins. */
	int (*begin)(struct nn_exchange *exchange, struct nn_error *err);
	/* Elements [from, to) of this rank's node `node` (of the plan) have their values: [a piece], from the
	 * last one down; node after node. */
	int (*ready)(struct nn_exchange *exchange, size_t node, size_t from, size_t to,
		struct nn_error *err);
	/* All, when all is ready and this rank's notes are in place: all notes are there, and the sources. */
	int (*meet)(struct nn_exchange *exchange, struct nn_error *err);
	/* All: the squares of this rank's slice are known to all. */
	int (*share_squares)(struct nn_exchange *exchange, struct nn_error *err);
	/* All: so are its squares, flag and parameters; gradients may be made again. */
	int (*finish)(struct nn_exchange *exchange, struct nn_error *err);
	/* All: rank 0's word. */
	int (*tell)(struct nn_exchange *exchange, struct nn_rank_word *word, struct nn_error *err);
};
extern const struct nn_exchange_type nn_exchange_shared;   /* memory of one machine */
extern const struct nn_exchange_type nn_exchange_messages; /* MPI's messages */

/* Pieces in which gradients become ready: of elements, from the last one down. */
#define NN_EXCHANGE_PIECE ((size_t)1 << 16)

/* All. After an error there is nothing to close. */
int nn_exchange_open(struct nn_exchange *exchange, const struct nn_exchange_type *type,
	struct nn_error *err);
void nn_exchange_close(struct nn_exchange *exchange);

#endif
