/* Metrics, of what a tally has counted. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "loss/metrics.h"

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
		.auc = tally->auc ? tally->auc[number] : (double)NAN,
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
	size_t ranked = 0;

	for (size_t i = 0; i < tally->width; i++) {
		struct nn_class_scores scores = nn_tally_scores(tally, i);

		mean.auc += or_zero(scores.auc);
		if (!isnan(scores.auc))
			ranked++;
		if (isnan(scores.f1))
			continue;
		there++;
		mean.precision += or_zero(scores.precision);
		mean.recall += or_zero(scores.recall);
		mean.f1 += scores.f1;
	}
	/* 0 / 0 is NaN. */
	mean.precision /= (double)there;
	mean.recall /= (double)there;
	mean.f1 /= (double)there;
	mean.auc /= (double)ranked;
	return mean;
}

double nn_tally_binary_accuracy(const struct nn_tally *tally, size_t output)
{
	const struct nn_tally_class *counts = &tally->classes[output];

	return ratio(tally->cases - counts->support - counts->predicted + 2 * counts->right,
		tally->cases);
}

struct nn_output_scores nn_tally_fit(const struct nn_tally *tally, size_t output)
{
	const struct nn_tally_output *sums = &tally->outputs[output];
	double cases = (double)tally->cases;

	return (struct nn_output_scores){
		.rmse = sqrt(sums->square / cases),
		.mae = sums->absolute / cases,
		.r2 = sums->spread > 0 ? 1.0 - sums->square / sums->spread : (double)NAN,
	};
}

struct nn_output_scores nn_tally_fit_all(const struct nn_tally *tally)
{
	double numbers = (double)tally->cases * (double)tally->width;
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

static double loss(const struct nn_tally *tally, size_t k)
{
	(void)k;
	return tally->sum.weight > 0 ? tally->sum.loss / tally->sum.weight : (double)NAN;
}

/* Finite for whatever loss. */
static double perplexity(const struct nn_tally *tally, size_t k)
{
	return exp(fmin(loss(tally, k), 709));
}

static double accuracy(const struct nn_tally *tally, size_t k)
{
	(void)k;
	return ratio(tally->right,
		tally->kind == NN_TALLY_BINARY ? tally->cases * tally->width : tally->cases);
}

static double top(const struct nn_tally *tally, size_t k)
{
	uint64_t right = 0;

	for (size_t rank = 0; rank < k && rank < tally->width; rank++)
		right += tally->ranks[rank];
	return ratio(right, tally->cases);
}

static double precision(const struct nn_tally *tally, size_t k)
{
	(void)k;
	return nn_tally_macro(tally).precision;
}

static double recall(const struct nn_tally *tally, size_t k)
{
	(void)k;
	return nn_tally_macro(tally).recall;
}

static double f1(const struct nn_tally *tally, size_t k)
{
	(void)k;
	return nn_tally_macro(tally).f1;
}

static double auc(const struct nn_tally *tally, size_t k)
{
	(void)k;
	return nn_tally_macro(tally).auc;
}

static double rmse(const struct nn_tally *tally, size_t k)
{
	(void)k;
	return nn_tally_fit_all(tally).rmse;
}

static double mae(const struct nn_tally *tally, size_t k)
{
	(void)k;
	return nn_tally_fit_all(tally).mae;
}

static double r2(const struct nn_tally *tally, size_t k)
{
	(void)k;
	return nn_tally_fit_all(tally).r2;
}

#define ANY (NN_TALLY_CLASSES | NN_TALLY_NUMBERS | NN_TALLY_BINARY)
#define CLASSES (NN_TALLY_CLASSES | NN_TALLY_BINARY)

const struct nn_metric nn_metrics[] = {
	{ "loss", ANY, false, 0, loss },
	{ "perplexity", NN_TALLY_CLASSES, false, 0, perplexity },
	{ "accuracy", CLASSES, true, 0, accuracy },
	{ "top5", NN_TALLY_CLASSES, true, 5, top },
	{ "precision", CLASSES, true, 0, precision },
	{ "recall", CLASSES, true, 0, recall },
	{ "f1", CLASSES, true, 0, f1 },
	{ "auc", CLASSES, true, 0, auc },
	{ "rmse", NN_TALLY_NUMBERS, false, 0, rmse },
	{ "mae", NN_TALLY_NUMBERS, false, 0, mae },
	{ "r2", NN_TALLY_NUMBERS, true, 0, r2 },
	{ NULL, 0, false, 0, NULL },
};
const char *const nn_metric_names[] = { "loss", "perplexity", "accuracy", "top5", "precision",
	"recall", "f1", "auc", "rmse", "mae", "r2", NULL };

static bool find_row(const char *name, struct nn_metric *metric)
{
	size_t i = 0;

	while (nn_metrics[i].name && strcmp(nn_metrics[i].name, name) != 0)
		i++;
	*metric = nn_metrics[i];
	return metric->name != NULL;
}

bool nn_metric_find(const char *name, struct nn_metric *metric)
{
	uint64_t k;

	if (find_row(name, metric))
		return true;
	if (strncmp(name, "top", 3) != 0 || name[3] == '0' || !nn_parse_u64(name + 3, &k) ||
		k > SIZE_MAX || !find_row("top5", metric))
		return false;
	metric->name = name;
	metric->k = (size_t)k;
	return true;
}

bool nn_metric_fits(const struct nn_metric *metric, const struct nn_tally *tally)
{
	return (metric->kinds & tally->kind) != 0;
}

double nn_metric_value(const struct nn_metric *metric, const struct nn_tally *tally)
{
	return metric->value(tally, metric->k);
}
