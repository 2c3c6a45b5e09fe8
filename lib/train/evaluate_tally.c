/* What a model says of data, compared with the truth and counted. */
#include <stdlib.h>

#include "base/memory.h"
#include "train/evaluate.h"

/* Cases whose losses are computed at once. */
#define AT_ONCE 64

struct scratch {
	float *slopes; /* [AT_ONCE, outputs]: a loss comes with its gradient */
	struct nn_loss_sum each[AT_ONCE];
};

static void add_cases(const struct nn_evaluation *evaluation, const struct nn_evaluated *block,
	size_t first, size_t count, struct scratch *scratch, struct nn_tally *tally)
{
	size_t outputs = evaluation->outputs;
	struct nn_loss_run run = { .out = block->out + first * outputs,
		.y = block->y ? block->y + first * outputs : NULL,
		.labels = block->labels ? block->labels + first : NULL,
		.cases = count,
		.outputs = outputs,
		.d_out = scratch->slopes,
		.each = scratch->each };

	evaluation->loss->value(evaluation->criterion, &run);
	/* One by one: a sum of sums would depend on the blocks. */
	for (size_t i = 0; i < count; i++) {
		const float *out = run.out + i * outputs;

		switch (tally->kind) {
		case NN_TALLY_CLASSES:
			if (!nn_criterion_ignores(evaluation->criterion, run.labels[i]))
				nn_tally_add_class(tally, (size_t)run.labels[i], out,
					&scratch->each[i]);
			break;
		case NN_TALLY_NUMBERS:
			nn_tally_add_numbers(tally, run.y + i * outputs, out, &scratch->each[i]);
			break;
		case NN_TALLY_BINARY:
			nn_tally_add_binary(tally, run.y + i * outputs, out, &scratch->each[i]);
			break;
		}
	}
}

static int add_all(struct nn_evaluation *evaluation, struct scratch *scratch,
	struct nn_tally *tally, void (*progress)(uint64_t rows, uint64_t all), struct nn_error *err)
{
	struct nn_evaluated block;
	int status;

	while (!(status = nn_evaluation_next(evaluation, &block, err)) && block.rows) {
		size_t cases = block.rows * evaluation->positions;

		for (size_t first = 0; first < cases; first += AT_ONCE)
			add_cases(evaluation, &block, first,
				cases - first < AT_ONCE ? cases - first : AT_ONCE, scratch, tally);
		if (progress)
			progress(evaluation->at, evaluation->rows);
	}
	return status;
}

static int check_weight(const struct nn_evaluation *evaluation, const struct nn_tally *tally,
	struct nn_error *err)
{
	if (tally->sum.weight > 0)
		return NN_OK;
	return nn_fail(err, NN_BAD, "%s: %s: there is no mean of their losses",
		evaluation->set_names[0],
		tally->cases ? "all rows are of classes whose weight is 0" :
			       "all rows are of the class that the loss ignores");
}

/* Into a tally that was made. */
static int fill_tally(struct nn_evaluation *evaluation, bool scores, struct nn_tally *tally,
	void (*progress)(uint64_t rows, uint64_t all), struct nn_error *err)
{
	struct scratch scratch = { 0 };
	size_t count;
	int status = NN_OK;

	if (!nn_mul(AT_ONCE, evaluation->outputs, &count))
		return nn_fail(err, NN_FAILED, "%s: its rows are too long for this host",
			evaluation->model_name);
	scratch.slopes = nn_alloc(count, sizeof *scratch.slopes, err);
	if (!scratch.slopes)
		return NN_FAILED;
	if (scores && tally->kind != NN_TALLY_NUMBERS &&
		evaluation->rows <= UINT64_MAX / evaluation->positions)
		status = nn_tally_keep_scores(tally, evaluation->rows * evaluation->positions, err);
	if (!status)
		status = add_all(evaluation, &scratch, tally, progress, err);
	free(scratch.slopes);
	if (!status)
		status = check_weight(evaluation, tally, err);
	return status ? status : nn_tally_rank_scores(tally, err);
}

int nn_evaluation_tally(struct nn_evaluation *evaluation, bool scores, struct nn_tally *tally,
	void (*progress)(uint64_t rows, uint64_t all), struct nn_error *err)
{
	int status;

	if (!evaluation->rows)
		return nn_fail(err, NN_BAD, "%s: there are no rows to evaluate on",
			evaluation->set_names[0]);
	if (nn_tally_init(tally, nn_tally_kind_of(evaluation->loss), evaluation->outputs, err))
		return NN_FAILED;
	status = fill_tally(evaluation, scores, tally, progress, err);
	if (status)
		nn_tally_free(tally);
	return status;
}
