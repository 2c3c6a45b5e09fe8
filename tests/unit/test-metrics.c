/* Metrics against scikit-learn's, the AUC against pairs counted one by one: the figures are made by
 * metrics.py and auc.py of tests/unit/figures. */
#include <math.h>
#include <stdlib.h>

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
	struct nn_metric metric;

	return nn_metric_find(name, &metric) ? nn_metric_value(&metric, tally) : -1;
}

static bool fits(const char *name, const struct nn_tally *tally)
{
	struct nn_metric metric;

	return nn_metric_find(name, &metric) && nn_metric_fits(&metric, tally);
}

/* A case of class `label` whose greatest output is number `most`. */
static void add_class(struct nn_tally *tally, size_t label, size_t most, double loss)
{
	struct nn_loss_sum sum = { loss, 1 };
	float *out = calloc(tally->width, sizeof *out);

	out[most] = 1;
	nn_tally_add_class(tally, label, out, &sum);
	free(out);
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

	ok(!nn_tally_init(&tally, NN_TALLY_CLASSES, CLASSES, &err), "a tally of 6 classes");
	for (size_t row = 0; row < ROWS; row++)
		add_class(&tally, truth[row], predicted[row], 0.5 * (double)row);
	ok(!memcmp(tally.confusion, confusion, sizeof confusion), "confusion matrix");
	ok(tally.right == 17 && tally.cases == ROWS, "17 of 25 are right");
	is_near(metric(&tally, "loss"), 6, "loss is the mean");
	is_near(metric(&tally, "perplexity"), 403.4287934927351, "perplexity is e^6");
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
	ok(fits("loss", &tally), "loss is for classes");
	ok(!fits("r2", &tally), "r2 is not");
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
	static const float target[][3] = { { 1.5, 1000000.25, 7 }, { -2, 1000000.5, 7 },
		{ 0.25, 1000000, 7 }, { 3, 1000001, 7 }, { 2.5, 1000000.75, 7 },
		{ -1, 1000000.5, 7 }, { 0, 1000000.25, 7 } };
	static const float guess[][3] = { { 1.25, 1000000.5, 7 }, { -1.5, 1000000.5, 6.5 },
		{ 0.5, 1000000.25, 7 }, { 2.75, 1000000.75, 8 }, { 2.5, 1000000.75, 7 },
		{ -0.5, 1000000.25, 7 }, { 0.5, 1000000.25, 7.25 } };
	static const struct nn_loss_sum one = { 1, 1 };
	struct nn_tally tally;
	struct nn_error err;

	ok(!nn_tally_init(&tally, NN_TALLY_NUMBERS, 3, &err), "a tally of 3 outputs");
	for (size_t row = 0; row < 7; row++)
		nn_tally_add_numbers(&tally, target[row], guess[row], &one);
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

	ok(!nn_tally_init(&tally, NN_TALLY_CLASSES, 100000, &err) && !tally.confusion,
		"no confusion matrix of 100,000 classes");
	add_class(&tally, 99999, 99999, 0);
	add_class(&tally, 0, 99999, 0);
	is_near(metric(&tally, "accuracy"), 0.5, "but an accuracy");
	is_near(nn_tally_scores(&tally, 99999).precision, 0.5, "and scores");
	nn_tally_free(&tally);
}

/* Of each weight its loss: the mean is divided by the weights. */
static void try_weights(void)
{
	static const float out[] = { 1, 0 };
	struct nn_tally tally;
	struct nn_error err;

	nn_tally_init(&tally, NN_TALLY_CLASSES, 2, &err);
	nn_tally_add_class(&tally, 0, out, &(struct nn_loss_sum){ 3, 0.5 });
	nn_tally_add_class(&tally, 1, out, &(struct nn_loss_sum){ 2, 2 });
	is_near(metric(&tally, "loss"), 2, "a weighted mean");
	is_near(metric(&tally, "accuracy"), 0.5, "each case counts once for the accuracy");
	ok(isnan(metric(&tally, "auc")), "no AUC where no scores are kept");
	nn_tally_add_class(&tally, 1, out, &(struct nn_loss_sum){ 1e6, 0 });
	is_near(metric(&tally, "perplexity"), exp(709), "a perplexity stays finite");
	nn_tally_free(&tally);
	nn_tally_init(&tally, NN_TALLY_CLASSES, 2, &err);
	nn_tally_add_class(&tally, 0, out, &(struct nn_loss_sum){ 0, 0 });
	ok(isnan(metric(&tally, "loss")), "no weight, no mean");
	nn_tally_free(&tally);
}

