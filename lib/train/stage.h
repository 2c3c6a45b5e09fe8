/* A stage of a pipeline at work: micro-batches forward, their gradients back, its own summed up.
 *
 *        in.forward                      out_forward
 *     ---------------> [ layers A:B ] --------------->
 *     <---------------                <---------------
 *        out_back                        in.back
 *
 * A micro-batch is a task: the rows of a shard in a step. All pass in their order, both ways. Each
 * descriptor has a thread that reads or writes it, so that transfers go on while layers compute, and full
 * pipes keep nobody waiting who could do something. The schedule: a gradient that has come goes back
 * first; else the next micro-batch goes forward, unless as many as may be are on their way. Where stage i of
 * n lets n - i be on their way this is "one forward, one backward" (D. Narayanan et al., "PipeDream",
 * SOSP 2019), and all stages but the ends of a step are at work. */
#ifndef NN_TRAIN_STAGE_H
#define NN_TRAIN_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/stage.h"
#include "reduce/stack.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "train/shards.h"
#include "train/task.h"

/* What comes on a descriptor; one may carry all. */
enum nn_stage_traffic { NN_STAGE_FORWARD = 1, NN_STAGE_BACK = 2, NN_STAGE_ORDERS = 4 };

struct nn_stage_input {
	int fd;
	const char *name;
	unsigned carries;         /* enum nn_stage_traffic */
	struct nn_reader *reader; /* the caller's, or NULL: opened here */
};
#define NN_STAGE_INPUTS 3

struct nn_stage_options {
	struct nn_network *network;     /* cut */
	const struct nn_bundle *params; /* its own; their metadata go into gradients' */
	struct nn_range range;
	size_t in_flight; /* most micro-batches on their way from here; >= 1 */
	bool recompute;
	uint64_t shards; /* V; 0: as the first micro-batch says */
	uint64_t id;     /* of the model that activations must be of; 0: any */
	/* Of the first stage, which has the data: its shards. */
	const struct nn_shards *data;
	struct nn_stage_input inputs[NN_STAGE_INPUTS];
	size_t input_count;
	int out_forward; /* -1: none, as of the last stage */
	const char *out_forward_name;
	int out_back; /* -1: none, as of the first */
	const char *out_back_name;
	struct nn_writer *out; /* where both are one line: the caller's; else NULL */
};

struct nn_stage;
/* Starts the threads. The options and all in them must outlive it. BLAS must be loaded. */
int nn_stage_open(struct nn_stage **stage, const struct nn_stage_options *options,
	struct nn_error *err);
/* Whatever they are doing, the threads end. NULL is fine. */
void nn_stage_close(struct nn_stage *stage);

#define NN_STAGE_ALL UINT64_MAX
/* So many micro-batches, forward and back, with the parameters as they are; the first stage makes them of
 * shards [first, first + count) of its list, others wait for them, with NN_STAGE_ALL until END has come. Their
 * gradients are added to the stack. NN_FAILED if a line fails or ends too early. */
int nn_stage_run(struct nn_stage *stage, const struct nn_step *step, size_t first, uint64_t count,
	struct nn_error *err);
/* All that was to be sent has been; behind it END. The second one waits for the stages behind, which would
 * be ended by SIGPIPE if their reader left, and so wants to be called when the first output is closed. */
int nn_stage_end_forward(struct nn_stage *stage, struct nn_error *err);
int nn_stage_end_back(struct nn_stage *stage, struct nn_error *err);

/* Between two runs, when no more will follow: END on both outputs, if anybody is still there. */
void nn_stage_leave(struct nn_stage *stage);

/* The sums so far; NULL: nothing came. To be cleared for the next step. */
struct nn_stack *nn_stage_sums(struct nn_stage *stage);
/* What the micro-batches were of: the last one's. */
const struct nn_preamble *nn_stage_seen(const struct nn_stage *stage);
/* Which stage this is of how many; false if no gradient has come back, so that it is not known. */
bool nn_stage_place(const struct nn_stage *stage, size_t *part, size_t *parts);
/* Seconds that it has waited with nothing to do, since it was last asked. */
double nn_stage_idle(struct nn_stage *stage);
/* Has it failed for what another process did? Then that one may know more. */
bool nn_stage_is_victim(const struct nn_stage *stage);

/* Can be read once no orders come any more: for nn_io_bound, where this process waits for others. */
int nn_stage_orders_end(const struct nn_stage *stage);
/* The next frame that is neither an activation nor END, in *reader, which is the caller's until
 * nn_stage_taken; NULL: the orders have ended. */
int nn_stage_await(struct nn_stage *stage, struct nn_reader **reader, const struct nn_frame **frame,
	struct nn_error *err);
void nn_stage_taken(struct nn_stage *stage);

#endif
