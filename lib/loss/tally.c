/* What metrics are made of, case by case. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "loss/metrics.h"
#include "tensor/math.h"

enum nn_tally_kind nn_tally_kind_of(const struct nn_loss *loss)
{
	if (loss->wants_classes)
		return NN_TALLY_CLASSES;
	return loss->binary ? NN_TALLY_BINARY : NN_TALLY_NUMBERS;
}

static int make_counts(struct nn_tally *tally, struct nn_error *err)
{
	size_t width = tally->width;
	bool many = width > NN_CONFUSION_CLASSES;

	tally->classes = nn_alloc(width, sizeof *tally->classes, err);
	if (!tally->classes)
		return NN_FAILED;
	if (tally->kind == NN_TALLY_BINARY)
		return NN_OK;
	tally->ranks = nn_alloc(width, sizeof *tally->ranks, err);
	if (tally->ranks && !many)
		tally->confusion = nn_alloc(width * width, sizeof *tally->confusion, err);
	return tally->ranks && (many || tally->confusion) ? NN_OK : NN_FAILED;
}

int nn_tally_init(struct nn_tally *tally, enum nn_tally_kind kind, size_t width,
	struct nn_error *err)
{
	int status = NN_OK;

	*tally = (struct nn_tally){ .kind = kind, .width = width };
	if (kind != NN_TALLY_NUMBERS) {
		status = make_counts(tally, err);
	} else {
		tally->outputs = nn_alloc(width, sizeof *tally->outputs, err);
		status = tally->outputs ? NN_OK : NN_FAILED;
	}
	if (status)
		nn_tally_free(tally);
	return status;
}

void nn_tally_free(struct nn_tally *tally)
{
	free(tally->classes);
	free(tally->ranks);
	free(tally->confusion);
	free(tally->outputs);
	free(tally->auc);
	nn_scores_free(&tally->scores);
	*tally = (struct nn_tally){ 0 };
}

/* Of two classes one has as many scores as both. */
static size_t score_columns(const struct nn_tally *tally)
{
	return tally->kind == NN_TALLY_CLASSES && tally->width == 2 ? 1 : tally->width;
}

int nn_tally_keep_scores(struct nn_tally *tally, uint64_t cases, struct nn_error *err)
{
	return nn_scores_init(&tally->scores, cases, score_columns(tally), err);
}

int nn_tally_rank_scores(struct nn_tally *tally, struct nn_error *err)
{
	int status;

	if (!tally->scores.room)
		return NN_OK;
	tally->auc = nn_alloc(tally->width, sizeof *tally->auc, err);
	status = tally->auc ? nn_scores_auc(&tally->scores, tally->auc, err) : NN_FAILED;
	nn_scores_free(&tally->scores);
	/* The other class's scores are the first one's, turned. */
	if (!status && score_columns(tally) < tally->width)
		tally->auc[1] = tally->auc[0];
	return status;
}

static void add_sum(struct nn_tally *tally, const struct nn_loss_sum *sum)
{
	tally->cases++;
	tally->sum.loss += sum->loss;
	tally->sum.weight += sum->weight;
}

/* Places of a tally's scores for one case more. */
static float *next_scores(struct nn_tally *tally, unsigned char **truth)
{
	struct nn_scores *scores = &tally->scores;
	size_t at = (size_t)scores->cases * scores->columns;

	*truth = scores->truth + at;
	scores->cases++;
	return scores->scores + at;
}

/* log p of each class, p by softmax. */
NN_CLONES static void log_softmax(const float *restrict out, size_t n, float *restrict scores)
{
	float greatest = out[0];
	double sum = 0, log;

	for (size_t i = 1; i < n; i++)
		greatest = out[i] > greatest ? out[i] : greatest;
	for (size_t i = 0; i < n; i++)
		scores[i] = nn_exp_below(out[i] - greatest);
	for (size_t i = 0; i < n; i++)
		sum += (double)scores[i];
	log = nn_log(sum) + (double)greatest;
	for (size_t i = 0; i < n; i++)
		scores[i] = (float)((double)out[i] - log);
}

static void add_scores(struct nn_tally *tally, size_t label, const float *out)
{
	size_t columns = tally->scores.columns;
	unsigned char *truth;
	float *scores = next_scores(tally, &truth);

	if (columns < tally->width) {
		scores[0] = out[1] - out[0];
		truth[0] = label == 1;
		return;
	}
	log_softmax(out, columns, scores);
	truth[label] = 1;
}

/* How many classes come before this one: those with greater outputs, and those with the same that have
 * lower numbers. */
NN_CLONES static size_t rank_of(const float *out, size_t n, size_t label)
{
	float own = out[label];
	uint32_t before = 0;

	for (size_t i = 0; i < label; i++)
		before += out[i] >= own;
	for (size_t i = label + 1; i < n; i++)
		before += out[i] > own;
	return before;
}

void nn_tally_add_class(struct nn_tally *tally, size_t label, const float *out,
	const struct nn_loss_sum *sum)
{
	size_t rank = rank_of(out, tally->width, label);
	size_t predicted = rank ? nn_argmax(out, tally->width) : label;

	add_sum(tally, sum);
	tally->ranks[rank]++;
	tally->right += !rank;
	tally->classes[label].support++;
	tally->classes[label].right += !rank;
	tally->classes[predicted].predicted++;
	if (tally->confusion)
		tally->confusion[label * tally->width + predicted]++;
	if (tally->scores.cases < tally->scores.room)
		add_scores(tally, label, out);
}

void nn_tally_add_numbers(struct nn_tally *tally, const float *y, const float *out,
	const struct nn_loss_sum *sum)
{
	add_sum(tally, sum);
	for (size_t i = 0; i < tally->width; i++) {
		struct nn_tally_output *output = &tally->outputs[i];
		double target = (double)y[i];
		double error = (double)out[i] - target;
		double distance = target - output->mean;

		output->square += error * error;
		output->absolute += fabs(error);
		output->mean += distance / (double)tally->cases;
		output->spread += distance * (target - output->mean);
	}
}

void nn_tally_add_binary(struct nn_tally *tally, const float *y, const float *out,
	const struct nn_loss_sum *sum)
{
	unsigned char *truth = NULL;
	float *scores =
		tally->scores.cases < tally->scores.room ? next_scores(tally, &truth) : NULL;

	add_sum(tally, sum);
	for (size_t i = 0; i < tally->width; i++) {
		struct nn_tally_class *counts = &tally->classes[i];
		bool is = y[i] >= 0.5f;
		bool predicted = out[i] >= 0;

		counts->support += is;
		counts->predicted += predicted;
		counts->right += is && predicted;
		tally->right += is == predicted;
		if (scores) {
			scores[i] = out[i];
			truth[i] = is;
		}
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
