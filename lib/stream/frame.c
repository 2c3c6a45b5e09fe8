#include "stream/frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "stream/wire.h"

/* Offsets of the fields. CRC's place and the preamble's size hold for all versions. */
enum {
	AT_MAGIC = 0,
	AT_VERSION = 8,
	AT_KIND = 10,
	AT_FLAGS = 12,
	AT_SEQUENCE = 16,
	AT_STORED = 24,
	AT_RAW = 32,
	AT_STEP = 40,
	AT_EPOCH = 48,
	AT_STEP_IN_EPOCH = 56,
	AT_STEPS_PER_EPOCH = 64,
	AT_SEED = 72,
	AT_SHARDS = 80,
	AT_FIRST = 88,
	AT_END = 96,
	AT_PART = 104,
	AT_PARTS = 108,
	AT_ROWS = 112,
	AT_WEIGHT = 120,
	AT_LOSS = 128,
	AT_ID = 136,
	AT_REFERENCE = 144,
	AT_RESERVED = 176,
	AT_CRC = 188,
};

#define KNOWN_FLAGS (uint32_t)(NN_FLAG_DEFLATE | NN_FLAG_REFERENCE | NN_FLAG_MORE)

const char *nn_kind_name(unsigned kind, char buffer[static 16])
{
	static const char *const names[] = {
		[NN_KIND_DATA] = "data",
		[NN_KIND_MODEL] = "model",
		[NN_KIND_GRAD] = "grad",
		[NN_KIND_DELTA] = "delta",
		[NN_KIND_STATE] = "state",
		[NN_KIND_TASK] = "task",
		[NN_KIND_METRICS] = "metrics",
		[NN_KIND_ACT] = "act",
		[NN_KIND_HELLO] = "hello",
		[NN_KIND_ERROR] = "error",
		[NN_KIND_END] = "end",
	};

	if (kind && kind < sizeof names / sizeof names[0])
		return names[kind];
	snprintf(buffer, 16, "kind %u", kind);
	return buffer;
}

bool nn_is_magic(const unsigned char bytes[static 8])
{
	return !memcmp(bytes, NN_MAGIC, NN_MAGIC_BYTES);
}

static void put_f64(unsigned char *to, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	nn_put_u64(to, bits);
}

