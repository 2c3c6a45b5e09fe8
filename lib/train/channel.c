#include "train/channel.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/text.h"
#include "train/finite.h"
#include "train/packed.h"
#include "train/pool-private.h"
#include "train/serve.h"

/* A model or a gradient of this size passes without a pause; a pipe has 64 KiB by itself. */
#define PIPE_BYTES (1 << 20)
/* Seconds: after END a worker has nothing left to do; after a fault its end may tell the cause. */
#define GRACE_END 5.0
#define GRACE_FAULT 0.1

int nn_channel_open(struct nn_channel *channel, const struct nn_place *place, const char *name,
	size_t number, struct nn_error *err)
{
	char variable[40];
	const char *const environment[] = { variable, NULL };
	struct nn_spawn spawn = { .command = place->command,
		.arguments = place->arguments,
		.environment = environment,
		.pipe_input = true,
		.pipe_output = true,
		.pipe_errors = true,
		.own_group = true,
		.keep = place->shared,
		.bounded = true,
		.pipe_bytes = PIPE_BYTES };
	int status;

	snprintf(variable, sizeof variable, "NN_WORKER=%zu", number);
	*channel = (struct nn_channel){ .place = place, .name = name };
	status = nn_process_start(&channel->process, &spawn, err);
	if (status) {
		channel->hopeless = true;
		return status;
	}
	nn_process_bound(&channel->process, -1);
	status = nn_reader_open(&channel->reader, channel->process.output, name, 0, err);
	if (!status)
		status = nn_writer_open(&channel->writer, channel->process.input, name, err);
	if (status)
		nn_channel_break(channel, err);
	if (!status)
		nn_writer_be_quick(channel->writer);
	channel->packing = place->packing == NN_PACK_ALWAYS;
	if (!status && place->shared)
		nn_reader_take_references(channel->reader);
	return status;
}

/* What it has to say instead of an answer. */
static int take_error(struct nn_channel *channel, const struct nn_frame *frame,
	struct nn_error *err)
{
	const char *code = nn_bundle_meta(frame->layout, NN_WORKER_STATUS);
	const char *text = nn_bundle_meta(frame->layout, NN_WORKER_TEXT);
	uint64_t status = NN_FAILED;
	struct nn_error why;

	if (text)
		nn_fail(&why, NN_FAILED, "%s", text);
	else
		nn_fail(&why, NN_FAILED, "an error, but not which");
	if (code && nn_parse_u64(code, &status) && status != NN_BAD && status != NN_USAGE)
		status = NN_FAILED;
	if (nn_reader_verify(channel->reader, err))
		return NN_FAILED;
	*err = why;
	err->status = status == NN_FAILED ? NN_FAILED : NN_BAD;
	channel->said = true;
	channel->hopeless = err->status == NN_BAD;
	return (int)err->status;
}

/* The next frame, of kind `kind`. */
static int next(struct nn_channel *channel, unsigned kind, const struct nn_frame **frame,
	struct nn_error *err)
{
	char found[16];
	char wanted[16];
	int status = nn_reader_next(channel->reader, frame, err);

	if (status)
		return status;
	if (!*frame || (*frame)->preamble.kind == NN_KIND_END)
		return nn_fail(err, NN_FAILED, "it ended early");
	if ((*frame)->preamble.kind == NN_KIND_ERROR)
		return take_error(channel, *frame, err);
	if ((*frame)->preamble.kind != kind)
		return nn_fail(err, NN_FAILED, "it answered with a frame of %s, not %s",
			nn_kind_name((*frame)->preamble.kind, found), nn_kind_name(kind, wanted));
	return NN_OK;
}

int nn_channel_hello(struct nn_channel *channel, struct nn_error *err)
{
	const struct nn_frame *frame;
	const char *version;
	int status = next(channel, NN_KIND_HELLO, &frame, err);

	if (status)
		return status;
	version = nn_bundle_meta(frame->layout, NN_WORKER_VERSION);
	if (!version || strcmp(version, PACKAGE_VERSION)) {
		channel->said = channel->hopeless = true;
		return nn_fail(err, NN_BAD, "its %s is of version %s, this program of version %s",
			channel->place->tool, version ? version : "unknown", PACKAGE_VERSION);
	}
	status = nn_reader_verify(channel->reader, err);
	channel->greeted = !status;
	return status;
}

/* Of a write that has failed. */
static int explain(int status, struct nn_error *err)
{
	return status && errno == EPIPE ? nn_fail(err, NN_FAILED, "it takes no more tasks") :
					  status;
}

