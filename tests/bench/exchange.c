/* mpirun -n R exchange ELEMENTS TIMES: seconds of MPI_Allreduce of so many floats, and of what nn-train's
 * ranks do with their gradients: each sums its slice in the fixed tree, and all get all of it. Medians of
 * TIMES blocks, in turns: "allreduce S, memory S, messages S". */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "optim/optim.h"
#include "train/exchange.h"

#define MOST_TIMES 101

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void die(const struct nn_error *err)
{
	fprintf(stderr, "exchange: %s\n", err->text);
	MPI_Abort(MPI_COMM_WORLD, 1);
}

struct way {
	const char *name;
	struct nn_exchange exchange; /* no type: MPI_Allreduce */
	struct nn_rank_plan plan;
	float *in;
	float *out;
	double seconds[MOST_TIMES];
};

static void once(struct way *way, struct nn_slicer *slicer, size_t elements)
{
	struct nn_exchange *exchange = &way->exchange;
	size_t rank;
	struct nn_error err;
	struct nn_slice_sum sum;

	if (!exchange->type) {
		MPI_Allreduce(way->in, way->out, (int)elements, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
		return;
	}
	rank = exchange->ranks->rank;
	if (exchange->type->begin(exchange, &err))
		die(&err);
	for (size_t end = elements; end;) {
		size_t begin = end < NN_EXCHANGE_PIECE ? 0 : end - NN_EXCHANGE_PIECE;

		if (exchange->type->ready(exchange, rank, begin, end, &err))
			die(&err);
		end = begin;
	}
	if (exchange->type->meet(exchange, &err))
		die(&err);
	sum = (struct nn_slice_sum){ exchange->sources, way->plan.node_count, exchange->squares };
	nn_slice_sum(slicer, &sum, exchange->params, 0, exchange->block_starts[rank],
		exchange->block_starts[rank + 1]);
	if (exchange->type->finish(exchange, &err))
		die(&err);
}

static void open_way(struct way *way, struct nn_ranks *ranks, struct nn_slicer *slicer,
	const struct nn_exchange_type *type, size_t elements)
{
	struct nn_error err;

	way->name = type ? type->name : "allreduce";
	if (!type) {
		way->in = malloc(elements * sizeof(float));
		way->out = malloc(elements * sizeof(float));
		for (size_t i = 0; i < elements; i++)
			way->in[i] = way->out[i] = 1e-3F;
		return;
	}
	if (nn_rank_plan_make(&way->plan, ranks->size, ranks->size, type->keep, &err))
		die(&err);
	way->exchange = (struct nn_exchange){ .ranks = ranks,
		.plan = &way->plan,
		.slicer = slicer,
		.note_count = 6 };
	if (nn_exchange_open(&way->exchange, type, &err))
		die(&err);
	for (size_t i = 0; i < elements; i++)
		way->exchange.buffers[0][i] = 1e-3F;
}

int main(int argc, char **argv)
{
	uint64_t elements = argc > 2 ? strtoull(argv[1], NULL, 10) : 0;
	size_t times = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	size_t turns = elements ? 1 + 20000000 / elements : 0;
	struct nn_bundle layout = { 0 };
	struct nn_optim_options options = nn_optim_no_options;
	struct nn_slicer *slicer;
	struct nn_ranks *ranks;
	struct way ways[3] = { 0 };
	struct nn_error err;

	if (!elements || !times || times > MOST_TIMES) {
		fputs("usage: mpirun -n R exchange ELEMENTS TIMES\n", stderr);
		return 2;
	}
	options.method = "sgd";
	if (nn_ranks_open(&ranks, &err) ||
		nn_bundle_add(&layout, "w", NN_F32, 1, &elements, &err) ||
		nn_bundle_layout(&layout, &err) || nn_slicer_new(&slicer, &layout, &options, &err))
		die(&err);
	turns = turns > 2000 ? 2000 : turns;
	open_way(&ways[0], ranks, slicer, NULL, elements);
	open_way(&ways[1], ranks, slicer, &nn_exchange_shared, elements);
	open_way(&ways[2], ranks, slicer, &nn_exchange_messages, elements);
	for (size_t t = 0; t <= times; t++)
		for (size_t i = 0; i < 3; i++) {
			double began;

			MPI_Barrier(MPI_COMM_WORLD);
			began = MPI_Wtime();
			for (size_t k = 0; k < turns; k++)
				once(&ways[i], slicer, elements);
			/* The first one warms up. */
			if (t)
				ways[i].seconds[t - 1] = (MPI_Wtime() - began) / (double)turns;
		}
	for (size_t i = 0; i < 3; i++) {
		qsort(ways[i].seconds, times, sizeof(double), by_size);
		if (!ranks->rank)
			printf("%s%s %.9f", i ? ", " : "", ways[i].name,
				ways[i].seconds[times / 2]);
	}
	if (!ranks->rank)
		putchar('\n');
	nn_ranks_close(ranks);
	return 0;
}
