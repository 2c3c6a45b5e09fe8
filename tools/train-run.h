/* The training itself: with workers, by ranks of MPI, or by stages. */
#ifndef NN_TOOLS_TRAIN_RUN_H
#define NN_TOOLS_TRAIN_RUN_H

#include "base/io.h"
#include "model/model.h"

#include "tools/train-command.h"

/* Trains the checkpoint, `name` being what it was read from. With --stages it is an outline, and the model goes
 * to the output, which others leave alone. Done, *outcome is what the program ends with: see
 * train_faults_status. Ends the program where options do not go with the checkpoint. */
int train_run(struct train_command *given, struct nn_checkpoint *checkpoint, const char *name,
	struct nn_output *output, int *outcome, struct nn_error *err);

#endif
