/* The synchronous step of workers that share memory: their gradients stay where they are, and each
 * worker updates a slice of the parameters. The same bits as sync.c's. */
#ifndef NN_TRAIN_SHARED_STEP_H
#define NN_TRAIN_SHARED_STEP_H

#include "train/train-private.h"

struct nn_shared_step;
/* Lays out options->shared and moves the checkpoint's numbers there; training->step is set. */
int nn_shared_step_open(struct training *training, struct nn_error *err);
/* Moves them back. */
int nn_shared_step_close(struct training *training, struct nn_error *err);

#endif
