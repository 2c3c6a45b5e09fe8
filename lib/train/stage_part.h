/* What a stage holds of a model, and what it says of its step. */
#ifndef NN_TRAIN_STAGE_PART_H
#define NN_TRAIN_STAGE_PART_H

#include "model/model.h"
#include "model/stage.h"
#include "stream/writer.h"
#include "train/stage.h"

struct nn_stage_part {
	const char *range_text; /* as nn_range_parse takes it; the caller's */
	const char *name;       /* what to call the model; the caller's */
	struct nn_range range;
	struct nn_network *network;      /* cut */
	struct nn_checkpoint checkpoint; /* its tensors; preambles and metadata are the whole's */
	uint64_t updates;
};

/* Its part of the last model in a file, and of the state behind it; BLAS is loaded, as the model wants it. */
int nn_stage_part_read(struct nn_stage_part *part, const char *path, const char *range_text,
	struct nn_error *err);
/* The same of what comes on a reader, up to END. */
int nn_stage_part_receive(struct nn_stage_part *part, struct nn_reader *reader,
	const char *range_text, struct nn_error *err);
/* The same of frames that have no more than the part, as the coordinator sends them, up to END. */
int nn_stage_part_take(struct nn_stage_part *part, struct nn_reader *reader, const char *range_text,
	struct nn_error *err);
void nn_stage_part_free(struct nn_stage_part *part);

/* The sums of a step as gradient frames: part of parts, unless it is the only one. */
int nn_stage_write_sums(struct nn_stage *stage, uint64_t id, struct nn_writer *writer,
	struct nn_error *err);

#endif