int nn_channel_send_model(struct nn_channel *channel, const struct nn_preamble *model,
	const struct nn_bundle *params, struct nn_error *err)
{
	return explain(channel->packing ?
			nn_packed_write(channel->writer, model, params, &channel->base, err) :
			nn_writer_frame(channel->writer, model, params, err),
		err);
}

int nn_channel_send_shard(struct nn_channel *channel, const struct nn_supply *supply,
	uint64_t shard, void (*written)(void *context), void *context, struct nn_error *err)
{
	return explain(nn_supply_send(supply, shard, channel->writer, written, context, err), err);
}

static int check_same(const char *what, uint64_t got, uint64_t want, struct nn_error *err)
{
	if (got == want)
		return NN_OK;
	return nn_fail(err, NN_FAILED, "it answered another task: %s %llu, not %llu", what,
		(unsigned long long)got, (unsigned long long)want);
}

/* Of this task, and no other? */
static int check_answer(const struct nn_preamble *answer, const struct nn_preamble *task,
	struct nn_error *err)
{
	int status = check_same("step", answer->step, task->step, err);

	if (!status && task->shards)
		status = check_same("shard", answer->first, task->first, err);
	if (!status && !task->shards)
		status = check_same("file", answer->part, task->part, err);
	if (!status && !task->shards)
		status = check_same("number of files", answer->parts, task->parts, err);
	if (!status && task->shards && (answer->end != task->end || answer->shards != task->shards))
		status = nn_fail(err, NN_FAILED,
			"it answered another task: shards %llu to %llu of %llu",
			(unsigned long long)answer->first, (unsigned long long)answer->end,
			(unsigned long long)answer->shards);
	if (!status)
		status = check_same("epoch", answer->epoch, task->epoch, err);
	if (!status)
		status = check_same("step in epoch", answer->step_in_epoch, task->step_in_epoch,
			err);
	if (!status)
		status = check_same("steps per epoch", answer->steps_per_epoch,
			task->steps_per_epoch, err);
	if (!status)
		status = check_same("seed", answer->seed, task->seed, err);
	if (!status && task->shards && answer->id != task->id)
		status = nn_fail(err, NN_FAILED, "it answered for model %016llx, not %016llx",
			(unsigned long long)answer->id, (unsigned long long)task->id);
	return status;
}

int nn_channel_send_task(struct nn_channel *channel, const struct nn_preamble *task,
	struct nn_error *err)
{
	struct nn_bundle nothing = { 0 };

	return explain(task->flags & NN_FLAG_REFERENCE ?
			nn_writer_reference(channel->writer, task, err) :
			nn_writer_frame(channel->writer, task,
				channel->order && task->shards ? channel->order : &nothing, err),
		err);
}

int nn_channel_take_reference(struct nn_channel *channel, const struct nn_preamble *task,
	struct nn_answer *answer, struct nn_error *err)
{
	const struct nn_frame *frame;
	int status = next(channel, task->shards ? NN_KIND_GRAD : NN_KIND_TASK, &frame, err);

	*answer = (struct nn_answer){ .buffer = NN_NO_BUFFER };
	if (status)
		return status;
	answer->preamble = frame->preamble;
	answer->partial = (struct nn_partial){ .range = { task->first, task->end },
		.rows = frame->preamble.rows,
		.weight = frame->preamble.weight,
		.loss = frame->preamble.loss };
	status = check_answer(&answer->preamble, task, err);
	if (!status && memcmp(answer->preamble.reference, task->reference, sizeof task->reference))
		status = nn_fail(err, NN_FAILED, "it answered another task: another reference");
	return status ? status : nn_reader_verify(channel->reader, err);
}

/* What came in `seconds` from its first byte on: is the line so slow that packing pays? One slow
 * gradient may be the machine's; three in turn are the line's. */
static void watch_line(struct nn_channel *channel, uint64_t bytes, double seconds)
{
	if (channel->place->packing != NN_PACK_AUTO || channel->packing)
		return;
	channel->slow = nn_packed_pays(bytes, seconds) ? channel->slow + 1 : 0;
	channel->packing = channel->slow == 3;
}

