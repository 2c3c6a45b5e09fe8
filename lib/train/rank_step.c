/* A step of all ranks.
 *
 *   each rank   gradients of its shards, sums of them (rank_plan.h); pieces leave as backward makes them
 *   all         meet: rows, weights, losses, faults of all are known
 *   each rank   its slice of the sum, and the optimizer's pass over its slice of the parameters
 *   all         finish: the parameters are whole again, and the norm is known
 *
 * With clipping the norm must be known before the pass: then the slices are summed first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "tensor/vector.h"
#include "train/finite.h"
#include "train/rank_step-private.h"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Elements [from, to) of the sums that the last shard completes. */
static void add_chain(const struct nn_rank_crew *crew, size_t from, size_t to)
{
	struct nn_rank_stack chain = crew->chain;
	struct nn_rank_node nodes[66];
	size_t left;
	size_t right;

	memcpy(nodes, chain.nodes, chain.count * sizeof *nodes);
	chain.nodes = nodes;
	while (nn_rank_stack_merge(&chain, &left, &right)) {
		float *sum = crew->exchange.buffers[left] + from;

		nn_vector_add(sum, sum, crew->exchange.buffers[right] + from, to - from);
	}
}

/* Whole pieces above `ready`, which are told in turn. */
static void publish(struct nn_rank_crew *crew)
{
	while (crew->published && !crew->publishing) {
		size_t end = crew->published;
		size_t begin = end < NN_EXCHANGE_PIECE ? 0 : end - NN_EXCHANGE_PIECE;

		if (begin < crew->ready)
			break;
		add_chain(crew, begin, end);
		crew->published = begin;
		if (crew->node < crew->plan.node_count)
			crew->publishing = crew->exchange.type->ready(&crew->exchange, crew->node,
				begin, end, &crew->why);
	}
}

/* While backward runs: a parameter's gradient is complete. */
void nn_rank_gradient_made(void *context, size_t first, size_t count)
{
	struct nn_rank_crew *crew = ((struct training *)context)->crew;
	size_t tensor = crew->layout.count;

	(void)count;
	if (!crew->published)
		return;
	for (size_t i = 0; i < crew->layout.count; i++)
		if (crew->layout.tensors[i].offset == first * sizeof(float))
			crew->made[i] = true;
	/* Layers end with the last one, whose parameters as a rule come last. */
	while (tensor && crew->made[tensor - 1])
		tensor--;
	crew->ready = tensor ? crew->layout.tensors[tensor - 1].offset / sizeof(float) +
			crew->layout.tensors[tensor - 1].count :
			       0;
	publish(crew);
}

/* The node of this rank that is whole with this shard; node_count: none. */
static size_t node_done(const struct nn_rank_crew *crew, uint64_t shard)
{
	size_t rank = crew->ranks->rank;

	for (size_t i = crew->plan.node_first[rank]; i < crew->plan.node_first[rank + 1]; i++)
		if (crew->plan.nodes[i].done == shard)
			return i;
	return crew->plan.node_count;
}

static int gradient(struct training *training, uint64_t k, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	const struct nn_preamble *model = &training->checkpoint->model.preamble;
	const struct nn_step step = { model->step, model->epoch, model->step_in_epoch,
		model->steps_per_epoch, model->seed };
	const struct nn_shard *shard = &crew->shards[k - crew->plan.first[crew->ranks->rank]];
	size_t buffer = nn_rank_stack_push(&crew->stack, k);
	struct nn_rank_node *node = &crew->stack.nodes[crew->stack.count - 1];
	int status;

	memcpy(crew->chain.nodes, crew->stack.nodes, crew->stack.count * sizeof *crew->chain.nodes);
	crew->chain.count = crew->stack.count;
	crew->chain.used = crew->stack.used;
	crew->node = node_done(crew, k);
	crew->published = crew->ready = crew->exchange.elements;
	memset(crew->made, 0, crew->layout.count * sizeof *crew->made);
	crew->partial.sum.data = (unsigned char *)crew->exchange.buffers[buffer];
	status = nn_task_gradient(crew->network, &training->checkpoint->model.params, shard, &step,
		&crew->space, &crew->partial, err);
	crew->partial.sum.data = NULL;
	if (!status) {
		node->share.rows = crew->partial.rows;
		node->share.weight = crew->partial.weight;
		node->share.loss = crew->partial.loss;
	}
	if (!status && !isfinite(crew->partial.loss))
		status = nn_task_blame(crew->network, &crew->space, &step, &crew->partial, err);
	return status;
}

