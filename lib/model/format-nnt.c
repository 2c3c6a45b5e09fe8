/* nnt(5): the item as a stream of one frame. */
#include "model/format.h"

static int write_nnt(const struct nn_item *item, int fd, const char *name, bool deflate,
	struct nn_error *err)
{
	struct nn_preamble preamble = item->preamble;
	struct nn_writer *writer;
	int status = nn_writer_open(&writer, fd, name, err);

	if (status)
		return status;
	preamble.flags = deflate ? NN_FLAG_DEFLATE : 0;
	status = nn_writer_frame(writer, &preamble, &item->bundle, err);
	if (!status)
		status = nn_writer_end(writer, err);
	nn_writer_close(writer);
	return status;
}

const struct nn_format nn_format_nnt = { "nnt", true, write_nnt };
