/* The descriptors of a stage, each with its thread. None of them waits for another: what cannot be taken
 * yet stays in its pipe, and what cannot be written yet in its slot. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "train/stage-private.h"

void nn_stage_fail(struct nn_stage *stage, const struct nn_error *why, bool victim)
{
	if (!stage->status && !stage->leaving) {
		stage->status = (int)why->status;
		stage->why = *why;
		stage->victim = victim;
	}
	pthread_cond_broadcast(&stage->changed);
}

static bool over(const struct nn_stage *stage)
{
	return stage->leaving || stage->status;
}

/* A slot that nobody looks at any more; NULL: the stage ends. */
static struct nn_micro *free_slot(struct nn_stage *stage)
{
	struct nn_micro *slot;

	pthread_mutex_lock(&stage->lock);
	for (;;) {
		uint64_t done = stage->backward;

		if (stage->out_forward && stage->sent < done)
			done = stage->sent;
		if (over(stage) || stage->filled - done < stage->slot_count)
			break;
		pthread_cond_wait(&stage->changed, &stage->lock);
	}
	slot = over(stage) ? NULL : &stage->slots[stage->filled % stage->slot_count];
	pthread_mutex_unlock(&stage->lock);
	return slot;
}

static int check_task(const struct nn_stage *stage, const struct nn_preamble *task,
	struct nn_error *err)
{
	if (task->end != task->first + 1 || task->end > task->shards)
		return nn_fail(err, NN_BAD,
			"activations of shards %llu to %llu of %llu: of one at "
			"a time, they should be",
			(unsigned long long)task->first, (unsigned long long)task->end,
			(unsigned long long)task->shards);
	/* One step of a filter; one behind the other where there are orders. */
	if (stage->filled &&
		(task->shards != stage->last.shards ||
			(task->step == stage->last.step && task->first < stage->last.end) ||
			(task->step != stage->last.step && !stage->options->shards)))
		return nn_fail(err, NN_BAD,
			"activations of step %llu, shard %llu of %llu, behind those of step %llu, "
			"shard %llu of %llu: tasks of one step come in their order",
			(unsigned long long)task->step, (unsigned long long)task->first,
			(unsigned long long)task->shards, (unsigned long long)stage->last.step,
			(unsigned long long)stage->last.first,
			(unsigned long long)stage->last.shards);
	if (task->id && stage->options->id && task->id != stage->options->id)
		return nn_fail(err, NN_BAD,
			"activations of model %016llx, but this stage's is %016llx",
			(unsigned long long)task->id, (unsigned long long)stage->options->id);
	return NN_OK;
}

static int take_forward(struct nn_stage *stage, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err)
{
	struct nn_micro *slot;
	size_t maker;
	int status;

	if (stage->is_first)
		return nn_fail(err, NN_BAD, "%s: activations, but this is the first stage",
			nn_reader_name(reader));
	status = check_task(stage, &frame->preamble, err);
	if (status)
		return nn_reader_blame(reader, err);
	slot = free_slot(stage);
	if (!slot)
		return NN_OK;
	status = nn_act_read(reader, frame, &stage->in, slot, &maker, err);
	pthread_mutex_lock(&stage->lock);
	if (!status) {
		stage->number = maker + 1;
		stage->last = slot->preamble;
		stage->filled++;
	}
	pthread_cond_broadcast(&stage->changed);
	pthread_mutex_unlock(&stage->lock);
	return status;
}

static int take_back(struct nn_stage *stage, struct nn_reader *reader, const struct nn_frame *frame,
	struct nn_error *err)
{
	struct nn_act_grad *grad = NULL;
	const struct nn_preamble *task;
	bool due;
	int status;

	if (stage->is_last)
		return nn_fail(err, NN_BAD, "%s: a gradient, but this is the last stage",
			nn_reader_name(reader));
	pthread_mutex_lock(&stage->lock);
	while (!over(stage) && stage->came_back - stage->backward >= stage->grad_count)
		pthread_cond_wait(&stage->changed, &stage->lock);
	if (!over(stage))
		grad = &stage->grads[stage->came_back % stage->grad_count];
	/* It went forward, or nobody could have its gradient. */
	task = &stage->slots[stage->came_back % stage->slot_count].preamble;
	due = stage->came_back < stage->forward && task->first == frame->preamble.first &&
		task->step == frame->preamble.step && task->rows == frame->preamble.rows;
	pthread_mutex_unlock(&stage->lock);
	if (!grad)
		return NN_OK;
	if (!due) {
		nn_fail(err, NN_BAD, "a gradient of step %llu, shard %llu, which is not due",
			(unsigned long long)frame->preamble.step,
			(unsigned long long)frame->preamble.first);
		return nn_reader_blame(reader, err);
	}
	status = nn_act_read_back(reader, frame, &stage->out, grad, err);
	pthread_mutex_lock(&stage->lock);
	if (!status) {
		stage->stages = frame->preamble.parts;
		stage->came_back++;
	}
	pthread_cond_broadcast(&stage->changed);
	pthread_mutex_unlock(&stage->lock);
	return status;
}

