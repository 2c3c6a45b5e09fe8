#include "proc/mux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

enum { DATA = 1, END, CREDIT };

#define HEADER 8
#define IN_BYTES ((size_t)64 << 10)
#define OUT_BYTES ((size_t)256 << 10)
#define PIECE ((size_t)64 << 10) /* of one line before the next one has its turn */
#define LEAST 4096               /* room that is worth reading for */

/* `queue` is what has come and is not taken yet: a ring of `room` bytes, a power of 2. */
struct line {
	int fd; /* -1: over */
	unsigned char *queue;
	size_t room, head, length;
	size_t allowed; /* bytes that the other side may send */
	size_t owed;    /* ... and may be told that it may send besides */
	size_t credit;  /* bytes that may be sent there */
	bool no_more;   /* END has come */
	bool shut;      /* ... and been passed on */
	bool deaf;      /* nobody takes anything here any more */
	bool ended;     /* nothing comes from here any more */
	bool told;      /* ... and END has been sent */
};

struct mux {
	const struct nn_mux_options *options;
	struct line *lines;
	struct pollfd *polled; /* [lines + 4] */
	unsigned char in[IN_BYTES];
	unsigned char out[OUT_BYTES];
	size_t out_begin, out_end;
	unsigned char header[HEADER];
	size_t header_bytes;
	struct line *current; /* whose data come */
	size_t left;          /* so many bytes of them */
	size_t turn;
	bool cut;  /* the other side has gone */
	bool lost; /* it takes nothing any more */
};

