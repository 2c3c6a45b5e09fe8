/* The data that a worker has at hand: files, read when a task first asks for them and kept, views of
 * one of them, and shards that the coordinator has sent. */
#ifndef NN_TRAIN_SERVE_DATA_H
#define NN_TRAIN_SERVE_DATA_H

#include "stream/reader.h"
#include "train/serve.h"
#include "train/shards.h"

struct nn_serve_data;

/* `options` must outlive it. */
int nn_serve_data_new(struct nn_serve_data **data, const struct nn_serve_options *options,
	struct nn_error *err);
void nn_serve_data_free(struct nn_serve_data *data); /* NULL is fine */

/* A data frame that has come, of a shard: its frames come one behind another, and replace what was
 * there of it before. */
int nn_serve_data_take(struct nn_serve_data *data, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err);
/* The file that a task names. */
int nn_serve_data_file(struct nn_serve_data *data, const struct nn_preamble *task,
	const struct nn_dataset **file, struct nn_error *err);
/* The shard that a task names, valid until the next call. *fits is the caller's: false when it is
 * first seen, and after nn_serve_data_doubt. */
int nn_serve_data_shard(struct nn_serve_data *data, const struct nn_preamble *task,
	struct nn_shard *shard, bool **fits, struct nn_error *err);
/* The network is another one. */
void nn_serve_data_doubt(struct nn_serve_data *data);

#endif