static double get_f64(const unsigned char *from)
{
	uint64_t bits = nn_get_u64(from);
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

void nn_preamble_encode(const struct nn_preamble *preamble,
	unsigned char bytes[static NN_PREAMBLE_BYTES])
{
	memset(bytes, 0, NN_PREAMBLE_BYTES);
	memcpy(bytes, NN_MAGIC, NN_MAGIC_BYTES);
	bytes[AT_VERSION] = NN_FRAME_VERSION;
	bytes[AT_KIND] = (unsigned char)preamble->kind;
	bytes[AT_KIND + 1] = (unsigned char)(preamble->kind >> 8);
	nn_put_u32(bytes + AT_FLAGS, preamble->flags);
	nn_put_u64(bytes + AT_SEQUENCE, preamble->sequence);
	nn_put_u64(bytes + AT_STORED, preamble->stored);
	nn_put_u64(bytes + AT_RAW, preamble->raw);
	nn_put_u64(bytes + AT_STEP, preamble->step);
	nn_put_u64(bytes + AT_EPOCH, preamble->epoch);
	nn_put_u64(bytes + AT_STEP_IN_EPOCH, preamble->step_in_epoch);
	nn_put_u64(bytes + AT_STEPS_PER_EPOCH, preamble->steps_per_epoch);
	nn_put_u64(bytes + AT_SEED, preamble->seed);
	nn_put_u64(bytes + AT_SHARDS, preamble->shards);
	nn_put_u64(bytes + AT_FIRST, preamble->first);
	nn_put_u64(bytes + AT_END, preamble->end);
	nn_put_u32(bytes + AT_PART, preamble->part);
	nn_put_u32(bytes + AT_PARTS, preamble->parts);
	nn_put_u64(bytes + AT_ROWS, preamble->rows);
	put_f64(bytes + AT_WEIGHT, preamble->weight);
	put_f64(bytes + AT_LOSS, preamble->loss);
	nn_put_u64(bytes + AT_ID, preamble->id);
	for (unsigned i = 0; i < 4 && preamble->flags & NN_FLAG_REFERENCE; i++)
		nn_put_u64(bytes + AT_REFERENCE + 8 * i, preamble->reference[i]);
	nn_put_u32(bytes + AT_CRC, (uint32_t)crc32(0, bytes, AT_CRC));
}

static void decode_fields(const unsigned char *bytes, struct nn_preamble *preamble)
{
	*preamble = (struct nn_preamble){
		.kind = bytes[AT_KIND] | (unsigned)bytes[AT_KIND + 1] << 8,
		.flags = nn_get_u32(bytes + AT_FLAGS),
		.sequence = nn_get_u64(bytes + AT_SEQUENCE),
		.stored = nn_get_u64(bytes + AT_STORED),
		.raw = nn_get_u64(bytes + AT_RAW),
		.step = nn_get_u64(bytes + AT_STEP),
		.epoch = nn_get_u64(bytes + AT_EPOCH),
		.step_in_epoch = nn_get_u64(bytes + AT_STEP_IN_EPOCH),
		.steps_per_epoch = nn_get_u64(bytes + AT_STEPS_PER_EPOCH),
		.seed = nn_get_u64(bytes + AT_SEED),
		.shards = nn_get_u64(bytes + AT_SHARDS),
		.first = nn_get_u64(bytes + AT_FIRST),
		.end = nn_get_u64(bytes + AT_END),
		.part = nn_get_u32(bytes + AT_PART),
		.parts = nn_get_u32(bytes + AT_PARTS),
		.rows = nn_get_u64(bytes + AT_ROWS),
		.weight = get_f64(bytes + AT_WEIGHT),
		.loss = get_f64(bytes + AT_LOSS),
		.id = nn_get_u64(bytes + AT_ID),
	};
	for (unsigned i = 0; i < 4 && preamble->flags & NN_FLAG_REFERENCE; i++)
		preamble->reference[i] = nn_get_u64(bytes + AT_REFERENCE + 8 * i);
}

int nn_preamble_check(const struct nn_preamble *preamble, unsigned *at, struct nn_error *err)
{
	char name[16];
	bool empty = preamble->kind == NN_KIND_END || preamble->flags & NN_FLAG_REFERENCE;

	if (empty ? preamble->stored || preamble->raw : preamble->raw < 8) {
		*at = AT_RAW;
		return nn_fail(err, NN_BAD, "a body of %llu bytes in a frame of %s",
			(unsigned long long)preamble->raw, nn_kind_name(preamble->kind, name));
	}
	if (preamble->kind == NN_KIND_END && preamble->flags) {
		*at = AT_FLAGS;
		return nn_fail(err, NN_BAD, "flags 0x%x in an END frame",
			(unsigned)preamble->flags);
	}
	if (preamble->flags & NN_FLAG_REFERENCE && preamble->flags & NN_FLAG_DEFLATE) {
		*at = AT_FLAGS;
		return nn_fail(err, NN_BAD, "a deflated reference");
	}
	if (preamble->flags & NN_FLAG_MORE && preamble->kind != NN_KIND_GRAD) {
		*at = AT_FLAGS;
		return nn_fail(err, NN_BAD, "flag 0x%x in a frame of %s, which is no gradient",
			(unsigned)NN_FLAG_MORE, nn_kind_name(preamble->kind, name));
	}
	if (!(preamble->flags & NN_FLAG_DEFLATE) && preamble->stored != preamble->raw) {
		*at = AT_STORED;
		return nn_fail(err, NN_BAD, "%llu bytes stored for a body of %llu, not deflated",
			(unsigned long long)preamble->stored, (unsigned long long)preamble->raw);
	}
	if (preamble->stored > INT64_MAX || preamble->raw > INT64_MAX) {
		*at = AT_STORED;
		return nn_fail(err, NN_BAD, "a body of %llu bytes is beyond any file",
			(unsigned long long)preamble->raw);
	}
	if (preamble->first > preamble->end || preamble->end > preamble->shards) {
		*at = AT_FIRST;
		return nn_fail(err, NN_BAD, "shards %llu to %llu of %llu",
			(unsigned long long)preamble->first, (unsigned long long)preamble->end,
			(unsigned long long)preamble->shards);
	}
	if (preamble->part >= preamble->parts && (preamble->part || preamble->parts)) {
		*at = AT_PART;
		return nn_fail(err, NN_BAD, "part %u of %u", (unsigned)preamble->part,
			(unsigned)preamble->parts);
	}
	if (!isfinite(preamble->weight) || preamble->weight < 0) {
		*at = AT_WEIGHT;
		return nn_fail(err, NN_BAD, "the weight is %g", preamble->weight);
	}
	return NN_OK;
}

int nn_no_magic(const unsigned char *bytes, size_t count, struct nn_error *err)
{
	char found[4 * 32 + 1] = "";
	size_t used = 0;

	if (count > 32)
		count = 32;
	for (size_t i = 0; i < count; i++) {
		bool plain = bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\\';
		const char *format = plain ? "%c" : bytes[i] == '\n' ? "\\n" : "\\x%02x";

		used += (size_t)snprintf(found + used, sizeof found - used, format, bytes[i]);
	}
	return nn_fail(err, NN_BAD, "no frame here, but \"%s\"", found);
}

bool nn_is_text(const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((bytes[i] < 0x20 && !strchr("\t\n\r\x1b", bytes[i])) || bytes[i] >= 0x7f)
			return false;
	return count;
}

int nn_preamble_decode(const unsigned char bytes[static NN_PREAMBLE_BYTES],
	struct nn_preamble *preamble, unsigned *at, struct nn_error *err)
{
	unsigned version = bytes[AT_VERSION] | (unsigned)bytes[AT_VERSION + 1] << 8;
	uint32_t crc = (uint32_t)crc32(0, bytes, AT_CRC);

	*at = AT_MAGIC;
	if (!nn_is_magic(bytes))
		return nn_no_magic(bytes, NN_PREAMBLE_BYTES, err);
	*at = AT_CRC;
	if (crc != nn_get_u32(bytes + AT_CRC))
		return nn_fail(err, NN_BAD, "damaged preamble: CRC %08x, computed %08x",
			(unsigned)nn_get_u32(bytes + AT_CRC), (unsigned)crc);
	*at = AT_VERSION;
	if (version != NN_FRAME_VERSION)
		return nn_fail(err, NN_BAD, "format version %u; this program reads version %d",
			version, NN_FRAME_VERSION);
	decode_fields(bytes, preamble);
	*at = AT_KIND;
	if (!preamble->kind ||
		(preamble->kind > NN_KIND_END && !(preamble->kind & NN_KIND_SKIPPABLE)))
		return nn_fail(err, NN_BAD, "unknown kind %u", preamble->kind);
	*at = AT_FLAGS;
	if (preamble->flags & ~KNOWN_FLAGS)
		return nn_fail(err, NN_BAD, "unknown flags 0x%x",
			(unsigned)(preamble->flags & ~KNOWN_FLAGS));
	for (unsigned i = preamble->flags & NN_FLAG_REFERENCE ? AT_RESERVED : AT_REFERENCE;
		i < AT_CRC; i++)
		if (bytes[i]) {
			*at = i;
			return nn_fail(err, NN_BAD, "reserved byte is 0x%02x, not zero", bytes[i]);
		}
	return nn_preamble_check(preamble, at, err);
}
