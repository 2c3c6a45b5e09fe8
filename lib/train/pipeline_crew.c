/* The processes of a training by stages, and the sockets between them:
 *
 *     pipeline 0   stage 0 <--> stage 1 <--> stage 2     each with its orders by pipes
 *                    ^            ^            ^
 *                    v            v            v
 *     pipeline 1   stage 0 <--> stage 1 <--> stage 2 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "train/pipeline-private.h"
#include "train/serve.h"
#include "train/stage_serve.h"

#define SOCKET_BYTES (1 << 20) /* where the system grants it */

struct nn_member *nn_crew_member(const struct nn_pipeline *pipeline, size_t stage, size_t number)
{
	return &pipeline->members[number * pipeline->options->stages + stage];
}

int nn_crew_pair(int *a, int *b, struct nn_error *err)
{
	int pair[2];
	int bytes = SOCKET_BYTES;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return nn_fail_errno(err, NN_FAILED, "cannot make a socket");
	for (int i = 0; i < 2; i++) {
		(void)setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
		(void)setsockopt(pair[i], SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	}
	*a = pair[0];
	*b = pair[1];
	return NN_OK;
}

int nn_crew_thread(pthread_t *thread, void *(*function)(void *), void *data, struct nn_error *err)
{
	sigset_t all;
	sigset_t before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, NULL, function, data);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error ? nn_fail(err, NN_FAILED, "cannot start a thread (error %d)", error) : NN_OK;
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void close_ends(const struct nn_pipeline *pipeline, struct nn_ends *ends)
{
	for (size_t i = 0; i < pipeline->count; i++) {
		close_one(ends[i].up);
		close_one(ends[i].down);
		close_one(ends[i].leader);
		for (size_t k = 0; k + 1 < pipeline->options->pipelines && ends[i].group; k++)
			close_one(ends[i].group[k]);
		free(ends[i].group);
	}
	free(ends);
}

static int connect_members(const struct nn_pipeline *pipeline, struct nn_ends *ends,
	struct nn_error *err)
{
	size_t stages = pipeline->options->stages;
	size_t others = pipeline->options->pipelines - 1;
	int status = NN_OK;

	for (size_t i = 0; i < pipeline->count; i++)
		ends[i] = (struct nn_ends){ -1, -1, -1, NULL };
	for (size_t i = 0; i < stages; i++) {
		ends[i].group = nn_alloc(others, sizeof *ends[i].group, err);
		if (!ends[i].group)
			return NN_FAILED;
		for (size_t k = 0; k < others; k++)
			ends[i].group[k] = -1;
	}
	for (size_t i = 0; i < pipeline->count && !status; i++) {
		if (i % stages)
			status = nn_crew_pair(&ends[i - 1].down, &ends[i].up, err);
		if (!status && i >= stages)
			status = nn_crew_pair(&ends[i % stages].group[i / stages - 1],
				&ends[i].leader, err);
	}
	return status;
}

static int spawn_here(const struct nn_words *words, struct nn_member *member,
	const struct nn_ends *ends, size_t others, struct nn_error *err)
{
	int *kept = nn_alloc(others + 3, sizeof *kept, err);
	struct nn_spawn how = { .arguments = words->list,
		.pipe_input = true,
		.pipe_output = true,
		.own_group = true,
		.bounded = true,
		.kept = kept };
	int status;

	if (!kept)
		return NN_FAILED;
	if (ends->up >= 0)
		kept[how.kept_count++] = ends->up;
	if (ends->down >= 0)
		kept[how.kept_count++] = ends->down;
	if (ends->leader >= 0)
		kept[how.kept_count++] = ends->leader;
	for (size_t k = 0; k < others && ends->group; k++)
		kept[how.kept_count++] = ends->group[k];
	status = nn_process_start(&member->process, &how, err);
	if (!status)
		status = nn_reader_open(&member->reader, member->process.output, member->name, 0,
			err);
	if (!status)
		status = nn_writer_open(&member->writer, member->process.input, member->name, err);
	free(kept);
	return status;
}

static int spawn(struct nn_pipeline *pipeline, struct nn_member *member, struct nn_ends *ends,
	struct nn_error *err)
{
	size_t others = pipeline->options->pipelines - 1;
	struct nn_words words = { 0 };
	struct nn_ends there = { 0 };
	int status = NN_OK;

	if (member->host)
		status = nn_far_open(member, ends, others, &there, err);
	if (!status)
		status = nn_crew_words(pipeline, member, member->host ? &there : ends, &words, err);
	if (!status && member->host)
		status = nn_far_start(pipeline->options, member, &words, err);
	else if (!status)
		status = spawn_here(&words, member, ends, others, err);
	nn_crew_free_words(&words);
	free(there.group);
	return status;
}

void nn_crew_bound(const struct nn_member *member)
{
	if (member->orders >= 0)
		nn_io_bound(-1, -1, member->patience);
	else
		nn_process_bound(&member->process, member->patience);
}

/* Frames to one that has gone are an error of write(2), and nothing that ends this process: SIGPIPE is
 * blocked meanwhile, and taken if it has come. */
static void hold_back(sigset_t *before)
{
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, before);
}

