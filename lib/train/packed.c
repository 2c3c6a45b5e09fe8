#include "train/packed.h"

#include <stdlib.h>
#include <string.h>

#include "codec/planes.h"

const char *const nn_packing_names[] = { "auto", "always", "never", NULL };

enum nn_packing nn_packing_of(const char *name)
{
	for (size_t i = 0; nn_packing_names[i]; i++)
		if (name == nn_packing_names[i])
			return (enum nn_packing)i;
	return NN_PACK_AUTO;
}

/* What may wait in the buffers on the way, so that it seems to come at once. */
#define TELLING (128 << 10)
#define SLOW 12.5e6 /* bytes a second */

bool nn_packed_pays(uint64_t bytes, double seconds)
{
	return bytes >= TELLING && (double)bytes < SLOW * seconds;
}

bool nn_packed_is(const struct nn_bundle *bundle)
{
	return nn_bundle_meta(bundle, NN_CODEC) != NULL;
}

static int describe(struct nn_bundle *packed, const struct nn_bundle *bundle, bool change,
	struct nn_error *err)
{
	int status = nn_bundle_copy_layout(bundle, packed, err);

	if (!status)
		status = nn_bundle_copy_metas(bundle, packed, err);
	if (!status)
		status = nn_bundle_set_meta(packed, NN_CODEC,
			change ? NN_CODEC_CHANGE : NN_CODEC_PLANES, err);
	if (!status)
		status = nn_bundle_alloc(packed, err);
	return status;
}

int nn_packed_write(struct nn_writer *writer, const struct nn_preamble *preamble,
	const struct nn_bundle *bundle, unsigned char **base, struct nn_error *err)
{
	struct nn_preamble packed_preamble = *preamble;
	struct nn_bundle packed = { 0 };
	const unsigned char *known = base ? *base : NULL;
	int status = describe(&packed, bundle, known != NULL, err);

	packed_preamble.flags |= NN_FLAG_DEFLATE;
	/* The id is that of the numbers, not of these bytes: the reader computes it. */
	if (packed_preamble.kind == NN_KIND_MODEL)
		packed_preamble.id = 0;
	if (!status) {
		nn_planes_split(packed.data, (const float *)(const void *)bundle->data,
			(const float *)(const void *)known, bundle->bytes / sizeof(float));
		status = nn_writer_frame(writer, &packed_preamble, &packed, err);
	}
	nn_bundle_free(&packed);
	if (status || !base)
		return status;
	if (!*base)
		*base = nn_alloc_aligned(bundle->bytes, err);
	if (!*base)
		return NN_FAILED;
	memcpy(*base, bundle->data, bundle->bytes);
	return NN_OK;
}

int nn_packed_open(struct nn_bundle *bundle, const struct nn_bundle *base, struct nn_error *err)
{
	const char *codec = nn_bundle_meta(bundle, NN_CODEC);
	bool change = !strcmp(codec, NN_CODEC_CHANGE);
	unsigned char *data;

	if ((!change && strcmp(codec, NN_CODEC_PLANES) != 0) || !nn_bundle_is_f32(bundle))
		return nn_fail(err, NN_BAD, "packed by an unknown codec");
	if (change && (!base || !base->data || nn_bundle_same_layout(bundle, base, err)))
		return nn_fail(err, NN_BAD, "a change of a model that did not come");
	data = nn_alloc_aligned(bundle->bytes, err);
	if (!data)
		return NN_FAILED;
	nn_planes_join((float *)(void *)data, bundle->data,
		change ? (const float *)(const void *)base->data : NULL,
		bundle->bytes / sizeof(float));
	free(bundle->data);
	bundle->data = data;
	return NN_OK;
}
