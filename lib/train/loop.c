#include <errno.h>

#include "train/interrupt.h"
#include "train/update.h"

int nn_update_collect(struct nn_updater *updater, struct nn_reader *reader, struct nn_error *err)
{
	const struct nn_frame *frame;

	for (;;) {
		int status = nn_reader_find(reader, NN_KIND_GRAD, &frame, err);

		if (status || !frame)
			return status;
		status = nn_updater_add(updater, reader, frame, err);
		if (status)
			return status;
	}
}

/* A step that has begun and lacks gradients for so long has a worker too few, or a slow one. */
#define PATIENCE 2000 /* milliseconds */
/* So many shards are told of in all: workers that are slow by turns are no news for ever. */
#define MOST_TOLD 8

struct loop {
	struct nn_updater *updater;
	struct nn_model *model;
	struct nn_reader *reader;
	struct nn_writer *writer;
	const struct nn_update_loop *options;
	struct nn_interrupt *interrupt; /* held while the model or its file changes */
	uint64_t updates;
	uint64_t told[MOST_TOLD]; /* shards that were waited for */
	unsigned told_count;
	uint64_t told_step;  /* of the last of them */
	uint64_t last_epoch; /* when the model has got there, it is done */
};

static bool done(const struct loop *loop)
{
	return (loop->options->steps && loop->updates >= loop->options->steps) ||
		(loop->options->epochs && loop->model->preamble.epoch >= loop->last_epoch);
}

/* With a quorum, what comes late is of no use any more. */
static bool is_late(const struct loop *loop, const struct nn_frame *frame)
{
	return nn_updater_quorum(loop->updater) &&
		frame->preamble.step < loop->model->preamble.step;
}

/* Waits a while for what is to come. The clock decides whether this is told, and nothing else. */
static void tell_missing(struct loop *loop)
{
	uint64_t step = loop->model->preamble.step;
	uint64_t shard;
	uint64_t shards;

	if (loop->told_count == MOST_TOLD || (loop->told_count && loop->told_step == step) ||
		!nn_updater_missing(loop->updater, &shard, &shards) ||
		nn_reader_ready(loop->reader, PATIENCE))
		return;
	for (unsigned i = 0; i < loop->told_count; i++)
		if (loop->told[i] == shard)
			return;
	loop->told[loop->told_count++] = shard;
	loop->told_step = step;
	loop->options->warn("waiting for shard %llu of %llu (step %llu)", (unsigned long long)shard,
		(unsigned long long)shards, (unsigned long long)step);
}

/* NULL at the end. */
static int next_gradient(struct loop *loop, const struct nn_frame **frame, struct nn_error *err)
{
	int status;

	do {
		tell_missing(loop);
		status = nn_reader_next(loop->reader, frame, err);
	} while (!status && *frame && (*frame)->preamble.kind != NN_KIND_GRAD);
	return status;
}

static int collect_step(struct loop *loop, struct nn_error *err)
{
	const struct nn_frame *frame;

	while (!nn_updater_ready(loop->updater)) {
		int status = next_gradient(loop, &frame, err);

		if (!status && !frame)
			status = nn_fail(err, NN_FAILED,
				"%s: ended after %llu updates, while more were to come",
				nn_reader_name(loop->reader), (unsigned long long)loop->updates);
		if (!status && !is_late(loop, frame))
			status = nn_updater_add(loop->updater, loop->reader, frame, err);
		if (status)
			return status;
	}
	return NN_OK;
}

static int save(const struct loop *loop, struct nn_error *err)
{
	if (!loop->options->checkpoint)
		return NN_OK;
	return nn_checkpoint_save(nn_updater_checkpoint(loop->updater), loop->options->checkpoint,
		err);
}

/* A step that failed halfway has not touched what was reached, unless it was the update. */
static void save_reached(void *data)
{
	const struct loop *loop = data;
	struct nn_error ignored;

	if (loop->updates && nn_updater_intact(loop->updater))
		save(loop, &ignored);
}

static int step(struct loop *loop, struct nn_error *err)
{
	int status = nn_updater_step(loop->updater, err);

	if (status)
		return status;
	loop->updates++;
	if (loop->options->every && loop->updates % loop->options->every == 0 && !done(loop))
		status = save(loop, err);
	return status;
}

/* One turn of the circle: the model out, its gradients in, the next model made. */
static int turn(struct loop *loop, struct nn_error *err)
{
	int status = nn_model_write(loop->model, loop->writer, err);

	if (!status)
		status = collect_step(loop, err);
	/* Others may have to be waited for: not while a signal has to wait for us. */
	if (!status)
		status = nn_updater_gather(loop->updater, err);
	if (status)
		return status;
	nn_interrupt_hold(loop->interrupt);
	status = step(loop, err);
	nn_interrupt_release(loop->interrupt);
	return status;
}

/* Our END has gone round: whoever reads us has nothing left to say. */
static int await_end(struct loop *loop, struct nn_error *err)
{
	const struct nn_frame *frame;

	for (;;) {
		int status = nn_reader_next(loop->reader, &frame, err);

		if (status || !frame || frame->preamble.kind == NN_KIND_END)
			return status;
	}
}

static int run(struct loop *loop, struct nn_error *err)
{
	int status = NN_OK;

	while (!status && !done(loop)) {
		errno = 0;
		status = turn(loop, err);
	}
	nn_interrupt_hold(loop->interrupt);
	if (status) {
		int number = errno;

		save_reached(loop);
		errno = number;
	} else {
		status = save(loop, err);
	}
	nn_interrupt_release(loop->interrupt);
	if (!status)
		status = nn_writer_end(loop->writer, err);
	return status ? status : await_end(loop, err);
}

int nn_update_loop(struct nn_updater *updater, struct nn_reader *reader, struct nn_writer *writer,
	const struct nn_update_loop *options, struct nn_error *err)
{
	struct loop loop = {
		.updater = updater,
		.model = &nn_updater_checkpoint(updater)->model,
		.reader = reader,
		.writer = writer,
		.options = options,
	};
	int status = NN_OK;
	int number;

	loop.last_epoch = loop.model->preamble.epoch + options->epochs;
	if (options->checkpoint)
		status = nn_interrupt_new(&loop.interrupt, save_reached, &loop, err);
	if (!status)
		status = run(&loop, err);
	number = errno;
	nn_interrupt_free(loop.interrupt);
	errno = number;
	return status;
}
