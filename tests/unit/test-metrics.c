/* Metrics against scikit-learn's: the figures are made by tests/unit/figures/metrics.py. */
#include <math.h>

#include "loss/metrics.h"
#include "tap.h"

#define ROWS 25
#define CLASSES 6

static const size_t truth[ROWS] = { 0, 1, 2, 2, 1, 0, 3, 2, 1, 1, 0, 2, 2, 3, 1, 0, 0, 2, 1, 2, 2,
	0, 1, 3, 2 };
static const size_t predicted[ROWS] = { 0, 1, 2, 1, 1, 0, 2, 2, 0, 1, 0, 2, 2, 1, 1, 4, 0, 2, 2, 2,
	1, 0, 1, 0, 2 };
static const uint64_t confusion[CLASSES][CLASSES] = { { 5, 0, 0, 0, 1 }, { 1, 5, 1 }, { 0, 2, 7 },
	{ 1, 1, 1 } };

/* Both NaN, or equal to 1e-14. */
static void is_near(double got, double want, const char *what)
{
	bool near = isnan(want) ? isnan(got) : fabs(got - want) <= 1e-14 * fabs(want);

	if (!ok(near, "%s", what))
		printf("#      got: %.17g\n# expected: %.17g\n", got, want);
}

static double metric(const struct nn_tally *tally, const char *name)
{
	return nn_metric_find(name)->value(tally);
}

static void try_class(const struct nn_tally *tally, size_t number, double precision, double recall,
	double f1)
{
	struct nn_class_scores scores = nn_tally_scores(tally, number);

	printf("# class %zu\n", number);
	is_near(scores.precision, precision, "precision");
	is_near(scores.recall, recall, "recall");
	is_near(scores.f1, f1, "F1");
}

static void try_classes(void)
{
	struct nn_tally tally;
	struct nn_error err;

	ok(!nn_tally_init(&tally, true, CLASSES, &err), "a tally of 6 classes");
	for (size_t row = 0; row < ROWS; row++)
		nn_tally_add_class(&tally, truth[row], predicted[row], 0.5 * (double)row);
	ok(!memcmp(tally.confusion, confusion, sizeof confusion), "confusion matrix");
	ok(tally.right == 17 && tally.rows == ROWS, "17 of 25 are right");
	is_near(metric(&tally, "loss"), 6, "loss is the mean");
	is_near(metric(&tally, "accuracy"), 0.68, "accuracy");
	try_class(&tally, 0, 0.7142857142857143, 0.8333333333333334, 0.7692307692307692);
	try_class(&tally, 1, 0.625, 0.7142857142857143, 0.6666666666666666);
	try_class(&tally, 2, 0.7777777777777778, 0.7777777777777778, 0.7777777777777778);
	try_class(&tally, 3, (double)NAN, 0, 0);
	try_class(&tally, 4, 0, (double)NAN, 0);
	try_class(&tally, 5, (double)NAN, (double)NAN, (double)NAN);
	is_near(metric(&tally, "precision"), 0.4234126984126984, "mean precision");
	is_near(metric(&tally, "recall"), 0.4650793650793651, "mean recall");
	is_near(metric(&tally, "f1"), 0.44273504273504266, "mean F1");
	ok(nn_metric_fits(nn_metric_find("loss"), &tally), "loss is for classes");
	ok(!nn_metric_fits(nn_metric_find("r2"), &tally), "r2 is not");
	nn_tally_free(&tally);
}

static void try_output(const struct nn_tally *tally, size_t output, double rmse, double mae,
	double r2)
{
	struct nn_output_scores fit = nn_tally_fit(tally, output);

	printf("# output %zu\n", output);
	is_near(fit.rmse, rmse, "RMSE");
	is_near(fit.mae, mae, "MAE");
	is_near(fit.r2, r2, "R^2");
}

static void try_outputs(void)
{
	static const double target[][3] = { { 1.5, 1000000.25, 7 }, { -2, 1000000.5, 7 },
		{ 0.25, 1000000, 7 }, { 3, 1000001, 7 }, { 2.5, 1000000.75, 7 },
		{ -1, 1000000.5, 7 }, { 0, 1000000.25, 7 } };
	static const double guess[][3] = { { 1.25, 1000000.5, 7 }, { -1.5, 1000000.5, 6.5 },
		{ 0.5, 1000000.25, 7 }, { 2.75, 1000000.75, 8 }, { 2.5, 1000000.75, 7 },
		{ -0.5, 1000000.25, 7 }, { 0.5, 1000000.25, 7.25 } };
	struct nn_tally tally;
	struct nn_error err;

	ok(!nn_tally_init(&tally, false, 3, &err), "a tally of 3 outputs");
	for (size_t row = 0; row < 7; row++)
		nn_tally_add_targets(&tally, target[row], guess[row], 1);
	try_output(&tally, 0, 0.36596252735569995, 0.32142857142857145, 0.953083109919571);
	printf("# the second varies by 1e-6 of its mean, which costs Welford's update some digits\n");
	ok(fabs(nn_tally_fit(&tally, 1).r2 - 0.631578947368421) < 1e-9, "R^2 of output 1");
	is_near(nn_tally_fit(&tally, 1).rmse, 0.1889822365046136, "RMSE of output 1");
	try_output(&tally, 2, 0.4330127018922193, 0.25, (double)NAN);
	is_near(metric(&tally, "rmse"), 0.3450327796711771, "RMSE of all");
	is_near(metric(&tally, "mae"), 0.2380952380952381, "MAE of all");
	ok(fabs(metric(&tally, "r2") - 0.792331028643996) < 1e-9, "R^2 of all that are defined");
	nn_tally_free(&tally);
}

static void try_many_classes(void)
{
	struct nn_tally tally;
	struct nn_error err;

	ok(!nn_tally_init(&tally, true, 100000, &err) && !tally.confusion,
		"no confusion matrix of 100,000 classes");
	nn_tally_add_class(&tally, 99999, 99999, 0);
	nn_tally_add_class(&tally, 0, 99999, 0);
	is_near(metric(&tally, "accuracy"), 0.5, "but an accuracy");
	is_near(nn_tally_scores(&tally, 99999).precision, 0.5, "and scores");
	nn_tally_free(&tally);
}

int main(void)
{
	size_t count = 0;

	try_classes();
	try_outputs();
	try_many_classes();
	ok(nn_argmax((const float[]){ -1, 3, 3, 2 }, 4) == 1, "of equal outputs the first wins");
	ok(nn_metric_find("auc") == NULL, "unknown names are not found");
	while (nn_metrics[count].name && !strcmp(nn_metrics[count].name, nn_metric_names[count]))
		count++;
	ok(!nn_metrics[count].name && !nn_metric_names[count], "the names are the table's");
	return tap_done();
}
