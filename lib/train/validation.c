/* The validation data of a training. */
#include "loss/metrics.h"
#include "train/train-private.h"

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
	training->progress.metric_name =
		!status && evaluation->loss->wants_classes ? "accuracy" : "rmse";
	return status;
}

int nn_train_validate(struct training *training, struct nn_error *err)
{
	struct nn_train_progress *progress = &training->progress;
	struct nn_tally tally;
	int status;

	nn_evaluation_renew(&training->evaluation, &training->checkpoint->model.params);
	status = nn_evaluation_tally(&training->evaluation, &tally, NULL, err);
	if (status)
		return status;
	progress->validated = true;
	progress->valid_loss = tally.loss / (double)tally.rows;
	progress->metric = nn_metric_find(progress->metric_name)->value(&tally);
	nn_tally_free(&tally);
	return NN_OK;
}
