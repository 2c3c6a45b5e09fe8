#include "stream/describe.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "json/json.h"
#include "stream/part.h"
#include "stream/wire.h"

typedef unsigned long long ull;

uint64_t nn_frame_bytes(const struct nn_preamble *preamble)
{
	return NN_PREAMBLE_BYTES + preamble->stored + nn_frame_padding(preamble->stored) +
		NN_DIGEST_BYTES;
}

/* The text is built of many pieces: the first failure is kept, what follows does nothing. */
struct pen {
	struct nn_buffer *out;
	struct nn_error *err;
	int status;
};

#define PRINT(pen, ...)                                                                            \
	do {                                                                                       \
		if (!(pen)->status)                                                                \
			(pen)->status = nn_buffer_printf((pen)->out, (pen)->err, __VA_ARGS__);     \
	} while (0)

static void print_real(struct pen *pen, const char *before, double value)
{
	PRINT(pen, "%s%.6g", before, value);
}

static void print_training(struct pen *pen, const struct nn_preamble *p)
{
	bool trains = p->kind == NN_KIND_MODEL || p->kind == NN_KIND_GRAD ||
		p->kind == NN_KIND_DELTA || p->kind == NN_KIND_STATE || p->kind == NN_KIND_ACT;

	if (trains || p->step)
		PRINT(pen, ", step %llu", (ull)p->step);
	if (trains || p->epoch)
		PRINT(pen, ", epoch %llu", (ull)p->epoch);
	if (p->steps_per_epoch)
		PRINT(pen, " (%llu of %llu steps)", (ull)p->step_in_epoch, (ull)p->steps_per_epoch);
	else if (p->step_in_epoch)
		PRINT(pen, " (%llu steps)", (ull)p->step_in_epoch);
	if (p->seed)
		PRINT(pen, ", seed %llu", (ull)p->seed);
}

static void print_coverage(struct pen *pen, const struct nn_preamble *p)
{
	if (p->shards && p->end == p->first + 1)
		PRINT(pen, ", shard %llu of %llu", (ull)p->first, (ull)p->shards);
	else if (p->shards && p->end == p->first)
		PRINT(pen, ", no shard of %llu", (ull)p->shards);
	else if (p->shards)
		PRINT(pen, ", shards %llu to %llu of %llu", (ull)p->first, (ull)p->end - 1,
			(ull)p->shards);
	if (p->parts)
		PRINT(pen, ", %s %u of %u", nn_part_kind(p->kind) ? "slice" : "part",
			(unsigned)p->part, (unsigned)p->parts);
	if (p->rows || p->kind == NN_KIND_DATA || p->kind == NN_KIND_GRAD)
		PRINT(pen, ", %llu row%s", (ull)p->rows, p->rows == 1 ? "" : "s");
	/* On its way forward nobody knows it. */
	if (p->weight != (double)p->rows && p->kind != NN_KIND_DATA &&
		(p->kind != NN_KIND_ACT || p->parts))
		print_real(pen, ", weight ", p->weight);
	if (p->weight > 0)
		print_real(pen, ", mean loss ", p->loss / p->weight);
	else if (p->loss != 0)
		print_real(pen, ", loss ", p->loss);
}

int nn_describe_frame(struct nn_buffer *out, const struct nn_frame *frame, struct nn_error *err)
{
	const struct nn_preamble *p = &frame->preamble;
	struct pen pen = { out, err, NN_OK };
	char kind[16];
	char bytes[NN_F64_TEXT];
	char raw[NN_F64_TEXT];

	if (p->kind == NN_KIND_END) {
		PRINT(&pen, "end: %llu frame%s, digest %016llx", (ull)p->sequence,
			p->sequence == 1 ? "" : "s", (ull)p->id);
		return pen.status;
	}
	nn_format_bytes(frame->plain ? p->raw : nn_frame_bytes(p), bytes);
	if (frame->plain)
		PRINT(&pen, "safetensors file: ");
	else
		PRINT(&pen, "frame %llu: ", (ull)p->sequence);
	PRINT(&pen, "%s", nn_kind_name(p->kind, kind));
	print_training(&pen, p);
	print_coverage(&pen, p);
	if (p->flags & NN_FLAG_MORE)
		PRINT(&pen, ", more to come");
	if (p->id)
		PRINT(&pen, ", %s %016llx", p->kind == NN_KIND_MODEL ? "id" : "model", (ull)p->id);
	PRINT(&pen, ", %s", bytes);
	if (p->flags & NN_FLAG_DEFLATE) {
		nn_format_bytes(p->raw, raw);
		PRINT(&pen, " (a body of %s, deflated)", raw);
	}
	return pen.status;
}

/* C0, DEL, and C1 as UTF-8 writes them: a terminal obeys these. */
static size_t control_length(const char *text)
{
	unsigned char first = (unsigned char)text[0];

	if (first < 0x20 || first == 0x7f)
		return 1;
	return first == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0 ?
		2 :
		0;
}

