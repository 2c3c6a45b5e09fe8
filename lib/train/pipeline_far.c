/* Members on other hosts. All their lines pass by one ssh; a thread here connects each with the socket that
 * a process here would have inherited, so that neighbours do not know who is where. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/part.h"
#include "proc/mux.h"
#include "train/pipeline-private.h"

struct nn_far {
	struct nn_mux_options mux;
	int *lines; /* [mux.count]: the mux's */
	int leave;
	pthread_t thread;
	bool runs;
	int status;
	struct nn_error err;
};

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Moves an end there; its number is what it is known by on the other side. */
static void move(struct nn_far *far, int *end, int *number)
{
	*number = -1;
	if (*end < 0)
		return;
	*number = (int)far->mux.count;
	far->lines[far->mux.count++] = *end;
	*end = -1;
}

int nn_far_open(struct nn_member *member, struct nn_ends *ends, size_t others,
	struct nn_ends *there, struct nn_error *err)
{
	struct nn_far *far = nn_alloc(1, sizeof *far, err);

	if (!far)
		return NN_FAILED;
	far->leave = -1;
	far->mux = (struct nn_mux_options){ .in = -1,
		.out = -1,
		.gone = -1,
		.name = member->host->name };
	member->far = far;
	far->lines = nn_alloc(others + 4, sizeof *far->lines, err);
	there->group = nn_alloc(others, sizeof *there->group, err);
	if (!far->lines || !there->group)
		return NN_FAILED;
	far->mux.lines = far->lines;
	if (nn_crew_pair(&member->orders, &far->lines[0], err))
		return NN_FAILED;
	far->mux.count = 1;
	/* For nn_io_bound. */
	fcntl(member->orders, F_SETFL, O_NONBLOCK);
	far->leave = far->mux.leave = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (far->leave < 0)
		return nn_fail_errno(err, NN_FAILED, "cannot make an event descriptor");
	move(far, &ends->up, &there->up);
	move(far, &ends->down, &there->down);
	move(far, &ends->leader, &there->leader);
	for (size_t k = 0; k < others && ends->group; k++)
		move(far, &ends->group[k], &there->group[k]);
	return NN_OK;
}

static void *pass_lines(void *data)
{
	struct nn_far *far = data;

	far->status = nn_mux_run(&far->mux, &far->err);
	/* Who still writes there learns that nobody reads. */
	close(far->mux.in);
	close(far->mux.out);
	return NULL;
}

static int make_line(struct nn_buffer *line, const char *tool, const struct nn_words *words,
	struct nn_error *err)
{
	int status = nn_buffer_puts(line, "exec", err);

	if (!status)
		status = nn_shell_path(line, tool, err);
	for (size_t i = 1; i < words->count && !status; i++)
		status = i + words->paths < words->count ?
			nn_shell_word(line, words->list[i], err) :
			nn_shell_path(line, words->list[i], err);
	return status;
}

int nn_far_start(const struct nn_pipeline_options *options, struct nn_member *member,
	const struct nn_words *words, struct nn_error *err)
{
	struct nn_process *process = &member->process;
	struct nn_far *far = member->far;
	struct nn_spawn how = { .pipe_input = true,
		.pipe_output = true,
		.pipe_errors = true,
		.own_group = true,
		.bounded = true };
	struct nn_buffer line = { 0 };
	char **arguments = NULL;
	int status = make_line(&line, options->tool, words, err);

	if (!status)
		status = nn_host_arguments(member->host, options->ssh, line.data, &arguments, err);
	how.arguments = arguments;
	if (!status)
		status = nn_process_start(process, &how, err);
	nn_buffer_free(&line);
	nn_host_free_arguments(arguments);
	if (status)
		return status;
	/* Its pipes are the thread's now. */
	far->mux.in = process->output;
	far->mux.out = process->input;
	process->input = process->output = -1;
	if (process->ended >= 0)
		far->mux.gone = fcntl(process->ended, F_DUPFD_CLOEXEC, 0);
	status = nn_crew_thread(&far->thread, pass_lines, far, err);
	far->runs = !status;
	if (!status)
		status = nn_reader_open(&member->reader, member->orders, member->name, 0, err);
	return status ? status : nn_writer_open(&member->writer, member->orders, member->name, err);
}

bool nn_far_close(struct nn_far *far, struct nn_error *why)
{
	const uint64_t one = 1;
	bool bad;

	if (far->leave >= 0 && write(far->leave, &one, sizeof one) < 0)
		far->status = NN_OK; /* it can be read already */
	if (far->runs) {
		pthread_join(far->thread, NULL);
	} else {
		for (size_t i = 0; i < far->mux.count; i++)
			close_one(far->lines[i]);
		close_one(far->mux.in);
		close_one(far->mux.out);
	}
	bad = far->runs && far->status;
	if (bad)
		*why = far->err;
	close_one(far->leave);
	close_one(far->mux.gone);
	free(far->lines);
	free(far);
	return bad;
}

struct own {
	const struct nn_pipeline *pipeline;
	size_t stage;
};

static bool is_own(void *context, const char *name)
{
	const struct own *own = context;

	return !strcmp(name, "updates") || nn_pipeline_owner(own->pipeline, name) == own->stage;
}

int nn_far_send(const struct nn_pipeline *pipeline, struct nn_member *member, struct nn_error *err)
{
	struct own own = { pipeline, member->stage };
	struct nn_part_choice choice = { .wanted = is_own, .context = &own };
	struct nn_checkpoint part;
	uint64_t updates;
	int status = nn_part_read(&part, pipeline->options->model, &choice, &updates, err);

	if (status)
		return status;
	part.model.preamble.flags = part.state_preamble.flags = 0;
	status = nn_writer_frame(member->writer, &part.model.preamble, &part.model.params, err);
	/* Only who updates has a state. */
	if (!status && !member->pipeline && part.state.count + part.state.meta_count)
		status = nn_writer_frame(member->writer, &part.state_preamble, &part.state, err);
	if (!status)
		status = nn_writer_end(member->writer, err);
	nn_checkpoint_free(&part);
	return status;
}
