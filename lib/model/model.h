/* A network: its spec, checked, and its parameters. */
#ifndef NN_MODEL_MODEL_H
#define NN_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "stream/frame.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "tensor/tensor.h"

/* What a model frame says. The metadata of `params` are the model's: `spec` (canonical JSON, see
 * nn-model(5)), and where known `kernel`, `classes`, `columns`, `origin`. */
struct nn_model {
	/* step, epoch, seed, ... ; id is always filled, but in a slice (stream/part.h) that has changed
	 * since it was cut: it is that of the whole. */
	struct nn_preamble preamble;
	struct nn_bundle params; /* F32 */
};
/* A checkpoint: a model and, behind it, the optimizer's state. */
struct nn_checkpoint {
	struct nn_model model;
	struct nn_preamble state_preamble;
	struct nn_bundle state; /* count 0 and meta_count 0: there was none */
};

/* Loads the current frame of the reader, which must be a model. The id is computed and, if the
 * preamble states one, compared. Parameters that are not F32 are converted. A slice is NN_BAD. */
int nn_model_load(struct nn_model *model, struct nn_reader *reader, const struct nn_frame *frame,
	struct nn_error *err);
/* The same, and slices are taken. Their id cannot be compared. */
int nn_model_load_part(struct nn_model *model, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err);
bool nn_model_is_part(const struct nn_model *model);
/* Reads the current frame, which must be a model, and checks digest and id; keeps nothing. */
int nn_model_verify(struct nn_reader *reader, const struct nn_frame *frame, struct nn_error *err);
void nn_model_free(struct nn_model *model);
/* Writes the frame; computes preamble.id from the parameters, unless it is a slice. */
int nn_model_write(struct nn_model *model, struct nn_writer *writer, struct nn_error *err);

/* The last model of a file ("-": stdin), and the state behind it if there is one. Plain safetensors
 * files are taken (then there is no spec unless the file's metadata has one). */
int nn_checkpoint_read(struct nn_checkpoint *checkpoint, const char *path, struct nn_error *err);
/* The same, and slices are taken: of model and state the same. */
int nn_checkpoint_read_part(struct nn_checkpoint *checkpoint, const char *path,
	struct nn_error *err);
int nn_checkpoint_write(struct nn_checkpoint *checkpoint, struct nn_writer *writer,
	struct nn_error *err);
/* As a file of its own, which is whole or stays what it was. */
int nn_checkpoint_save(struct nn_checkpoint *checkpoint, const char *path, struct nn_error *err);
void nn_checkpoint_free(struct nn_checkpoint *checkpoint);

#endif
