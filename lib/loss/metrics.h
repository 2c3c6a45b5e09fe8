/* How good predictions are: counts and sums that grow row by row, and the table of metrics that are
 * computed from them.
 *
 * To add a metric: a row in the table of metrics.c, its paragraph in nn-eval(1), its figures in
 * tests/unit/test-metrics.c; what it needs beyond the sums below is one more of them. */
#ifndef NN_LOSS_METRICS_H
#define NN_LOSS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Beyond so many classes no confusion matrix is kept: it would be larger than the model. */
#define NN_CONFUSION_CLASSES 2048

/* One class of a classification, counted. */
struct nn_tally_class {
	uint64_t support;   /* rows of this class */
	uint64_t predicted; /* rows predicted to be of it */
	uint64_t right;     /* both */
};
/* One output of a regression. */
struct nn_tally_output {
	double mean;     /* of the targets */
	double spread;   /* sum of (target - mean)^2 */
	double square;   /* sum of (prediction - target)^2 */
	double absolute; /* sum of |prediction - target| */
};

/* What all metrics are made of. Sums are in double and in the order of the rows, so they do not
 * depend on how the rows come in blocks. Exactly one of `classes` and `outputs` is not NULL. */
struct nn_tally {
	size_t width; /* classes, or outputs */
	uint64_t rows;
	double loss;                     /* sum over the rows */
	uint64_t right;                  /* rows whose class was predicted */
	struct nn_tally_class *classes;  /* [width] */
	uint64_t *confusion;             /* [width true, width predicted], or NULL */
	struct nn_tally_output *outputs; /* [width] */
};

/* `width` >= 1. Release with nn_tally_free. */
int nn_tally_init(struct nn_tally *tally, bool classes, size_t width, struct nn_error *err);
void nn_tally_free(struct nn_tally *tally);
/* A row of a classification; both numbers are below width. */
void nn_tally_add_class(struct nn_tally *tally, size_t label, size_t predicted, double loss);
/* A row of a regression, in the units that the metrics shall have: both [width]. Mean and spread of
 * the targets by B. P. Welford, "Note on a method for calculating corrected sums of squares and
 * products", Technometrics 4(3), 1962. */
void nn_tally_add_targets(struct nn_tally *tally, const double *target, const double *predicted,
	double loss);

/* The place of the greatest of `n` >= 1 numbers, the first of several. */
size_t nn_argmax(const float *values, size_t n);

/* Of one class. NaN where there is nothing to divide by: the precision of a class that was never
 * predicted, the recall of one without rows, the F1 of one with neither. */
struct nn_class_scores {
	double precision;
	double recall;
	double f1;
};
struct nn_class_scores nn_tally_scores(const struct nn_tally *tally, size_t number);
/* The mean over the classes that were there or were predicted, an undefined score counting 0. */
struct nn_class_scores nn_tally_macro(const struct nn_tally *tally);

/* Of one output. R^2 = 1 - square/spread is NaN for a target that does not vary. */
struct nn_output_scores {
	double rmse;
	double mae;
	double r2;
};
struct nn_output_scores nn_tally_fit(const struct nn_tally *tally, size_t output);
/* Over all outputs: the root of the mean of all squares, the mean of all absolute errors, the mean of
 * the R^2 that are defined. */
struct nn_output_scores nn_tally_fit_all(const struct nn_tally *tally);

enum nn_metric_use { NN_METRIC_ANY, NN_METRIC_CLASSES, NN_METRIC_OUTPUTS };

/* One number out of a tally of at least one row; NaN: undefined. */
struct nn_metric {
	const char *name;
	enum nn_metric_use use;
	double (*value)(const struct nn_tally *tally);
};
/* The last one has the name NULL. */
extern const struct nn_metric nn_metrics[];
/* The same names, NULL-terminated, for option tables. */
extern const char *const nn_metric_names[];
const struct nn_metric *nn_metric_find(const char *name); /* NULL: there is none */
bool nn_metric_fits(const struct nn_metric *metric, const struct nn_tally *tally);

#endif
