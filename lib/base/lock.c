#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static int refuse(const struct nn_lock *lock, const char *file, struct nn_error *err)
{
	char holder[200];
	ssize_t length = pread(lock->fd, holder, sizeof holder - 1, 0);

	holder[length > 0 ? length : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	return nn_fail(err, NN_FAILED, "%s: is in use by %s", file,
		*holder ? holder : "another process");
}

static void sign(const struct nn_lock *lock)
{
	char text[160];
	char host[100] = "";

	gethostname(host, sizeof host - 1);
	snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(), host);
	/* For people: the lock holds without it. */
	if (ftruncate(lock->fd, 0) || pwrite(lock->fd, text, strlen(text), 0) < 0)
		return;
}

/* Who released the lock has removed its file: then ours is one without a name. */
static bool has_name(const struct nn_lock *lock)
{
	struct stat held;
	struct stat named;

	return !fstat(lock->fd, &held) && !stat(lock->path, &named) &&
		held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

static void forget(struct nn_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	free(lock->path);
	*lock = (struct nn_lock){ .fd = -1 };
}

int nn_lock_take(struct nn_lock *lock, const char *file, struct nn_error *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct nn_buffer path = { 0 };
	int status;

	*lock = (struct nn_lock){ .fd = -1 };
	if (nn_buffer_printf(&path, err, "%s.lock", file))
		return NN_FAILED;
	lock->path = path.data;
	do {
		if (lock->fd >= 0)
			close(lock->fd);
		lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (lock->fd < 0) {
			status = nn_fail_errno(err, NN_FAILED, "%s: cannot be made", lock->path);
			forget(lock);
			return status;
		}
		if (fcntl(lock->fd, F_SETLK, &whole)) {
			status = errno == EACCES || errno == EAGAIN ?
				refuse(lock, file, err) :
				nn_fail_errno(err, NN_FAILED, "%s: cannot lock", lock->path);
			forget(lock);
			return status;
		}
	} while (!has_name(lock));
	sign(lock);
	return NN_OK;
}

void nn_lock_release(struct nn_lock *lock)
{
	if (!lock->path)
		return;
	unlink(lock->path);
	forget(lock);
}
