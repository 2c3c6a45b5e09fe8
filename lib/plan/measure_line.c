/* A line: messages there and back, between this process and one that swallows and sends.
 *
 * The other end says "nn-plan VERSION", a newline behind it. A request is two numbers of 64 bits,
 * little-endian: so many bytes follow, and so many, one at least, are the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "plan/measure-private.h"

#define REQUEST 16
#define MOST ((uint64_t)1 << 26)
#define TRIES 5
#define LONG 0.3 /* seconds: larger messages take as long again and tell nothing new */
#define PATIENCE 60000

static const double sizes[] = { 256, 4096, 16384, 65536, 262144, 1048576, 4194304 };

static void put(unsigned char *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (unsigned char)(value >> 8 * i);
}

static uint64_t get(const unsigned char *from)
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | from[i];
	return value;
}

static int swallow(int fd, unsigned char *room, uint64_t count, const char *name,
	struct nn_error *err)
{
	size_t got;
	int status = nn_read(fd, room, (size_t)count, &got, name, err);

	if (!status && got < count)
		return nn_fail(err, NN_FAILED, "%s: it ended early", name);
	return status;
}

int nn_measure_echo(int in, int out, struct nn_error *err)
{
	static const char hello[] = "nn-plan " PACKAGE_VERSION "\n";
	unsigned char request[REQUEST];
	unsigned char *room = NULL;
	size_t got;
	int status = nn_write(out, hello, sizeof hello - 1, "stdout", err);

	while (!status && !(status = nn_read(in, request, sizeof request, &got, "stdin", err)) &&
		got) {
		uint64_t down = get(request);
		uint64_t up = get(request + 8);
		unsigned char *more;

		if (got < sizeof request || !up || down > MOST || up > MOST) {
			status = nn_fail(err, NN_BAD, "stdin: no request of nn-plan");
			break;
		}
		more = nn_realloc(room, (size_t)(down > up ? down : up), 1, err);
		if (!more) {
			status = NN_FAILED;
			break;
		}
		room = more;
		status = swallow(in, room, down, "stdin", err);
		if (!status)
			status = nn_write(out, room, (size_t)up, "stdout", err);
	}
	free(room);
	return status;
}

struct talk {
	struct nn_process process;
	const char *name;
	unsigned char *room; /* [REQUEST + largest] */
};

/* Seconds until the answer is here. */
static int ask(struct talk *talk, uint64_t down, uint64_t up, double *seconds, struct nn_error *err)
{
	double start = nn_measure_now();
	int status;

	put(talk->room, down);
	put(talk->room + 8, up);
	status = nn_write(talk->process.input, talk->room, REQUEST + (size_t)down, talk->name, err);
	if (!status)
		status = swallow(talk->process.output, talk->room + REQUEST, up, talk->name, err);
	*seconds = nn_measure_now() - start;
	return status;
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The median of some tries, fewer where they are long; after one that warms up. */
static int median(struct talk *talk, uint64_t down, uint64_t up, double *seconds,
	struct nn_error *err)
{
	double tries[TRIES];
	size_t count = 0;
	int status = ask(talk, down, up, seconds, err);

	while (!status && count < TRIES && (count < 2 || *seconds < LONG)) {
		status = ask(talk, down, up, &tries[count], err);
		count++;
	}
	if (status)
		return status;
	qsort(tries, count, sizeof *tries, by_size);
	*seconds = tries[(count - 1) / 2];
	return NN_OK;
}

static int measure(struct talk *talk, struct nn_profile_line *line, struct nn_error *err)
{
	double trip = 0;
	double down = 0, up = 0;
	int status = NN_OK;

	/* The shortest is the line's; what is longer is others at work. */
	for (int i = 0; i < 3 && !status; i++) {
		double seconds;

		status = median(talk, 1, 1, &seconds, err);
		trip = !i || seconds < trip ? seconds : trip;
	}
	line->latency_us = 1e6 * trip / 2;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes && down < LONG && up < LONG && !status;
		i++) {
		uint64_t bytes = (uint64_t)sizes[i];

		status = median(talk, bytes, 1, &down, err);
		if (!status)
			status = median(talk, 1, bytes, &up, err);
		if (status)
			break;
		line->bytes[i] = sizes[i];
		line->down_us[i] = 1e6 * (down > trip ? down - trip / 2 : trip / 2);
		line->up_us[i] = 1e6 * (up > trip ? up - trip / 2 : trip / 2);
		line->count = i + 1;
	}
	return status;
}

static int greet(struct talk *talk, struct nn_error *err)
{
	char hello[64];
	size_t length = 0;

	while (length + 1 < sizeof hello && (!length || hello[length - 1] != '\n')) {
		size_t got;
		int status =
			nn_read(talk->process.output, hello + length, 1, &got, talk->name, err);

		if (status)
			return status;
		if (!got)
			return nn_fail(err, NN_FAILED, "it ended early");
		length++;
	}
	hello[length - (hello[length - 1] == '\n')] = '\0';
	if (strncmp(hello, "nn-plan ", 8) != 0)
		return nn_fail(err, NN_FAILED, "it said '%s', where nn-plan was to say hello",
			hello);
	if (strcmp(hello + 8, PACKAGE_VERSION) != 0)
		return nn_fail(err, NN_BAD, "its nn-plan is of version %s, this one of version %s",
			hello + 8, PACKAGE_VERSION);
	return NN_OK;
}

static void explain(const struct talk *talk, int ended, const char *words, struct nn_error *err)
{
	char text[NN_PROCESS_TEXT];

	nn_process_text(ended, text);
	if (*words)
		nn_fail(err, NN_FAILED, "%s: %s: %s", talk->name, text, words);
	else if (ended)
		nn_fail(err, NN_FAILED, "%s: %s", talk->name, text);
	else
		nn_fail_in(err, "%s", talk->name);
}

int nn_measure_line(struct nn_profile_line *line, const struct nn_spawn *spawn, const char *name,
	struct nn_error *err)
{
	struct talk talk = { .name = name };
	struct nn_spawn bounded = *spawn;
	double start = nn_measure_now();
	bool killed;
	int ended = 0;
	char words[200];
	int status;

	bounded.pipe_input = bounded.pipe_output = bounded.pipe_errors = true;
	bounded.bounded = true;
	bounded.pipe_bytes = 1 << 20;
	talk.room = nn_alloc(REQUEST + (size_t)sizes[sizeof sizes / sizeof *sizes - 1], 1, err);
	status = talk.room ? nn_process_start(&talk.process, &bounded, err) : NN_FAILED;
	if (status) {
		free(talk.room);
		return status;
	}
	nn_io_bound(talk.process.left, talk.process.ended, PATIENCE);
	status = greet(&talk, err);
	line->start_seconds = nn_measure_now() - start;
	line->there = true;
	if (!status)
		status = measure(&talk, line, err);
	nn_io_bound(-1, -1, -1);
	nn_process_close_input(&talk.process);
	nn_process_end(&talk.process, status ? 0.5 : 5, &ended, &killed, NULL);
	nn_process_last_words(&talk.process, words, sizeof words);
	if (status && err->status != NN_BAD)
		explain(&talk, killed ? 0 : ended, words, err);
	else if (status)
		nn_fail_in(err, "%s", name);
	free(talk.room);
	return status;
}
