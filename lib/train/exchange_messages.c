/* Between machines each rank sends every other one its slice of the gradients, a piece at a time, as soon
 * as backward has made it: what late layers need is on its way while early layers compute. */
#include <stdlib.h>

#include "base/memory.h"
#include "train/exchange.h"

struct own {
	float *received; /* this rank's slice of the nodes of others */
	float *gradients;
	double *numbers; /* squares, flags, notes */
	float *params;
};

static size_t slice_length(const struct nn_exchange *exchange, size_t rank)
{
	return exchange->element_starts[rank + 1] - exchange->element_starts[rank];
}

static float *vectors(size_t count, size_t elements, struct nn_error *err)
{
	size_t bytes;

	if (!nn_mul(count, elements, &bytes) || !nn_mul(bytes, sizeof(float), &bytes)) {
		nn_fail(err, NN_FAILED, "the parameters do not fit the memory");
		return NULL;
	}
	return nn_alloc_aligned(bytes, err);
}

static int make_room(struct nn_exchange *exchange, struct nn_error *err)
{
	const struct nn_rank_plan *plan = exchange->plan;
	size_t ranks = exchange->ranks->size;
	size_t rank = exchange->ranks->rank;
	size_t mine = plan->node_first[rank + 1] - plan->node_first[rank];
	struct own *own = nn_alloc(1, sizeof *own, err);

	exchange->own = own;
	if (!own)
		return NN_FAILED;
	own->params = vectors(1, exchange->elements, err);
	own->gradients = vectors(plan->buffers, exchange->elements, err);
	own->received = vectors(plan->node_count - mine, slice_length(exchange, rank), err);
	own->numbers = nn_alloc(exchange->blocks + ranks * (1 + exchange->note_count),
		sizeof *own->numbers, err);
	return own->params && own->gradients && own->received && own->numbers ? NN_OK : NN_FAILED;
}

static void point(struct nn_exchange *exchange)
{
	const struct nn_rank_plan *plan = exchange->plan;
	struct own *own = exchange->own;
	size_t rank = exchange->ranks->rank;
	size_t taken = 0;

	exchange->params = own->params;
	exchange->squares = own->numbers;
	exchange->flags = exchange->squares + exchange->blocks;
	exchange->notes = exchange->flags + exchange->ranks->size;
	for (size_t i = 0; i < plan->buffers; i++)
		exchange->buffers[i] = own->gradients + i * exchange->elements;
	for (size_t i = 0; i < plan->node_count; i++) {
		struct nn_slice_source *source = &exchange->sources[i];

		if (plan->nodes[i].rank == rank) {
			source->sum = exchange->buffers[plan->nodes[i].buffer];
			continue;
		}
		source->sum = own->received + taken++ * slice_length(exchange, rank);
		source->first = exchange->element_starts[rank];
	}
}

static int open_messages(struct nn_exchange *exchange, struct nn_error *err)
{
	int status = nn_ranks_agree(exchange->ranks, make_room(exchange, err), err);

	if (!status)
		point(exchange);
	return status;
}

static void close_messages(struct nn_exchange *exchange)
{
	struct own *own = exchange->own;

	if (!own)
		return;
	free(own->received);
	free(own->gradients);
	free(own->numbers);
	free(own->params);
	free(own);
	exchange->own = NULL;
}

/* What [from, to) has in common with a rank's slice; false: nothing. */
static bool meets(const struct nn_exchange *exchange, size_t rank, size_t *from, size_t *to)
{
	if (*from < exchange->element_starts[rank])
		*from = exchange->element_starts[rank];
	if (*to > exchange->element_starts[rank + 1])
		*to = exchange->element_starts[rank + 1];
	return *from < *to;
}

static int receive_node(struct nn_exchange *exchange, size_t node, struct nn_error *err)
{
	const struct nn_slice_source *source = &exchange->sources[node];
	struct own *own = exchange->own;
	float *place = own->received + (source->sum - own->received);
	int status = NN_OK;

	for (size_t end = exchange->elements; end && !status;) {
		size_t begin = end < NN_EXCHANGE_PIECE ? 0 : end - NN_EXCHANGE_PIECE;
		size_t from = begin;
		size_t to = end;

		if (meets(exchange, exchange->ranks->rank, &from, &to))
			status = nn_ranks_receive(exchange->ranks, exchange->plan->nodes[node].rank,
				place + (from - source->first), to - from, err);
		end = begin;
	}
	return status;
}

static int begin_messages(struct nn_exchange *exchange, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t i = 0; i < exchange->plan->node_count && !status; i++)
		if (exchange->plan->nodes[i].rank != exchange->ranks->rank)
			status = receive_node(exchange, i, err);
	exchange->bytes += sizeof(float) * (exchange->ranks->size - 1) *
		(exchange->plan->node_count * exchange->elements / exchange->ranks->size +
			exchange->elements);
	return status;
}

static int ready_messages(struct nn_exchange *exchange, size_t node, size_t from, size_t to,
	struct nn_error *err)
{
	const float *sum = exchange->sources[node].sum;
	size_t ranks = exchange->ranks->size;
	int status = NN_OK;

	/* Not all to the same one first. */
	for (size_t i = 1; i < ranks && !status; i++) {
		size_t rank = (exchange->ranks->rank + i) % ranks;
		size_t begin = from;
		size_t end = to;

		if (meets(exchange, rank, &begin, &end))
			status =
				nn_ranks_send(exchange->ranks, rank, sum + begin, end - begin, err);
	}
	nn_ranks_push(exchange->ranks);
	return status;
}

static int meet_messages(struct nn_exchange *exchange, struct nn_error *err)
{
	const double *mine = exchange->notes + exchange->ranks->rank * exchange->note_count;

	(void)err;
	nn_ranks_gather(exchange->ranks, mine, exchange->note_count * sizeof *mine,
		exchange->notes);
	nn_ranks_wait(exchange->ranks);
	return NN_OK;
}

static int share_squares(struct nn_exchange *exchange, struct nn_error *err)
{
	(void)err;
	nn_ranks_spread(exchange->ranks, exchange->squares, sizeof *exchange->squares,
		exchange->block_starts);
	return NN_OK;
}

static int finish_messages(struct nn_exchange *exchange, struct nn_error *err)
{
	nn_ranks_spread(exchange->ranks, exchange->params, sizeof *exchange->params,
		exchange->element_starts);
	nn_ranks_gather(exchange->ranks, exchange->flags + exchange->ranks->rank, sizeof(double),
		exchange->flags);
	return share_squares(exchange, err);
}

static int tell_messages(struct nn_exchange *exchange, struct nn_rank_word *word,
	struct nn_error *err)
{
	(void)err;
	nn_ranks_tell(exchange->ranks, word, sizeof *word);
	return NN_OK;
}

const struct nn_exchange_type nn_exchange_messages = {
	.name = "messages",
	.keep = 1,
	.open = open_messages,
	.close = close_messages,
	.begin = begin_messages,
	.ready = ready_messages,
	.meet = meet_messages,
	.share_squares = share_squares,
	.finish = finish_messages,
	.tell = tell_messages,
};
