#include "loss/elementwise.h"

struct nn_loss_sum nn_loss_elementwise(const struct nn_criterion *criterion,
	const struct nn_loss_run *run, nn_loss_sum_of *sum_of)
{
	size_t outputs = run->outputs;
	double share = 1.0 / (double)outputs;
	double sum = 0;

	/* Without bounds between the cases where nobody asks for them: a case may be one number. */
	if (!run->each)
		sum = sum_of(criterion, run->out, run->y, run->cases * outputs, (float)share,
			      run->d_out) *
			share;
	for (size_t i = 0; i < run->cases && run->each; i++) {
		size_t start = i * outputs;

		run->each[i].loss = sum_of(criterion, run->out + start, run->y + start, outputs,
					    (float)share, run->d_out + start) *
			share;
		run->each[i].weight = 1;
		sum += run->each[i].loss;
	}
	return (struct nn_loss_sum){ sum, (double)run->cases };
}
