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
#include "tensor/blas.h"
#include "tensor/vector.h"
#include "train/finite.h"
#include "train/fit.h"
#include "train/rank_step-private.h"

/* Vectors that are so large are added at once, rather than kept. */
#define LARGE ((size_t)64 << 20)

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* --- opening ------------------------------------------------------------------------------- */

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

static void gradient_made(void *context, size_t first, size_t count);

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
		nn_network_watch(crew->network, gradient_made, training);
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

/* --- gradients ----------------------------------------------------------------------------- */

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
static void gradient_made(void *context, size_t first, size_t count)
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
		node->rows = crew->partial.rows;
		node->weight = crew->partial.weight;
		node->loss = crew->partial.loss;
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

/* --- all together -------------------------------------------------------------------------- */

/* From now on the others cannot be met any more. */
static int lost(struct nn_rank_crew *crew, int status)
{
	if (status) {
		crew->listening = false;
		crew->world->lost = true;
	}
	return status;
}

static double *notes_of(const struct nn_rank_crew *crew, size_t rank)
{
	return crew->exchange.notes + rank * crew->exchange.note_count;
}

static void write_notes(struct training *training, int status, double seconds)
{
	struct nn_rank_crew *crew = training->crew;
	double *notes = notes_of(crew, crew->ranks->rank);

	notes[NOTE_STATUS] = status;
	notes[NOTE_SIGNAL] = training->options->stop();
	notes[NOTE_SECONDS] = seconds;
	for (size_t i = 0; i < crew->stack.count; i++) {
		notes[NOTE_COUNT + 3 * i] = (double)crew->stack.nodes[i].rows;
		notes[NOTE_COUNT + 3 * i + 1] = crew->stack.nodes[i].weight;
		notes[NOTE_COUNT + 3 * i + 2] = crew->stack.nodes[i].loss;
	}
}

/* False: something is wrong somewhere. */
static bool read_notes(struct nn_rank_crew *crew)
{
	bool good = true;

	crew->signal = 0;
	for (size_t r = 0; r < crew->ranks->size; r++) {
		const double *notes = notes_of(crew, r);
		size_t first = crew->plan.node_first[r];

		good = good && notes[NOTE_STATUS] < 1;
		if (notes[NOTE_SIGNAL] > 0)
			crew->signal = (int)notes[NOTE_SIGNAL];
		for (size_t i = first; i < crew->plan.node_first[r + 1]; i++) {
			struct nn_rank_node *node = &crew->plan.nodes[i];

			node->rows = (uint64_t)notes[NOTE_COUNT + 3 * (i - first)];
			node->weight = notes[NOTE_COUNT + 3 * (i - first) + 1];
			node->loss = notes[NOTE_COUNT + 3 * (i - first) + 2];
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
	return lost(crew, crew->exchange.type->share_squares(&crew->exchange, err));
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

static int update(struct training *training, const struct nn_rank_node *total, struct nn_error *err)
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
	status = lost(crew, exchange->type->finish(exchange, err));
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
	struct nn_rank_node total;
	int met;

	write_notes(training, status, now() - began);
	met = lost(crew, crew->exchange.type->meet(&crew->exchange, err));
	if (met)
		return met;
	if (!read_notes(crew))
		return nn_ranks_agree(crew->ranks, status, err);
	total = nn_rank_total(crew->plan.nodes, crew->plan.node_count);
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
	status = lost(crew, crew->exchange.type->tell(&crew->exchange, &word, err));
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
		status = lost(crew, crew->exchange.type->tell(&crew->exchange, &word, err));
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

/* --- the end ------------------------------------------------------------------------------- */

static void say_end(struct nn_rank_crew *crew, int status)
{
	struct nn_rank_word word = { .order = NN_RANK_END, .status = status };
	struct nn_error ignored;

	if (lost(crew, crew->exchange.type->tell(&crew->exchange, &word, &ignored)))
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

		seconds[r] = works ? notes_of(crew, r)[NOTE_SECONDS] : 0;
		states[r] = works ? '*' : '.';
	}
}
