/* How a training by ranks begins and ends. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/blas.h"
#include "train/fit.h"
#include "train/rank_step-private.h"

/* Vectors that are so large are added at once, rather than kept. */
#define LARGE ((size_t)64 << 20)

static int find_shards(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	uint64_t first = crew->plan.first[crew->ranks->rank];
	uint64_t end = crew->plan.first[crew->ranks->rank + 1];
	int status = NN_OK;

	crew->shards = nn_alloc((size_t)(end - first), sizeof *crew->shards, err);
	if (!crew->shards)
		return NN_FAILED;
	for (uint64_t k = first; k < end && !status; k++) {
		const struct nn_preamble task = nn_train_task(training, k);
		struct nn_shard *shard = &crew->shards[k - first];
		bool *fits;

		status = nn_serve_data_shard(crew->data, &task, shard, &fits, err);
		if (!status && !*fits)
			status = nn_fit_data(crew->network, &training->checkpoint->model.params,
				shard->data, shard->name, true, err);
		if (!status)
			*fits = true;
	}
	return status;
}

static int prepare(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	struct nn_bundle *params = &training->checkpoint->model.params;
	int status = nn_network_of_model(&crew->network, params, "model", err);

	if (!status)
		status = nn_blas_load(nn_bundle_meta(params, "kernel"), 0, err);
	if (!status)
		status = nn_network_layout(crew->network, &crew->partial.sum, err);
	if (!status)
		status = nn_network_layout(crew->network, &crew->layout, err);
	if (!status)
		status = nn_slicer_new(&crew->slicer, &crew->layout,
			nn_updater_optim(training->updater), err);
	crew->made = status ? NULL : nn_alloc(crew->layout.count, sizeof *crew->made, err);
	if (!status && !crew->made)
		status = NN_FAILED;
	if (!status)
		nn_network_watch(crew->network, nn_rank_gradient_made, training);
	return status;
}

/* Who has what, and where it passes: by this way. All. */
static int open_way(struct training *training, const struct nn_exchange_type *type,
	struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	bool large = training->checkpoint->model.params.bytes > LARGE;
	size_t most = 0;
	int status;

	nn_rank_plan_free(&crew->plan);
	status = nn_ranks_agree(crew->ranks,
		nn_rank_plan_make(&crew->plan, training->run.shards, crew->ranks->size,
			large ? 1 : type->keep, err),
		err);
	if (status)
		return status;
	/* As many notes for each: those of the rank that has most. */
	for (size_t r = 0; r < crew->ranks->size; r++)
		if (most < crew->plan.node_first[r + 1] - crew->plan.node_first[r])
			most = crew->plan.node_first[r + 1] - crew->plan.node_first[r];
	crew->exchange = (struct nn_exchange){ .ranks = crew->ranks,
		.plan = &crew->plan,
		.slicer = crew->slicer,
		.note_count = NOTE_COUNT + 3 * most };
	return nn_exchange_open(&crew->exchange, type, err);
}

/* Shared memory where all see it, unless another way is wanted; what fails, fails everywhere. */
static int open_exchange(struct training *training, struct nn_error *err)
{
	const struct nn_exchange_type *type = training->options->exchange;

	if (type)
		return open_way(training, type, err);
	if (!open_way(training, &nn_exchange_shared, err))
		return NN_OK;
	return open_way(training, &nn_exchange_messages, err);
}

static int move_in(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	struct nn_bundle *params = &training->checkpoint->model.params;

	/* Where there is one copy, it is rank 0's. */
	if (crew->exchange.type == &nn_exchange_messages || !crew->ranks->rank)
		memcpy(crew->exchange.params, params->data, params->bytes);
	free(params->data);
	params->data = (unsigned char *)crew->exchange.params;
	training->step = nn_train_rank_step;
	return nn_rank_keep_slice(training, err);
}

static int open_crew(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	int status;

	if (!crew->ranks)
		return NN_OK;
	status = nn_ranks_agree(crew->ranks, prepare(training, err), err);
	if (!status)
		status = open_exchange(training, err);
	if (!status)
		status = nn_rank_stack_new(&crew->stack, &crew->plan, err);
	if (!status)
		status = nn_rank_stack_new(&crew->chain, &crew->plan, err);
	if (!status)
		status = find_shards(training, err);
	return status ? status : move_in(training, err);
}

int nn_rank_open(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	size_t shards = training->run.shards < crew->world->size ? (size_t)training->run.shards :
								   crew->world->size;
	int status;

	crew->ranks = nn_ranks_first(crew->world, shards);
	status = nn_ranks_agree(crew->world, open_crew(training, err), err);
	crew->listening = !status;
	return status;
}

static void say_end(struct nn_rank_crew *crew, int status)
{
	struct nn_rank_word word = { .order = NN_RANK_END, .status = status };
	struct nn_error ignored;

	if (nn_rank_lost(crew, crew->exchange.type->tell(&crew->exchange, &word, &ignored)))
		return;
	for (size_t r = crew->ranks->size; r < crew->world->size; r++)
		nn_ranks_wake(crew->world, r);
	if (crew->ranks->size < crew->world->size)
		nn_ranks_tell(crew->world, &word, sizeof word);
}

static int move_out(struct training *training, struct nn_error *err)
{
	struct nn_bundle *params = &training->checkpoint->model.params;
	unsigned char *data = nn_alloc_aligned(params->bytes, err);

	if (data)
		memcpy(data, params->data, params->bytes);
	params->data = data;
	return data ? NN_OK : NN_FAILED;
}

int nn_rank_close(struct training *training, int status, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;

	if (!crew)
		return NN_OK;
	if (crew->listening && !crew->world->rank)
		say_end(crew, status);
	status = training->step == nn_train_rank_step ? move_out(training, err) : NN_OK;
	nn_exchange_close(&crew->exchange);
	nn_rank_plan_free(&crew->plan);
	nn_rank_stack_free(&crew->stack);
	nn_rank_stack_free(&crew->chain);
	nn_slicer_free(crew->slicer);
	nn_network_free(crew->network);
	nn_task_space_free(&crew->space);
	nn_bundle_free(&crew->partial.sum);
	nn_bundle_free(&crew->layout);
	nn_serve_data_free(crew->data);
	for (size_t k = 0; k < NN_MAX_SLOTS; k++)
		free(crew->slots[k]);
	free(crew->shards);
	free(crew->made);
	nn_ranks_close(crew->ranks);
	free(crew);
	training->crew = NULL;
	return status;
}

int nn_rank_signal(const struct training *training)
{
	return training->crew->signal;
}

const char *nn_rank_way(const struct training *training)
{
	return training->crew->exchange.type->name;
}

uint64_t nn_rank_bytes(const struct training *training)
{
	return training->crew->exchange.bytes;
}

void nn_rank_watch(const struct training *training, double *seconds, char *states)
{
	const struct nn_rank_crew *crew = training->crew;

	for (size_t r = 0; r < crew->world->size; r++) {
		bool works = r < crew->ranks->size;

		seconds[r] = works ? nn_rank_notes(crew, r)[NOTE_SECONDS] : 0;
		states[r] = works ? '*' : '.';
	}
}
