#include "loss/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int nn_tally_init(struct nn_tally *tally, bool classes, size_t width, struct nn_error *err)
{
	*tally = (struct nn_tally){ .width = width };
	if (!classes) {
		tally->outputs = nn_alloc(width, sizeof *tally->outputs, err);
		return tally->outputs ? NN_OK : NN_FAILED;
	}
	tally->classes = nn_alloc(width, sizeof *tally->classes, err);
	if (!tally->classes)
		return NN_FAILED;
	if (width > NN_CONFUSION_CLASSES)
		return NN_OK;
	tally->confusion = nn_alloc(width * width, sizeof *tally->confusion, err);
	if (tally->confusion)
		return NN_OK;
	nn_tally_free(tally);
	return NN_FAILED;
}

void nn_tally_free(struct nn_tally *tally)
{
	free(tally->classes);
	free(tally->confusion);
	free(tally->outputs);
	*tally = (struct nn_tally){ 0 };
}

void nn_tally_add_class(struct nn_tally *tally, size_t label, size_t predicted, double loss)
{
	tally->rows++;
	tally->loss += loss;
	tally->right += label == predicted;
	tally->classes[label].support++;
	tally->classes[label].right += label == predicted;
	tally->classes[predicted].predicted++;
	if (tally->confusion)
		tally->confusion[label * tally->width + predicted]++;
}

void nn_tally_add_targets(struct nn_tally *tally, const double *target, const double *predicted,
	double loss)
{
	tally->rows++;
	tally->loss += loss;
	for (size_t i = 0; i < tally->width; i++) {
		struct nn_tally_output *output = &tally->outputs[i];
		double error = predicted[i] - target[i];
		double distance = target[i] - output->mean;

		output->square += error * error;
		output->absolute += fabs(error);
		output->mean += distance / (double)tally->rows;
		output->spread += distance * (target[i] - output->mean);
	}
}

size_t nn_argmax(const float *values, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (values[i] > values[best])
			best = i;
	return best;
}

static double ratio(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : (double)NAN;
}

struct nn_class_scores nn_tally_scores(const struct nn_tally *tally, size_t number)
{
	const struct nn_tally_class *counts = &tally->classes[number];

	return (struct nn_class_scores){
		.precision = ratio(counts->right, counts->predicted),
		.recall = ratio(counts->right, counts->support),
		/* The harmonic mean of both, without its 0/0 for a class that is never hit. */
		.f1 = ratio(2 * counts->right, counts->support + counts->predicted),
	};
}

static double or_zero(double value)
{
	return isnan(value) ? 0.0 : value;
}

struct nn_class_scores nn_tally_macro(const struct nn_tally *tally)
{
	struct nn_class_scores mean = { 0 };
	size_t there = 0;

	for (size_t i = 0; i < tally->width; i++) {
		struct nn_class_scores scores = nn_tally_scores(tally, i);

		if (isnan(scores.f1))
			continue;
		there++;
		mean.precision += or_zero(scores.precision);
		mean.recall += or_zero(scores.recall);
		mean.f1 += scores.f1;
	}
	mean.precision /= (double)there;
	mean.recall /= (double)there;
	mean.f1 /= (double)there;
	return mean;
}

struct nn_output_scores nn_tally_fit(const struct nn_tally *tally, size_t output)
{
	const struct nn_tally_output *sums = &tally->outputs[output];
	double rows = (double)tally->rows;

	return (struct nn_output_scores){
		.rmse = sqrt(sums->square / rows),
		.mae = sums->absolute / rows,
		.r2 = sums->spread > 0 ? 1.0 - sums->square / sums->spread : (double)NAN,
	};
}

struct nn_output_scores nn_tally_fit_all(const struct nn_tally *tally)
{
	double numbers = (double)tally->rows * (double)tally->width;
	double square = 0, absolute = 0, r2 = 0;
	size_t defined = 0;

	for (size_t i = 0; i < tally->width; i++) {
		double fit = nn_tally_fit(tally, i).r2;

		square += tally->outputs[i].square;
		absolute += tally->outputs[i].absolute;
		r2 += or_zero(fit);
		if (!isnan(fit))
			defined++;
	}
	return (struct nn_output_scores){
		.rmse = sqrt(square / numbers),
		.mae = absolute / numbers,
		.r2 = defined ? r2 / (double)defined : (double)NAN,
	};
}

static double loss(const struct nn_tally *tally)
{
	return tally->loss / (double)tally->rows;
}

static double accuracy(const struct nn_tally *tally)
{
	return ratio(tally->right, tally->rows);
}

static double precision(const struct nn_tally *tally)
{
	return nn_tally_macro(tally).precision;
}

static double recall(const struct nn_tally *tally)
{
	return nn_tally_macro(tally).recall;
}

static double f1(const struct nn_tally *tally)
{
	return nn_tally_macro(tally).f1;
}

static double rmse(const struct nn_tally *tally)
{
	return nn_tally_fit_all(tally).rmse;
}

static double mae(const struct nn_tally *tally)
{
	return nn_tally_fit_all(tally).mae;
}

static double r2(const struct nn_tally *tally)
{
	return nn_tally_fit_all(tally).r2;
}

const struct nn_metric nn_metrics[] = {
	{ "loss", NN_METRIC_ANY, loss },
	{ "accuracy", NN_METRIC_CLASSES, accuracy },
	{ "precision", NN_METRIC_CLASSES, precision },
	{ "recall", NN_METRIC_CLASSES, recall },
	{ "f1", NN_METRIC_CLASSES, f1 },
	{ "rmse", NN_METRIC_OUTPUTS, rmse },
	{ "mae", NN_METRIC_OUTPUTS, mae },
	{ "r2", NN_METRIC_OUTPUTS, r2 },
	{ NULL, NN_METRIC_ANY, NULL },
};
const char *const nn_metric_names[] = { "loss", "accuracy", "precision", "recall", "f1", "rmse",
	"mae", "r2", NULL };

const struct nn_metric *nn_metric_find(const char *name)
{
	for (const struct nn_metric *metric = nn_metrics; metric->name; metric++)
		if (!strcmp(metric->name, name))
			return metric;
	return NULL;
}

bool nn_metric_fits(const struct nn_metric *metric, const struct nn_tally *tally)
{
	switch (metric->use) {
	case NN_METRIC_ANY:
		return true;
	case NN_METRIC_CLASSES:
		return tally->classes != NULL;
	case NN_METRIC_OUTPUTS:
		return tally->outputs != NULL;
	}
	return false;
}