/* The numbers of the sums that were made with the shard. */
static void merge_numbers(struct nn_rank_stack *stack)
{
	size_t left;
	size_t right;

	while (nn_rank_stack_merge(stack, &left, &right))
		;
}

/* After a fault the others still wait for what was to come. */
static int publish_rest(struct nn_rank_crew *crew)
{
	crew->ready = 0;
	publish(crew);
	return crew->publishing;
}

static int gradients(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	size_t rank = crew->ranks->rank;
	int status = crew->exchange.type->begin(&crew->exchange, err);

	crew->stack.count = 0;
	crew->stack.used = 0;
	crew->publishing = NN_OK;
	for (uint64_t k = crew->plan.first[rank]; k < crew->plan.first[rank + 1]; k++) {
		struct nn_error why;
		int fault = status ? NN_OK : gradient(training, k, &why);

		if (fault) {
			status = fault;
			*err = why;
		} else if (status) {
			nn_rank_stack_push(&crew->stack, k);
			crew->node = node_done(crew, k);
			crew->published = crew->exchange.elements;
			crew->chain.count = 0;
		}
		if (publish_rest(crew) && !status) {
			status = crew->publishing;
			*err = crew->why;
		}
		merge_numbers(&crew->stack);
	}
	return status;
}

int nn_rank_lost(struct nn_rank_crew *crew, int status)
{
	if (status) {
		crew->listening = false;
		crew->world->lost = true;
	}
	return status;
}

double *nn_rank_notes(const struct nn_rank_crew *crew, size_t rank)
{
	return crew->exchange.notes + rank * crew->exchange.note_count;
}

static void write_notes(struct training *training, int status, double seconds)
{
	struct nn_rank_crew *crew = training->crew;
	double *notes = nn_rank_notes(crew, crew->ranks->rank);

	notes[NOTE_STATUS] = status;
	notes[NOTE_SIGNAL] = training->options->stop();
	notes[NOTE_SECONDS] = seconds;
	for (size_t i = 0; i < crew->stack.count; i++) {
		notes[NOTE_COUNT + 3 * i] = (double)crew->stack.nodes[i].share.rows;
		notes[NOTE_COUNT + 3 * i + 1] = crew->stack.nodes[i].share.weight;
		notes[NOTE_COUNT + 3 * i + 2] = crew->stack.nodes[i].share.loss;
	}
}

/* False: something is wrong somewhere. */
static bool read_notes(struct nn_rank_crew *crew)
{
	bool good = true;

	crew->signal = 0;
	for (size_t r = 0; r < crew->ranks->size; r++) {
		const double *notes = nn_rank_notes(crew, r);
		size_t first = crew->plan.node_first[r];

		good = good && notes[NOTE_STATUS] < 1;
		if (notes[NOTE_SIGNAL] > 0)
			crew->signal = (int)notes[NOTE_SIGNAL];
		for (size_t i = first; i < crew->plan.node_first[r + 1]; i++) {
			struct nn_rank_node *node = &crew->plan.nodes[i];

			node->share.rows = (uint64_t)notes[NOTE_COUNT + 3 * (i - first)];
			node->share.weight = notes[NOTE_COUNT + 3 * (i - first) + 1];
			node->share.loss = notes[NOTE_COUNT + 3 * (i - first) + 2];
		}
	}
	return good;
}

static struct nn_slice_update update_of(const struct training *training,
	const struct nn_optim_pass *pass)
{
	const struct nn_rank_crew *crew = training->crew;
	size_t first = crew->exchange.element_starts[crew->ranks->rank];
	struct nn_slice_update update = { .pass = *pass, .first = first };

	update.from.params = crew->exchange.params + first;
	for (size_t k = 0; k < crew->slot_count; k++)
		update.from.slots[k] = crew->slots[k];
	update.to = update.from;
	return update;
}

/* The slice of the sum, in the place of the first of this rank's nodes: nobody else reads it there. */
static int sum_first(struct nn_rank_crew *crew, const struct nn_slice_sum *sum,
	struct nn_slice_source *single, struct nn_error *err)
{
	const size_t *blocks = crew->exchange.block_starts + crew->ranks->rank;
	const struct nn_rank_node *node =
		&crew->plan.nodes[crew->plan.node_first[crew->ranks->rank]];
	float *out = crew->exchange.buffers[node->buffer];

	nn_slice_sum(crew->slicer, sum, out, 0, blocks[0], blocks[1]);
	*single = (struct nn_slice_source){ { 0, crew->plan.shards }, out, 0 };
	return nn_rank_lost(crew, crew->exchange.type->share_squares(&crew->exchange, err));
}

