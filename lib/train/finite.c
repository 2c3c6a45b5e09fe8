#include "train/finite.h"

#include "base/text.h"
#include "tensor/vector.h"

/* Row-major: the last index runs fastest. */
static void coordinates(const struct nn_tensor *tensor, size_t element, uint64_t *out)
{
	for (unsigned i = tensor->ndim; i-- > 0;) {
		out[i] = element % tensor->shape[i];
		element /= tensor->shape[i];
	}
}

static int blame(const struct nn_bundle *layout, size_t element, float value, struct nn_error *err)
{
	const struct nn_tensor *tensor = layout->tensors;
	uint64_t index[NN_MAX_DIMS];
	char place[NN_SHAPE_TEXT];

	while ((tensor->offset + tensor->bytes) / sizeof value <= element)
		tensor++;
	element -= tensor->offset / sizeof value;
	coordinates(tensor, element, index);
	nn_shape_text(tensor->ndim, index, place);
	return nn_fail(err, NN_BAD, "tensor %s: element %zu, at %s, is %s", tensor->name, element,
		place, nn_nonfinite_word((double)value));
}

int nn_check_finite(const struct nn_bundle *layout, size_t start, const float *values, size_t count,
	struct nn_error *err)
{
	size_t i = nn_vector_nonfinite(values, count);

	return i < count ? blame(layout, start + i, values[i], err) : NN_OK;
}

int nn_check_finite_bundle(const struct nn_bundle *bundle, struct nn_error *err)
{
	return nn_check_finite(bundle, 0, (const float *)(const void *)bundle->data,
		bundle->bytes / sizeof(float), err);
}