/* For nn_stage_await, and until whoever is there has done with it. */
static void hand_over(struct nn_stage *stage, struct nn_reader *reader,
	const struct nn_frame *frame)
{
	pthread_mutex_lock(&stage->lock);
	stage->order_reader = reader;
	stage->order = frame;
	pthread_cond_broadcast(&stage->changed);
	while (!over(stage) && stage->order)
		pthread_cond_wait(&stage->changed, &stage->lock);
	pthread_mutex_unlock(&stage->lock);
}

static int take_frame(struct nn_stage_line *line, const struct nn_frame *frame, bool *ended,
	struct nn_error *err)
{
	*ended = !frame || frame->preamble.kind == NN_KIND_END;
	if (*ended)
		return NN_OK;
	if (nn_act_is_forward(frame))
		return take_forward(line->stage, line->reader, frame, err);
	if (nn_act_is_back(frame))
		return take_back(line->stage, line->reader, frame, err);
	/* Others are not for us, and passed over. */
	if (line->input->carries & NN_STAGE_ORDERS)
		hand_over(line->stage, line->reader, frame);
	return NN_OK;
}

static void *read_line(void *data)
{
	struct nn_stage_line *line = data;
	struct nn_stage *stage = line->stage;
	const struct nn_frame *frame;
	struct nn_error err;
	const uint64_t one = 1;
	bool ended = false;
	bool left = false;
	int status = NN_OK;

	nn_io_bound(stage->leave, -1, -1);
	while (!status && !ended && !left) {
		status = nn_reader_next(line->reader, &frame, &err);
		if (!status)
			status = take_frame(line, frame, &ended, &err);
		pthread_mutex_lock(&stage->lock);
		left = over(stage);
		pthread_mutex_unlock(&stage->lock);
	}
	pthread_mutex_lock(&stage->lock);
	if (ended)
		stage->ended |= line->input->carries;
	/* Who gave them may have gone without END. */
	if ((ended || status) && line->input->carries & NN_STAGE_ORDERS)
		nn_write(stage->orders_end, &one, sizeof one, "an event descriptor", NULL);
	if (status)
		nn_stage_fail(stage, &err, status == NN_FAILED);
	pthread_cond_broadcast(&stage->changed);
	pthread_mutex_unlock(&stage->lock);
	return NULL;
}

/* Both may go to one line. */
static int write_act(struct nn_stage_line *line, bool forward, uint64_t i, struct nn_error *err)
{
	struct nn_stage *stage = line->stage;
	struct nn_micro *slot = &stage->slots[i % stage->slot_count];
	struct nn_act_grad *back = &stage->returns[i % 2];
	int status;

	pthread_mutex_lock(&stage->write_lock);
	if (forward)
		status = nn_act_write(line->writer, &stage->out, stage->number, slot,
			stage->flights[i % stage->options->in_flight].out, &line->layout, err);
	else
		status = nn_act_write_back(line->writer, &stage->in, &back->preamble, back->dx,
			&line->layout, err);
	pthread_mutex_unlock(&stage->write_lock);
	return status;
}

static void *write_line(void *data)
{
	struct nn_stage_line *line = data;
	struct nn_stage *stage = line->stage;
	bool forward = line == stage->out_forward;
	uint64_t *written = forward ? &stage->sent : &stage->returned;
	const uint64_t *ready = forward ? &stage->forward : &stage->backward;
	struct nn_error err;

	nn_io_bound(stage->leave, -1, -1);
	pthread_mutex_lock(&stage->lock);
	while (!over(stage)) {
		uint64_t i = *written;
		int status;

		if (i == *ready) {
			pthread_cond_wait(&stage->changed, &stage->lock);
			continue;
		}
		pthread_mutex_unlock(&stage->lock);
		status = write_act(line, forward, i, &err);
		pthread_mutex_lock(&stage->lock);
		if (status)
			nn_stage_fail(stage, &err, true);
		else
			++*written;
		pthread_cond_broadcast(&stage->changed);
	}
	pthread_mutex_unlock(&stage->lock);
	return NULL;
}

