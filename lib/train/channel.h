/* The conversation with one worker: its process, and what passes by the pipes. Everything blocks the
 * thread that opened the channel; who kills the process ends that. Private to the pool. */
#ifndef NN_TRAIN_CHANNEL_H
#define NN_TRAIN_CHANNEL_H

#include "stream/reader.h"
#include "stream/writer.h"
#include "train/pool.h"

struct nn_channel {
	const struct nn_place *place;
	const char *name; /* of the worker; the caller's */
	struct nn_process process;
	struct nn_reader *reader;
	struct nn_writer *writer;
	bool packing;                  /* from the next model on */
	unsigned slow;                 /* so many gradients in turn came slowly */
	unsigned char *base;           /* the model that the worker has, if it came packed */
	const struct nn_bundle *order; /* what tasks say beside their numbers; NULL: nothing */
	bool known_layout;             /* the last gradient had the tensors of the parameters */
	bool greeted;                  /* the worker has said hello */
	bool hopeless;                 /* the fault will be the same the next time, there */
	bool said;                     /* the worker has said itself what is wrong */
};

/* Starts the process, number `number` from 1. After an error there is nothing to close. */
int nn_channel_open(struct nn_channel *channel, const struct nn_place *place, const char *name,
	size_t number, struct nn_error *err);
/* Waits for its hello. Another version is refused. */
int nn_channel_hello(struct nn_channel *channel, struct nn_error *err);
int nn_channel_send_model(struct nn_channel *channel, const struct nn_preamble *model,
	const struct nn_bundle *params, struct nn_error *err);
/* The data of a shard; `written` is called behind each frame of them. */
int nn_channel_send_shard(struct nn_channel *channel, const struct nn_supply *supply,
	uint64_t shard, void (*written)(void *context), void *context, struct nn_error *err);
/* Sends the task and waits for its answer, of which all but answer->task and answer->from are
 * filled in. `params` is what the gradient must be like. Errors do not name the worker. */
int nn_channel_ask(struct nn_channel *channel, const struct nn_preamble *task,
	const struct nn_bundle *params, struct nn_answer *answer, struct nn_error *err);
/* Its two halves. */
int nn_channel_send_task(struct nn_channel *channel, const struct nn_preamble *task,
	struct nn_error *err);
int nn_channel_take_answer(struct nn_channel *channel, const struct nn_preamble *task,
	const struct nn_bundle *params, struct nn_answer *answer, struct nn_error *err);
/* The second half for a worker that shares memory: a task that has a model is a reference, and so is
 * its answer, which has no tensors. Neither takes long. */
int nn_channel_take_reference(struct nn_channel *channel, const struct nn_preamble *task,
	struct nn_answer *answer, struct nn_error *err);
/* Sent and received by it so far. */
uint64_t nn_channel_bytes(const struct nn_channel *channel);
/* Says END and waits for the end of the process. */
void nn_channel_dismiss(struct nn_channel *channel);
/* Ends the process after a fault, and puts what its end tells of the cause in place of `why`. */
void nn_channel_break(struct nn_channel *channel, struct nn_error *why);

#endif
