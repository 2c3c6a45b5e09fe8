#include "stream/plain.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "stream/safetensors.h"
#include "stream/wire.h"

#define PREFIX "nnt."

enum type { U64, U32, F64 };

static const struct {
	const char *key;
	enum type type;
	size_t offset;
} fields[] = {
	{ "nnt.step", U64, offsetof(struct nn_preamble, step) },
	{ "nnt.epoch", U64, offsetof(struct nn_preamble, epoch) },
	{ "nnt.step_in_epoch", U64, offsetof(struct nn_preamble, step_in_epoch) },
	{ "nnt.steps_per_epoch", U64, offsetof(struct nn_preamble, steps_per_epoch) },
	{ "nnt.seed", U64, offsetof(struct nn_preamble, seed) },
	{ "nnt.shards", U64, offsetof(struct nn_preamble, shards) },
	{ "nnt.first", U64, offsetof(struct nn_preamble, first) },
	{ "nnt.end", U64, offsetof(struct nn_preamble, end) },
	{ "nnt.part", U32, offsetof(struct nn_preamble, part) },
	{ "nnt.parts", U32, offsetof(struct nn_preamble, parts) },
	{ "nnt.rows", U64, offsetof(struct nn_preamble, rows) },
	{ "nnt.weight", F64, offsetof(struct nn_preamble, weight) },
	{ "nnt.loss", F64, offsetof(struct nn_preamble, loss) },
};
#define FIELDS (sizeof fields / sizeof fields[0])

/* The field as text; *zero if there is no need to write it. */
static void field_text(const struct nn_preamble *preamble, size_t i, char text[NN_F64_TEXT],
	bool *zero)
{
	const char *at = (const char *)preamble + fields[i].offset;
	uint64_t number = 0;
	uint32_t small;
	double real;

	switch (fields[i].type) {
	case U64:
		memcpy(&number, at, sizeof number);
		break;
	case U32:
		memcpy(&small, at, sizeof small);
		number = small;
		break;
	case F64:
		memcpy(&real, at, sizeof real);
		*zero = real == 0 || !isfinite(real);
		nn_format_f64(real, text);
		return;
	}
	*zero = !number;
	snprintf(text, NN_F64_TEXT, "%" PRIu64, number);
}

static int put_fields(struct nn_bundle *metas, const struct nn_preamble *preamble,
	struct nn_error *err)
{
	char text[NN_F64_TEXT];
	int status =
		nn_bundle_set_meta(metas, PREFIX "kind", nn_kind_name(preamble->kind, text), err);

	for (size_t i = 0; i < FIELDS && !status; i++) {
		bool zero;

		field_text(preamble, i, text, &zero);
		if (!zero)
			status = nn_bundle_set_meta(metas, fields[i].key, text, err);
	}
	if (status || !preamble->id)
		return status;
	snprintf(text, sizeof text, "%016" PRIx64, preamble->id);
	return nn_bundle_set_meta(metas, PREFIX "id", text, err);
}

int nn_plain_write(int fd, const char *name, const struct nn_preamble *preamble,
	const struct nn_bundle *bundle, struct nn_error *err)
{
	struct nn_buffer header = { 0 };
	struct nn_bundle layout;
	int status = nn_bundle_copy_layout(bundle, &layout, err);

	if (status)
		return status;
	status = nn_bundle_copy_metas(bundle, &layout, err);
	if (!status)
		status = put_fields(&layout, preamble, err);
	if (!status)
		status = nn_header_write(&header, &layout, err);
	if (!status)
		status = nn_write(fd, header.data, header.length, name, err);
	if (!status)
		status = nn_write(fd, bundle->data, bundle->bytes, name, err);
	nn_buffer_free(&header);
	nn_bundle_free(&layout);
	return status;
}

static bool parse_field(struct nn_preamble *preamble, size_t i, const char *text)
{
	char *at = (char *)preamble + fields[i].offset;
	uint64_t number;
	uint32_t small;
	double real;

	if (fields[i].type == F64) {
		if (!nn_parse_f64(text, &real))
			return false;
		memcpy(at, &real, sizeof real);
		return true;
	}
	if (!nn_parse_u64(text, &number) || (fields[i].type == U32 && number > UINT32_MAX))
		return false;
	small = (uint32_t)number;
	memcpy(at, fields[i].type == U32 ? (void *)&small : (void *)&number,
		fields[i].type == U32 ? sizeof small : sizeof number);
	return true;
}

static bool parse_id(const char *text, uint64_t *id)
{
	if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return false;
	*id = strtoull(text, NULL, 16);
	return true;
}

static bool parse_kind(const char *text, unsigned *kind)
{
	char buffer[16];

	for (unsigned k = NN_KIND_DATA; k < NN_KIND_END; k++)
		if (!strcmp(text, nn_kind_name(k, buffer))) {
			*kind = k;
			return true;
		}
	return false;
}

/* False if `meta` has a value that cannot be; *ours if its key is one of these. */
static bool take_meta(const struct nn_meta *meta, struct nn_preamble *preamble, bool *ours)
{
	*ours = true;
	if (!strcmp(meta->key, PREFIX "kind"))
		return parse_kind(meta->value, &preamble->kind);
	if (!strcmp(meta->key, PREFIX "id"))
		return parse_id(meta->value, &preamble->id);
	for (size_t i = 0; i < FIELDS; i++)
		if (!strcmp(meta->key, fields[i].key))
			return parse_field(preamble, i, meta->value);
	*ours = false;
	return true;
}

int nn_plain_restore(struct nn_bundle *layout, struct nn_preamble *preamble, struct nn_error *err)
{
	size_t kept = 0;
	unsigned at;
	int status = NN_OK;

	for (size_t i = 0; i < layout->meta_count; i++) {
		struct nn_meta *meta = &layout->metas[i];
		bool ours = false;

		if (!status && !take_meta(meta, preamble, &ours))
			status = nn_fail(err, NN_BAD, "metadata `%s`: not '%.40s'", meta->key,
				meta->value);
		if (!ours) {
			layout->metas[kept++] = *meta;
		} else {
			free(meta->key);
			free(meta->value);
		}
	}
	layout->meta_count = kept;
	if (!status && nn_preamble_check(preamble, &at, err))
		status = nn_fail_in(err, "metadata `nnt.*`");
	if (preamble->kind == NN_KIND_MODEL)
		preamble->id = 0;
	return status;
}
