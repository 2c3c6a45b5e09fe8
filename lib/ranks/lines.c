/* Lines between ranks: what is read from a socket here leaves as a message, and what comes as a message is
 * written there. One message of a line is on its way each way, and the next one is taken when all of it has
 * been written, so memory is bounded whatever is sent. An empty message is the end of a line.
 *
 * MPI has nothing that poll(2) could wait for. So this sleeps, for as long as a share of the time that
 * nothing has come: what comes late is found a little later, and nobody's processor is taken meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "ranks/mpi-private.h"

#define PIECE ((size_t)256 << 10)
#define SHORTEST 20e-6 /* seconds to sleep */
#define LONGEST 2e-3
#define SHARE 8 /* of the time that nothing has come */

struct line {
	const struct nn_ranks_line *line;
	unsigned char *out;    /* [PIECE]: on its way there */
	unsigned char *in;     /* [PIECE]: what came ... */
	size_t begin, end;     /* ... and is to be written */
	bool sending;          /* `out` belongs to MPI */
	bool receiving;        /* so does `in` */
	bool ended;            /* nothing comes from here any more */
	bool told;             /* ... and the other side knows */
	bool no_more;          /* nothing comes from there any more */
	bool shut;             /* ... and it has been passed on */
	bool deaf;             /* nobody reads here any more */
	MPI_Request *requests; /* [2]: of `out`, of `in` */
};

struct passing {
	struct group *group;
	struct line *lines;
	size_t count;
	MPI_Request *requests; /* [2 * count] */
	struct pollfd *polled; /* [count] */
	unsigned char *bytes;  /* [2 * count][PIECE] */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool no_matter(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int tag_of(const struct line *line)
{
	return TAG_LINES + (int)line->line->label;
}

static void send_piece(struct passing *passing, struct line *line, size_t count)
{
	MPI_Isend(line->out, (int)count, MPI_BYTE, (int)line->line->peer, tag_of(line),
		passing->group->comm, &line->requests[0]);
	line->sending = true;
	line->told = !count;
}

/* What there is to send. Something was done? */
static bool read_line(struct passing *passing, struct line *line)
{
	ssize_t n;

	if (line->sending || line->told)
		return false;
	n = line->ended ? 0 : read(line->line->fd, line->out, PIECE);
	if (n < 0 && no_matter())
		return false;
	line->ended = n <= 0;
	send_piece(passing, line, n > 0 ? (size_t)n : 0);
	return true;
}

static bool write_line(struct line *line)
{
	size_t before = line->begin;

	while (line->begin < line->end) {
		ssize_t n = line->deaf ?
			(ssize_t)(line->end - line->begin) :
			write(line->line->fd, line->in + line->begin, line->end - line->begin);

		if (n < 0 && no_matter())
			break;
		line->deaf = line->deaf || n < 0;
		line->begin += n < 0 ? 0 : (size_t)n;
	}
	return line->begin != before;
}

static bool receive(struct passing *passing, struct line *line)
{
	if (line->receiving || line->no_more || line->begin < line->end)
		return false;
	MPI_Irecv(line->in, (int)PIECE, MPI_BYTE, (int)line->line->peer, tag_of(line),
		passing->group->comm, &line->requests[1]);
	line->receiving = true;
	return true;
}

static bool take(struct line *line)
{
	bool some = false;
	MPI_Status about;
	int done = 0;
	int count;

	if (line->sending) {
		MPI_Test(&line->requests[0], &done, MPI_STATUS_IGNORE);
		line->sending = !done;
		some = done;
	}
	if (line->receiving) {
		MPI_Test(&line->requests[1], &done, &about);
		line->receiving = !done;
		some = some || done;
		if (done) {
			MPI_Get_count(&about, MPI_BYTE, &count);
			line->begin = 0;
			line->end = (size_t)count;
			line->no_more = !count;
		}
	}
	return some;
}

static bool look_at(struct passing *passing, struct line *line)
{
	bool some = take(line);

	some = read_line(passing, line) || some;
	some = write_line(line) || some;
	some = receive(passing, line) || some;
	if (line->no_more && !line->shut) {
		shutdown(line->line->fd, SHUT_WR);
		line->shut = true;
	}
	return some;
}

static void sleep_for(struct passing *passing, double seconds)
{
	struct timespec time = { .tv_nsec = (long)(seconds * 1e9) };

	for (size_t i = 0; i < passing->count; i++) {
		const struct line *line = &passing->lines[i];
		bool reads = !line->sending && !line->ended;
		bool writes = line->begin < line->end;

		passing->polled[i] = (struct pollfd){ .fd = reads || writes ? line->line->fd : -1,
			.events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)) };
	}
	ppoll(passing->polled, (nfds_t)passing->count, &time, NULL);
}

static void pass(struct passing *passing)
{
	double since = now();

	for (;;) {
		bool some = false;
		bool over = true;
		double waited;

		for (size_t i = 0; i < passing->count; i++) {
			struct line *line = &passing->lines[i];

			some = look_at(passing, line) || some;
			over = over && line->told && !line->sending && line->no_more;
		}
		if (over)
			return;
		if (some) {
			since = now();
			continue;
		}
		waited = (now() - since) / SHARE;
		sleep_for(passing,
			waited < SHORTEST        ? SHORTEST :
				waited > LONGEST ? LONGEST :
						   waited);
	}
}

static int begin(struct passing *passing, const struct nn_ranks_line *lines, struct nn_error *err)
{
	size_t count = passing->count;

	if (!passing->group->any_thread)
		return nn_fail(err, NN_FAILED, "this MPI lets none but the first thread call it");
	passing->lines = nn_alloc(count, sizeof *passing->lines, err);
	passing->requests = nn_alloc(2 * count, sizeof(MPI_Request), err);
	passing->polled = nn_alloc(count, sizeof *passing->polled, err);
	passing->bytes = nn_alloc(2 * count, PIECE, err);
	if (!passing->lines || !passing->requests || !passing->polled || !passing->bytes)
		return NN_FAILED;
	for (size_t i = 0; i < count; i++) {
		int flags = fcntl(lines[i].fd, F_GETFL);

		passing->lines[i] = (struct line){ .line = &lines[i],
			.out = passing->bytes + 2 * i * PIECE,
			.in = passing->bytes + (2 * i + 1) * PIECE,
			.requests = passing->requests + 2 * i };
		if (flags < 0 || fcntl(lines[i].fd, F_SETFL, flags | O_NONBLOCK))
			return nn_fail_errno(err, NN_FAILED, "cannot set up a line");
	}
	/* Short sleeps are to be as short as they are said to be. */
	prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
	return NN_OK;
}

int nn_ranks_pass(struct nn_ranks *ranks, const struct nn_ranks_line *lines, size_t count,
	struct nn_error *err)
{
	struct passing passing = { .group = group_of(ranks), .count = count };
	int status = begin(&passing, lines, err);

	if (!status)
		pass(&passing);
	for (size_t i = 0; i < count; i++)
		close(lines[i].fd);
	free(passing.lines);
	free(passing.requests);
	free(passing.polled);
	free(passing.bytes);
	return status;
}
