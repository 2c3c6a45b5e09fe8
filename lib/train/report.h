/* What an evaluation found, as text for people and as JSON. */
#ifndef NN_TRAIN_REPORT_H
#define NN_TRAIN_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "loss/metrics.h"
#include "stream/frame.h"

struct nn_report {
	const struct nn_tally *tally;    /* at least one case */
	uint64_t rows;                   /* of the data */
	size_t positions;                /* cases of a row, counted or ignored */
	const struct nn_preamble *model; /* its step, epoch and id */
	const char *loss;                /* name of the loss */
	const char *kernel;              /* that ran */
	char *const *names;              /* [tally->width] of classes or outputs; NULL: numbers */
};

/* Is this metric in a report? Not if it does not fit, nor how often the right class is among the first
 * ones where there are few. */
#define NN_REPORT_TOP 10
bool nn_report_shows(const struct nn_metric *metric, const struct nn_tally *tally);
/* Tables in plain text, aligned, for a terminal of 100 columns. Of more than NN_REPORT_CLASSES
 * classes it shows those with the lowest F1 and the most frequent confusions, instead of all. */
#define NN_REPORT_CLASSES 30
int nn_report_text(const struct nn_report *report, struct nn_buffer *out, struct nn_error *err);
/* One line of canonical JSON; undefined scores are null. */
int nn_report_json(const struct nn_report *report, struct nn_buffer *out, struct nn_error *err);

#endif
