/* Frames as plain safetensors files: what a preamble says goes into the metadata. */
#ifndef NN_STREAM_PLAIN_H
#define NN_STREAM_PLAIN_H

#include "stream/frame.h"
#include "tensor/tensor.h"

/* A safetensors file of the bundle's tensors and metadata, and with `nnt.kind`, `nnt.step` and so on,
 * as nn-convert(1) lists them, for what is not zero in the preamble. NN_FAILED if it cannot be
 * written; NN_BAD if the header gets too long or a text is not UTF-8. */
int nn_plain_write(int fd, const char *name, const struct nn_preamble *preamble,
	const struct nn_bundle *bundle, struct nn_error *err);

/* Takes those keys out of the metadata again and into the preamble; what is not there stays as it is.
 * The id of a model is not taken: another program may have changed the parameters. NN_BAD if a value
 * is out of its range. */
int nn_plain_restore(struct nn_bundle *layout, struct nn_preamble *preamble, struct nn_error *err);

#endif
