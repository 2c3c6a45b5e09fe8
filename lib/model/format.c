#include "model/format.h"

#include <string.h>

#include "stream/part.h"

static const struct nn_format *const formats[] = {
	&nn_format_nnt,
	&nn_format_safetensors,
};
const char *const nn_format_names[] = { "nnt", "safetensors", NULL };

const struct nn_format *nn_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (!strcmp(name, formats[i]->name))
			return formats[i];
	return NULL;
}

void nn_item_free(struct nn_item *item)
{
	nn_bundle_free(&item->bundle);
	*item = (struct nn_item){ 0 };
}

static bool is_wanted(const struct nn_frame *frame, const struct nn_item *best, bool found,
	unsigned kind, bool any)
{
	if (!any || frame->plain)
		return true;
	if (kind)
		return frame->preamble.kind == kind;
	return frame->preamble.kind == NN_KIND_MODEL || !found ||
		best->preamble.kind != NN_KIND_MODEL;
}

/* Other programs compute in half precision or double; parameters here are F32. */
static int adopt(struct nn_item *item, unsigned kind, struct nn_error *err)
{
	int status = NN_OK;

	if (kind)
		item->preamble.kind = kind;
	if (item->preamble.kind == NN_KIND_MODEL || item->preamble.kind == NN_KIND_GRAD ||
		item->preamble.kind == NN_KIND_DELTA)
		status = nn_bundle_to_f32(&item->bundle, err);
	if (!status && item->preamble.kind == NN_KIND_MODEL &&
		!nn_is_part(&item->preamble, &item->bundle))
		item->preamble.id = nn_bundle_id(&item->bundle);
	return status;
}

static int load(struct nn_item *item, struct nn_reader *reader, const struct nn_frame *frame,
	unsigned kind, struct nn_error *err)
{
	bool plain = frame->plain;
	int status;

	nn_item_free(item);
	item->preamble = frame->preamble;
	status = nn_reader_load(reader, &item->bundle, err);
	if (!status && plain)
		status = adopt(item, kind, err);
	return status;
}

int nn_item_read(struct nn_item *item, struct nn_reader *reader, unsigned kind, uint64_t number,
	struct nn_error *err)
{
	const struct nn_frame *frame;
	char buffer[16];
	uint64_t count = 0;
	bool any = number == NN_ANY_FRAME;
	bool found = false;
	int status;

	*item = (struct nn_item){ 0 };
	while (!(status = nn_reader_next(reader, &frame, err)) && frame) {
		if (frame->preamble.kind == NN_KIND_END)
			continue;
		if ((any || count == number) && is_wanted(frame, item, found, kind, any)) {
			found = true;
			status = load(item, reader, frame, kind, err);
			if (status)
				break;
		}
		count++;
	}
	if (!status && !found && any)
		status = nn_fail(err, NN_BAD, "%s: no %s%sframe in it", nn_reader_name(reader),
			kind ? nn_kind_name(kind, buffer) : "", kind ? " " : "");
	else if (!status && !found)
		status = nn_fail(err, NN_BAD, "%s: no frame %llu in it, but %llu frames",
			nn_reader_name(reader), (unsigned long long)number,
			(unsigned long long)count);
	if (status)
		nn_item_free(item);
	return status;
}

int nn_stream_copy(struct nn_reader *reader, struct nn_writer *writer, bool deflate,
	struct nn_error *err)
{
	const struct nn_frame *frame;
	int status;

	while (!(status = nn_reader_next(reader, &frame, err)) && frame) {
		struct nn_item item = { .preamble = frame->preamble };

		if (frame->preamble.kind == NN_KIND_END) {
			status = nn_writer_end(writer, err);
		} else {
			item.preamble.flags = deflate ? NN_FLAG_DEFLATE : 0;
			status = nn_reader_load(reader, &item.bundle, err);
			if (!status)
				status = nn_writer_frame(writer, &item.preamble, &item.bundle, err);
			nn_item_free(&item);
		}
		if (status)
			return status;
	}
	return status;
}
