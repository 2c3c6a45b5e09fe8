/* The data of a training, held here for workers that have no files: each is sent a shard before its
 * first task of it. */
#ifndef NN_TRAIN_SUPPLY_H
#define NN_TRAIN_SUPPLY_H

#include "stream/writer.h"
#include "train/shards.h"

struct nn_supply {
	struct nn_dataset *data; /* [count] */
	char *const *names;      /* [count], the caller's */
	size_t count;
	struct nn_shards shards; /* once they are cut */
};

/* Reads the files, which may be one or a shard each. names [count] are what to call them. */
int nn_supply_open(struct nn_supply *supply, char *const *paths, char *const *names, size_t count,
	struct nn_error *err);
/* Cuts what is one file in `shards` by `method`; files are a shard each, and must be alike. */
int nn_supply_cut(struct nn_supply *supply, uint64_t shards, const char *method, uint64_t seed,
	struct nn_error *err);
void nn_supply_close(struct nn_supply *supply); /* one that is zeroed is fine */

/* Writes a shard, as data frames that say which it is. `written` is called behind each of them. Many
 * threads may do that, each with a writer of its own. */
int nn_supply_send(const struct nn_supply *supply, uint64_t shard, struct nn_writer *writer,
	void (*written)(void *context), void *context, struct nn_error *err);

#endif
