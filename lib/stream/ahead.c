#include "stream/ahead.h"

#include <pthread.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif

#include "base/memory.h"

/* The thread fills `slot`, the caller empties it: `full` says whose turn it is. What is in it when
 * `full` is a frame, or the end of the input, or an error. */
struct nn_ahead {
	struct nn_reader *reader;
	unsigned kind;
	bool threaded;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t turned;
	bool full;
	bool done; /* nothing comes after what is in the slot */
	struct nn_loaded slot;
	bool more;
	int status;
	struct nn_error err;
};

static int load(struct nn_ahead *ahead, struct nn_loaded *loaded, bool *more, struct nn_error *err)
{
	const struct nn_frame *frame;
	int status = nn_reader_find(ahead->reader, ahead->kind, &frame, err);

	*loaded = (struct nn_loaded){ 0 };
	*more = !status && frame;
	if (!*more)
		return status;
	loaded->preamble = frame->preamble;
	return nn_reader_load(ahead->reader, &loaded->bundle, err);
}

static void unlock(void *mutex)
{
	pthread_mutex_unlock(mutex);
}

/* Waits for the caller to empty the slot. A cancelled wait must not keep the lock. */
static void put(struct nn_ahead *ahead, struct nn_loaded *loaded, bool more, int status,
	const struct nn_error *err)
{
	pthread_mutex_lock(&ahead->mutex);
	pthread_cleanup_push(unlock, &ahead->mutex);
	while (ahead->full)
		pthread_cond_wait(&ahead->turned, &ahead->mutex);
	ahead->slot = *loaded;
	ahead->more = more;
	ahead->status = status;
	if (status)
		ahead->err = *err;
	ahead->full = true;
	ahead->done = status || !more;
	pthread_cond_signal(&ahead->turned);
	pthread_cleanup_pop(1);
}

static void *run(void *context)
{
	struct nn_ahead *ahead = context;
	bool more = true;
	int status = NN_OK;

	while (more && !status) {
		struct nn_loaded loaded;
		struct nn_error err;

		status = load(ahead, &loaded, &more, &err);
		put(ahead, &loaded, more, status, &err);
	}
	return NULL;
}

/* pthread_cancel loads libgcc, and aborts where there is no memory for that: better now or never. */
static bool can_cancel(void)
{
#ifdef __GLIBC__
	void *frame;

	return backtrace(&frame, 1) > 0;
#else
	return true;
#endif
}

int nn_ahead_open(struct nn_ahead **ahead, struct nn_reader *reader, unsigned kind,
	struct nn_error *err)
{
	struct nn_ahead *new = nn_alloc(1, sizeof *new, err);

	if (!new)
		return NN_FAILED;
	new->reader = reader;
	new->kind = kind;
	pthread_mutex_init(&new->mutex, NULL);
	pthread_cond_init(&new->turned, NULL);
	new->threaded = can_cancel() && !pthread_create(&new->thread, NULL, run, new);
	*ahead = new;
	return NN_OK;
}

int nn_ahead_next(struct nn_ahead *ahead, struct nn_loaded *loaded, bool *more,
	struct nn_error *err)
{
	int status;

	if (!ahead->threaded)
		return load(ahead, loaded, more, err);
	pthread_mutex_lock(&ahead->mutex);
	while (!ahead->full)
		pthread_cond_wait(&ahead->turned, &ahead->mutex);
	*loaded = ahead->slot;
	*more = ahead->more;
	status = ahead->status;
	if (status && err)
		*err = ahead->err;
	/* The end and an error stay, for whoever asks again. */
	if (!ahead->done) {
		ahead->slot = (struct nn_loaded){ 0 };
		ahead->full = false;
		pthread_cond_signal(&ahead->turned);
	}
	pthread_mutex_unlock(&ahead->mutex);
	return status;
}

void nn_ahead_close(struct nn_ahead *ahead)
{
	if (!ahead)
		return;
	if (ahead->threaded) {
		pthread_cancel(ahead->thread);
		pthread_join(ahead->thread, NULL);
	}
	nn_bundle_free(&ahead->slot.bundle);
	pthread_mutex_destroy(&ahead->mutex);
	pthread_cond_destroy(&ahead->turned);
	free(ahead);
}

int nn_ahead_blame(const struct nn_ahead *ahead, const struct nn_loaded *loaded,
	struct nn_error *err)
{
	return nn_fail_in(err, "%s: frame %llu", nn_reader_name(ahead->reader),
		(unsigned long long)loaded->preamble.sequence);
}
