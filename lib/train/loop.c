#include <errno.h>

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

struct loop {
	struct nn_updater *updater;
	struct nn_model *model;
	struct nn_reader *reader;
	struct nn_writer *writer;
	const struct nn_update_loop *options;
	uint64_t updates;
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

static int collect_step(struct loop *loop, struct nn_error *err)
{
	const struct nn_frame *frame;

	while (!nn_updater_ready(loop->updater)) {
		int status = nn_reader_find(loop->reader, NN_KIND_GRAD, &frame, err);

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

/* One turn of the circle: the model out, its gradients in, the next model made. */
static int turn(struct loop *loop, struct nn_error *err)
{
	int status = nn_model_write(loop->model, loop->writer, err);

	if (!status)
		status = collect_step(loop, err);
	if (!status)
		status = nn_updater_step(loop->updater, err);
	if (status)
		return status;
	loop->updates++;
	if (loop->options->every && loop->updates % loop->options->every == 0 && !done(loop))
		status = save(loop, err);
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
	uint64_t reached = 0;
	struct nn_error ignored;
	int status = NN_OK;

	loop.last_epoch = loop.model->preamble.epoch + options->epochs;
	while (!status && !done(&loop)) {
		errno = 0;
		status = turn(&loop, err);
		if (!status)
			reached = loop.updates;
	}
	/* A step that failed halfway has not touched what was reached, unless it was the update. */
	if (status) {
		int number = errno;

		if (reached && nn_updater_intact(updater))
			save(&loop, &ignored);
		errno = number;
		return status;
	}
	status = save(&loop, err);
	if (!status)
		status = nn_writer_end(writer, err);
	return status ? status : await_end(&loop, err);
}
