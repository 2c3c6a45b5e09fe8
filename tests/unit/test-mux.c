/* Several lines over one: what comes out, who waits for whom, and bytes that nobody should send. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/mux.h"
#include "tap.h"

#define LINES 3

/* One side: its mux, and the other ends of its lines. */
struct side {
	struct nn_mux_options options;
	int lines[LINES];
	int ends[LINES];
	pthread_t thread;
	int status;
	struct nn_error err;
};

static void *run(void *data)
{
	struct side *side = data;

	side->status = nn_mux_run(&side->options, &side->err);
	close(side->options.in);
	return NULL;
}

static void start(struct side *side, int line)
{
	side->options = (struct nn_mux_options){ .in = line,
		.out = line,
		.lines = side->lines,
		.count = LINES,
		.gone = -1,
		.leave = -1,
		.name = "there" };
	for (size_t i = 0; i < LINES; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			abort();
		side->lines[i] = pair[0];
		side->ends[i] = pair[1];
	}
	pthread_create(&side->thread, NULL, run, side);
}

static void join(struct side *side)
{
	for (size_t i = 0; i < LINES; i++)
		if (side->ends[i] >= 0)
			close(side->ends[i]);
	pthread_join(side->thread, NULL);
}

static void start_both(struct side *near, struct side *far)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	start(near, pair[0]);
	start(far, pair[1]);
}

static unsigned char byte_of(size_t i, size_t line)
{
	return (unsigned char)((i * 2654435761u >> 13) + line);
}

struct load {
	int fd;
	size_t line, count;
};

static void *fill(void *data)
{
	const struct load *load = data;
	unsigned char bytes[7919];
	size_t done = 0;

	while (done < load->count) {
		size_t n = load->count - done < sizeof bytes ? load->count - done : sizeof bytes;

		for (size_t i = 0; i < n; i++)
			bytes[i] = byte_of(done + i, load->line);
		if (nn_write(load->fd, bytes, n, "line", NULL))
			break;
		done += n;
	}
	shutdown(load->fd, SHUT_WR);
	return NULL;
}

/* As many as come, up to the end. */
static bool drain(int fd, size_t line, size_t count)
{
	unsigned char bytes[10007];
	size_t done = 0;
	size_t got;
	bool same = true;

	while (!nn_read_some(fd, bytes, sizeof bytes, &got, "line", NULL) && got) {
		for (size_t i = 0; i < got; i++)
			same = same && bytes[i] == byte_of(done + i, line);
		done += got;
	}
	return same && done == count;
}

static void test_bytes(void)
{
	struct side near, far;
	struct load loads[LINES];
	pthread_t threads[LINES];
	bool same;

	start_both(&near, &far);
	/* More than a window; nobody takes line 0 before the others have passed. */
	for (size_t i = 0; i < LINES; i++) {
		loads[i] = (struct load){ near.ends[i], i, 3 * NN_MUX_WINDOW + 12345 * i };
		pthread_create(&threads[i], NULL, fill, &loads[i]);
	}
	for (size_t i = LINES; i-- > 0;) {
		same = drain(far.ends[i], i, loads[i].count);
		ok(same, "line %zu: all bytes, and the end, while those before it are stuck", i);
	}
	for (size_t i = 0; i < LINES; i++)
		pthread_join(threads[i], NULL);
	/* The other way it is still open. */
	loads[1] = (struct load){ far.ends[1], 1, 5 };
	fill(&loads[1]);
	ok(drain(near.ends[1], 1, 5), "and back, behind that end");
	join(&near);
	join(&far);
	ok(!near.status && !far.status, "both end well");
}

static void test_gone(void)
{
	struct side near, far;
	struct load load;
	char byte;
	size_t got;

	start_both(&near, &far);
	close(far.ends[0]);
	far.ends[0] = -1;
	ok(!nn_read(near.ends[0], &byte, 1, &got, "line", &near.err) && !got,
		"who is closed there has ended here");
	load = (struct load){ near.ends[0], 0, 2 * NN_MUX_WINDOW };
	fill(&load);
	ok(!nn_write(near.ends[2], "x", 1, "line", &near.err) &&
			!nn_read(far.ends[2], &byte, 1, &got, "line", &far.err) && got == 1,
		"what is for him is dropped, and others go on");
	join(&far);
	ok(!nn_read(near.ends[2], &byte, 1, &got, "line", &near.err) && !got,
		"all end with the other side");
	join(&near);
	ok(!near.status && !far.status, "without a fault");
}

static void test_hostile(void)
{
	static const struct {
		const char *what;
		unsigned char bytes[24];
		size_t count;
	} cases[] = {
		{ "a text", "Welcome to this machine", 23 },
		{ "a line that there is not", { 1, 0, LINES, 0, 1, 0, 0, 0 }, 8 },
		{ "a kind that there is not", { 4, 0, 0, 0, 1, 0, 0, 0 }, 8 },
		{ "no data", { 1, 0, 0, 0, 0, 0, 0, 0 }, 8 },
		{ "more than the window", { 1, 0, 0, 0, 1, 0, 64, 0 }, 8 },
		{ "4 GiB", { 1, 0, 0, 0, 255, 255, 255, 255 }, 8 },
		{ "data behind the end", { 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0 }, 16 },
		{ "the end twice", { 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 }, 16 },
		{ "an end of some bytes", { 2, 0, 0, 0, 1, 0, 0, 0 }, 8 },
		{ "credit that nobody owes", { 3, 0, 0, 0, 1, 0, 0, 0 }, 8 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct side side;
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			abort();
		start(&side, pair[0]);
		nn_write(pair[1], cases[i].bytes, cases[i].count, "line", NULL);
		pthread_join(side.thread, NULL);
		ok(side.status == NN_BAD, "%s is refused", cases[i].what);
		for (size_t k = 0; k < LINES; k++)
			close(side.ends[k]);
		close(pair[1]);
	}
}

/* The window is what may wait, and it may all come at once. */
static void test_cut_short(void)
{
	static const unsigned char header[] = { 1, 0, 1, 0, 0, 0, 64, 0, 'a', 'b' };
	struct side side;
	char bytes[4];
	size_t got;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	start(&side, pair[0]);
	nn_write(pair[1], header, sizeof header, "line", NULL);
	close(pair[1]);
	ok(!nn_read(side.ends[1], bytes, 4, &got, "line", &side.err) && got == 2 &&
			!memcmp(bytes, "ab", 2),
		"what came before the cut is passed on, and the end behind it");
	join(&side);
	ok(!side.status, "a cut is an end");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_bytes();
	test_gone();
	test_hostile();
	test_cut_short();
	return tap_done();
}
