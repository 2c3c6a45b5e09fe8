/* The worker of nn-train: answers tasks that come by a pipe.
 *
 * What passes, in frames of nnt(5):
 *
 *   worker       hello   metadata `version`, `kernel` (of matrix products), `cpu`
 *   coordinator  model   whose id and step the tasks behind it name
 *   coordinator  task    shards [first, first + 1) of V at a step; part = operand that holds the
 *                        shard, parts = how many operands there are
 *                        rows > 0: so many local steps (train/local.h), metadata `optimizer`,
 *                        `keep_inner`
 *   worker       grad    of that shard and step
 *   coordinator  data    of a shard, all of its frames one behind another, to a worker without files
 *                        before its first task of it
 *   coordinator  task    with V = 0: how many rows has operand `part`?
 *   worker       task    the same, with rows, and the data's id; and V and first, if the operand is
 *                        a shard by itself
 *   coordinator  model   without tensors, metadata `optimizer`, `spin`: of what lies in memory that
 *                        both share; before any reference
 *   coordinator  task    a reference, see train/shared.h: the answer is a reference too, of kind
 *                        grad or task; rows of a task: 1 if all parameters are finite
 *   worker       error   metadata `status` (a number of enum nn_status), `text`: then it ends
 *   coordinator  END     the worker writes its own and ends
 */
#ifndef NN_TRAIN_SERVE_H
#define NN_TRAIN_SERVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define NN_WORKER_VERSION "version"
#define NN_WORKER_KERNEL "kernel"
#define NN_WORKER_CPU "cpu"
#define NN_WORKER_STATUS "status"
#define NN_WORKER_TEXT "text"
#define NN_WORKER_OPTIMIZER "optimizer"
#define NN_WORKER_SPIN "spin" /* microseconds to look for a task before sleeping */

struct nn_serve_options {
	/* [count]: one file, of which shards are views, or a shard each; none: they are sent */
	char *const *paths;
	size_t count;
	const char *method;  /* of nn_partitioner_names: how one file is cut */
	uint64_t shard_seed; /* of random cuts */
	uint64_t shared;    /* descriptor of shared memory that a coordinator has passed; 0: none */
	double pace;        /* seconds that each row takes at least: to try slow workers */
	const char *kernel; /* of matrix products; NULL: what the environment or OpenBLAS picks */
};

/* Until END. A file is loaded when a task first asks for it, and kept. What fails is said in an
 * error frame too, if there is someone to read it. */
int nn_serve(int in, int out, const struct nn_serve_options *options, struct nn_error *err);

#endif
