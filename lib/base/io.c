#include "base/io.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/memory.h"

static _Thread_local struct {
	bool set;
	int leave;
	int gone;
	int milliseconds;
} bounds;

void nn_io_bound(int leave, int gone, int milliseconds)
{
	bounds.set = true;
	bounds.leave = leave;
	bounds.gone = gone;
	bounds.milliseconds = milliseconds;
}

enum event { READY, GONE, ERROR };

/* Until a descriptor that does not wait itself can go on. */
static enum event await(int fd, short events)
{
	struct pollfd polled[] = { { .fd = fd, .events = events },
		{ .fd = bounds.set ? bounds.leave : -1, .events = POLLIN },
		{ .fd = bounds.set ? bounds.gone : -1, .events = POLLIN } };
	int count = poll(polled, 3, bounds.set ? bounds.milliseconds : -1);

	if (count < 0)
		return errno == EINTR ? READY : ERROR;
	/* What was sent last may have come after a look at it, and before one at the sender. */
	if (polled[0].revents || (polled[2].revents && poll(polled, 1, 0) > 0))
		return READY;
	errno = count ? ECANCELED : ETIMEDOUT;
	return polled[2].revents ? GONE : ERROR;
}

int nn_read_some(int fd, void *bytes, size_t count, size_t *got, const char *name,
	struct nn_error *err)
{
	enum event event = READY;
	ssize_t n;

	do {
		n = read(fd, bytes, count < SSIZE_MAX ? count : SSIZE_MAX);
		if (n < 0 && errno == EAGAIN)
			event = await(fd, POLLIN);
		else if (n < 0 && errno != EINTR)
			event = ERROR;
	} while (n < 0 && event == READY);
	*got = 0;
	if (event == GONE)
		return NN_OK;
	if (n < 0)
		return nn_fail_errno(err, NN_FAILED, "%s: cannot read", name);
	*got = (size_t)n;
	return NN_OK;
}

int nn_read(int fd, void *bytes, size_t count, size_t *got, const char *name, struct nn_error *err)
{
	size_t done = 0;

	while (done < count) {
		size_t n = 0;
		int status = nn_read_some(fd, (char *)bytes + done, count - done, &n, name, err);

		if (status)
			return status;
		if (!n)
			break;
		done += n;
	}
	*got = done;
	return NN_OK;
}

int nn_write(int fd, const void *bytes, size_t count, const char *name, struct nn_error *err)
{
	struct iovec piece = { (void *)(size_t)bytes, count };

	return nn_writev(fd, &piece, 1, name, err);
}

int nn_writev(int fd, struct iovec *pieces, int count, const char *name, struct nn_error *err)
{
	while (count > 0) {
		enum event event = ERROR;
		ssize_t n;

		if (!pieces->iov_len) {
			pieces++;
			count--;
			continue;
		}
		n = writev(fd, pieces, count < IOV_MAX ? count : IOV_MAX);
		if (n < 0 && errno == EAGAIN)
			event = await(fd, POLLOUT);
		if (n < 0 && (errno == EINTR || event == READY))
			continue;
		if (event == GONE)
			errno = EPIPE;
		if (n < 0)
			return nn_fail_errno(err, NN_FAILED, "%s: cannot write", name);
		for (; count > 0 && (size_t)n >= pieces->iov_len; pieces++, count--)
			n -= (ssize_t)pieces->iov_len;
		if (count > 0) {
			pieces->iov_base = (char *)pieces->iov_base + n;
			pieces->iov_len -= (size_t)n;
		}
	}
	return NN_OK;
}

int nn_read_all(int fd, struct nn_buffer *buffer, size_t limit, const char *name,
	struct nn_error *err)
{
	for (;;) {
		size_t got = 0;
		int status = nn_buffer_reserve(buffer, 65536, err);

		if (!status)
			status = nn_read_some(fd, buffer->data + buffer->length, 65536, &got, name,
				err);
		if (status)
			return status;
		if (!got)
			break;
		buffer->length += got;
		if (buffer->length > limit)
			return nn_fail(err, NN_BAD, "%s: more than %zu bytes", name, limit);
	}
	buffer->data[buffer->length] = '\0';
	return NN_OK;
}
