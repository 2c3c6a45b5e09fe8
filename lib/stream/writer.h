/* Writing a stream of frames. */
#ifndef NN_STREAM_WRITER_H
#define NN_STREAM_WRITER_H

#include "stream/frame.h"
#include "tensor/tensor.h"

/* A writer on one descriptor: frames, then nn_writer_end. `sequence`, `stored` and `raw` of the
 * preambles are set here. Errors are NN_FAILED
 * with "NAME: why"; NN_BAD if a header gets longer than readers take, or a text in it is not UTF-8. */
struct nn_writer;

/* `fd` stays the caller's; `name` must outlive the writer. */
int nn_writer_open(struct nn_writer **writer, int fd, const char *name, struct nn_error *err);
void nn_writer_close(struct nn_writer *writer); /* writes nothing; NULL is fine */

/* Deflates with zlib's level 1 from now on: for lines on which the bytes are not all that counts. */
void nn_writer_be_quick(struct nn_writer *writer);
/* Bytes that were written so far. */
uint64_t nn_writer_position(const struct nn_writer *writer);

/* A whole frame. With NN_FLAG_DEFLATE in preamble->flags its body is deflated (zlib level 6). */
int nn_writer_frame(struct nn_writer *writer, const struct nn_preamble *preamble,
	const struct nn_bundle *bundle, struct nn_error *err);

/* The same in pieces and never deflated: begin, exactly layout->bytes bytes by put, finish. Until finish the reader on
 * the other side has not seen a digest: whoever finds its input bad stops before it. */
int nn_writer_begin(struct nn_writer *writer, const struct nn_preamble *preamble,
	const struct nn_bundle *layout, struct nn_error *err);
int nn_writer_put(struct nn_writer *writer, const void *bytes, size_t count, struct nn_error *err);
int nn_writer_finish(struct nn_writer *writer, struct nn_error *err);

/* A frame with NN_FLAG_REFERENCE, which is set here: preamble->reference and no body. */
int nn_writer_reference(struct nn_writer *writer, const struct nn_preamble *preamble,
	struct nn_error *err);

/* The END frame. Another stream may follow on the same descriptor and writer. */
int nn_writer_end(struct nn_writer *writer, struct nn_error *err);

#endif
