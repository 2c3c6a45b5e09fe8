#include "stream/join.h"

#include <stddef.h>

static int next_wanted(struct nn_reader *reader, unsigned kind, const struct nn_frame **frame,
	struct nn_error *err)
{
	int status;

	if (kind)
		return nn_reader_find(reader, kind, frame, err);
	do
		status = nn_reader_next(reader, frame, err);
	while (!status && *frame && (*frame)->preamble.kind == NN_KIND_END);
	return status;
}

int nn_join_next(struct nn_reader *const *readers, size_t count, unsigned kind,
	const struct nn_frame **frames, bool *more, struct nn_error *err)
{
	size_t ended = count;   /* the first that has ended */
	size_t running = count; /* the first that has not */

	for (size_t i = 0; i < count; i++) {
		int status = next_wanted(readers[i], kind, &frames[i], err);

		if (status)
			return status;
		if (!frames[i] && ended == count)
			ended = i;
		if (frames[i] && running == count)
			running = i;
	}
	if (ended < count && running < count)
		return nn_fail(err, NN_BAD, "%s has ended, but %s has another frame",
			nn_reader_name(readers[ended]), nn_reader_name(readers[running]));
	*more = running < count;
	return NN_OK;
}
