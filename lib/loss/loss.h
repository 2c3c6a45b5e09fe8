/* Losses: a table, one file each. A loss is its value and its gradient with respect to the
 * network's outputs, both summed over the rows, never averaged: the division is nn-update's.
 *
 * To add one: a file NAME.c with a `const struct nn_loss`, a row in table.c, its name in local.mk,
 * its paragraph in nn-model(5), its figures in tests/unit/test-layer.c. */
#ifndef NN_LOSS_LOSS_H
#define NN_LOSS_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nn_loss {
	const char *name;
	bool wants_classes; /* labels are used, else y */
	/* The sum over rows of the rows' losses, out being what the network puts out [rows,
	 * outputs]. d_out [rows, outputs] receives the gradient with respect to it. y is [rows,
	 * outputs]; labels [rows] are all in 0 .. outputs-1: see nn_loss_bad_label. */
	double (*value)(const float *out, const float *y, const int32_t *labels, size_t rows,
		size_t outputs, float *d_out);
	/* From outputs to what is predicted, in place: probabilities, say. NULL: as they are. */
	void (*predict)(float *out, size_t rows, size_t outputs);
};

/* NULL-terminated. */
extern const struct nn_loss *const nn_losses[];
/* The same names, NULL-terminated, for option tables. */
extern const char *const nn_loss_names[];
const struct nn_loss *nn_loss_find(const char *name); /* NULL: there is none */

/* The first row whose label is not in 0 .. outputs-1; `rows` if there is none. */
size_t nn_loss_bad_label(const int32_t *labels, size_t rows, size_t outputs);

#endif
