/* The area under the ROC curve: how often a case of a class has a higher score for it than one that is
 * not of the class, ties counting one half. By ranks, as in D. J. Hand, R. J. Till, "A simple
 * generalisation of the area under the ROC curve", Machine Learning 45, 2001. */
#ifndef NN_LOSS_AUC_H
#define NN_LOSS_AUC_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Scores are kept until all are there: four bytes each, and one for the truth; sorting takes eight more
 * for each case. So no more than this many are, cases times columns. */
#define NN_AUC_SCORES ((uint64_t)1 << 24)

/* Scores [cases, columns], and whether each case is of the column's class. Zero-initialized it holds
 * none and takes none. Release with nn_scores_free. */
struct nn_scores {
	size_t columns;
	uint64_t room; /* cases */
	uint64_t cases;
	float *scores;
	unsigned char *truth; /* 0 or 1 */
};

/* Room for `cases` >= 1 of `columns` >= 1; none, and still NN_OK, if that were too many. */
int nn_scores_init(struct nn_scores *scores, uint64_t cases, size_t columns, struct nn_error *err);
void nn_scores_free(struct nn_scores *scores);
/* auc [columns], each exact but for one division: NaN for a column whose cases are all of its class, or
 * none is. */
int nn_scores_auc(const struct nn_scores *scores, double *auc, struct nn_error *err);

#endif
