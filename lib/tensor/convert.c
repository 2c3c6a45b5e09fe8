#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static float f32_from_bits(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* IEEE 754 binary16, subnormals included. */
static float f32_from_f16(uint16_t half)
{
	uint32_t sign = (uint32_t)(half & 0x8000) << 16;
	uint32_t exponent = half >> 10 & 0x1f;
	uint32_t fraction = half & 0x3ff;

	if (exponent == 0x1f)
		return f32_from_bits(sign | 0x7f800000 | fraction << 13);
	if (exponent)
		return f32_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
	return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
}

/* Elements need not be aligned. */
#define LOOP(type, expression)                                                                     \
	for (size_t i = 0; i < count; i++) {                                                       \
		type value;                                                                        \
		memcpy(&value, from + i * sizeof value, sizeof value);                             \
		to[i] = expression;                                                                \
	}                                                                                          \
	break

NN_CLONES static void convert(float *restrict to, const unsigned char *restrict from,
	enum nn_dtype dtype, size_t count)
{
	switch (dtype) {
	case NN_F64:
		LOOP(double, (float)value);
	case NN_I64:
		LOOP(int64_t, (float)value);
	case NN_U64:
		LOOP(uint64_t, (float)value);
	case NN_F32:
		LOOP(float, value);
	case NN_I32:
		LOOP(int32_t, (float)value);
	case NN_U32:
		LOOP(uint32_t, (float)value);
	case NN_F16:
		LOOP(uint16_t, f32_from_f16(value));
	case NN_BF16:
		LOOP(uint16_t, f32_from_bits((uint32_t)value << 16));
	case NN_I16:
		LOOP(int16_t, (float)value);
	case NN_U16:
		LOOP(uint16_t, (float)value);
	case NN_I8:
		LOOP(int8_t, (float)value);
	case NN_U8:
	case NN_BOOL:
		LOOP(uint8_t, (float)value);
	}
}

void nn_tensor_to_f32(float *to, const void *from, enum nn_dtype dtype, size_t count)
{
	if (dtype == NN_F32)
		memcpy(to, from, count * sizeof *to);
	else
		convert(to, from, dtype, count);
}

static int by_name(const void *a, const void *b)
{
	const struct nn_tensor *const *left = a;
	const struct nn_tensor *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* Tensors of one element size are in the order of their names. */
static int convert_all(const struct nn_bundle *bundle, struct nn_bundle *f32, struct nn_error *err)
{
	const struct nn_tensor **from = nn_alloc(bundle->count, sizeof *from, err);

	if (!from)
		return NN_FAILED;
	for (size_t i = 0; i < bundle->count; i++)
		from[i] = &bundle->tensors[i];
	qsort(from, bundle->count, sizeof *from, by_name);
	for (size_t i = 0; i < bundle->count; i++)
		nn_tensor_to_f32(nn_bundle_data(f32, &f32->tensors[i]),
			nn_bundle_data(bundle, from[i]), from[i]->dtype, from[i]->count);
	free(from);
	return NN_OK;
}

int nn_bundle_to_f32(struct nn_bundle *bundle, struct nn_error *err)
{
	struct nn_bundle f32 = { 0 };
	int status = NN_OK;

	if (nn_bundle_is_f32(bundle))
		return NN_OK;
	for (size_t i = 0; i < bundle->count && !status; i++) {
		const struct nn_tensor *tensor = &bundle->tensors[i];

		status =
			nn_bundle_add(&f32, tensor->name, NN_F32, tensor->ndim, tensor->shape, err);
	}
	if (!status)
		status = nn_bundle_layout(&f32, err);
	if (!status)
		status = nn_bundle_alloc(&f32, err);
	if (!status)
		status = nn_bundle_copy_metas(bundle, &f32, err);
	if (!status)
		status = convert_all(bundle, &f32, err);
	if (status) {
		nn_bundle_free(&f32);
		return status;
	}
	nn_bundle_free(bundle);
	*bundle = f32;
	return NN_OK;
}
