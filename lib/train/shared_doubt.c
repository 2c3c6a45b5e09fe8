/* Gradients in shared memory are looked at only when their sum is no number: to check each would cost
 * more than to add it. */
#include <math.h>

#include "base/text.h"
#include "train/finite.h"
#include "train/shared_step-private.h"

/* "WHO: step N, shard K: " before what `err` says. */
static int doubt(struct training *training, const char *from, uint64_t shard, struct nn_error *err)
{
	struct nn_shared_step *step = training->shared;
	unsigned long long number = training->checkpoint->model.preamble.step;

	nn_fail_in(err, "step %llu, shard %llu", number, (unsigned long long)shard);
	if (*from)
		nn_fail_in(err, "%s", from);
	if (!step->doubtful)
		step->doubt = *err;
	step->doubtful = true;
	return NN_BAD;
}

void nn_shared_check_loss(struct training *training, const struct nn_answer *answer)
{
	struct nn_error why;

	if (isfinite(answer->partial.loss))
		return;
	nn_fail(&why, NN_BAD, "the loss is %s", nn_nonfinite_word(answer->partial.loss));
	doubt(training, answer->from, answer->partial.range.first, &why);
}

int nn_shared_blame(struct training *training, struct nn_error *err)
{
	struct nn_shared_step *step = training->shared;
	struct nn_bundle grad = training->checkpoint->model.params;
	size_t buffer;

	for (size_t i = 0; i < step->count; i++) {
		grad.data = (unsigned char *)nn_shared_buffer(step->shared, step->nodes[i].buffer);
		if (nn_check_finite_bundle(&grad, err))
			return doubt(training, step->nodes[i].from,
				step->nodes[i].share.range.first, err);
	}
	buffer = nn_shared_take(step->shared, NN_NOBODY, true);
	grad.data = (unsigned char *)nn_shared_buffer(step->shared, buffer);
	nn_shared_sum(step->slicer, step->shared, &step->sources, buffer, 0,
		nn_slicer_blocks(step->slicer));
	if (!nn_check_finite_bundle(&grad, err))
		nn_fail(err, NN_BAD, "its numbers are too large");
	nn_shared_put(step->shared, buffer);
	return nn_updater_diverged(training->updater, "the sum of the gradients", err);
}

int nn_shared_try_again(struct training *training,
	int (*attempt)(struct training *training, struct nn_error *err), struct nn_error *err)
{
	struct nn_shared_step *step = training->shared;
	struct nn_error first = step->doubt;
	int status;

	if (!nn_pool_may_retry(training->pool))
		return nn_fail(err, NN_BAD, "%s; that was try 1, and the last (--retries)",
			first.text);
	for (size_t i = 0; i < step->count; i++)
		nn_shared_put(step->shared, step->nodes[i].buffer);
	step->count = 0;
	/* Workers may have begun with what this step was to become; the turn tells it from what it
	 * becomes now. */
	if (step->ahead)
		nn_pool_drop(training->pool);
	step->turn++;
	step->doubtful = false;
	status = nn_train_hand_out(training, err);
	nn_pool_elsewhere(training->pool);
	step->ahead = true;
	if (!status)
		status = attempt(training, err);
	if (!status) {
		nn_fail(&first, NN_BAD, "%s; computed again, it is not", first.text);
		nn_pool_say(training->pool, &first);
	} else if (step->doubtful) {
		nn_fail(err, NN_BAD, "%s, also when it is computed again%s", step->doubt.text,
			training->progress.steps ? "; a smaller --lr may help" : "");
	}
	return status;
}
