/* On one machine gradients need not go anywhere: each rank reads its slice of the others' where they are,
 * and writes its slice of the one copy of the parameters. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "train/exchange.h"

/* At the start of rank 0's memory. */
struct meeting {
	_Alignas(NN_ALIGN) atomic_size_t arrived;
	_Alignas(NN_ALIGN) atomic_size_t turn;
	_Alignas(NN_ALIGN) struct nn_rank_word word;
};

struct own {
	struct nn_ranks_memory *memory;
	void **places; /* [ranks] */
	struct meeting *meeting;
};

#define LOOKS 2000 /* before the processor is left to others */
#define YIELDS 20000
#define NAPS 1000 /* between two looks at the others */

/* Whoever waits long, as for a validation, sleeps, and looks whether the others are still there. */
static int wait_turn(const struct nn_exchange *exchange, size_t turn, struct nn_error *err)
{
	const struct timespec nap = { .tv_nsec = 50000 };
	const struct own *own = exchange->own;
	size_t looks = 0;
	size_t gone;

	while (atomic_load_explicit(&own->meeting->turn, memory_order_acquire) == turn) {
		if (++looks <= LOOKS)
			continue;
		if (looks <= LOOKS + YIELDS) {
			sched_yield();
			continue;
		}
		nanosleep(&nap, NULL);
		if (looks % NAPS)
			continue;
		gone = nn_ranks_ended(own->memory);
		/* It may have been here before it ended. */
		if (gone < exchange->ranks->size &&
			atomic_load_explicit(&own->meeting->turn, memory_order_acquire) == turn)
			return nn_fail(err, NN_FAILED, "rank %zu has ended", gone);
	}
	return NN_OK;
}

/* All that was written before is seen by all afterwards. */
static int barrier(const struct nn_exchange *exchange, struct nn_error *err)
{
	struct own *own = exchange->own;
	struct meeting *meeting = own->meeting;
	size_t turn = atomic_load_explicit(&meeting->turn, memory_order_relaxed);

	if (atomic_fetch_add_explicit(&meeting->arrived, 1, memory_order_acq_rel) + 1 <
		exchange->ranks->size)
		return wait_turn(exchange, turn, err);
	atomic_store_explicit(&meeting->arrived, 0, memory_order_relaxed);
	atomic_store_explicit(&meeting->turn, turn + 1, memory_order_release);
	return NN_OK;
}

/* What of a rank's memory lies where: bytes. */
struct layout {
	size_t vector; /* of all elements */
	size_t params; /* rank 0's, behind the meeting */
	size_t squares;
	size_t flags;
	size_t notes;
	size_t buffers;
	size_t bytes;
};

static bool add(size_t *at, size_t *place, size_t count, size_t size)
{
	size_t bytes;

	*place = *at;
	return nn_mul(count, size, &bytes) && nn_add(*at, bytes, at) &&
		nn_round_up(*at, NN_ALIGN, at);
}

static int lay_out(const struct nn_exchange *exchange, size_t rank, struct layout *layout,
	struct nn_error *err)
{
	size_t ranks = exchange->ranks->size;
	size_t at = 0;
	size_t ignored;
	bool fits = nn_mul(exchange->elements, sizeof(float), &layout->vector) &&
		nn_round_up(layout->vector, NN_ALIGN, &layout->vector);

	if (!rank)
		fits = fits && add(&at, &ignored, 1, sizeof(struct meeting)) &&
			add(&at, &layout->params, 1, layout->vector) &&
			add(&at, &layout->squares, exchange->blocks, sizeof(double)) &&
			add(&at, &layout->flags, ranks, sizeof(double)) &&
			add(&at, &layout->notes, ranks * exchange->note_count, sizeof(double));
	fits = fits && add(&at, &layout->buffers, exchange->plan->buffers, layout->vector);
	layout->bytes = at;
	return fits ? NN_OK : nn_fail(err, NN_FAILED, "the parameters do not fit the memory");
}

static void *place_of(const struct own *own, size_t rank, size_t at)
{
	return (unsigned char *)own->places[rank] + at;
}

static void point(struct nn_exchange *exchange, const struct layout *first,
	const struct layout *others)
{
	struct own *own = exchange->own;
	size_t rank = exchange->ranks->rank;
	size_t vector = first->vector;
	size_t mine = rank ? others->buffers : first->buffers;

	own->meeting = place_of(own, 0, 0);
	exchange->params = place_of(own, 0, first->params);
	exchange->squares = place_of(own, 0, first->squares);
	exchange->flags = place_of(own, 0, first->flags);
	exchange->notes = place_of(own, 0, first->notes);
	for (size_t i = 0; i < exchange->plan->buffers; i++)
		exchange->buffers[i] = place_of(own, rank, mine + i * vector);
	for (size_t i = 0; i < exchange->plan->node_count; i++) {
		const struct nn_rank_node *node = &exchange->plan->nodes[i];

		exchange->sources[i].sum = place_of(own, node->rank,
			(node->rank ? others : first)->buffers + node->buffer * vector);
	}
}

static int open_shared(struct nn_exchange *exchange, struct nn_error *err)
{
	struct own *own = nn_alloc(1, sizeof *own, err);
	struct layout first = { 0 };
	struct layout others = { 0 };
	int status = own ? NN_OK : NN_FAILED;

	exchange->own = own;
	if (!status)
		status = lay_out(exchange, 0, &first, err);
	if (!status)
		status = lay_out(exchange, 1, &others, err);
	if (!status)
		own->places = nn_alloc(exchange->ranks->size, sizeof *own->places, err);
	if (!status && !own->places)
		status = NN_FAILED;
	status = nn_ranks_agree(exchange->ranks, status, err);
	if (!status)
		status = nn_ranks_share(&own->memory, exchange->ranks,
			(exchange->ranks->rank ? &others : &first)->bytes, own->places, err);
	if (!status)
		point(exchange, &first, &others);
	return status;
}

static void close_shared(struct nn_exchange *exchange)
{
	struct own *own = exchange->own;

	if (!own)
		return;
	nn_ranks_unshare(own->memory);
	free(own->places);
	free(own);
	exchange->own = NULL;
}

static int begin_shared(struct nn_exchange *exchange, struct nn_error *err)
{
	(void)exchange, (void)err;
	return NN_OK;
}

static int ready_shared(struct nn_exchange *exchange, size_t node, size_t from, size_t to,
	struct nn_error *err)
{
	(void)exchange, (void)node, (void)from, (void)to, (void)err;
	return NN_OK;
}

static int pass_shared(struct nn_exchange *exchange, struct nn_error *err)
{
	return barrier(exchange, err);
}

static int tell_shared(struct nn_exchange *exchange, struct nn_rank_word *word,
	struct nn_error *err)
{
	struct own *own = exchange->own;
	int status;

	if (!exchange->ranks->rank)
		own->meeting->word = *word;
	status = barrier(exchange, err);
	if (!status)
		*word = own->meeting->word;
	return status;
}

const struct nn_exchange_type nn_exchange_shared = {
	.name = "shared memory",
	.keep = 4,
	.open = open_shared,
	.close = close_shared,
	.begin = begin_shared,
	.ready = ready_shared,
	.meet = pass_shared,
	.share_squares = pass_shared,
	.finish = pass_shared,
	.tell = tell_shared,
};
