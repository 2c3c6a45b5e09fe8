/* What a frame is, in text for people and in JSON for programs. */
#ifndef NN_STREAM_DESCRIBE_H
#define NN_STREAM_DESCRIBE_H

#include "base/memory.h"
#include "stream/reader.h"
#include "tensor/stats.h"

/* Bytes of the frame in the stream, from the magic to the digest. */
uint64_t nn_frame_bytes(const struct nn_preamble *preamble);

/* "frame 3: grad, step 12, epoch 0, shard 1 of 4, 250 rows, mean loss 0.31, model 0123456789abcdef,
 * 2.5 kB": what a preamble says that is not zero, without a newline. An END frame counts the frames
 * before it. */
int nn_describe_frame(struct nn_buffer *out, const struct nn_frame *frame, struct nn_error *err);

/* `text` for a terminal: control characters as \xNN, cut to about `limit` bytes with the number of
 * those that are left out. */
int nn_describe_text(struct nn_buffer *out, const char *text, size_t limit, struct nn_error *err);

/* One line of canonical JSON, newline included: all of the preamble, the tensors (with `stats` of
 * each unless NULL) and the metadata. `stream` counts the END frames before. The frame must have been
 * verified. nn-info(1) says which members there are. */
int nn_describe_json(struct nn_buffer *out, const char *file, uint64_t stream,
	const struct nn_frame *frame, const struct nn_stats *stats, struct nn_error *err);

#endif
