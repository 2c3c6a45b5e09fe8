#include "train/interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"

/* Whoever holds may wait for somebody who reads the log: a signal does not wait for ever. */
#define PATIENCE 30 /* seconds */
/* Ends the thread; it is ignored elsewhere. (pthread_cancel would load a library, or abort.) */
#define WAKE SIGURG

struct nn_interrupt {
	void (*keep)(void *data);
	void *data;
	sigset_t signals;
	sigset_t before; /* the mask that was */
	pthread_mutex_t lock;
	pthread_t thread;
	atomic_bool over;
};

static void keep(struct nn_interrupt *interrupt)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	if (pthread_mutex_timedlock(&interrupt->lock, &until))
		return;
	/* The lock stays taken: a process that is about to end changes nothing any more. */
	interrupt->keep(interrupt->data);
}

static void *wait_for_signals(void *argument)
{
	struct nn_interrupt *interrupt = argument;
	sigset_t this;
	int number = WAKE;

	do {
		sigwait(&interrupt->signals, &number);
		if (number == WAKE && interrupt->over)
			return NULL;
	} while (number == WAKE);
	keep(interrupt);
	sigemptyset(&this);
	sigaddset(&this, number);
	pthread_sigmask(SIG_UNBLOCK, &this, NULL);
	raise(number);
	return NULL;
}

int nn_interrupt_new(struct nn_interrupt **interrupt, void (*keep_it)(void *data), void *data,
	struct nn_error *err)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	struct nn_interrupt *new = nn_alloc(1, sizeof *new, err);
	struct sigaction action;

	if (!new)
		return NN_FAILED;
	new->keep = keep_it;
	new->data = data;
	sigemptyset(&new->signals);
	sigaddset(&new->signals, WAKE);
	/* Blocked, an ignored signal would be delivered after all. */
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (!sigaction(numbers[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(&new->signals, numbers[i]);
	pthread_mutex_init(&new->lock, NULL);
	pthread_sigmask(SIG_BLOCK, &new->signals, &new->before);
	errno = pthread_create(&new->thread, NULL, wait_for_signals, new);
	if (errno) {
		nn_fail_errno(err, NN_FAILED, "cannot make a thread");
		pthread_sigmask(SIG_SETMASK, &new->before, NULL);
		pthread_mutex_destroy(&new->lock);
		free(new);
		return NN_FAILED;
	}
	*interrupt = new;
	return NN_OK;
}

void nn_interrupt_free(struct nn_interrupt *interrupt)
{
	if (!interrupt)
		return;
	interrupt->over = true;
	pthread_kill(interrupt->thread, WAKE);
	pthread_join(interrupt->thread, NULL);
	pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
	pthread_mutex_destroy(&interrupt->lock);
	free(interrupt);
}

void nn_interrupt_hold(struct nn_interrupt *interrupt)
{
	if (interrupt)
		pthread_mutex_lock(&interrupt->lock);
}

void nn_interrupt_release(struct nn_interrupt *interrupt)
{
	if (interrupt)
		pthread_mutex_unlock(&interrupt->lock);
}
