#include <string.h>

#include "loss/types.h"

const struct nn_loss *const nn_losses[] = { &nn_loss_binary_cross_entropy, &nn_loss_cross_entropy,
	&nn_loss_huber, &nn_loss_mae, &nn_loss_mse, NULL };
const char *const nn_loss_names[] = { "binary_cross_entropy", "cross_entropy", "huber", "mae",
	"mse", NULL };

const struct nn_loss *nn_loss_find(const char *name)
{
	for (size_t i = 0; nn_losses[i]; i++)
		if (!strcmp(nn_losses[i]->name, name))
			return nn_losses[i];
	return NULL;
}

size_t nn_loss_bad_label(const struct nn_criterion *criterion, const int32_t *labels, size_t cases,
	size_t outputs)
{
	size_t i = 0;

	while (i < cases &&
		((labels[i] >= 0 && (size_t)labels[i] < outputs) ||
			nn_criterion_ignores(criterion, labels[i])))
		i++;
	return i;
}

size_t nn_loss_bad_target(const float *y, size_t n)
{
	size_t i = 0;

	while (i < n && y[i] >= 0 && y[i] <= 1)
		i++;
	return i;
}
