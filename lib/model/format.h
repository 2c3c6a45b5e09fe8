/* Frames to and from the files of other programs. A format is one file and one row of the table. */
#ifndef NN_MODEL_FORMAT_H
#define NN_MODEL_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/reader.h"
#include "stream/writer.h"

/* A frame with its data. */
struct nn_item {
	struct nn_preamble preamble;
	struct nn_bundle bundle;
};

/* Writes an item to a descriptor. `deflate` is asked for only of a format that can. */
struct nn_format {
	const char *name;
	bool deflates;
	int (*write)(const struct nn_item *item, int fd, const char *name, bool deflate,
		struct nn_error *err);
};
extern const struct nn_format nn_format_nnt;
extern const struct nn_format nn_format_safetensors;

/* NULL-terminated, for option tables. */
extern const char *const nn_format_names[];
const struct nn_format *nn_format_find(const char *name); /* NULL: none */

#define NN_ANY_FRAME UINT64_MAX
/* Reads to the end and loads one frame, the caller's to nn_item_free: number `frame` (from 0, END
 * frames not counted); with NN_ANY_FRAME the last of kind `kind`; with kind 0 the last model, or the
 * last frame if there is no model. What comes from another program's safetensors file becomes F32 and,
 * with kind not 0, of that kind. NN_BAD if there is no such frame. */
int nn_item_read(struct nn_item *item, struct nn_reader *reader, unsigned kind, uint64_t frame,
	struct nn_error *err);
void nn_item_free(struct nn_item *item);

/* A stream again, frame by frame, each verified first; deflated or raw. Frames of kinds that this
 * program does not know and may skip are left out. */
int nn_stream_copy(struct nn_reader *reader, struct nn_writer *writer, bool deflate,
	struct nn_error *err);

#endif
