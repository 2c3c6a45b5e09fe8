/* The optimizer's state lies where the slices are updated; a checkpoint wants it whole. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/rank_step-private.h"
#include "train/state.h"

static const struct nn_optimizer *optimizer_of(const struct training *training)
{
	return nn_optim_find(nn_updater_optim(training->updater)->method);
}

/* Of the data only the number of updates, which is the first tensor: it alone has eight bytes a number. */
static int keep_count(struct nn_bundle *state, struct nn_error *err)
{
	uint64_t *count = nn_alloc_aligned(NN_ALIGN, err);

	if (!count)
		return NN_FAILED;
	*count = *nn_state_updates(state);
	free(state->data);
	state->data = (unsigned char *)count;
	return NN_OK;
}

int nn_rank_keep_slice(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	const struct nn_optimizer *optimizer = optimizer_of(training);
	struct nn_bundle *state = &training->checkpoint->state;
	size_t first = crew->exchange.element_starts[crew->ranks->rank];
	size_t count = crew->exchange.element_starts[crew->ranks->rank + 1] - first;

	crew->slot_count = nn_optim_slots(optimizer, nn_updater_optim(training->updater));
	for (size_t k = 0; k < crew->slot_count; k++) {
		crew->slots[k] = nn_alloc_aligned(count * sizeof(float), err);
		if (!crew->slots[k])
			return NN_FAILED;
		memcpy(crew->slots[k], nn_state_slot(state, optimizer->slots[k]) + first,
			count * sizeof(float));
	}
	return keep_count(state, err);
}

int nn_rank_send_state(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	size_t rank = crew->ranks->rank;
	size_t count =
		crew->exchange.element_starts[rank + 1] - crew->exchange.element_starts[rank];
	int status = nn_ranks_agree(crew->ranks, NN_OK, err);

	for (size_t k = 0; k < crew->slot_count && !status; k++)
		status = nn_ranks_send(crew->ranks, 0, crew->slots[k], count, err);
	nn_ranks_wait(crew->ranks);
	return status;
}

static int receive_state(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	const struct nn_optimizer *optimizer = optimizer_of(training);
	const size_t *starts = crew->exchange.element_starts;
	int status = NN_OK;

	for (size_t r = 1; r < crew->ranks->size && !status; r++)
		for (size_t k = 0; k < crew->slot_count && !status; k++)
			status = nn_ranks_receive(crew->ranks, r,
				nn_state_slot(&training->checkpoint->state, optimizer->slots[k]) +
					starts[r],
				starts[r + 1] - starts[r], err);
	nn_ranks_wait(crew->ranks);
	return status;
}

int nn_rank_gather_state(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	const struct nn_optimizer *optimizer = optimizer_of(training);
	struct nn_bundle *state = &training->checkpoint->state;
	struct nn_rank_word word = { .order = NN_RANK_STATE };
	uint64_t *updates = nn_state_updates(state);
	unsigned char *whole = nn_alloc_aligned(state->bytes, err);
	unsigned char *part = state->data;
	int status = whole ? NN_OK : NN_FAILED;

	if (crew->world->lost) {
		free(whole);
		return nn_fail(err, NN_FAILED, "not all of the optimizer's state is there");
	}
	if (nn_rank_lost(crew, crew->exchange.type->tell(&crew->exchange, &word, err))) {
		free(whole);
		return NN_FAILED;
	}
	status = nn_ranks_agree(crew->ranks, status, err);
	if (status) {
		free(whole);
		return status;
	}
	state->data = whole;
	*nn_state_updates(state) = *updates;
	free(part);
	for (size_t k = 0; k < crew->slot_count; k++)
		memcpy(nn_state_slot(state, optimizer->slots[k]), crew->slots[k],
			crew->exchange.element_starts[1] * sizeof(float));
	return receive_state(training, err);
}

void nn_rank_drop_state(struct training *training)
{
	struct nn_error ignored;

	/* Without memory it stays whole: no harm. */
	keep_count(&training->checkpoint->state, &ignored);
}
