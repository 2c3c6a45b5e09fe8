/* A model run over data: figures from tests/unit/figures/evaluate.py (PyTorch in double). */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream/writer.h"
#include "tap.h"
#include "train/evaluate.h"
#include "train/predictions.h"

#define ROWS 600
#define INPUTS 4
#define HIDDEN 5
#define OUTPUTS 3

static struct nn_error err;
static char folder[] = "/tmp/test-evaluate-XXXXXX";

static void must(int status)
{
	if (!status)
		return;
	printf("Bail out! %s\n", err.text);
	exit(1);
}

static float grid(size_t value, size_t modulus)
{
	return (float)((double)(value % modulus) - (double)(modulus / 2)) / 8;
}

static float *tensor(struct nn_bundle *bundle, const char *name)
{
	return nn_bundle_data(bundle, nn_bundle_find(bundle, name));
}

static void write_stream(const char *path, const struct nn_preamble *preamble,
	const struct nn_bundle *bundles, size_t count)
{
	struct nn_writer *writer;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	must(nn_writer_open(&writer, fd, path, &err));
	for (size_t i = 0; i < count; i++)
		must(nn_writer_frame(writer, preamble, &bundles[i], &err));
	must(nn_writer_end(writer, &err));
	nn_writer_close(writer);
	close(fd);
}

static void write_model(const char *path, const char *loss, float bias)
{
	static const uint64_t shapes[4][2] = { { HIDDEN, INPUTS }, { HIDDEN }, { OUTPUTS, HIDDEN },
		{ OUTPUTS } };
	static const struct nn_preamble preamble = { .kind = NN_KIND_MODEL };
	struct nn_bundle params = { 0 };
	char spec[200];

	must(nn_bundle_add(&params, "0.weight", NN_F32, 2, shapes[0], &err) ||
		nn_bundle_add(&params, "0.bias", NN_F32, 1, shapes[1], &err) ||
		nn_bundle_add(&params, "2.weight", NN_F32, 2, shapes[2], &err) ||
		nn_bundle_add(&params, "2.bias", NN_F32, 1, shapes[3], &err) ||
		nn_bundle_layout(&params, &err) || nn_bundle_alloc(&params, &err));
	for (size_t i = 0; i < HIDDEN; i++) {
		tensor(&params, "0.bias")[i] = grid(3 * i + 1, 7);
		for (size_t j = 0; j < INPUTS; j++)
			tensor(&params, "0.weight")[i * INPUTS + j] = grid(7 * i + 5 * j + 3, 17);
	}
	for (size_t i = 0; i < OUTPUTS; i++) {
		tensor(&params, "2.bias")[i] = bias + grid(2 * i + 4, 7);
		for (size_t j = 0; j < HIDDEN; j++)
			tensor(&params, "2.weight")[i * HIDDEN + j] = grid(5 * i + 3 * j + 2, 13);
	}
	snprintf(spec, sizeof spec,
		"{\"input\":[4],\"layers\":[{\"type\":\"dense\",\"units\":5},{\"type\":\"tanh\"},"
		"{\"type\":\"dense\",\"units\":3}],\"loss\":\"%s\"}",
		loss);
	must(nn_bundle_set_meta(&params, "spec", spec, &err));
	write_stream(path, &preamble, &params, 1);
	nn_bundle_free(&params);
}

/* Rows [first, end), in frames of `step` rows. */
static void write_rows(const char *path, size_t first, size_t end, size_t step, bool classes)
{
	struct nn_bundle frames[64] = { { 0 } };
	const struct nn_preamble preamble = { .kind = NN_KIND_DATA };
	size_t count = 0;

	for (size_t row = first; row < end; row += step, count++) {
		size_t rows = end - row < step ? end - row : step;
		uint64_t x_shape[] = { rows, INPUTS };
		uint64_t y_shape[] = { rows, OUTPUTS };

		must(nn_bundle_add(&frames[count], "x", NN_F32, 2, x_shape, &err) ||
			nn_bundle_add(&frames[count], "y", classes ? NN_I32 : NN_F32,
				classes ? 1 : 2, y_shape, &err) ||
			nn_bundle_layout(&frames[count], &err) ||
			nn_bundle_alloc(&frames[count], &err));
		if (classes)
			must(nn_bundle_set_meta(&frames[count], "classes", "[\"a\",\"b\",\"c\"]",
				&err));
		for (size_t i = 0; i < rows; i++) {
			size_t r = row + i;
			float *y = tensor(&frames[count], "y");
			int32_t label = (int32_t)((5 * r + r * r / 9 + 1) % 3);

			for (size_t j = 0; j < INPUTS; j++)
				tensor(&frames[count], "x")[i * INPUTS + j] =
					grid(11 * r + 3 * j + 1, 23);
			if (classes)
				memcpy(y + i, &label, sizeof label);
			for (size_t j = 0; j < OUTPUTS && !classes; j++)
				y[i * OUTPUTS + j] = grid(5 * r + 13 * j, 29);
		}
	}
	write_stream(path, &preamble, frames, count);
	for (size_t i = 0; i < count; i++)
		nn_bundle_free(&frames[i]);
}

static struct nn_evaluation open_all(const char *model, const char *const *paths, size_t count)
{
	struct nn_evaluation evaluation = { 0 };

	must(nn_evaluation_model(&evaluation, model, &err));
	for (size_t i = 0; i < count; i++)
		must(nn_evaluation_add(&evaluation, paths[i], true, &err));
	must(nn_evaluation_start(&evaluation, NULL, &err));
	return evaluation;
}

