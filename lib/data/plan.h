/* What becomes of each column of a table: from the options and its first rows, or as another data set
 * or model says. */
#ifndef NN_DATA_PLAN_H
#define NN_DATA_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "data/columns.h"
#include "data/import.h"
#include "data/sample.h"
#include "data/targets.h"

enum nn_missing { NN_MISSING_FAIL, NN_MISSING_DROP, NN_MISSING_MEAN };

struct nn_plan {
	bool header;  /* the first row is one */
	size_t cells; /* of a row */
	char **names; /* [cells] of the header; NULL without */
	struct nn_columns columns;
	bool known; /* values, classes, mean and sd are given, not found */
	enum nn_missing missing;
	size_t *inputs;      /* [width] columns that are inputs, in order, */
	size_t *input_cells; /* [width] and the cells they come from */
	bool *is_text;       /* [width] ONE_HOT */
	size_t width;
	size_t *target_cells; /* [targets.outputs], or 1 for classes */
	size_t target_count;
	struct nn_targets targets; /* empty, of the kind wanted */
};

/* `name` is the file's, for messages. */
int nn_plan_make(struct nn_plan *plan, const struct nn_import *import,
	const struct nn_sample *sample, const char *name, struct nn_error *err);
void nn_plan_free(struct nn_plan *plan);

/* Parts of it, in files of their own. */
/* ... with import->like */
int nn_plan_like(struct nn_plan *plan, const struct nn_import *import,
	const struct nn_sample *sample, struct nn_error *err);
/* Copies the first row's cells to plan->names. */
int nn_plan_names(struct nn_plan *plan, const struct nn_sample *sample, struct nn_error *err);
/* Fills inputs, input_cells, is_text and target_cells; cell_of [columns.count] is the cell of each column,
 * SIZE_MAX where the table has none. */
int nn_plan_lists(struct nn_plan *plan, const size_t *cell_of, struct nn_error *err);

#endif
