#include <string.h>

#include "loss/types.h"

const struct nn_loss *const nn_losses[] = { &nn_loss_cross_entropy, &nn_loss_mse, NULL };
const char *const nn_loss_names[] = { "cross_entropy", "mse", NULL };

const struct nn_loss *nn_loss_find(const char *name)
{
	for (size_t i = 0; nn_losses[i]; i++)
		if (!strcmp(nn_losses[i]->name, name))
			return nn_losses[i];
	return NULL;
}

size_t nn_loss_bad_label(const int32_t *labels, size_t rows, size_t outputs)
{
	size_t row = 0;

	while (row < rows && labels[row] >= 0 && (size_t)labels[row] < outputs)
		row++;
	return row;
}