static struct nn_tally evaluate(const char *model, const char *const *paths, size_t count)
{
	struct nn_evaluation evaluation = open_all(model, paths, count);
	struct nn_tally tally;

	must(nn_evaluation_tally(&evaluation, true, &tally, NULL, &err));
	nn_evaluation_close(&evaluation);
	return tally;
}

static void is_near(double got, double want, double tolerance, const char *what)
{
	if (!ok(fabs(got - want) <= tolerance * fabs(want), "%s", what))
		printf("#      got: %.17g\n# expected: %.17g\n", got, want);
}

static double metric(const struct nn_tally *tally, const char *name)
{
	struct nn_metric metric;

	return nn_metric_find(name, &metric) ? nn_metric_value(&metric, tally) : -1;
}

static void try_classes(void)
{
	static const uint64_t confusion[] = { 40, 87, 6, 61, 131, 9, 82, 173, 11 };
	static const char *const whole[] = { "whole" };
	static const char *const pieces[] = { "p0", "p1", "p2", "p3" };
	struct nn_tally tally, other;

	write_model("classes", "cross_entropy", 0);
	write_rows("whole", 0, ROWS, ROWS, true);
	write_rows("p0", 0, 3, 1, true);
	write_rows("p1", 3, 300, 17, true);
	write_rows("p2", 300, 301, 8, true);
	write_rows("p3", 301, ROWS, 100, true);
	tally = evaluate("classes", whole, 1);
	is_near(metric(&tally, "loss"), 1.2650641873604254, 1e-6, "cross-entropy");
	is_near(metric(&tally, "accuracy"), 0.30333333333333334, 1e-15, "accuracy");
	ok(!memcmp(tally.confusion, confusion, sizeof confusion), "confusion matrix");
	other = evaluate("classes", pieces, 4);
	ok(!memcmp(&tally.sum, &other.sum, sizeof tally.sum),
		"the loss has the same bits, in whatever frames and files the rows come");
	nn_tally_free(&tally);
	nn_tally_free(&other);
}

static void try_numbers(void)
{
	static const double want[OUTPUTS][3] = { { 1.1065017071185437, 0.9397271309089849,
							 -0.11714456396954231 },
		{ 1.3064433708163203, 1.0719874932231916, -0.5645956272808326 },
		{ 1.16506710796003, 0.9749995408743016, -0.23629530885950456 } };
	static const char *const whole[] = { "numbers" };
	struct nn_tally tally;

	write_model("model", "mse", 0);
	write_rows("numbers", 0, ROWS, 50, false);
	tally = evaluate("model", whole, 1);
	is_near(metric(&tally, "loss"), 1.4295072250188372, 1e-6, "mean squared error");
	for (size_t i = 0; i < OUTPUTS; i++) {
		struct nn_output_scores fit = nn_tally_fit(&tally, i);

		is_near(fit.rmse, want[i][0], 1e-6, "RMSE");
		is_near(fit.mae, want[i][1], 1e-6, "MAE");
		is_near(fit.r2, want[i][2], 1e-5, "R^2");
	}
	nn_tally_free(&tally);
}

static void try_probabilities(void)
{
	static const struct {
		uint64_t row;
		double p[OUTPUTS];
	} want[] = { { 0, { 0.4170412510685602, 0.17743386043080228, 0.4055248885006376 } },
		{ 1, { 0.3183009370260705, 0.4885186822410774, 0.1931803807328521 } },
		{ 255, { 0.42066884287312817, 0.15852183390919647, 0.42080932321767545 } },
		{ 256, { 0.3307791865479921, 0.4625176490785154, 0.20670316437349248 } },
		{ 599, { 0.3183009370260705, 0.4885186822410774, 0.1931803807328521 } } };
	static const char *const whole[] = { "whole" };
	struct nn_evaluation evaluation = open_all("classes", whole, 1);
	struct nn_evaluated block;
	size_t next = 0;

	for (;;) {
		must(nn_evaluation_next(&evaluation, &block, &err));
		if (!block.rows)
			break;
		nn_evaluation_predict(&evaluation, &block);
		while (next < 5 && want[next].row < block.first + block.rows) {
			const float *p = block.out + (want[next].row - block.first) * OUTPUTS;

			for (size_t i = 0; i < OUTPUTS; i++)
				is_near((double)p[i], want[next].p[i], 1e-6, "probability");
			next++;
		}
	}
	ok(next == 5, "all rows came");
	nn_evaluation_close(&evaluation);
}

static void try_nonfinite(void)
{
	static const char *const pieces[] = { "p0", "p1" };
	struct nn_evaluation evaluation;
	struct nn_tally tally;

	write_model("wild", "cross_entropy", 3e38f);
	evaluation = open_all("wild", pieces, 2);
	/* Not infinite as it stands: a bias of 3e38 is a float. */
	ok(!nn_evaluation_tally(&evaluation, true, &tally, NULL, &err), "large outputs are fine");
	nn_tally_free(&tally);
	nn_evaluation_close(&evaluation);
	write_model("wild", "cross_entropy", (float)NAN);
	evaluation = open_all("wild", pieces, 2);
	ok(nn_evaluation_tally(&evaluation, true, &tally, NULL, &err) == NN_BAD, "NaN is not");
	is_text(err.text, "p0: row 0 (from 0): output 0 of the model is nan", "the row is named");
	nn_evaluation_close(&evaluation);
}

int main(void)
{
	char command[64];

	if (!mkdtemp(folder) || chdir(folder))
		return 1;
	try_classes();
	try_numbers();
	try_probabilities();
	try_nonfinite();
	snprintf(command, sizeof command, "rm -r %s", folder);
	if (chdir("/") || system(command))
		return 1;
	return tap_done();
}
