/* The short form of a spec: --mlp 64,32,10. */
#include <string.h>

#include "base/text.h"
#include "json/json.h"
#include "model/network.h"

/* One size of the list, `length` bytes at `text`; empty is 0. */
static bool parse_size(const char *text, size_t length, uint64_t *size)
{
	char digits[24];

	*size = 0;
	if (!length)
		return true;
	if (length >= sizeof digits)
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	return nn_parse_u64(digits, size) && *size > 0;
}

static int put_dense(struct nn_buffer *spec, uint64_t units, const char *init, struct nn_error *err)
{
	int status = nn_buffer_puts(spec, "{\"type\":\"dense\",", err);

	if (!status && units)
		status = nn_buffer_printf(spec, err, "\"units\":%llu,", (unsigned long long)units);
	if (!status)
		status = nn_buffer_puts(spec, "\"init\":", err);
	if (!status)
		status = nn_json_put_string(spec, init, err);
	return status ? status : nn_buffer_puts(spec, "}", err);
}

static int put_activation(struct nn_buffer *spec, const char *activation, struct nn_error *err)
{
	int status = nn_buffer_puts(spec, ",{\"type\":", err);

	if (!status)
		status = nn_json_put_string(spec, activation, err);
	return status ? status : nn_buffer_puts(spec, "},", err);
}

int nn_network_mlp_spec(struct nn_buffer *spec, const char *sizes, const char *activation,
	const char *init, const char *loss, struct nn_error *err)
{
	int status = nn_buffer_puts(spec, "{", err);
	const char *at = sizes;

	for (size_t i = 0; !status; i++) {
		size_t length = strcspn(at, ",");
		bool last = !at[length];
		uint64_t size;

		if (!parse_size(at, length, &size) || (!size && i && !last) || (!i && last))
			return nn_fail(err, NN_USAGE,
				"\"%s\" is no list of at least two sizes as in 64,32,10", sizes);
		if (!i && size)
			status = nn_buffer_printf(spec, err, "\"input\":[%llu],",
				(unsigned long long)size);
		if (!status && !i)
			status = nn_buffer_puts(spec, "\"layers\":[", err);
		if (!status && i > 1)
			status = put_activation(spec, activation, err);
		if (!status && i)
			status = put_dense(spec, size, init, err);
		if (last)
			break;
		at += length + 1;
	}
	if (!status)
		status = nn_buffer_puts(spec, "],\"loss\":", err);
	if (!status)
		status = nn_json_put_string(spec, loss, err);
	return status ? status : nn_buffer_puts(spec, "}", err);
}