static int not_finite(struct training *training, double norm, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;

	nn_updater_spoil(training->updater);
	if (!isfinite(norm)) {
		nn_fail(err, NN_BAD, "its norm is %s", isnan(norm) ? "nan" : "infinite");
		return nn_updater_diverged(training->updater, "the sum of the gradients", err);
	}
	crew->layout.data = (unsigned char *)crew->exchange.params;
	if (!nn_check_finite_bundle(&crew->layout, err))
		nn_fail(err, NN_BAD, "a parameter is no number");
	crew->layout.data = NULL;
	return nn_updater_diverged(training->updater, "the learning rate is too high: updated",
		err);
}

static int update(struct training *training, const struct nn_share *total, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	struct nn_exchange *exchange = &crew->exchange;
	const size_t *blocks = exchange->block_starts + crew->ranks->rank;
	struct nn_slice_sum sum = { exchange->sources, crew->plan.node_count, exchange->squares };
	struct nn_slice_source single;
	struct nn_slice_update update;
	struct nn_optim_pass pass;
	double norm = 0;
	bool finite = true;
	int status;

	if (nn_updater_optim(training->updater)->clip > 0) {
		status = sum_first(crew, &sum, &single, err);
		if (status)
			return status;
		sum.sources = &single;
		sum.count = 1;
		norm = nn_slicer_norm(crew->slicer, exchange->squares);
	}
	/* All of them see that, and nothing has been touched. */
	if (!isfinite(norm)) {
		nn_fail(err, NN_BAD, "its norm is %s", isnan(norm) ? "nan" : "infinite");
		return nn_updater_diverged(training->updater, "the sum of the gradients", err);
	}
	nn_updater_pass(training->updater, total->weight, norm, &pass);
	update = update_of(training, &pass);
	exchange->flags[crew->ranks->rank] =
		nn_slice_update(crew->slicer, &sum, &update, blocks[0], blocks[1]);
	status = nn_rank_lost(crew, exchange->type->finish(exchange, err));
	if (status) {
		nn_updater_spoil(training->updater);
		return status;
	}
	norm = nn_slicer_norm(crew->slicer, exchange->squares);
	for (size_t r = 0; r < crew->ranks->size; r++)
		finite = finite && exchange->flags[r] > 0;
	if (!finite || !isfinite(norm))
		return not_finite(training, norm, err);
	nn_updater_made(training->updater, &pass, 1, total->loss, total->weight, norm);
	return NN_OK;
}

static int step(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	double began = now();
	int status = gradients(training, err);
	struct nn_share total;
	int met;

	write_notes(training, status, now() - began);
	met = nn_rank_lost(crew, crew->exchange.type->meet(&crew->exchange, err));
	if (met)
		return met;
	if (!read_notes(crew))
		return nn_ranks_agree(crew->ranks, status, err);
	total = nn_tree_total(crew->plan.nodes, sizeof *crew->plan.nodes, crew->plan.node_count);
	training->progress.rows = total.rows;
	if (!(total.weight > 0))
		return nn_fail(err, NN_BAD,
			"step %llu: the total weight is zero: there is nothing to divide by",
			(unsigned long long)training->checkpoint->model.preamble.step);
	return update(training, &total, err);
}

int nn_train_rank_step(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	struct nn_rank_word word = { .order = NN_RANK_STEP };
	int status;

	training->progress.validated = false;
	training->progress.busy = crew->ranks->size;
	status = nn_rank_lost(crew, crew->exchange.type->tell(&crew->exchange, &word, err));
	return status ? status : step(training, err);
}

int nn_rank_follow(struct training *training, struct nn_error *err)
{
	struct nn_rank_crew *crew = training->crew;
	struct nn_rank_word word = { 0 };
	struct nn_error ignored;
	int status;

	if (!crew->ranks) {
		nn_ranks_sleep(crew->world);
		nn_ranks_tell(crew->world, &word, sizeof word);
	}
	while (crew->ranks && word.order != NN_RANK_END) {
		status = nn_rank_lost(crew, crew->exchange.type->tell(&crew->exchange, &word, err));
		if (status)
			return status;
		/* What goes wrong, rank 0 knows too. */
		if (word.order == NN_RANK_STEP)
			step(training, &ignored);
		else if (word.order == NN_RANK_STATE)
			nn_rank_send_state(training, &ignored);
	}
	if (crew->ranks && crew->ranks->size < crew->world->size)
		nn_ranks_tell(crew->world, &word, sizeof word);
	return word.status ? nn_fail(err, (enum nn_status)word.status, "rank 0 says why") : NN_OK;
}
