/* How good predictions are: counts and sums that grow case by case, and the table of metrics that are
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
#include "loss/auc.h"
#include "loss/loss.h"

/* Beyond so many classes no confusion matrix is kept: it would be larger than the model. */
#define NN_CONFUSION_CLASSES 2048

/* What is predicted: one class of several, numbers, or for each output yes or no. */
enum nn_tally_kind {
	NN_TALLY_CLASSES = 1,
	NN_TALLY_NUMBERS = 2,
	NN_TALLY_BINARY = 4,
};
enum nn_tally_kind nn_tally_kind_of(const struct nn_loss *loss);

/* One class of a classification, counted; or one output that says yes or no. */
struct nn_tally_class {
	uint64_t support;   /* cases of this class */
	uint64_t predicted; /* cases predicted to be of it */
	uint64_t right;     /* both */
};
/* One output of a regression. */
struct nn_tally_output {
	double mean;     /* of the targets */
	double spread;   /* sum of (target - mean)^2 */
	double square;   /* sum of (prediction - target)^2 */
	double absolute; /* sum of |prediction - target| */
};

/* What all metrics are made of. Sums are in double and in the order of the cases, so they do not
 * depend on how they come in blocks. Exactly one of `classes` and `outputs` is not NULL. */
struct nn_tally {
	enum nn_tally_kind kind;
	size_t width;           /* classes, or outputs */
	uint64_t cases;         /* that count */
	struct nn_loss_sum sum; /* of their losses and weights */
	uint64_t right;         /* cases whose class was predicted; outputs that were right */
	struct nn_tally_class *classes;  /* [width] */
	uint64_t *ranks;                 /* [width]: cases in which so many classes were before the
					    right one; or NULL */
	uint64_t *confusion;             /* [width true, width predicted], or NULL */
	struct nn_tally_output *outputs; /* [width] */
	struct nn_scores scores;         /* until they are ranked */
	double *auc;                     /* [width]; NULL: not known */
};

/* `width` >= 1. Release with nn_tally_free. */
int nn_tally_init(struct nn_tally *tally, enum nn_tally_kind kind, size_t width,
	struct nn_error *err);
void nn_tally_free(struct nn_tally *tally);
/* Keeps the scores of up to so many cases for the AUC, if they are not too many: see nn_scores_init. Not
 * for numbers. */
int nn_tally_keep_scores(struct nn_tally *tally, uint64_t cases, struct nn_error *err);
/* Makes the AUC of them, when all cases are there. */
int nn_tally_rank_scores(struct nn_tally *tally, struct nn_error *err);

/* A case of a classification: its class, below width, the outputs [width], and its loss. */
void nn_tally_add_class(struct nn_tally *tally, size_t label, const float *out,
	const struct nn_loss_sum *sum);
/* A case of a regression: targets and outputs [width]. Mean and spread of the targets by B. P.
 * Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics
 * 4(3), 1962. */
void nn_tally_add_numbers(struct nn_tally *tally, const float *y, const float *out,
	const struct nn_loss_sum *sum);
/* A case of yes and no: targets, which are yes from 0.5 on, and outputs before the sigmoid, from 0 on. */
void nn_tally_add_binary(struct nn_tally *tally, const float *y, const float *out,
	const struct nn_loss_sum *sum);

/* The place of the greatest of `n` >= 1 numbers, the first of several. */
size_t nn_argmax(const float *values, size_t n);

/* Of one class. NaN where there is nothing to divide by: the precision of a class that was never
 * predicted, the recall of one without cases, the F1 of one with neither, the AUC of one that no case is
 * of or all are, and if it is not known. */
struct nn_class_scores {
	double precision;
	double recall;
	double f1;
	double auc;
};
struct nn_class_scores nn_tally_scores(const struct nn_tally *tally, size_t number);
/* The mean over the classes that were there or were predicted, an undefined score counting 0; of the AUC
 * over those that have one. */
struct nn_class_scores nn_tally_macro(const struct nn_tally *tally);
/* Of one output that says yes or no: the share of cases in which it is right. */
double nn_tally_binary_accuracy(const struct nn_tally *tally, size_t output);

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

/* One number out of a tally of at least one case. */
struct nn_metric {
	const char *name;
	unsigned kinds; /* of enum nn_tally_kind: what it is for */
	bool higher;    /* is better */
	size_t k;       /* of topK */
	double (*value)(const struct nn_tally *tally, size_t k);
};
/* The last one has the name NULL. */
extern const struct nn_metric nn_metrics[];
/* The same names, NULL-terminated, for option tables. */
extern const char *const nn_metric_names[];
/* One of the table, or topK for another K; *metric.name is `name`. False: there is none. */
bool nn_metric_find(const char *name, struct nn_metric *metric);
bool nn_metric_fits(const struct nn_metric *metric, const struct nn_tally *tally);
/* NaN: undefined. */
double nn_metric_value(const struct nn_metric *metric, const struct nn_tally *tally);

#endif
