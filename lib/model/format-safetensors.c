/* safetensors: the body of the frame, and what the preamble says in its metadata. */
#include "model/format.h"

#include "stream/plain.h"

static int write_safetensors(const struct nn_item *item, int fd, const char *name, bool deflate,
	struct nn_error *err)
{
	(void)deflate;
	return nn_plain_write(fd, name, &item->preamble, &item->bundle, err);
}

const struct nn_format nn_format_safetensors = { "safetensors", false, write_safetensors };
