#include "train/serve_answers.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "train/packed.h"

struct nn_serve_answers {
	struct nn_writer *writer;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t news;
	/* What is on its way: the thread's while `full`. */
	bool full;
	struct nn_preamble preamble;
	const struct nn_bundle *grad;
	bool packed;
	bool over;
	int status; /* of the last that went */
	struct nn_error why;
};

int nn_serve_answers_new(struct nn_serve_answers **answers, struct nn_writer *writer,
	struct nn_error *err)
{
	struct nn_serve_answers *new = nn_alloc(1, sizeof *new, err);

	*answers = new;
	if (!new)
		return NN_FAILED;
	new->writer = writer;
	pthread_mutex_init(&new->lock, NULL);
	pthread_cond_init(&new->news, NULL);
	return NN_OK;
}

void nn_serve_answers_free(struct nn_serve_answers *answers)
{
	if (!answers)
		return;
	pthread_mutex_lock(&answers->lock);
	answers->over = true;
	pthread_cond_broadcast(&answers->news);
	pthread_mutex_unlock(&answers->lock);
	if (answers->started)
		pthread_join(answers->thread, NULL);
	pthread_cond_destroy(&answers->news);
	pthread_mutex_destroy(&answers->lock);
	free(answers);
}

static int send(struct nn_serve_answers *answers, const struct nn_preamble *preamble,
	const struct nn_bundle *grad, bool packed, struct nn_error *err)
{
	return packed ? nn_packed_write(answers->writer, preamble, grad, NULL, err) :
			nn_writer_frame(answers->writer, preamble, grad, err);
}

static void *send_behind(void *argument)
{
	struct nn_serve_answers *answers = argument;
	struct nn_error why;
	int status;

	pthread_mutex_lock(&answers->lock);
	for (;;) {
		while (!answers->full && !answers->over)
			pthread_cond_wait(&answers->news, &answers->lock);
		if (!answers->full)
			break;
		pthread_mutex_unlock(&answers->lock);
		status = send(answers, &answers->preamble, answers->grad, answers->packed, &why);
		pthread_mutex_lock(&answers->lock);
		answers->full = false;
		answers->status = status;
		if (status)
			answers->why = why;
		pthread_cond_broadcast(&answers->news);
	}
	pthread_mutex_unlock(&answers->lock);
	return NULL;
}

bool nn_serve_answers_busy(struct nn_serve_answers *answers)
{
	bool busy;

	if (!answers->started)
		return false;
	pthread_mutex_lock(&answers->lock);
	busy = answers->full;
	pthread_mutex_unlock(&answers->lock);
	return busy;
}

int nn_serve_answers_wait(struct nn_serve_answers *answers, struct nn_error *err)
{
	int status;

	if (!answers->started)
		return NN_OK;
	pthread_mutex_lock(&answers->lock);
	while (answers->full)
		pthread_cond_wait(&answers->news, &answers->lock);
	status = answers->status;
	if (status)
		*err = answers->why;
	pthread_mutex_unlock(&answers->lock);
	return status;
}

int nn_serve_answers_put(struct nn_serve_answers *answers, const struct nn_preamble *preamble,
	const struct nn_bundle *grad, bool packed, bool behind, struct nn_error *err)
{
	int status = nn_serve_answers_wait(answers, err);

	if (status)
		return status;
	/* Where no thread can be had it goes without. */
	if (behind && !answers->started)
		answers->started = !pthread_create(&answers->thread, NULL, send_behind, answers);
	if (!behind || !answers->started)
		return send(answers, preamble, grad, packed, err);
	pthread_mutex_lock(&answers->lock);
	answers->preamble = *preamble;
	answers->grad = grad;
	answers->packed = packed;
	answers->full = true;
	pthread_cond_broadcast(&answers->news);
	pthread_mutex_unlock(&answers->lock);
	return NN_OK;
}