/* So that a thread can be told to leave it. Regular files and devices never wait. */
static void never_wait(struct nn_stage_line *line)
{
	struct stat st;

	line->flags = -1;
	if (fstat(line->fd, &st) || (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)))
		return;
	line->flags = fcntl(line->fd, F_GETFL);
	if (line->flags >= 0)
		fcntl(line->fd, F_SETFL, line->flags | O_NONBLOCK);
#ifdef F_SETPIPE_SZ
	/* Refused beyond what the system grants a user: then it is smaller. */
	if (S_ISFIFO(st.st_mode))
		(void)fcntl(line->fd, F_SETPIPE_SZ, 1 << 20);
#endif
}

static struct nn_stage_line *add_line(struct nn_stage *stage, int fd)
{
	struct nn_stage_line *line = &stage->lines[stage->line_count++];

	*line = (struct nn_stage_line){ .stage = stage, .fd = fd };
	never_wait(line);
	return line;
}

static int open_input(struct nn_stage *stage, const struct nn_stage_input *input,
	struct nn_error *err)
{
	struct nn_stage_line *line = add_line(stage, input->fd);

	line->input = input;
	line->reader = input->reader;
	line->owned = !input->reader;
	return line->owned ? nn_reader_open(&line->reader, input->fd, input->name, 0, err) : NN_OK;
}

static int open_output(struct nn_stage *stage, struct nn_stage_line **place, int fd,
	const char *name, struct nn_error *err)
{
	struct nn_stage_line *line;

	if (fd < 0)
		return NN_OK;
	line = add_line(stage, fd);
	line->writer = stage->options->out;
	line->owned = !line->writer;
	*place = line;
	return line->owned ? nn_writer_open(&line->writer, fd, name, err) : NN_OK;
}

/* They have little to keep on their stacks, and memory may be what a stage is for. */
#define STACK ((size_t)512 << 10)

static int start_threads(struct nn_stage *stage, struct nn_error *err)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (!error)
		error = pthread_attr_setstacksize(&attributes, STACK);
	for (size_t i = 0; i < stage->line_count && !error; i++) {
		struct nn_stage_line *line = &stage->lines[i];

		error = pthread_create(&stage->threads[i], &attributes,
			line->input ? read_line : write_line, line);
		stage->thread_count += !error;
	}
	pthread_attr_destroy(&attributes);
	return error ? nn_fail(err, NN_FAILED, "cannot start a thread (error %d)", error) : NN_OK;
}

int nn_stage_open_lines(struct nn_stage *stage, struct nn_error *err)
{
	const struct nn_stage_options *options = stage->options;
	int status = NN_OK;

	stage->leave = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	stage->orders_end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stage->leave < 0 || stage->orders_end < 0)
		return nn_fail_errno(err, NN_FAILED, "cannot make an event descriptor");
	for (size_t i = 0; i < options->input_count && !status; i++)
		status = open_input(stage, &options->inputs[i], err);
	if (!status)
		status = open_output(stage, &stage->out_forward, options->out_forward,
			options->out_forward_name, err);
	if (!status)
		status = open_output(stage, &stage->out_back, options->out_back,
			options->out_back_name, err);
	return status ? status : start_threads(stage, err);
}

void nn_stage_close_lines(struct nn_stage *stage)
{
	uint64_t one = 1;

	pthread_mutex_lock(&stage->lock);
	stage->leaving = true;
	pthread_cond_broadcast(&stage->changed);
	pthread_mutex_unlock(&stage->lock);
	if (stage->leave >= 0 && write(stage->leave, &one, sizeof one) < 0)
		return;
	for (size_t i = 0; i < stage->thread_count; i++)
		pthread_join(stage->threads[i], NULL);
	for (size_t i = 0; i < stage->line_count; i++) {
		struct nn_stage_line *line = &stage->lines[i];

		if (line->owned)
			nn_reader_close(line->reader);
		if (line->owned)
			nn_writer_close(line->writer);
		/* Of an output that was closed it is another's number, if anybody's. */
		if (line->flags >= 0 && line->input)
			fcntl(line->fd, F_SETFL, line->flags);
		nn_bundle_free(&line->layout);
	}
	if (stage->leave >= 0)
		close(stage->leave);
	if (stage->orders_end >= 0)
		close(stage->orders_end);
}
