#include "stream/body.h"

int nn_body_start(struct nn_body *body, struct nn_input *input, uint64_t stored, bool deflated,
	struct nn_error *err)
{
	*body = (struct nn_body){ .input = input, .left = stored };
	if (!deflated)
		return NN_OK;
	if (inflateInit(&body->zlib) != Z_OK)
		return nn_fail(err, NN_FAILED, "%s: no memory to inflate", input->name);
	body->inflating = true;
	return NN_OK;
}

void nn_body_abandon(struct nn_body *body)
{
	if (body->inflating)
		inflateEnd(&body->zlib);
	body->inflating = false;
}

/* One call of inflate into [to, to + room); *made and *result say what came of it. */
static int inflate_once(struct nn_body *body, unsigned char *to, uInt room, uInt *made, int *result,
	struct nn_error *err)
{
	size_t have = 0;
	size_t used;
	int status = NN_OK;

	/* With all stored bytes taken, zlib may still hold output. */
	if (body->left)
		status = nn_input_peek(body->input, 1, &have, err);
	if (status)
		return status;
	if (body->left && !have)
		return nn_input_cut(body->input, err);
	used = have < body->left ? have : (size_t)body->left;
	body->zlib.next_in = body->input->buffer + body->input->at;
	body->zlib.avail_in = (uInt)used;
	body->zlib.next_out = to;
	body->zlib.avail_out = room;
	*result = inflate(&body->zlib, Z_NO_FLUSH);
	used -= body->zlib.avail_in;
	nn_input_used(body->input, used);
	body->left -= used;
	*made = room - body->zlib.avail_out;
	/* No progress in either direction will not become progress. */
	if (*result == Z_OK && !used && !*made)
		*result = Z_BUF_ERROR;
	return NN_OK;
}

static int inflate_all(struct nn_body *body, unsigned char *to, size_t count, struct nn_error *err)
{
	while (count) {
		uInt made = 0;
		int result = Z_OK;
		int status = inflate_once(body, to, (uInt)(count < (1u << 30) ? count : 1u << 30),
			&made, &result, err);

		if (status)
			return status;
		to += made;
		count -= made;
		if (result == Z_MEM_ERROR)
			return nn_fail(err, NN_FAILED, "%s: no memory to inflate",
				body->input->name);
		if (result != Z_OK && !(result == Z_STREAM_END && !count))
			return nn_input_damaged(body->input, body->input->position, err,
				"the deflated body ends early or is damaged");
	}
	return NN_OK;
}

int nn_body_take(struct nn_body *body, void *to, size_t count, struct nn_error *err)
{
	int status;

	if (body->inflating)
		return inflate_all(body, to, count, err);
	status = nn_input_need(body->input, to, count, err);
	if (!status)
		body->left -= count;
	return status;
}

int nn_body_finish(struct nn_body *body, struct nn_error *err)
{
	int result = Z_OK;
	int status = NN_OK;

	if (!body->inflating)
		return NN_OK;
	while (result == Z_OK && !status) {
		unsigned char more;
		uInt made = 0;

		status = inflate_once(body, &more, 1, &made, &result, err);
		if (made)
			result = Z_DATA_ERROR;
	}
	nn_body_abandon(body);
	if (!status && (result != Z_STREAM_END || body->left))
		status = nn_input_damaged(body->input, body->input->position, err,
			"the deflated body does not end where its data end");
	return status;
}
