/* What a model predicts, as CSV or as data frames. */
#ifndef NN_TRAIN_PREDICTIONS_H
#define NN_TRAIN_PREDICTIONS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/writer.h"
#include "train/evaluate.h"

struct nn_csv_options {
	bool probabilities; /* a column for each class, if the network predicts classes */
	bool index;         /* a column `row`, from 0, and `position` */
};

/* RFC 4180 but for its line ends, which are \n. A line is a case: a row, or a position of a row of several.
 * A header: `row`, and `position` of rows that have several; then `prediction` and the classes'
 * names, or the names of the target columns. Names that are not known are numbers, from 0; a single
 * output without a name is `prediction`. */
int nn_predictions_header(const struct nn_evaluation *evaluation,
	const struct nn_csv_options *options, struct nn_buffer *out, struct nn_error *err);
/* The rows of a block, which must come from nn_evaluation_next just now. Floats have the fewest
 * digits that give back the same float. */
int nn_predictions_rows(struct nn_evaluation *evaluation, const struct nn_evaluated *block,
	const struct nn_csv_options *options, struct nn_buffer *out, struct nn_error *err);

/* All rows as one stream of data frames: x [rows, outputs] F32, or [rows, positions, outputs], is what is predicted (probabilities of
 * the classes, or numbers), y the labels or targets of the input where all of it has some. So
 * predictions of several models can be compared, averaged, or be the input of a further model. */
int nn_predictions_data(struct nn_evaluation *evaluation, struct nn_writer *writer,
	void (*progress)(uint64_t rows, uint64_t all), struct nn_error *err);

#endif
