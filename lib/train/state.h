/* The optimizer's state: slots, the number of updates, and the options, in one bundle. */
#ifndef NN_TRAIN_STATE_H
#define NN_TRAIN_STATE_H

#include <stdint.h>

#include "optim/optim.h"
#include "tensor/tensor.h"

/* Fills in `options` from the state (metadata `optimizer`) and the defaults, and gives the state
 * the tensors that they ask for: SLOT/PARAM, F32, and `updates`, U64. Slots that are not there begin
 * at zero; all of them if the method is another than the state's. The texts in `options` live as long as
 * *document (the caller's to nn_json_free). NN_USAGE, NN_BAD. */
struct nn_json;
int nn_state_prepare(struct nn_bundle *state, const struct nn_bundle *params,
	struct nn_optim_options *options, struct nn_json **document, struct nn_error *err);
/* The layout of that state and its metadata, without data, for options that are complete. */
int nn_state_layout(struct nn_bundle *state, const struct nn_bundle *params,
	const struct nn_optim_options *options, struct nn_error *err);
/* How many updates were made with this state. */
uint64_t *nn_state_updates(const struct nn_bundle *state);
/* The vector of a slot: as many floats as the parameters. */
float *nn_state_slot(const struct nn_bundle *state, const char *slot);

#endif