/* The right class in place 0 to 4, once in a tie that it loses, once in one that it wins. */
static void try_ranks(void)
{
	static const float out[][5] = { { 5, 1, 2, 3, 4 }, { 1, 5, 2, 3, 4 }, { 3, 5, 3, 1, 4 },
		{ 3, 5, 3, 1, 4 }, { 4, 3, 2, 1, 5 } };
	static const size_t labels[] = { 0, 4, 0, 2, 3 };
	static const double want[] = { 0.2, 0.4, 0.6, 0.8, 1, 1 };
	static const char *const names[] = { "top1", "top2", "top3", "top4", "top5", "top600" };
	struct nn_tally tally;
	struct nn_error err;

	nn_tally_init(&tally, NN_TALLY_CLASSES, 5, &err);
	for (size_t row = 0; row < 5; row++)
		nn_tally_add_class(&tally, labels[row], out[row], &(struct nn_loss_sum){ 0, 1 });
	for (size_t i = 0; i < 6; i++)
		is_near(metric(&tally, names[i]), want[i], names[i]);
	is_near(metric(&tally, "accuracy"), want[0], "accuracy is top1");
	nn_tally_free(&tally);
}

/* The numbers of figures/auc.py. */
static float score_of(size_t i)
{
	return (float)((int)(i * 37 % 23) - 11) / 4;
}

#define PAIR_AUC 0.52375
#define MACRO_AUC 0.4848572530864197
static const double class_aucs[] = { 0.4861111111111111, 0.44849537037037035, 0.5199652777777778,
	(double)NAN };
enum { PAIR_ROWS = 40, AUC_ROWS = 60, AUC_CLASSES = 4, BITS = 3 };

static void try_pair(void)
{
	struct nn_tally tally;
	struct nn_error err;

	nn_tally_init(&tally, NN_TALLY_CLASSES, 2, &err);
	ok(!nn_tally_keep_scores(&tally, PAIR_ROWS, &err), "scores of two classes");
	for (size_t row = 0; row < PAIR_ROWS; row++)
		nn_tally_add_class(&tally, row * row / 3 % 2,
			(const float[]){ score_of(row), score_of(3 * row + 1) },
			&(struct nn_loss_sum){ 0, 1 });
	ok(!nn_tally_rank_scores(&tally, &err), "are ranked");
	is_near(metric(&tally, "auc"), PAIR_AUC, "AUC of two classes, with ties");
	is_near(nn_tally_scores(&tally, 0).auc, PAIR_AUC, "is that of either");
	nn_tally_free(&tally);
}

static void try_auc(void)
{
	struct nn_tally tally;
	struct nn_error err;

	nn_tally_init(&tally, NN_TALLY_CLASSES, AUC_CLASSES, &err);
	nn_tally_keep_scores(&tally, AUC_ROWS, &err);
	for (size_t row = 0; row < AUC_ROWS; row++) {
		float out[AUC_CLASSES];

		for (size_t i = 0; i < AUC_CLASSES; i++)
			out[i] = score_of(row * 5 + i * 7 + row * i);
		nn_tally_add_class(&tally, row * 7 % 5 % 3, out, &(struct nn_loss_sum){ 0, 1 });
	}
	nn_tally_rank_scores(&tally, &err);
	for (size_t i = 0; i < AUC_CLASSES; i++)
		is_near(nn_tally_scores(&tally, i).auc, class_aucs[i],
			"one class against the rest");
	is_near(metric(&tally, "auc"), MACRO_AUC,
		"their mean, without the class that is not there");
	nn_tally_free(&tally);
}

static void try_one_class(void)
{
	struct nn_tally tally;
	struct nn_error err;

	nn_tally_init(&tally, NN_TALLY_CLASSES, 2, &err);
	nn_tally_keep_scores(&tally, 9, &err);
	nn_tally_add_class(&tally, 1, (const float[]){ 1, 2 }, &(struct nn_loss_sum){ 0, 1 });
	nn_tally_rank_scores(&tally, &err);
	ok(isnan(metric(&tally, "auc")), "no AUC of one class alone");
	nn_tally_free(&tally);
}

