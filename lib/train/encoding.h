/* What the columns of the table, from which the data were imported, mean to a model. */
#ifndef NN_TRAIN_ENCODING_H
#define NN_TRAIN_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tensor/tensor.h"

/* NN_BAD if both metadata (a model's and a data set's) have `columns` that make other inputs: other
 * names, other means and deviations, other values; data that were not imported --like the model
 * would give numbers that mean nothing. Likewise if both have `tokens` and they differ. `name` is what to
 * call the data. */
int nn_check_encoding(const struct nn_bundle *model, const struct nn_bundle *data, const char *name,
	struct nn_error *err);

/* How the `count` outputs of a network are called by metadata: its classes, or its target columns.
 * *names [count], for nn_data_free_names, or NULL if the metadata do not say. */
int nn_output_names(const struct nn_bundle *metas, bool classes, size_t count, char ***names,
	struct nn_error *err);

#endif