static bool never_waits(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static bool no_matter(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void drop_queue(struct line *line)
{
	line->owed += line->length;
	free(line->queue);
	line->queue = NULL;
	line->room = line->head = line->length = 0;
}

static void close_line(struct line *line)
{
	if (line->fd >= 0)
		close(line->fd);
	line->fd = -1;
	line->ended = line->deaf = true;
	drop_queue(line);
}

/* Grows with what has come, up to the window. */
static int make_room(struct line *line, size_t count, struct nn_error *err)
{
	size_t room = line->room ? line->room : LEAST;
	unsigned char *queue;
	size_t first;

	while (room < line->length + count)
		room *= 2;
	if (room == line->room)
		return NN_OK;
	queue = nn_alloc(room, 1, err);
	if (!queue)
		return NN_FAILED;
	first = line->room - line->head < line->length ? line->room - line->head : line->length;
	if (line->length) {
		memcpy(queue, line->queue + line->head, first);
		memcpy(queue + first, line->queue, line->length - first);
	}
	free(line->queue);
	line->queue = queue;
	line->room = room;
	line->head = 0;
	return NN_OK;
}

static int add(struct line *line, const unsigned char *bytes, size_t count, struct nn_error *err)
{
	size_t tail;
	size_t first;

	if (line->deaf) {
		line->owed += count;
		return NN_OK;
	}
	if (make_room(line, count, err))
		return NN_FAILED;
	tail = (line->head + line->length) & (line->room - 1);
	first = line->room - tail < count ? line->room - tail : count;
	memcpy(line->queue + tail, bytes, first);
	memcpy(line->queue, bytes + first, count - first);
	line->length += count;
	return NN_OK;
}

static unsigned get16(const unsigned char *bytes)
{
	return bytes[0] | (unsigned)bytes[1] << 8;
}

static size_t get32(const unsigned char *bytes)
{
	return get16(bytes) | (size_t)get16(bytes + 2) << 16;
}

static int take_header(struct mux *mux, struct nn_error *err)
{
	unsigned kind = get16(mux->header);
	unsigned number = get16(mux->header + 2);
	size_t count = get32(mux->header + 4);
	struct line *line = number < mux->options->count ? &mux->lines[number] : NULL;

	mux->header_bytes = 0;
	if (line && kind == DATA && count && count <= line->allowed && !line->no_more) {
		line->allowed -= count;
		mux->current = line;
		mux->left = count;
		return NN_OK;
	}
	if (line && kind == END && !count && !line->no_more) {
		line->no_more = true;
		return NN_OK;
	}
	if (line && kind == CREDIT && count && count <= NN_MUX_WINDOW - line->credit) {
		line->credit += count;
		return NN_OK;
	}
	return nn_fail(err, NN_BAD,
		"%s: what comes is not its lines (does something else write there, as a shell's "
		"start-up files do?)",
		mux->options->name);
}

static int take(struct mux *mux, const unsigned char *bytes, size_t count, struct nn_error *err)
{
	int status = NN_OK;

	while (count && !status) {
		size_t n = mux->left ? mux->left : HEADER - mux->header_bytes;

		n = n < count ? n : count;
		if (mux->left) {
			status = add(mux->current, bytes, n, err);
			mux->left -= n;
		} else {
			memcpy(mux->header + mux->header_bytes, bytes, n);
			mux->header_bytes += n;
			if (mux->header_bytes == HEADER)
				status = take_header(mux, err);
		}
		bytes += n;
		count -= n;
	}
	return status;
}

/* The other side has gone: what came of it is still taken. */
static void cut(struct mux *mux)
{
	mux->cut = mux->lost = true;
	mux->out_begin = mux->out_end = 0;
	for (size_t i = 0; i < mux->options->count; i++)
		mux->lines[i].no_more = true;
}

static int read_in(struct mux *mux, struct nn_error *err)
{
	ssize_t n = read(mux->options->in, mux->in, IN_BYTES);

	if (n > 0)
		return take(mux, mux->in, (size_t)n, err);
	if (!n || !no_matter())
		cut(mux);
	return NN_OK;
}

static void write_out(struct mux *mux)
{
	while (mux->out_begin < mux->out_end) {
		ssize_t n = write(mux->options->out, mux->out + mux->out_begin,
			mux->out_end - mux->out_begin);

		/* What it had to say before is still to come. */
		if (n < 0 && !no_matter())
			mux->lost = true;
		if (n < 0)
			break;
		mux->out_begin += (size_t)n;
	}
	if (mux->lost || mux->out_begin == mux->out_end)
		mux->out_begin = mux->out_end = 0;
}

static bool put_header(struct mux *mux, unsigned kind, size_t number, size_t count)
{
	unsigned char *bytes = mux->out + mux->out_end;

	if (mux->lost)
		return true;
	if (OUT_BYTES - mux->out_end < HEADER)
		return false;
	for (int i = 0; i < 2; i++) {
		bytes[i] = (unsigned char)(kind >> 8 * i);
		bytes[2 + i] = (unsigned char)(number >> 8 * i);
	}
	for (int i = 0; i < 4; i++)
		bytes[4 + i] = (unsigned char)(count >> 8 * i);
	mux->out_end += HEADER;
	return true;
}

/* What one line has to send; nothing waits. */
static void read_line(struct mux *mux, size_t number)
{
	struct line *line = &mux->lines[number];
	size_t most = mux->out_end + HEADER < OUT_BYTES ? OUT_BYTES - mux->out_end - HEADER : 0;
	ssize_t n;

	most = most < PIECE ? most : PIECE;
	most = most < line->credit ? most : line->credit;
	if (line->fd < 0 || line->ended || !most)
		return;
	n = read(line->fd, mux->out + mux->out_end + HEADER, most);
	if (n > 0) {
		put_header(mux, DATA, number, (size_t)n);
		if (!mux->lost) {
			mux->out_end += (size_t)n;
			line->credit -= (size_t)n;
		}
	} else if (!n || !no_matter()) {
		line->ended = true;
	}
}

static void write_line(struct line *line)
{
	while (line->length && !line->deaf) {
		size_t count = line->room - line->head;
		ssize_t n;

		count = count < line->length ? count : line->length;
		n = send(line->fd, line->queue + line->head, count, MSG_NOSIGNAL);
		if (n < 0 && !no_matter()) {
			line->deaf = true;
			drop_queue(line);
		}
		if (n < 0)
			break;
		line->head = (line->head + (size_t)n) & (line->room - 1);
		line->length -= (size_t)n;
		line->owed += (size_t)n;
	}
}

/* Ends that are due, and credit once it is worth a piece. */
static void settle(struct mux *mux, size_t number)
{
	struct line *line = &mux->lines[number];

	if (line->ended && !line->told)
		line->told = put_header(mux, END, number, 0);
	if (line->owed >= NN_MUX_WINDOW / 4 && !line->no_more &&
		put_header(mux, CREDIT, number, line->owed)) {
		line->allowed += line->owed;
		line->owed = 0;
	}
	if (line->fd < 0)
		return;
	if (line->no_more && !line->length && !line->shut) {
		shutdown(line->fd, SHUT_WR);
		line->shut = true;
	}
	if ((line->told && (line->deaf || line->shut)) || (mux->cut && !line->length))
		close_line(line);
}

static void set_polled(struct mux *mux)
{
	const struct nn_mux_options *options = mux->options;
	struct pollfd *all = mux->polled;

	for (size_t i = 0; i < options->count; i++) {
		const struct line *line = &mux->lines[i];

		all[i] = (struct pollfd){ .fd = -1 };
		if (line->fd < 0)
			continue;
		if (!line->ended && !mux->cut && line->credit &&
			OUT_BYTES - mux->out_end >= HEADER + LEAST)
			all[i].events |= POLLIN;
		if (line->length && !line->deaf)
			all[i].events |= POLLOUT;
		/* That it is closed is told to who asks for nothing else too. */
		if (all[i].events || (line->ended && !line->deaf))
			all[i].fd = line->fd;
	}
	all += options->count;
	all[0] = (struct pollfd){ .fd = mux->cut ? -1 : options->in, .events = POLLIN };
	all[1] = (struct pollfd){ .fd = mux->out_begin < mux->out_end ? options->out : -1,
		.events = POLLOUT };
	all[2] = (struct pollfd){ .fd = options->leave, .events = POLLIN };
	all[3] = (struct pollfd){ .fd = mux->cut ? -1 : options->gone, .events = POLLIN };
}

static bool is_over(const struct mux *mux)
{
	for (size_t i = 0; i < mux->options->count; i++)
		if (mux->lines[i].fd >= 0 || !(mux->lines[i].told || mux->cut))
			return false;
	return mux->out_begin == mux->out_end;
}

/* One look at all that can be read or written. */
static int look(struct mux *mux, bool *leave, struct nn_error *err)
{
	const struct nn_mux_options *options = mux->options;
	struct pollfd *all = mux->polled;
	struct pollfd *in = all + options->count;
	int status = NN_OK;

	set_polled(mux);
	if (poll(all, (nfds_t)(options->count + 4), -1) < 0)
		return errno == EINTR ? NN_OK : nn_fail_errno(err, NN_FAILED, "cannot poll");
	*leave = in[2].revents != 0;
	if (in[0].revents)
		status = read_in(mux, err);
	/* What was sent last may have come after a look at it, and before one at the sender. */
	else if (in[3].revents && !poll(in, 1, 0))
		cut(mux);
	for (size_t k = 0; k < options->count; k++) {
		size_t i = (mux->turn + k) % options->count;
		struct line *line = &mux->lines[i];

		if (all[i].revents & (POLLIN | POLLHUP | POLLERR))
			read_line(mux, i);
		/* Closed, and nothing left in it. */
		if ((all[i].revents & POLLHUP) && line->ended && line->fd >= 0) {
			line->deaf = true;
			drop_queue(line);
		}
	}
	mux->turn++;
	return status;
}

static int run(struct mux *mux, struct nn_error *err)
{
	bool leave = false;
	int status = NN_OK;

	while (!status && !leave) {
		for (size_t i = 0; i < mux->options->count; i++) {
			write_line(&mux->lines[i]);
			settle(mux, i);
		}
		write_out(mux);
		if (mux->out_begin > OUT_BYTES / 2) {
			memmove(mux->out, mux->out + mux->out_begin, mux->out_end - mux->out_begin);
			mux->out_end -= mux->out_begin;
			mux->out_begin = 0;
		}
		if (is_over(mux))
			return NN_OK;
		status = look(mux, &leave, err);
	}
	return status;
}

static int begin(struct mux *mux, struct nn_error *err)
{
	const struct nn_mux_options *options = mux->options;
	bool fine = never_waits(options->in) && never_waits(options->out);

	for (size_t i = 0; i < options->count; i++) {
		mux->lines[i] = (struct line){ .fd = options->lines[i],
			.allowed = NN_MUX_WINDOW,
			.credit = NN_MUX_WINDOW };
		fine = never_waits(options->lines[i]) && fine;
	}
	return fine ? NN_OK : nn_fail_errno(err, NN_FAILED, "cannot set up a line");
}

int nn_mux_run(const struct nn_mux_options *options, struct nn_error *err)
{
	struct mux *mux = nn_alloc(1, sizeof *mux, err);
	struct line *lines = nn_alloc(options->count, sizeof *lines, err);
	struct pollfd *polled = nn_alloc(options->count + 4, sizeof *polled, err);
	int status = mux && lines && polled ? NN_OK : NN_FAILED;

	if (!status) {
		mux->options = options;
		mux->lines = lines;
		mux->polled = polled;
		status = begin(mux, err);
		if (!status)
			status = run(mux, err);
		for (size_t i = 0; i < options->count; i++)
			close_line(&lines[i]);
	} else {
		for (size_t i = 0; i < options->count; i++)
			close(options->lines[i]);
	}
	free(mux);
	free(lines);
	free(polled);
	return status;
}