static void try_binary(void)
{
	static const float y[][BITS] = { { 1, 0, 0.25f }, { 0, 1, 0 }, { 0.5f, 1, 0.4f },
		{ 0, 0, 0 } };
	static const float out[][BITS] = { { 2, -1, -1 }, { 3, 0, -1 }, { 2, -2, -1 },
		{ -1, -2, -3 } };
	struct nn_class_scores scores;
	struct nn_tally tally;
	struct nn_error err;

	ok(!nn_tally_init(&tally, NN_TALLY_BINARY, BITS, &err), "a tally of 3 bits");
	nn_tally_keep_scores(&tally, 4, &err);
	for (size_t row = 0; row < 4; row++)
		nn_tally_add_binary(&tally, y[row], out[row], &(struct nn_loss_sum){ 1, 1 });
	nn_tally_rank_scores(&tally, &err);
	ok(tally.right == 10, "10 of 12 are right");
	is_near(metric(&tally, "accuracy"), 10 / 12.0, "accuracy");
	is_near(nn_tally_binary_accuracy(&tally, 0), 0.75, "of the first output");
	is_near(nn_tally_binary_accuracy(&tally, 2), 1, "of the last");
	scores = nn_tally_scores(&tally, 0);
	is_near(scores.precision, 2 / 3.0, "precision");
	is_near(scores.recall, 1, "recall");
	is_near(scores.f1, 0.8, "F1");
	is_near(scores.auc, 0.5, "AUC: a tie, one pair lost, two won");
	scores = nn_tally_scores(&tally, 1);
	is_near(scores.recall, 0.5, "recall of the second output");
	is_near(scores.auc, 0.625, "its AUC");
	ok(isnan(nn_tally_scores(&tally, 2).auc), "none where all are no");
	is_near(metric(&tally, "auc"), 0.5625, "the mean of both");
	ok(fits("accuracy", &tally) && fits("auc", &tally) && !fits("top5", &tally) &&
			!fits("perplexity", &tally) && !fits("rmse", &tally),
		"what fits");
	nn_tally_free(&tally);
}

/* Scores of all sizes and signs, against pairs. */
static void try_sorting(void)
{
	enum { MANY = 700 };
	static float scores[MANY];
	static bool is[MANY];
	uint64_t won = 0, pairs = 0;
	struct nn_scores kept;
	struct nn_error err;
	double auc;

	nn_scores_init(&kept, MANY, 1, &err);
	for (size_t i = 0; i < MANY; i++) {
		scores[i] = (float)ldexp((double)(i * 7919 % 101) - 50, (int)(i * 31 % 60) - 30);
		if (i % 50 == 0)
			scores[i] = i % 100 ? 0.0f : -0.0f;
		is[i] = i * i % 7 < 3;
		kept.scores[i] = scores[i];
		kept.truth[i] = is[i];
	}
	kept.cases = MANY;
	for (size_t i = 0; i < MANY; i++)
		for (size_t j = 0; j < MANY; j++)
			if (is[i] && !is[j]) {
				pairs += 2;
				won += (uint64_t)(scores[i] > scores[j]) +
					(uint64_t)(scores[i] >= scores[j]);
			}
	ok(!nn_scores_auc(&kept, &auc, &err), "700 scores are ranked");
	is_near(auc, (double)won / (double)pairs, "as pair by pair");
	nn_scores_free(&kept);
}

static void try_too_many(void)
{
	struct nn_scores scores;
	struct nn_error err;

	ok(!nn_scores_init(&scores, NN_AUC_SCORES / 10 + 1, 10, &err) && !scores.room,
		"more than 2^24 scores are not kept");
	nn_scores_free(&scores);
}

int main(void)
{
	static const char *const wrong[] = { "", "losses", "top", "top0", "top-1", "top05", "top5x",
		"top99999999999999999999", "hits" };
	struct nn_metric found;
	size_t count = 0;

	try_classes();
	try_outputs();
	try_many_classes();
	try_weights();
	try_ranks();
	try_pair();
	try_auc();
	try_one_class();
	try_binary();
	try_sorting();
	try_too_many();
	ok(nn_argmax((const float[]){ -1, 3, 3, 2 }, 4) == 1, "of equal outputs the first wins");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ok(!nn_metric_find(wrong[i], &found), "there is no metric \"%s\"", wrong[i]);
	ok(nn_metric_find("top12", &found) && found.k == 12 && !strcmp(found.name, "top12"),
		"there is top12");
	while (nn_metrics[count].name && !strcmp(nn_metrics[count].name, nn_metric_names[count]))
		count++;
	ok(!nn_metrics[count].name && !nn_metric_names[count], "the names are the table's");
	return tap_done();
}
