/* One writer at a time: an advisory lock beside a file. */
#ifndef NN_BASE_LOCK_H
#define NN_BASE_LOCK_H

#include "base/error.h"

/* Zero-initialized it is none. */
struct nn_lock {
	int fd;
	char *path; /* of the lock; NULL: none is held */
};

/* Locks FILE by FILE.lock (fcntl(2)), which names the holder. The lock goes with the process,
 * however that ends; the file may stay and means nothing then. NN_FAILED: another process holds it,
 * which is named with its host. */
int nn_lock_take(struct nn_lock *lock, const char *file, struct nn_error *err);
void nn_lock_release(struct nn_lock *lock);

#endif
