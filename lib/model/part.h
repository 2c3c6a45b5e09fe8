/* A part of a checkpoint's tensors, read without holding the rest; or none of them, its outline. */
#ifndef NN_MODEL_PART_H
#define NN_MODEL_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"

/* Which tensors are wanted. */
struct nn_part_choice {
	/* A model has come: its layout (F32) and metadata, no numbers yet. The last one counts. */
	int (*model)(void *context, const struct nn_bundle *params, struct nn_error *err);
	/* Of the model that has come last, and of the state behind it. NULL: none. */
	bool (*wanted)(void *context, const char *name);
	void *context;
};

/* As nn_checkpoint_read, but checkpoint->model.params and ->state have only the tensors that are wanted;
 * metadata and preambles are those of the whole. With `wanted` NULL both are layouts of all tensors, without
 * data. All is verified, the id too. The memory is that of the part if `path` is a file whose parameters are
 * F32 in canonical order, as all of nnpipe's are; else the whole is held for a while. *updates: what the
 * state says of that, 0 without one. */
int nn_part_read(struct nn_checkpoint *checkpoint, const char *path,
	const struct nn_part_choice *choice, uint64_t *updates, struct nn_error *err);
/* The same of what comes next on a reader, up to END. `name` is what to call it. */
int nn_part_receive(struct nn_checkpoint *checkpoint, struct nn_reader *reader, const char *name,
	const struct nn_part_choice *choice, uint64_t *updates, struct nn_error *err);

#endif
