/* The gradients that a worker sends: where the next task is there already, behind the back of who
 * computes it. */
#ifndef NN_TRAIN_SERVE_ANSWERS_H
#define NN_TRAIN_SERVE_ANSWERS_H

#include <stdbool.h>

#include "stream/writer.h"
#include "tensor/tensor.h"

struct nn_serve_answers;

/* `writer` must outlive it. */
int nn_serve_answers_new(struct nn_serve_answers **answers, struct nn_writer *writer,
	struct nn_error *err);
/* Waits for what is on its way, if it can go. NULL is fine. */
void nn_serve_answers_free(struct nn_serve_answers *answers);

/* Writes a gradient, packed (train/packed.h) or as it is. With `behind` a thread does, and *grad must
 * stay as it is until nn_serve_answers_wait. Only one is on its way: the next one waits for it. An error
 * may be that of the one before. */
int nn_serve_answers_put(struct nn_serve_answers *answers, const struct nn_preamble *preamble,
	const struct nn_bundle *grad, bool packed, bool behind, struct nn_error *err);
/* Is one on its way? */
bool nn_serve_answers_busy(struct nn_serve_answers *answers);
/* Until all is written; the writer is the caller's then. */
int nn_serve_answers_wait(struct nn_serve_answers *answers, struct nn_error *err);

#endif
