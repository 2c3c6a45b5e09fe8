/* rows: a data stream on standard input as text, for the tests. A line for each frame, then its rows:
 * numbers as they are stored, those of y behind a bar. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "stream/reader.h"

static struct nn_error err;

static void must(int status)
{
	if (!status)
		return;
	fprintf(stderr, "rows: %s\n", err.text);
	exit(99);
}

static void print_row(const struct nn_bundle *bundle, const struct nn_tensor *tensor, size_t row)
{
	size_t width = tensor->count / (size_t)tensor->shape[0];
	size_t size = nn_dtype_size(tensor->dtype);
	const unsigned char *from = nn_bundle_data(bundle, tensor);
	char text[NN_F64_TEXT];
	float value;

	for (size_t i = 0; i < width; i++) {
		nn_tensor_to_f32(&value, from + (row * width + i) * size, tensor->dtype, 1);
		nn_format_f32(value, text);
		printf("%s%s", i ? " " : "", text);
	}
}

static void print_frame(const struct nn_preamble *preamble, const struct nn_bundle *bundle)
{
	const struct nn_tensor *x = nn_bundle_find(bundle, "x");
	const struct nn_tensor *y = nn_bundle_find(bundle, "y");
	char shape[NN_SHAPE_TEXT];

	printf("%llu rows", (unsigned long long)preamble->rows);
	if (preamble->shards)
		printf(", shard %llu of %llu", (unsigned long long)preamble->first,
			(unsigned long long)preamble->shards);
	for (size_t t = 0; t < 2; t++) {
		const struct nn_tensor *tensor = t ? y : x;

		if (!tensor)
			continue;
		nn_shape_text(tensor->ndim, tensor->shape, shape);
		printf(", %s %s %s", tensor->name, nn_dtype_name(tensor->dtype), shape);
	}
	putchar('\n');
	for (size_t r = 0; r < x->shape[0]; r++) {
		print_row(bundle, x, r);
		if (y) {
			printf(" | ");
			print_row(bundle, y, r);
		}
		putchar('\n');
	}
}

int main(void)
{
	struct nn_reader *reader;
	const struct nn_frame *frame;

	must(nn_reader_open(&reader, 0, "stdin", NN_KIND_DATA, &err));
	for (;;) {
		struct nn_bundle bundle = { 0 };

		must(nn_reader_find(reader, NN_KIND_DATA, &frame, &err));
		if (!frame)
			break;
		must(nn_reader_load(reader, &bundle, &err));
		print_frame(&frame->preamble, &bundle);
		nn_bundle_free(&bundle);
	}
	nn_reader_close(reader);
	return 0;
}
