#include "train/exchange.h"

#include <stdlib.h>

#include "base/memory.h"

static int cut(struct nn_exchange *exchange, struct nn_error *err)
{
	size_t ranks = exchange->ranks->size;

	exchange->blocks = nn_slicer_blocks(exchange->slicer);
	exchange->elements = nn_slicer_element(exchange->slicer, exchange->blocks);
	exchange->block_starts = nn_alloc(ranks + 1, sizeof(size_t), err);
	exchange->element_starts = nn_alloc(ranks + 1, sizeof(size_t), err);
	exchange->buffers = nn_alloc(exchange->plan->buffers, sizeof(float *), err);
	exchange->sources = nn_alloc(exchange->plan->node_count, sizeof *exchange->sources, err);
	if (!exchange->block_starts || !exchange->element_starts || !exchange->buffers ||
		!exchange->sources)
		return NN_FAILED;
	for (size_t r = 0; r <= ranks; r++) {
		exchange->block_starts[r] = nn_slicer_cut(exchange->slicer, r, ranks);
		exchange->element_starts[r] =
			nn_slicer_element(exchange->slicer, exchange->block_starts[r]);
	}
	for (size_t i = 0; i < exchange->plan->node_count; i++)
		exchange->sources[i].range = exchange->plan->nodes[i].share.range;
	return NN_OK;
}

int nn_exchange_open(struct nn_exchange *exchange, const struct nn_exchange_type *type,
	struct nn_error *err)
{
	int status = cut(exchange, err);

	exchange->type = type;
	status = nn_ranks_agree(exchange->ranks, status, err);
	if (!status)
		status = type->open(exchange, err);
	if (status)
		nn_exchange_close(exchange);
	return status;
}

void nn_exchange_close(struct nn_exchange *exchange)
{
	if (exchange->type)
		exchange->type->close(exchange);
	free(exchange->block_starts);
	free(exchange->element_starts);
	free(exchange->buffers);
	free(exchange->sources);
	exchange->type = NULL;
	exchange->block_starts = exchange->element_starts = NULL;
	exchange->buffers = NULL;
	exchange->sources = NULL;
}
