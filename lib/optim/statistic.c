#include <string.h>

#include "optim/optim.h"
#include "tensor/vector.h"

bool nn_is_statistic(const char *name)
{
	static const char prefix[] = "running_";
	const char *dot = strrchr(name, '.');

	return !strncmp(dot ? dot + 1 : name, prefix, sizeof prefix - 1);
}

NN_CLONES static void move(float *params, const float *old, const float *grad, size_t n,
	float weight)
{
	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++)
		params[i] = old[i] - grad[i] / weight;
}

static void keep(float *to, const float *from, size_t n)
{
	if (to && to != from)
		memcpy(to, from, n * sizeof *to);
}

void nn_optim_move_statistics(const struct nn_optim_pass *pass, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad, size_t n)
{
	move(to->params, from->params, grad, n, (float)pass->weight);
	for (size_t k = 0; k < NN_MAX_SLOTS; k++)
		keep(to->slots[k], from->slots[k], n);
}

static struct nn_optim_vectors behind(const struct nn_optim_vectors *vectors, size_t skip)
{
	struct nn_optim_vectors moved = { .params = vectors->params + skip };

	for (size_t k = 0; k < NN_MAX_SLOTS; k++)
		moved.slots[k] = vectors->slots[k] ? vectors->slots[k] + skip : NULL;
	return moved;
}

/* The end, at most `end`, of the run of elements from `at` on that are all statistics or none. */
static size_t run_of(const struct nn_bundle *layout, size_t *tensor, size_t at, size_t end,
	bool *statistic)
{
	size_t i = *tensor;
	size_t to = at;

	for (; i < layout->count && to < end; i++) {
		const struct nn_tensor *next = &layout->tensors[i];
		size_t next_end = next->offset / sizeof(float) + next->count;

		if (next_end <= to)
			continue;
		if (to > at && nn_is_statistic(next->name) != *statistic)
			break;
		*statistic = nn_is_statistic(next->name);
		to = next_end;
	}
	*tensor = i;
	return to < end ? to : end;
}

void nn_optim_update(const struct nn_optimizer *optimizer, const struct nn_optim_pass *pass,
	const struct nn_bundle *layout, size_t first, size_t n, const struct nn_optim_vectors *to,
	const struct nn_optim_vectors *from, const float *grad)
{
	size_t tensor = 0;
	size_t end = first + n;
	size_t next;

	for (size_t at = first; at < end; at = next) {
		struct nn_optim_vectors to_here = behind(to, at - first);
		struct nn_optim_vectors from_here = behind(from, at - first);
		bool statistic = false;

		next = run_of(layout, &tensor, at, end, &statistic);
		if (next == at)
			return;
		(statistic ? nn_optim_move_statistics : optimizer->update)(pass, &to_here,
			&from_here, grad + (at - first), next - at);
	}
}