int nn_describe_text(struct nn_buffer *out, const char *text, size_t limit, struct nn_error *err)
{
	struct pen pen = { out, err, NN_OK };
	size_t length = strlen(text);
	size_t end = length;

	/* Some grace, so that no text is cut for a few bytes; and not within a UTF-8 sequence. */
	if (length > limit + 16)
		for (end = limit; end && ((unsigned char)text[end] & 0xc0) == 0x80; end--)
			;
	for (size_t i = 0; i < end;) {
		size_t control = control_length(text + i);

		for (size_t k = 0; k < control; k++)
			PRINT(&pen, "\\x%02x", (unsigned)(unsigned char)text[i + k]);
		if (!control && !pen.status)
			pen.status = nn_buffer_append(out, text + i, 1, err);
		i += control ? control : 1;
	}
	if (end < length)
		PRINT(&pen, "... (%zu bytes more)", length - end);
	return pen.status;
}

static void put_string(struct pen *pen, const char *text)
{
	if (!pen->status)
		pen->status = nn_json_put_string(pen->out, text, pen->err);
}

static void put_real(struct pen *pen, const char *key, double value)
{
	PRINT(pen, ",\"%s\":", key);
	if (!pen->status)
		pen->status = nn_json_put_f64(pen->out, value, pen->err);
}

static void put_preamble(struct pen *pen, const struct nn_preamble *p)
{
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{ "stored", p->stored },
		{ "raw", p->raw },
		{ "step", p->step },
		{ "epoch", p->epoch },
		{ "step_in_epoch", p->step_in_epoch },
		{ "steps_per_epoch", p->steps_per_epoch },
		{ "seed", p->seed },
		{ "shards", p->shards },
		{ "first", p->first },
		{ "end", p->end },
		{ "part", p->part },
		{ "parts", p->parts },
		{ "rows", p->rows },
	};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		PRINT(pen, ",\"%s\":%llu", numbers[i].key, (ull)numbers[i].value);
	put_real(pen, "weight", p->weight);
	put_real(pen, "loss", p->loss);
	if (p->id || p->kind == NN_KIND_END)
		PRINT(pen, ",\"id\":\"%016llx\"", (ull)p->id);
	else
		PRINT(pen, ",\"id\":null");
}

static void put_stats(struct pen *pen, const struct nn_stats *stats)
{
	PRINT(pen, ",\"stats\":{\"finite\":%llu,\"zeros\":%llu,\"nan\":%llu,\"infinite\":%llu",
		(ull)stats->finite, (ull)stats->zeros, (ull)stats->nans, (ull)stats->infinities);
	put_real(pen, "min", stats->finite ? stats->min : NAN);
	put_real(pen, "max", stats->finite ? stats->max : NAN);
	put_real(pen, "mean", stats->finite ? stats->mean : NAN);
	put_real(pen, "sd", stats->finite ? nn_stats_deviation(stats) : NAN);
	PRINT(pen, "}");
}

static void put_layout(struct pen *pen, const struct nn_bundle *layout,
	const struct nn_stats *stats)
{
	PRINT(pen, ",\"tensors\":[");
	for (size_t i = 0; i < layout->count; i++) {
		const struct nn_tensor *tensor = &layout->tensors[i];

		PRINT(pen, "%s{\"name\":", i ? "," : "");
		put_string(pen, tensor->name);
		PRINT(pen, ",\"dtype\":\"%s\",\"shape\":[", nn_dtype_name(tensor->dtype));
		for (unsigned k = 0; k < tensor->ndim; k++)
			PRINT(pen, "%s%llu", k ? "," : "", (ull)tensor->shape[k]);
		PRINT(pen, "],\"offset\":%zu,\"bytes\":%zu", tensor->offset, tensor->bytes);
		if (stats)
			put_stats(pen, &stats[i]);
		PRINT(pen, "}");
	}
	PRINT(pen, "],\"metadata\":{");
	for (size_t i = 0; i < layout->meta_count; i++) {
		PRINT(pen, "%s", i ? "," : "");
		put_string(pen, layout->metas[i].key);
		PRINT(pen, ":");
		put_string(pen, layout->metas[i].value);
	}
	PRINT(pen, "}");
}

int nn_describe_json(struct nn_buffer *out, const char *file, uint64_t stream,
	const struct nn_frame *frame, const struct nn_stats *stats, struct nn_error *err)
{
	struct pen pen = { out, err, NN_OK };
	const struct nn_preamble *p = &frame->preamble;
	char kind[16];

	PRINT(&pen, "{\"file\":");
	put_string(&pen, file);
	PRINT(&pen, ",\"stream\":%llu,\"frame\":%llu,\"kind\":\"%s\",\"position\":%llu",
		(ull)stream, (ull)p->sequence, nn_kind_name(p->kind, kind), (ull)frame->position);
	PRINT(&pen, ",\"format\":\"%s\"", frame->plain ? "safetensors" : "nnt");
	PRINT(&pen, ",\"deflated\":%s", p->flags & NN_FLAG_DEFLATE ? "true" : "false");
	if (p->kind == NN_KIND_GRAD)
		PRINT(&pen, ",\"more\":%s", p->flags & NN_FLAG_MORE ? "true" : "false");
	put_preamble(&pen, p);
	if (frame->plain)
		PRINT(&pen, ",\"digest\":null");
	else
		PRINT(&pen, ",\"digest\":\"%016llx\"", (ull)frame->digest);
	if (p->kind != NN_KIND_END)
		put_layout(&pen, frame->layout, stats);
	PRINT(&pen, "}\n");
	return pen.status;
}
