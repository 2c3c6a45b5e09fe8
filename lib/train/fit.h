/* Do data and network go together? */
#ifndef NN_TRAIN_FIT_H
#define NN_TRAIN_FIT_H

#include <stdbool.h>

#include "base/error.h"
#include "data/dataset.h"
#include "model/network.h"

/* What the data say of the shapes that a spec may leave out. NN_BAD if the rows do not suit any
 * network. */
int nn_fit_known(const struct nn_dataset *data, const char *name, struct nn_known_shapes *known,
	struct nn_error *err);

/* NN_BAD, naming both sides, if rows of `data` are no input of the network (of one that begins with an
 * embedding: a number is no token), or if `targets` are wanted and y is missing or not what its loss
 * wants (class numbers of as many classes as there are outputs, at as many positions, or numbers, one
 * for each output). `metas` are the model's: its `classes`, if it has any,
 * must be those of the data, if they have any. `name` is what to call the data. */
int nn_fit_data(const struct nn_network *network, const struct nn_bundle *metas,
	const struct nn_dataset *data, const char *name, bool targets, struct nn_error *err);

#endif