static void let_go(const sigset_t *before)
{
	static const struct timespec at_once;
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (!sigismember(before, SIGPIPE))
		while (sigtimedwait(&pipe, NULL, &at_once) > 0)
			;
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* END where there is no preamble. */
int nn_crew_say(struct nn_member *member, const struct nn_preamble *preamble,
	const struct nn_bundle *metas, struct nn_error *err)
{
	sigset_t before;
	int status;

	hold_back(&before);
	nn_crew_bound(member);
	status = preamble ? nn_writer_frame(member->writer, preamble, metas, err) :
			    nn_writer_end(member->writer, err);
	let_go(&before);
	member->failed = member->failed || status;
	return status;
}

static int send_part(const struct nn_pipeline *pipeline, struct nn_member *member,
	struct nn_error *err)
{
	sigset_t before;
	int status;

	hold_back(&before);
	nn_crew_bound(member);
	status = nn_far_send(pipeline, member, err);
	let_go(&before);
	return status;
}

/* Shards [first, end) of V are pipeline i's of m: as even as whole ones can be. */
static int send_begin(struct nn_pipeline *pipeline, struct nn_member *member, struct nn_error *err)
{
	uint64_t shards = pipeline->training.run.shards;
	uint64_t pipelines = pipeline->options->pipelines;
	struct nn_preamble preamble = { .kind = NN_KIND_TASK,
		.shards = shards,
		.first = shards / pipelines * member->pipeline +
			shards % pipelines * member->pipeline / pipelines,
		.end = shards / pipelines * (member->pipeline + 1) +
			shards % pipelines * (member->pipeline + 1) / pipelines };
	struct nn_bundle order = { 0 };
	const char *kernel = nn_bundle_meta(&pipeline->checkpoint->model.params, "kernel");
	int status = nn_bundle_set_meta(&order, NN_STAGE_ORDER, "begin", err);

	if (!status)
		status = nn_bundle_set_meta(&order, "optimizer", pipeline->optimizer, err);
	if (!status && kernel)
		status = nn_bundle_set_meta(&order, "kernel", kernel, err);
	if (!status)
		status = nn_crew_say(member, &preamble, &order, err);
	if (!status && member->host)
		status = send_part(pipeline, member, err);
	nn_bundle_free(&order);
	return status;
}

static int meet(struct nn_pipeline *pipeline, struct nn_member *member, struct nn_error *err)
{
	const struct nn_frame *frame;
	const char *version;
	int status = nn_crew_await(pipeline, member, NN_KIND_HELLO, &frame, err);

	if (status)
		return status;
	version = nn_bundle_meta(frame->layout, NN_WORKER_VERSION);
	if (!version || strcmp(version, PACKAGE_VERSION) != 0)
		return nn_fail(err, NN_BAD, "%s: %s has version %s, but this is %s", member->name,
			NN_STAGE_TOOL, version ? version : "?", PACKAGE_VERSION);
	member->met = true;
	/* Files of the same name, there and here. */
	if (!member->stage && frame->preamble.rows != pipeline->training.rows)
		return nn_fail(err, NN_BAD, "%s: its data have %llu rows, but those here %llu",
			member->name, (unsigned long long)frame->preamble.rows,
			(unsigned long long)pipeline->training.rows);
	return nn_reader_verify(member->reader, err);
}

static void name_member(const struct nn_pipeline *pipeline, struct nn_member *member)
{
	const struct nn_pipeline_options *options = pipeline->options;
	size_t begin = member->stage ? pipeline->ends[member->stage - 1] : 0;
	char of[40] = "";
	int length;

	if (options->pipelines > 1)
		snprintf(of, sizeof of, " of pipeline %zu", member->pipeline);
	length = snprintf(member->name, sizeof member->name,
		"stage %zu of %zu%s (layers %zu:%zu)%s%.80s", member->stage, options->stages, of,
		begin, pipeline->ends[member->stage], member->host ? " on " : "",
		member->host ? member->host->name : "");
	if (options->ranks && length > 0 && (size_t)length < sizeof member->name)
		snprintf(member->name + length, sizeof member->name - (size_t)length,
			" on rank %zu", (size_t)(member - pipeline->members));
}

/* Slots are dealt in the order of the hosts: so neighbours are on one host, where they can be. */
static const struct nn_host *host_of(const struct nn_pipeline_options *options, size_t slot)
{
	for (size_t i = 0; i < options->hosts->count; i++) {
		const struct nn_host *host = &options->hosts->list[i];

		if (slot < host->count)
			return host->here ? NULL : host;
		slot -= host->count;
	}
	return NULL;
}

static int start_processes(struct nn_pipeline *pipeline, struct nn_error *err)
{
	struct nn_ends *ends = nn_alloc(pipeline->count, sizeof *ends, err);
	int status = ends ? connect_members(pipeline, ends, err) : NN_FAILED;

	if (!ends)
		return status;
	for (size_t i = 0; i < pipeline->count && !status; i++)
		status = spawn(pipeline, &pipeline->members[i], &ends[i], err);
	/* What only the members hold tells them when one of them goes. */
	close_ends(pipeline, ends);
	return status;
}

int nn_crew_start(struct nn_pipeline *pipeline, struct nn_error *err)
{
	size_t stages = pipeline->options->stages;
	size_t count = stages * pipeline->options->pipelines;
	double timeout = 1e3 * pipeline->options->timeout;
	int patience = timeout > 0 && timeout < INT_MAX ? (int)ceil(timeout) : -1;
	int status;

	pipeline->members = nn_alloc(count, sizeof *pipeline->members, err);
	if (!pipeline->members)
		return NN_FAILED;
	pipeline->count = count;
	for (size_t i = 0; i < count; i++) {
		struct nn_member *member = &pipeline->members[i];

		member->stage = i % stages;
		member->pipeline = i / stages;
		member->process.input = member->process.output = member->process.errors = -1;
		member->orders = -1;
		member->patience = patience;
		member->host = host_of(pipeline->options, i);
		name_member(pipeline, member);
	}
	status = nn_process_need_files(12 * count, err);
	if (!status)
		status = pipeline->options->ranks ? nn_rank_stage_lead(pipeline, err) :
						    start_processes(pipeline, err);
	for (size_t i = 0; i < count && !status; i++)
		status = send_begin(pipeline, &pipeline->members[i], err);
	for (size_t i = 0; i < count && !status; i++)
		status = meet(pipeline, &pipeline->members[i], err);
	return status;
}

int nn_crew_order(struct nn_pipeline *pipeline, const char *what,
	const struct nn_preamble *preamble, bool leaders, struct nn_error *err)
{
	size_t count = leaders ? pipeline->options->stages : pipeline->count;
	struct nn_preamble task = *preamble;
	struct nn_bundle order = { 0 };
	int status = nn_bundle_set_meta(&order, NN_STAGE_ORDER, what, err);

	task.kind = NN_KIND_TASK;
	for (size_t i = 0; i < count && !status; i++)
		status = nn_crew_say(&pipeline->members[i], &task, &order, err);
	nn_bundle_free(&order);
	return status;
}

void nn_crew_take_error(struct nn_member *member, const struct nn_frame *frame)
{
	const char *text = nn_bundle_meta(frame->layout, NN_WORKER_TEXT);
	const char *status = nn_bundle_meta(frame->layout, NN_WORKER_STATUS);
	uint64_t number = NN_FAILED;

	if (status && nn_parse_u64(status, &number) && (number < NN_BAD || number > NN_FAILED))
		number = NN_FAILED;
	member->spoke = true;
	member->victim = nn_bundle_meta(frame->layout, NN_STAGE_VICTIM) != NULL;
	nn_fail(&member->why, (enum nn_status)number, "%s", text ? text : "it does not say why");
}

int nn_crew_await(struct nn_pipeline *pipeline, struct nn_member *member, unsigned kind,
	const struct nn_frame **frame, struct nn_error *err)
{
	int status;

	nn_crew_bound(member);
	errno = 0;
	status = nn_reader_next(member->reader, frame, err);
	member->failed = status || !*frame;
	if (status == NN_FAILED && errno == ETIMEDOUT) {
		pipeline->timed_out = true;
		return nn_fail(err, NN_FAILED,
			"%s has said nothing for %g seconds: it hangs, or waits for one that does "
			"(--timeout)",
			member->name, pipeline->options->timeout);
	}
	if (status)
		return status;
	if (!*frame || (*frame)->preamble.kind == NN_KIND_END)
		return nn_fail(err, NN_FAILED, "%s ended too early", member->name);
	if ((*frame)->preamble.kind == NN_KIND_ERROR) {
		nn_crew_take_error(member, *frame);
		*err = member->why;
		return (int)err->status;
	}
	if ((*frame)->preamble.kind != kind)
		return nn_fail(err, NN_FAILED, "%s says what it was not asked", member->name);
	return NN_OK;
}

int nn_crew_take(struct nn_member *member, const struct nn_frame *frame, const char *name,
	double *values, size_t count, struct nn_error *err)
{
	const struct nn_tensor *tensor = nn_bundle_find(frame->layout, name);
	int status = NN_OK;

	if (!tensor || tensor->dtype != NN_F64 || tensor->count != count ||
		frame->layout->count != 1)
		return nn_fail(err, NN_FAILED, "%s says what it was not asked", member->name);
	if (count)
		status = nn_reader_take(member->reader, values, tensor->bytes, err);
	return status ? status : nn_reader_verify(member->reader, err);
}
