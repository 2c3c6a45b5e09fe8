/* What rows of a table are to be taught: class numbers or numbers, gathered row by row. */
#ifndef NN_DATA_TARGETS_H
#define NN_DATA_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "data/decimal.h"
#include "data/names.h"

/* While the kind is guessed, whole numbers are taken for classes; until there are more different ones
 * than this, or a fraction. */
#define NN_GUESS_CLASSES 100

enum nn_target_kind {
	NN_TARGET_NONE,
	NN_TARGET_GUESS, /* whole numbers so far */
	NN_TARGET_CLASSES,
	NN_TARGET_NUMBERS,
};

/* Zero-initialized, with kind and outputs set, it is empty. */
struct nn_targets {
	enum nn_target_kind kind;
	size_t outputs; /* columns */
	bool frozen;    /* classes: no others than those in `names` */
	struct nn_names names;
	int32_t *labels; /* [count]: classes and guess */
	float *numbers;  /* [count, outputs] */
	size_t count;
	size_t room;
};

/* One row's targets; none of the cells is missing. NN_BAD says why a cell does not do: *culprit is
 * its number in `cells`. */
int nn_targets_add(struct nn_targets *targets, const struct nn_cell *cells, size_t *culprit,
	struct nn_error *err);
/* A guess becomes classes; classes that were found get their order (numbers by value, texts by
 * bytes), and the labels with them. */
int nn_targets_finish(struct nn_targets *targets, struct nn_error *err);
void nn_targets_free(struct nn_targets *targets); /* leaves it empty */

/* *value: the number in a cell, as a float can hold it. NN_BAD says why there is none: `'abc': not a
 * number`. `alone`: the only cell of its row. */
int nn_cell_number(struct nn_cell cell, bool alone, double *value, struct nn_error *err);
/* A new name for metadata must be UTF-8: NN_BAD. */
int nn_cell_name(struct nn_names *names, struct nn_cell cell, size_t *number, struct nn_error *err);

#endif
