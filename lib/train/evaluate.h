/* A model, run over the rows of data sets. */
#ifndef NN_TRAIN_EVALUATE_H
#define NN_TRAIN_EVALUATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "data/dataset.h"
#include "loss/loss.h"
#include "loss/metrics.h"
#include "model/model.h"
#include "model/network.h"

/* Rows that are multiplied at once, or fewer where the network wants them in parts. The last bits of a
 * row's outputs depend on that number and on the row's place among them (by the kernel), so it is fixed,
 * and blocks are counted from the first row of the first data set, whatever frames and files the rows
 * stand in. */
#define NN_EVALUATE_ROWS 256

/* A model and the data sets it is run on, which count as one. Zero-initialized it is empty.
 * Lifetime: nn_evaluation_model, nn_evaluation_add for each data set, nn_evaluation_start,
 * nn_evaluation_next until there are no more rows, nn_evaluation_close. */
struct nn_evaluation {
	struct nn_model model;
	const char *model_name;
	struct nn_network *network;
	const struct nn_criterion *criterion;
	const struct nn_loss *loss; /* its type */
	size_t positions;           /* cases of a row */
	size_t outputs;             /* of the network for a case: classes, or numbers */
	struct nn_dataset *sets;    /* [set_count] */
	const char **set_names;     /* [set_count], for messages: the caller's strings */
	size_t set_count;
	uint64_t rows; /* of all sets */
	bool labelled; /* all rows have labels or targets as the loss wants them */
	char **names;  /* [outputs] of classes or target columns; NULL: not known */
	/* The current block. */
	uint64_t at;       /* rows before the next one */
	size_t block_rows; /* most rows of a block */
	uint64_t *numbers; /* [block_rows] */
	float *x;          /* [block_rows, features] */
	float *y;          /* [block_rows, outputs] */
	int32_t *labels;   /* [block_rows, positions] */
	size_t *best;      /* [block_rows, positions]: for whoever wants the greatest outputs */
};

/* Rows [first, first + rows) of all; pointers until the next call. */
struct nn_evaluated {
	uint64_t first;
	size_t rows;
	const float
		*out; /* [rows, positions, outputs]: what the loss takes (logits before softmax) */
	const float *y; /* [rows, outputs] if `labelled` and the loss wants them, else NULL */
	const int32_t *labels; /* [rows, positions] likewise */
};

/* Reads the last model of a file ("-": standard input) and checks it. `path` must outlive the
 * evaluation. */
int nn_evaluation_model(struct nn_evaluation *evaluation, const char *path, struct nn_error *err);
/* The same with a copy of a model in memory; `name` is what to call it. */
int nn_evaluation_copy(struct nn_evaluation *evaluation, const struct nn_model *model,
	const char *name, struct nn_error *err);
/* Other parameters, laid out as those of its model, and the next block is the first one again. */
void nn_evaluation_renew(struct nn_evaluation *evaluation, const struct nn_bundle *params);
/* For an operand that is to be data, while the model is to come on standard input: NN_USAGE if it is a
 * regular file that holds a model and no data, before anybody waits for the other. What else is wrong
 * with it nn_evaluation_add finds. */
int nn_evaluation_check_operand(const char *path, struct nn_error *err);
/* Loads the rows of a file ("-": standard input) and checks that they fit the model. With `targets`
 * they must have labels or targets, as its loss wants them. NN_BAD says what does not fit, and both
 * shapes. `path` must outlive the evaluation. */
int nn_evaluation_add(struct nn_evaluation *evaluation, const char *path, bool targets,
	struct nn_error *err);
/* Loads BLAS, with the kernel that the model names, if it names one, or with `kernel` unless that
 * is NULL; "auto" is what BLAS picks by itself. */
int nn_evaluation_start(struct nn_evaluation *evaluation, const char *kernel, struct nn_error *err);
/* The next block; block->rows is 0 behind the last row. NN_BAD for an output that is NaN or
 * infinite: the file, and the row in it. */
int nn_evaluation_next(struct nn_evaluation *evaluation, struct nn_evaluated *block,
	struct nn_error *err);
void nn_evaluation_close(struct nn_evaluation *evaluation);

/* Puts what the network predicts in the place of block->out: probabilities after a cross-entropy, the same
 * numbers after other losses. Once a block. */
void nn_evaluation_predict(struct nn_evaluation *evaluation, const struct nn_evaluated *block);
/* Runs over all rows. The sets must have been added with `targets`. With `scores` the tally gets the AUC,
 * unless too many scores would have to be kept. *tally is the caller's to nn_tally_free. `progress`,
 * unless NULL, is called after each block with the rows done. NN_BAD if there are no rows, or their total
 * weight is 0. */
int nn_evaluation_tally(struct nn_evaluation *evaluation, bool scores, struct nn_tally *tally,
	void (*progress)(uint64_t rows, uint64_t all), struct nn_error *err);

#endif
