/* The validation data of a training. */
#include "loss/metrics.h"
#include "train/train-private.h"

/* Of the positions of a text the next ones are seldom the only right ones: there the probability that
 * they get says more than how often they are guessed. */
static const char *metric_of(const struct nn_evaluation *evaluation)
{
	switch (nn_tally_kind_of(evaluation->loss)) {
	case NN_TALLY_CLASSES:
		return evaluation->positions > 1 ? "perplexity" : "accuracy";
	case NN_TALLY_BINARY:
		return "accuracy";
	case NN_TALLY_NUMBERS:
		return "rmse";
	}
	return "loss";
}

int nn_train_open_validation(struct training *training, struct nn_error *err)
{
	struct nn_evaluation *evaluation = &training->evaluation;
	int status;

	if (!training->options->valid)
		return NN_OK;
	status = nn_evaluation_copy(evaluation, &training->checkpoint->model, "model", err);
	if (!status)
		status = nn_evaluation_add(evaluation, training->options->valid, true, err);
	if (!status)
		status = nn_evaluation_start(evaluation, NULL, err);
	if (!status)
		training->progress.metric_name = metric_of(evaluation);
	return status;
}

int nn_train_validate(struct training *training, struct nn_error *err)
{
	struct nn_train_progress *progress = &training->progress;
	struct nn_metric metric;
	struct nn_tally tally;
	int status;

	nn_evaluation_renew(&training->evaluation, &training->checkpoint->model.params);
	status = nn_evaluation_tally(&training->evaluation, false, &tally, NULL, err);
	if (status)
		return status;
	progress->validated = true;
	progress->valid_loss = tally.sum.loss / tally.sum.weight;
	if (nn_metric_find(progress->metric_name, &metric))
		progress->metric = nn_metric_value(&metric, &tally);
	nn_tally_free(&tally);
	return NN_OK;
}
