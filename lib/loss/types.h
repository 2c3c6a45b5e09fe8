/* The losses, for table.c. */
#ifndef NN_LOSS_TYPES_H
#define NN_LOSS_TYPES_H

#include "loss/loss.h"

extern const struct nn_loss nn_loss_binary_cross_entropy;
extern const struct nn_loss nn_loss_cross_entropy;
extern const struct nn_loss nn_loss_huber;
extern const struct nn_loss nn_loss_mae;
extern const struct nn_loss nn_loss_mse;

#endif