static int take_gradient(struct nn_channel *channel, const struct nn_frame *frame,
	const struct nn_bundle *params, struct nn_answer *answer, struct nn_error *err)
{
	struct nn_partial *partial = &answer->partial;
	double start = nn_pool_now();
	int status = NN_OK;

	if (!frame->same_layout || !channel->known_layout)
		status = nn_bundle_same_layout(frame->layout, params, err);
	channel->known_layout = !status;
	if (status)
		return nn_fail_in(err, "its gradient is not like the model");
	partial->range = (struct nn_node){ frame->preamble.first, frame->preamble.end };
	partial->rows = frame->preamble.rows;
	partial->weight = frame->preamble.weight;
	partial->loss = frame->preamble.loss;
	status = nn_reader_load(channel->reader, &partial->sum, err);
	watch_line(channel, frame->preamble.stored, nn_pool_now() - start);
	if (!status && nn_packed_is(&partial->sum))
		status = nn_packed_open(&partial->sum, NULL, err);
	if (!status && !isfinite(partial->loss))
		status = nn_fail(err, NN_BAD, "the loss is %s", nn_nonfinite_word(partial->loss));
	if (!status)
		status = nn_check_finite_bundle(&partial->sum, err);
	if (status)
		nn_partial_free(partial);
	return status;
}

int nn_channel_take_answer(struct nn_channel *channel, const struct nn_preamble *task,
	const struct nn_bundle *params, struct nn_answer *answer, struct nn_error *err)
{
	const struct nn_frame *frame;
	int status = next(channel, task->shards ? NN_KIND_GRAD : NN_KIND_TASK, &frame, err);

	*answer = (struct nn_answer){ .buffer = NN_NO_BUFFER };
	if (status)
		return status;
	answer->preamble = frame->preamble;
	status = check_answer(&answer->preamble, task, err);
	if (status)
		return status;
	return task->shards ? take_gradient(channel, frame, params, answer, err) :
			      nn_reader_verify(channel->reader, err);
}

int nn_channel_ask(struct nn_channel *channel, const struct nn_preamble *task,
	const struct nn_bundle *params, struct nn_answer *answer, struct nn_error *err)
{
	int status = nn_channel_send_task(channel, task, err);

	return status ? status : nn_channel_take_answer(channel, task, params, answer, err);
}

uint64_t nn_channel_bytes(const struct nn_channel *channel)
{
	return nn_reader_position(channel->reader) + nn_writer_position(channel->writer);
}

static void close_streams(struct nn_channel *channel)
{
	nn_writer_close(channel->writer);
	nn_reader_close(channel->reader);
	free(channel->base);
	channel->base = NULL;
	channel->writer = NULL;
	channel->reader = NULL;
}

void nn_channel_dismiss(struct nn_channel *channel)
{
	char words[8];
	bool killed;
	int ended;

	nn_writer_end(channel->writer, NULL);
	nn_process_close_input(&channel->process);
	nn_process_end(&channel->process, GRACE_END, &ended, &killed, NULL);
	nn_process_last_words(&channel->process, words, sizeof words);
	close_streams(channel);
}

static void tell_end(struct nn_channel *channel, int ended, const char *words, struct nn_error *why)
{
	const struct nn_place *place = channel->place;
	struct nn_error stream = *why;
	char end[NN_PROCESS_TEXT];

	nn_process_text(ended, end);
	if (WIFEXITED(ended) && WEXITSTATUS(ended) == 127) {
		channel->hopeless = true;
		nn_fail(why, NN_FAILED, "%s not found%s%s", place->tool, place->name ? " on " : "",
			place->name ? place->name : "");
	} else if (place->ssh && WIFEXITED(ended) && WEXITSTATUS(ended) == 255) {
		nn_fail(why, NN_FAILED, "%s %s%s%s",
			channel->greeted ? "lost the line to" : "cannot reach", place->name,
			*words ? ": " : "", words);
	} else if (*words) {
		nn_fail(why, NN_FAILED, "%s: %s", end, words);
	} else if (WIFSIGNALED(ended)) {
		nn_fail(why, NN_FAILED, "%s", end);
	} else {
		nn_fail(why, NN_FAILED, "%s (%s)", end, stream.text);
	}
}

/* The streams bear the worker's name too. */
static void strip_name(const struct nn_channel *channel, struct nn_error *why)
{
	size_t length = strlen(channel->name);

	if (!strncmp(why->text, channel->name, length) && !strncmp(why->text + length, ": ", 2))
		memmove(why->text, why->text + length + 2, strlen(why->text + length + 2) + 1);
}

void nn_channel_break(struct nn_channel *channel, struct nn_error *why)
{
	char words[200];
	bool killed = true;
	int ended = 0;

	nn_process_end(&channel->process, GRACE_FAULT, &ended, &killed, NULL);
	nn_process_last_words(&channel->process, words, sizeof words);
	close_streams(channel);
	strip_name(channel, why);
	/* Of one that ended well, or that had to be ended, what passed tells more. */
	if (!killed && ended && !channel->said)
		tell_end(channel, ended, words, why);
}
