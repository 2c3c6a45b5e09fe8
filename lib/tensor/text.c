#include <math.h>
#include <string.h>

#include "base/text.h"
#include "tensor/tensor.h"

static int put_real(struct nn_buffer *out, double value, bool wide, struct nn_error *err)
{
	char text[NN_F64_TEXT];

	if (isnan(value))
		return nn_buffer_puts(out, "nan", err);
	if (wide)
		nn_format_f64(value, text);
	else
		nn_format_f32((float)value, text);
	return nn_buffer_puts(out, text, err);
}

/* One element; integers with all their digits. */
static int put_element(struct nn_buffer *out, const unsigned char *from, enum nn_dtype dtype,
	struct nn_error *err)
{
	float small;
	double real;
	int64_t whole;
	uint64_t natural;

	switch (dtype) {
	case NN_F64:
		memcpy(&real, from, sizeof real);
		return put_real(out, real, true, err);
	case NN_I64:
		memcpy(&whole, from, sizeof whole);
		return nn_buffer_printf(out, err, "%lld", (long long)whole);
	case NN_U64:
		memcpy(&natural, from, sizeof natural);
		return nn_buffer_printf(out, err, "%llu", (unsigned long long)natural);
	case NN_I32:
		return nn_buffer_printf(out, err, "%ld",
			(long)*(const int32_t *)(const void *)from);
	case NN_U32:
		return nn_buffer_printf(out, err, "%lu",
			(unsigned long)*(const uint32_t *)(const void *)from);
	case NN_F32:
	case NN_F16:
	case NN_BF16:
	case NN_I16:
	case NN_U16:
	case NN_I8:
	case NN_U8:
	case NN_BOOL:
		break;
	}
	nn_tensor_to_f32(&small, from, dtype, 1);
	return put_real(out, (double)small, false, err);
}

int nn_tensor_put_row(struct nn_buffer *out, const struct nn_tensor *tensor, const void *data,
	uint64_t row, struct nn_error *err)
{
	size_t rows = tensor->ndim ? (size_t)tensor->shape[0] : 1;
	size_t count = tensor->count / rows;
	size_t size = nn_dtype_size(tensor->dtype);
	const unsigned char *from = (const unsigned char *)data + (size_t)row * count * size;
	int status = NN_OK;

	for (size_t i = 0; i < count && !status; i++) {
		status = i ? nn_buffer_puts(out, ",", err) : NN_OK;
		if (!status)
			status = put_element(out, from + i * size, tensor->dtype, err);
	}
	return status ? status : nn_buffer_puts(out, "\n", err);
}
