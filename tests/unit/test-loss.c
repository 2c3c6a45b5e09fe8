/* Losses: values, weights and gradients against PyTorch's figures and against differences; extreme
 * outputs in closed form; the same bits in every instruction set and in whatever company a case is. */
#include <math.h>
#include <stdlib.h>

#include "figures/loss.h"
#include "tap.h"

/* The losses once more, as a compiler makes them that knows no newer instruction sets. */
#undef NN_CLONES
#define NN_CLONES
#define nn_loss_binary_cross_entropy plain_binary_cross_entropy
#include "loss/binary_cross_entropy.c"
#define nn_loss_huber plain_huber
#include "loss/huber.c"
#define nn_loss_mae plain_mae
#include "loss/mae.c"
#define nn_loss_mse plain_mse
#include "loss/mse.c"
#define nn_loss_cross_entropy plain_cross_entropy
#include "loss/cross_entropy.c"

static struct nn_error err;

static struct nn_criterion parse(const char *text)
{
	struct nn_json *json = nn_json_parse(text, strlen(text), "loss", &err);
	struct nn_criterion criterion;

	if (!json || nn_criterion_parse(&criterion, json, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	nn_json_free(json);
	return criterion;
}

/* The numbers of figures/loss.py. */
static void fill(float *values, size_t count, size_t start, float scale)
{
	for (size_t i = 0; i < count; i++)
		values[i] = (float)((int)((i * 37 + start * 29 + 11) % 61) - 30) * scale / 16;
}

#define MOST 144

static void check_figure(const struct figure *figure)
{
	struct nn_criterion criterion = parse(figure->loss);
	size_t count = figure->cases * figure->outputs;
	float out[MOST], y[MOST], d[MOST];
	int32_t labels[MOST];
	struct nn_loss_run run = { out, y, labels, figure->cases, figure->outputs, d, NULL };
	struct nn_loss_sum sum;
	double largest = 0, worst = 0;

	fill(out, count, 1, strstr(figure->name, "entropy") ? 4 : 1);
	fill(y, count, 2, 1);
	if (!criterion.type->wants_classes)
		y[4] = out[4];
	for (size_t i = 0; i < count && criterion.type->binary; i++)
		y[i] = (float)(i * 5 % 17) / 16;
	for (size_t i = 0; i < figure->cases; i++)
		labels[i] = (int32_t)((i * 2 + 1) % figure->outputs);
	sum = criterion.type->value(&criterion, &run);
	ok(fabs(sum.weight - figure->weight) <= 0, "%s: the weight is %g", figure->loss,
		figure->weight);
	if (!ok(fabs(sum.loss / sum.weight - figure->mean) <= 2e-7 * fabs(figure->mean),
		    "%zu outputs: the mean is PyTorch's", figure->outputs))
		printf("#      got: %.17g\n# expected: %.17g\n", sum.loss / sum.weight,
			figure->mean);
	for (size_t i = 0; i < count; i++) {
		worst = fmax(worst, fabs((double)d[i] - figure->gradient[i]));
		largest = fmax(largest, fabs(figure->gradient[i]));
	}
	ok(worst <= 3e-7 * largest, "the gradient is PyTorch's (off by %.2g)", worst / largest);
	nn_criterion_free(&criterion);
}

/* A batch that is no multiple of anything. */
enum { CASE_COUNT = 83, WIDEST = 131 };
static float outputs_of[CASE_COUNT * WIDEST];
static float targets_of[CASE_COUNT * WIDEST];
static int32_t labels_of[CASE_COUNT];
static float slopes[3][CASE_COUNT * WIDEST];
static float class_weights[WIDEST];

static const struct nn_loss *const plain_losses[] = { &plain_binary_cross_entropy,
	&plain_cross_entropy, &plain_huber, &plain_mae, &plain_mse };
enum { LOSSES = 5, VARIANTS = 4 };

static struct nn_criterion variant_of(const struct nn_loss *loss, size_t outputs, size_t variant)
{
	struct nn_criterion criterion = { .type = loss, .delta = variant ? 0.3 : 1 };

	if (!(loss->keys & NN_LOSS_WEIGHTS))
		return criterion;
	criterion.label_smoothing = variant & 1 ? 0.1 : 0;
	if (variant & 2) {
		criterion.class_weights = class_weights;
		criterion.class_weight_count = outputs;
		criterion.ignores = true;
		criterion.ignore_index = 1;
	}
	return criterion;
}

static struct nn_loss_run run_of(size_t cases, size_t outputs, float *d)
{
	return (struct nn_loss_run){ outputs_of, targets_of, labels_of, cases, outputs, d, NULL };
}

static void make_batch(size_t outputs)
{
	for (size_t i = 0; i < CASE_COUNT * outputs; i++) {
		outputs_of[i] = (float)((int)(i * 7919 % 2003) - 1001) / 97;
		targets_of[i] = (float)(i * 104729 % 1009) / 1008;
	}
	for (size_t i = 0; i < CASE_COUNT; i++)
		labels_of[i] = (int32_t)(i * 31 % outputs);
	for (size_t i = 0; i < outputs; i++)
		class_weights[i] = (float)(i % 5) / 3;
}

static void check_bits(size_t outputs)
{
	size_t bytes = CASE_COUNT * outputs * sizeof(float);
	bool same = true, alone = true, sums = true;

	make_batch(outputs);
	for (size_t k = 0; k < LOSSES; k++)
		for (size_t variant = 0; variant < VARIANTS; variant++) {
			struct nn_criterion criterion = variant_of(nn_losses[k], outputs, variant);
			struct nn_loss_run run = run_of(CASE_COUNT, outputs, slopes[0]);
			struct nn_loss_sum each[CASE_COUNT];
			struct nn_loss_sum sum = nn_losses[k]->value(&criterion, &run);
			struct nn_loss_sum other;
			double total = 0;

			run.d_out = slopes[1];
			other = plain_losses[k]->value(&criterion, &run);
			same = same && !memcmp(&sum, &other, sizeof sum) &&
				!memcmp(slopes[0], slopes[1], bytes);
			run.each = each;
			other = nn_losses[k]->value(&criterion, &run);
			same = same && !memcmp(slopes[0], slopes[1], bytes);
			sums = sums && fabs(other.loss - sum.loss) <= 1e-12 * sum.loss &&
				fabs(other.weight - sum.weight) <= 0;
			for (size_t i = 0; i < CASE_COUNT; i++) {
				struct nn_loss_sum one;
				struct nn_loss_run single = { outputs_of + i * outputs,
					targets_of + i * outputs, labels_of + i, 1, outputs,
					slopes[2], &one };

				nn_losses[k]->value(&criterion, &single);
				alone = alone && !memcmp(&one, &each[i], sizeof one) &&
					!memcmp(slopes[2], slopes[0] + i * outputs,
						outputs * sizeof(float));
				total += one.loss;
			}
			sums = sums && fabs(total - sum.loss) <= 1e-12 * total;
		}
	ok(same, "%zu outputs: the same bits as without newer instruction sets", outputs);
	ok(alone, "%zu outputs: a case's bits are the same in any company", outputs);
	ok(sums, "%zu outputs: the cases' losses add up", outputs);
}

static void check_predictions(size_t outputs)
{
	static float a[CASE_COUNT * WIDEST], b[CASE_COUNT * WIDEST];
	size_t bytes = CASE_COUNT * outputs * sizeof(float);
	bool good = true;

	make_batch(outputs);
	memcpy(a, outputs_of, bytes);
	memcpy(b, outputs_of, bytes);
	nn_loss_find("cross_entropy")->predict(a, CASE_COUNT, outputs);
	plain_cross_entropy.predict(b, CASE_COUNT, outputs);
	good = !memcmp(a, b, bytes);
	for (size_t i = 0; i < CASE_COUNT; i++) {
		double sum = 0;

		for (size_t j = 0; j < outputs; j++)
			sum += exp((double)outputs_of[i * outputs + j]);
		for (size_t j = 0; j < outputs; j++) {
			double p = exp((double)outputs_of[i * outputs + j]) / sum;

			good = good && fabs((double)a[i * outputs + j] - p) <= 3e-6 * p;
		}
	}
	ok(good, "softmax of %zu outputs, the same bits everywhere", outputs);
	memcpy(a, outputs_of, bytes);
	memcpy(b, outputs_of, bytes);
	nn_loss_find("binary_cross_entropy")->predict(a, CASE_COUNT, outputs);
	plain_binary_cross_entropy.predict(b, CASE_COUNT, outputs);
	good = !memcmp(a, b, bytes);
	for (size_t i = 0; i < CASE_COUNT * outputs; i++) {
		double p = 1 / (1 + exp(-(double)outputs_of[i]));

		good = good && fabs((double)a[i] - p) <= 1e-6 * p;
	}
	ok(good, "sigmoid of %zu outputs, the same bits everywhere", outputs);
}

/* Central differences of the loss against its gradient. */
static void check_differences(size_t k, size_t outputs, size_t variant)
{
	enum { FEW = 5 };
	struct nn_criterion criterion = variant_of(nn_losses[k], outputs, variant);
	struct nn_loss_run run = run_of(FEW, outputs, slopes[0]);
	double worst = 0;

	make_batch(outputs);
	for (size_t i = 0; i < FEW * outputs; i++)
		outputs_of[i] /= 4;
	nn_losses[k]->value(&criterion, &run);
	run.d_out = slopes[1];
	for (size_t i = 0; i < FEW * outputs; i++) {
		float at = outputs_of[i];
		double difference;

		outputs_of[i] = at + 0x1p-9f;
		difference = nn_losses[k]->value(&criterion, &run).loss;
		outputs_of[i] = at - 0x1p-9f;
		difference -= nn_losses[k]->value(&criterion, &run).loss;
		outputs_of[i] = at;
		worst = fmax(worst, fabs(difference * 0x1p8 - (double)slopes[0][i]));
	}
	ok(worst < 1e-3, "%s, %zu outputs, variant %zu: differences agree (%.2g)",
		nn_losses[k]->name, outputs, variant, worst);
}

static struct nn_loss_sum loss_of(const char *loss, const float *out, const float *y, int32_t label,
	size_t outputs, float *d)
{
	struct nn_criterion criterion = parse(loss);
	struct nn_loss_run run = { out, y, &label, 1, outputs, d, NULL };
	struct nn_loss_sum sum = criterion.type->value(&criterion, &run);

	nn_criterion_free(&criterion);
	return sum;
}

static bool is(double got, double want)
{
	return fabs(got - want) <= 1e-7 * fabs(want);
}

static void check_extremes(void)
{
	static const float wide[] = { 1000, -1000 };
	float d[64];
	float long_case[64] = { [5] = 1000, [60] = -1000 };
	static const float x[] = { 1000, 1000, -1000, -1000, 1000, 80 };
	static const float y[] = { 0, 1, 0, 1, 0.5f, 1 };
	struct nn_loss_sum sum = loss_of("\"cross_entropy\"", wide, NULL, 1, 2, d);

	ok(is(sum.loss, 2000) && d[0] == 1 && d[1] == -1, "outputs of 1000 and -1000");
	sum = loss_of("\"cross_entropy\"", wide, NULL, 0, 2, d);
	ok(sum.loss == 0 && d[0] == 0 && d[1] == 0, "and the right way round");
	sum = loss_of("{\"type\":\"cross_entropy\",\"label_smoothing\":0.5}", wide, NULL, 0, 2, d);
	ok(is(sum.loss, 0.25 * 2000) && is((double)d[0], 0.25) && is((double)d[1], -0.25),
		"and smoothed");
	sum = loss_of("\"cross_entropy\"", long_case, NULL, 60, 64, d);
	ok(is(sum.loss, 2000) && d[5] == 1 && d[60] == -1 && d[0] == 0, "of 64");
	long_case[7] = NAN;
	sum = loss_of("\"cross_entropy\"", long_case, NULL, 60, 64, d);
	ok(isnan(sum.loss) && isnan(d[60]) && isnan(d[0]), "NaN is not lost");
	sum = loss_of("\"cross_entropy\"", long_case + 6, NULL, 0, 2, d);
	ok(isnan(sum.loss) && isnan(d[0]), "nor in few outputs");
	sum = loss_of("\"binary_cross_entropy\"", x, y, 0, 6, d);
	ok(is(sum.loss, (1000.0 + 1000 + 500) / 6), "binary cross-entropy of 1000 and -1000");
	ok(is((double)d[0], 1.0 / 6) && d[1] == 0 && d[2] == 0 && is((double)d[3], -1.0 / 6) &&
			is((double)d[4], 0.5 / 6),
		"and its slopes");
	ok(is((double)d[5], -exp(-80) / 6), "a slope of e^-80 keeps its digits");
	ok(is(loss_of("\"binary_cross_entropy\"", x + 5, y + 5, 0, 1, d).loss, exp(-80)),
		"and a loss of that");
	sum = loss_of("{\"type\":\"cross_entropy\",\"class_weights\":[2,3],\"ignore_index\":1}",
		long_case + 6, NULL, 1, 2, d);
	ok(sum.loss == 0 && sum.weight == 0 && d[0] == 0 && d[1] == 0,
		"what is ignored counts nothing, be it NaN");
}

static void check_targets(void)
{
	static const float y[] = { 0, 1, 0.5f, -0.0f, 1.5f, NAN };
	static const int32_t labels[] = { 0, 2, 3, -1 };
	struct nn_criterion criterion = { 0 };

	ok(nn_loss_bad_target(y, 4) == 4 && nn_loss_bad_target(y, 6) == 4 &&
			nn_loss_bad_target(y + 5, 1) == 0,
		"targets from 0 to 1");
	ok(nn_loss_bad_label(&criterion, labels, 4, 3) == 2 &&
			nn_loss_bad_label(&criterion, labels + 3, 1, 3) == 0,
		"labels below the outputs");
	criterion.ignores = true;
	criterion.ignore_index = 3;
	ok(nn_loss_bad_label(&criterion, labels, 4, 3) == 3, "or ignored");
}

/* What is refused, and what the message says. */
static const struct {
	const char *loss;
	const char *text;
} bad[] = {
	{ "7", "loss: a number where a word is wanted" },
	{ "{}", "loss.type: missing" },
	{ "{\"type\":1}", "loss.type: a number where a word is wanted" },
	{ "{\"type\":\"hinge\"}",
		"loss.type: there is no \"hinge\"; there are binary_cross_entropy, "
		"cross_entropy, huber, mae, mse" },
	{ "{\"type\":\"mse\",\"delta\":1}", "loss.delta: unknown key; known are type" },
	{ "{\"type\":\"huber\",\"ignore_index\":1}",
		"loss.ignore_index: unknown key; known are type, delta" },
	{ "{\"type\":\"cross_entropy\",\"delta\":1}",
		"loss.delta: unknown key; known are type, label_smoothing, class_weights, "
		"ignore_index" },
	{ "{\"type\":\"huber\",\"delta\":0}", "loss.delta: 0 is not above 0, from 1e-30 to 1e+30" },
	{ "{\"type\":\"huber\",\"delta\":-1}", "loss.delta: -1 is not above 0" },
	{ "{\"type\":\"huber\",\"delta\":1e99}", "loss.delta: 1e+99 is not above 0, from" },
	{ "{\"type\":\"huber\",\"delta\":true}",
		"loss.delta: a truth value where a number is wanted" },
	{ "{\"type\":\"cross_entropy\",\"label_smoothing\":1.5}",
		"loss.label_smoothing: 1.5 is not from 0 to 1" },
	{ "{\"type\":\"cross_entropy\",\"label_smoothing\":-0.1}",
		"loss.label_smoothing: -0.1 is not from 0 to 1" },
	{ "{\"type\":\"cross_entropy\",\"ignore_index\":-1}",
		"loss.ignore_index: -1 is not the number of a class, from 0" },
	{ "{\"type\":\"cross_entropy\",\"ignore_index\":0.5}",
		"loss.ignore_index: 0.5 is not the" },
	{ "{\"type\":\"cross_entropy\",\"ignore_index\":3}",
		"loss.ignore_index: 3, but the network has 3 outputs" },
	{ "{\"type\":\"cross_entropy\",\"class_weights\":2}",
		"loss.class_weights: a number where an array of numbers is wanted" },
	{ "{\"type\":\"cross_entropy\",\"class_weights\":[]}",
		"loss.class_weights: none is above 0" },
	{ "{\"type\":\"cross_entropy\",\"class_weights\":[0,0,1e-60]}",
		"loss.class_weights: none is above 0" },
	{ "{\"type\":\"cross_entropy\",\"class_weights\":[1,\"x\",1]}",
		"loss.class_weights[1]: a string where a number is wanted" },
	{ "{\"type\":\"cross_entropy\",\"class_weights\":[1,1,-2]}",
		"loss.class_weights[2]: -2 is not from 0 to 1e+30" },
	{ "{\"type\":\"cross_entropy\",\"class_weights\":[1,1]}",
		"loss.class_weights: 2, but the network has 3 outputs" },
};

static void check_bad(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct nn_json *json =
			nn_json_parse(bad[i].loss, strlen(bad[i].loss), "loss", &err);
		struct nn_criterion criterion;
		int status = nn_criterion_parse(&criterion, json, &err);

		if (!status)
			status = nn_criterion_check(&criterion, 3, &err);
		if (!ok(status == NN_BAD && strstr(err.text, bad[i].text), "refused: %s",
			    bad[i].loss))
			printf("# status %d, said: %s\n", status, err.text);
		nn_criterion_free(&criterion);
		nn_json_free(json);
	}
}

/* What is read, and how it is written again. */
static const struct {
	const char *loss;
	const char *canonical;
} good[] = {
	{ "\"mae\"", "\"mae\"" },
	{ "{ \"type\": \"mae\" }", "\"mae\"" },
	{ "{\"type\":\"huber\",\"delta\":1.0}", "\"huber\"" },
	{ "{\"delta\":2.50,\"type\":\"huber\"}", "{\"type\":\"huber\",\"delta\":2.5}" },
	{ "{\"type\":\"cross_entropy\",\"label_smoothing\":0}", "\"cross_entropy\"" },
	{ "{\"ignore_index\":2,\"class_weights\":[1e0,0.10,0],\"label_smoothing\":0.1,"
	  "\"type\":\"cross_entropy\"}",
		"{\"type\":\"cross_entropy\",\"label_smoothing\":0.1,\"class_weights\":[1,0.1,0],"
		"\"ignore_index\":2}" },
	{ "{\"type\":\"cross_entropy\",\"ignore_index\":0}",
		"{\"type\":\"cross_entropy\",\"ignore_index\":0}" },
};

static void check_canonical(void)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct nn_criterion criterion = parse(good[i].loss);
		struct nn_criterion again;
		struct nn_buffer text = { 0 };

		nn_criterion_put(&criterion, &text, &err);
		is_text(text.data, good[i].canonical, good[i].loss);
		again = parse(text.data);
		nn_buffer_clear(&text);
		nn_criterion_put(&again, &text, &err);
		is_text(text.data, good[i].canonical, "and again");
		nn_buffer_free(&text);
		nn_criterion_free(&criterion);
		nn_criterion_free(&again);
	}
}

int main(void)
{
	static const size_t widths[] = { 1, 2, 10, 48, 49, 64, 131 };

	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
		check_figure(&figures[i]);
	for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
		check_bits(widths[i]);
		check_predictions(widths[i]);
	}
	for (size_t k = 0; k < LOSSES; k++)
		for (size_t variant = 0; variant < VARIANTS; variant++) {
			check_differences(k, 4, variant);
			check_differences(k, 51, variant);
		}
	check_extremes();
	check_targets();
	check_bad();
	check_canonical();
	return tap_done();
}
