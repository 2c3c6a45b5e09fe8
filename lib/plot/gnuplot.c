#include "plot/gnuplot.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "proc/process.h"

/* Not every gnuplot has been built with cairo. */
static int put_terminal(struct nn_buffer *all, enum nn_picture kind, size_t width, size_t height,
	struct nn_error *err)
{
	switch (kind) {
	case NN_PICTURE_PNG:
		return nn_buffer_printf(all, err,
			"if (strstrt(GPVAL_TERMINALS, 'pngcairo')) "
			"set terminal pngcairo noenhanced size %zu,%zu; "
			"else set terminal png noenhanced size %zu,%zu\n",
			width, height, width, height);
	case NN_PICTURE_SVG:
		return nn_buffer_printf(all, err,
			"set terminal svg noenhanced size %zu,%zu background rgb 'white'\n", width,
			height);
	}
	return nn_fail(err, NN_USAGE, "no such kind of picture");
}

#define MOST_BYTES (1u << 30) /* of a picture */

/* Appends what there is; *end at its end. */
static int read_some(int fd, struct nn_buffer *picture, bool *end, struct nn_error *err)
{
	ssize_t n;

	if (picture->length > MOST_BYTES)
		return nn_fail(err, NN_FAILED, "gnuplot: the picture has no end");
	if (nn_buffer_reserve(picture, 65536, err))
		return NN_FAILED;
	n = read(fd, picture->data + picture->length, 65536);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return nn_fail_errno(err, NN_FAILED, "gnuplot: cannot read");
	*end = n == 0;
	picture->length += n > 0 ? (size_t)n : 0;
	picture->data[picture->length] = '\0';
	return NN_OK;
}

/* Gives it the script and takes the picture, whichever can pass: it may write while it reads. If it
 * takes no more of the script it has said why, or its exit status does. */
static int exchange(struct nn_process *process, const struct nn_buffer *script,
	struct nn_buffer *picture, struct nn_error *err)
{
	size_t written = 0;
	bool end = false;
	int status = NN_OK;

	while (!end && !status) {
		struct pollfd pipes[] = { { .fd = process->output, .events = POLLIN },
			{ .fd = process->input, .events = POLLOUT } };

		if (poll(pipes, 2, -1) < 0 && errno != EINTR)
			return nn_fail_errno(err, NN_FAILED, "cannot wait for gnuplot");
		if (process->input >= 0 && pipes[1].revents) {
			ssize_t n = write(process->input, script->data + written,
				script->length - written);

			written += n > 0 ? (size_t)n : 0;
			if (written == script->length ||
				(n < 0 && errno != EAGAIN && errno != EINTR))
				nn_process_close_input(process);
		}
		if (pipes[0].revents)
			status = read_some(process->output, picture, &end, err);
	}
	return status;
}

static int finish(struct nn_process *process, int status, struct nn_error *err)
{
	char words[200];
	char how[NN_PROCESS_TEXT];
	struct nn_error ignored;
	int ended = 0;

	if (status)
		nn_process_kill(process);
	if (nn_process_wait(process, &ended, status ? &ignored : err))
		status = NN_FAILED;
	nn_process_last_words(process, words, sizeof words);
	if (status || !ended)
		return status;
	nn_process_text(ended, how);
	return nn_fail(err, NN_FAILED, "gnuplot: %s%s%s", how, *words ? ": " : "", words);
}

static int run(const struct nn_buffer *script, struct nn_buffer *picture, struct nn_error *err)
{
	/* -d: whatever the person has in ~/.gnuplot is for other pictures. */
	char *arguments[] = { (char *)(size_t) "gnuplot", (char *)(size_t) "-d", NULL };
	struct nn_spawn spawn = { .arguments = arguments,
		.pipe_input = true,
		.pipe_output = true,
		.pipe_errors = true,
		.bounded = true };
	struct nn_process process;
	struct nn_error why;
	size_t before = picture->length;
	int status;

	if (nn_process_start(&process, &spawn, &why))
		return nn_fail(err, NN_FAILED, "%s; on Debian: apt-get install gnuplot-nox",
			why.text);
	status = finish(&process, exchange(&process, script, picture, err), err);
	if (!status && picture->length == before)
		return nn_fail(err, NN_FAILED, "gnuplot drew nothing");
	return status;
}

int nn_gnuplot_run(const struct nn_buffer *script, enum nn_picture kind, size_t width,
	size_t height, struct nn_buffer *picture, struct nn_error *err)
{
	struct nn_buffer all = { 0 };
	int status = put_terminal(&all, kind, width, height, err);

	if (!status)
		status = nn_buffer_append(&all, script->data, script->length, err);
	if (!status)
		status = run(&all, picture, err);
	nn_buffer_free(&all);
	return status;
}
