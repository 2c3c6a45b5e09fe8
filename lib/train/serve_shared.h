/* The worker's side of shared memory (train/shared.h). */
#ifndef NN_TRAIN_SERVE_SHARED_H
#define NN_TRAIN_SERVE_SHARED_H

#include "stream/reader.h"
#include "tensor/tensor.h"
#include "train/shared.h"

struct nn_shared_worker;
/* The memory may be laid out later, but before the first reference. `fd` is taken over. */
int nn_shared_worker_new(struct nn_shared_worker **worker, int fd, struct nn_error *err);
void nn_shared_worker_free(struct nn_shared_worker *worker); /* NULL is fine */

/* `model` has metadata alone: it gets the layout of its network, without data. It must stay. */
int nn_shared_worker_describe(struct nn_shared_worker *worker, struct nn_bundle *model,
	struct nn_error *err);
/* The data of both bundles become what the task names. */
int nn_shared_worker_point(struct nn_shared_worker *worker, const struct nn_preamble *task,
	struct nn_bundle *params, struct nn_bundle *grad, struct nn_error *err);
/* NN_SHARED_SUM, NN_SHARED_UPDATE; task->rows becomes 1 if all numbers are finite, else 0. */
int nn_shared_worker_slice(struct nn_shared_worker *worker, struct nn_preamble *task,
	struct nn_error *err);

/* Looks for input for a while before the reader sleeps: to be woken takes as long as a small task.
 * NULL: does nothing. */
void nn_shared_worker_spin(const struct nn_shared_worker *worker, const struct nn_reader *reader);

#endif
