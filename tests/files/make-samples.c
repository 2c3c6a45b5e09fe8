/* make-samples DIR: writes the sample files that README.md beside this lists.
 *
 * Good files are written by the library. Bad ones are put together by hand below, frame by frame, with
 * checksums that fit unless a checksum is what is wrong with them. */
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/hash.h"
#include "stream/plain.h"
#include "stream/wire.h"
#include "stream/writer.h"

#define ROOM 16384
#define CRC_AT (NN_PREAMBLE_BYTES - 4)

struct bytes {
	unsigned char data[ROOM];
	size_t length;
};

/* A stream in the making. */
struct stream {
	struct bytes bytes;
	struct bytes digests;
	uint64_t sequence;
};

static struct nn_error err;

static void must(int status)
{
	if (!status)
		return;
	fprintf(stderr, "make-samples: %s\n", err.text);
	exit(99);
}

static void add(struct bytes *to, const void *from, size_t count)
{
	if (to->length + count > ROOM)
		exit(98);
	memcpy(to->data + to->length, from, count);
	to->length += count;
}

static void save(const char *name, const struct bytes *bytes)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || write(fd, bytes->data, bytes->length) != (ssize_t)bytes->length ||
		close(fd)) {
		perror(name);
		exit(99);
	}
}

/* ---- Good files: by the library ---- */

static int memory;
static struct nn_writer *writer;

static void start(void)
{
	memory = memfd_create("sample", MFD_CLOEXEC);
	must(nn_writer_open(&writer, memory, "sample", &err));
}

static struct bytes finish(void)
{
	struct bytes bytes = { .length = 0 };

	nn_writer_close(writer);
	lseek(memory, 0, SEEK_SET);
	bytes.length = (size_t)read(memory, bytes.data, ROOM);
	close(memory);
	return bytes;
}

static void add_tensor(struct nn_bundle *bundle, const char *name, enum nn_dtype dtype,
	unsigned ndim, ...)
{
	uint64_t shape[NN_MAX_DIMS];
	va_list args;

	va_start(args, ndim);
	for (unsigned i = 0; i < ndim; i++)
		shape[i] = (uint64_t)va_arg(args, int);
	va_end(args);
	must(nn_bundle_add(bundle, name, dtype, ndim, shape, &err));
}

/* Floats are 0.5, 1.5, ... from the start of the data. */
static void fill(struct nn_bundle *bundle)
{
	must(nn_bundle_layout(bundle, &err));
	must(nn_bundle_alloc(bundle, &err));
	for (size_t i = 0; i < bundle->bytes / 4 && nn_bundle_is_f32(bundle); i++)
		((float *)(void *)bundle->data)[i] = (float)i + 0.5f;
}

#define SPEC "{\"input\":[2],\"layers\":[{\"type\":\"dense\",\"units\":3}],\"loss\":\"mse\"}"

static struct nn_bundle parameters(void)
{
	struct nn_bundle bundle = { 0 };

	add_tensor(&bundle, "0.weight", NN_F32, 2, 3, 2);
	add_tensor(&bundle, "0.bias", NN_F32, 1, 3);
	fill(&bundle);
	return bundle;
}

static struct nn_preamble put_model(void)
{
	struct nn_bundle bundle = parameters();
	struct nn_preamble preamble = { .kind = NN_KIND_MODEL,
		.step = 5,
		.epoch = 1,
		.step_in_epoch = 1,
		.steps_per_epoch = 4,
		.seed = 42,
		.id = nn_bundle_id(&bundle) };

	must(nn_bundle_set_meta(&bundle, "spec", SPEC, &err));
	must(nn_writer_frame(writer, &preamble, &bundle, &err));
	nn_bundle_free(&bundle);
	return preamble;
}

static void put_state(const struct nn_preamble *model)
{
	struct nn_preamble preamble = { .kind = NN_KIND_STATE,
		.step = model->step,
		.id = model->id };
	struct nn_bundle bundle = { 0 };

	add_tensor(&bundle, "momentum/0.weight", NN_F32, 2, 3, 2);
	add_tensor(&bundle, "momentum/0.bias", NN_F32, 1, 3);
	fill(&bundle);
	must(nn_bundle_set_meta(&bundle, "optimizer", "{\"name\":\"momentum\",\"lr\":0.1}", &err));
	must(nn_writer_frame(writer, &preamble, &bundle, &err));
	nn_bundle_free(&bundle);
}

#define SLICE "{\"0.weight\":{\"first\":4096,\"shape\":[2049,2]}}"

/* The second of two: all of a bias, and the end of a weight. */
static void put_slice(void)
{
	struct nn_preamble preamble = { .kind = NN_KIND_MODEL,
		.step = 5,
		.epoch = 1,
		.step_in_epoch = 1,
		.steps_per_epoch = 4,
		.seed = 42,
		.part = 1,
		.parts = 2 };
	struct nn_bundle bundle = { 0 };

	add_tensor(&bundle, "0.weight", NN_F32, 1, 2);
	add_tensor(&bundle, "1.bias", NN_F32, 1, 3);
	fill(&bundle);
	must(nn_bundle_set_meta(&bundle, "slice", SLICE, &err));
	must(nn_writer_frame(writer, &preamble, &bundle, &err));
	nn_bundle_free(&bundle);
	preamble.kind = NN_KIND_STATE;
	add_tensor(&bundle, "updates", NN_U64, 0);
	add_tensor(&bundle, "velocity/0.weight", NN_F32, 1, 2);
	add_tensor(&bundle, "velocity/1.bias", NN_F32, 1, 3);
	fill(&bundle);
	must(nn_bundle_set_meta(&bundle, "slice", SLICE, &err));
	must(nn_writer_frame(writer, &preamble, &bundle, &err));
	nn_bundle_free(&bundle);
}

static void put_grads(uint64_t id)
{
	for (unsigned k = 0; k < 2; k++) {
		struct nn_bundle bundle = parameters();
		struct nn_preamble preamble = { .kind = NN_KIND_GRAD,
			.step = 5,
			.epoch = 1,
			.step_in_epoch = 1,
			.steps_per_epoch = 4,
			.seed = 42,
			.shards = 2,
			.first = k,
			.end = k + 1,
			.rows = 3 + k,
			.weight = 3 + k,
			.loss = 0.25,
			.id = id };

		must(nn_bundle_set_meta(&bundle, "kernel", "none", &err));
		must(nn_writer_frame(writer, &preamble, &bundle, &err));
		nn_bundle_free(&bundle);
	}
}

static void put_data(void)
{
	struct nn_preamble preamble = { .kind = NN_KIND_DATA, .rows = 4 };
	struct nn_bundle bundle = { 0 };
	static const float x[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const int32_t y[] = { 0, 1, 1, 0 };

	add_tensor(&bundle, "x", NN_F32, 2, 4, 2);
	add_tensor(&bundle, "y", NN_I32, 1, 4);
	fill(&bundle);
	memcpy(nn_bundle_data(&bundle, nn_bundle_find(&bundle, "x")), x, sizeof x);
	memcpy(nn_bundle_data(&bundle, nn_bundle_find(&bundle, "y")), y, sizeof y);
	must(nn_bundle_set_meta(&bundle, "rows", "4", &err));
	must(nn_bundle_set_meta(&bundle, "classes", "[\"no\",\"yes\"]", &err));
	must(nn_writer_frame(writer, &preamble, &bundle, &err));
	nn_bundle_free(&bundle);
}

/* "ab\n\\ab\nb\\" in rows of four. */
static void put_text(void)
{
	struct nn_preamble preamble = { .kind = NN_KIND_DATA, .rows = 2 };
	struct nn_bundle bundle = { 0 };
	static const unsigned char tokens[] = { 2, 3, 0, 1, 2, 3, 0, 3, 1 };

	add_tensor(&bundle, "x", NN_U8, 2, 2, 4);
	add_tensor(&bundle, "y", NN_U8, 2, 2, 4);
	fill(&bundle);
	memcpy(nn_bundle_data(&bundle, nn_bundle_find(&bundle, "x")), tokens, 8);
	memcpy(nn_bundle_data(&bundle, nn_bundle_find(&bundle, "y")), tokens + 1, 8);
	must(nn_bundle_set_meta(&bundle, "rows", "2", &err));
	must(nn_bundle_set_meta(&bundle, "classes", "[\"\\\\x0a\",\"\\\\x5c\",\"a\",\"b\"]", &err));
	must(nn_bundle_set_meta(&bundle, "tokens", "bytes", &err));
	must(nn_writer_frame(writer, &preamble, &bundle, &err));
	nn_bundle_free(&bundle);
}

static void put_every_dtype(void)
{
	struct nn_preamble preamble = { .kind = NN_KIND_STATE };
	struct nn_bundle bundle = { 0 };

	for (int dtype = NN_F64; dtype <= NN_BOOL; dtype++)
		add_tensor(&bundle, nn_dtype_name((enum nn_dtype)dtype), (enum nn_dtype)dtype, 1,
			1);
	add_tensor(&bundle, "scalar", NN_F32, 0);
	add_tensor(&bundle, "empty", NN_F32, 2, 0, 3);
	add_tensor(&bundle, "eight dimensions \xc3\xa9\xe2\x82\xac", NN_U8, 8, 1, 1, 1, 1, 1, 1, 1,
		2);
	fill(&bundle);
	must(nn_writer_frame(writer, &preamble, &bundle, &err));
	nn_bundle_free(&bundle);
}

static void put_hello(unsigned kind)
{
	struct nn_preamble preamble = { .kind = kind };
	struct nn_bundle bundle = { 0 };

	fill(&bundle);
	must(nn_writer_frame(writer, &preamble, &bundle, &err));
	nn_bundle_free(&bundle);
}

/* A frame and an END by the library's writer. */
#define GOOD(name, ...)                                                                            \
	do {                                                                                       \
		struct bytes made;                                                                 \
		start();                                                                           \
		__VA_ARGS__;                                                                       \
		must(nn_writer_end(writer, &err));                                                 \
		made = finish();                                                                   \
		save(name, &made);                                                                 \
	} while (0)

static void good_files(void)
{
	struct nn_preamble model;
	struct nn_bundle bundle = parameters();
	int fd = open("good-model.safetensors", O_RDWR | O_CREAT | O_TRUNC, 0666);

	GOOD("good-end.nnt", (void)0);
	GOOD("good-model.nnt", model = put_model());
	GOOD("good-checkpoint.nnt", model = put_model(); put_state(&model));
	GOOD("good-models.nnt", put_model(); model = put_model(); put_state(&model));
	GOOD("good-slice.nnt", put_slice());
	GOOD("good-grads.nnt", put_grads(model.id));
	GOOD("good-data.nnt", put_data());
	GOOD("good-text.nnt", put_text());
	GOOD("good-dtypes.nnt", put_every_dtype());
	GOOD("good-no-tensors.nnt", put_hello(NN_KIND_HELLO));
	GOOD("good-skippable.nnt", put_hello(NN_KIND_SKIPPABLE | 77); put_model());
	GOOD("good-two-streams.nnt", put_model(); must(nn_writer_end(writer, &err)); put_model());
	must(nn_bundle_set_meta(&bundle, "spec", SPEC, &err));
	must(nn_plain_write(fd, "good-model.safetensors", &model, &bundle, &err));
	close(fd);
	nn_bundle_free(&bundle);
}

/* ---- Frames by hand ---- */

/* A body: JSON padded as it should be, then zeros. */
static struct bytes body_of(const char *json, size_t data)
{
	struct bytes body = { .length = 8 };
	size_t length;

	add(&body, json, strlen(json));
	while (body.length % NN_ALIGN)
		add(&body, " ", 1);
	length = body.length - 8;
	nn_put_u64(body.data, length);
	body.length += data; /* already zero */
	return body;
}

/* What the frame says is made to fit: sequence, lengths, CRC, digest. */
static struct nn_preamble fitting(const struct stream *stream, unsigned kind,
	const struct bytes *body)
{
	return (struct nn_preamble){ .kind = kind,
		.sequence = stream->sequence,
		.stored = body->length,
		.raw = body->length };
}

static void put_encoded(struct stream *stream, unsigned char preamble[NN_PREAMBLE_BYTES],
	const struct bytes *body, unsigned char filler)
{
	size_t start = stream->bytes.length;
	unsigned char digest[8];

	add(&stream->bytes, preamble, NN_PREAMBLE_BYTES);
	add(&stream->bytes, body->data, body->length);
	for (size_t i = nn_frame_padding(body->length); i--;)
		add(&stream->bytes, &filler, 1);
	nn_put_u64(digest, nn_hash(stream->bytes.data + start, stream->bytes.length - start));
	add(&stream->bytes, digest, 8);
	add(&stream->digests, digest, 8);
	stream->sequence++;
}

static void put_frame(struct stream *stream, const struct nn_preamble *preamble,
	const struct bytes *body)
{
	unsigned char encoded[NN_PREAMBLE_BYTES];

	nn_preamble_encode(preamble, encoded);
	put_encoded(stream, encoded, body, 0);
}

static void put_end(struct stream *stream)
{
	static const struct bytes nothing;
	struct nn_preamble end = fitting(stream, NN_KIND_END, &nothing);

	end.id = nn_hash(stream->digests.data, stream->digests.length);
	put_frame(stream, &end, &nothing);
}

#define JSON "{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}"
#define STREAM(name)                                                                               \
	static struct stream name;                                                                 \
	memset(&name, 0, sizeof name)

/* A stream of one model frame with this header and so many bytes of data. */
static void bad_header(const char *name, const char *json, size_t data)
{
	struct bytes body = body_of(json, data);
	struct nn_preamble preamble;
	STREAM(stream);

	preamble = fitting(&stream, NN_KIND_MODEL, &body);
	put_frame(&stream, &preamble, &body);
	put_end(&stream);
	save(name, &stream.bytes);
}

static void bad_headers(void)
{
	char deep[1400];

	bad_header("bad-header-json.nnt", "{\"w\":{\"dtype\":\"F32\",\"shape\":[4}}", 16);
	bad_header("bad-header-array.nnt", "[1,2]", 0);
	bad_header("bad-header-behind.nnt", JSON " {}", 16);
	bad_header("bad-header-duplicate-key.nnt",
		"{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
		16);
	bad_header("bad-header-duplicate-tensor.nnt",
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
		"\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}",
		16);
	bad_header("bad-header-utf8.nnt",
		"{\"w\xff\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", 16);
	bad_header("bad-header-nul.nnt",
		"{\"w\\u0000\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", 16);
	memset(deep, '[', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	bad_header("bad-header-deep.nnt", deep, 0);
	bad_header("bad-header-metadata.nnt", "{\"__metadata__\":{\"rows\":4}}", 0);
	bad_header("bad-tensor-key.nnt",
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16],\"x\":1}}", 16);
	bad_header("bad-tensor-null.nnt", "{\"w\":null}", 0);
	bad_header("bad-dtype.nnt",
		"{\"w\":{\"dtype\":\"F33\",\"shape\":[4],\"data_offsets\":[0,16]}}", 16);
	bad_header("bad-dtype-missing.nnt", "{\"w\":{\"shape\":[4],\"data_offsets\":[0,16]}}", 16);
	bad_header("bad-shape-overflow.nnt",
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4294967296],"
		"\"data_offsets\":[0,0]}}",
		0);
	bad_header("bad-shape-huge.nnt",
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[1099511627776],\"data_offsets\":[0,4398046511104]}}",
		16);
	bad_header("bad-shape-dimensions.nnt",
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,4],\"data_offsets\":[0,16]}}",
		16);
	bad_header("bad-shape-negative.nnt",
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}}", 16);
	bad_header("bad-shape-fraction.nnt",
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[4.5],\"data_offsets\":[0,16]}}", 16);
	bad_header("bad-shape-size.nnt",
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,16]}}", 16);
	bad_header("bad-offsets-reversed.nnt",
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,0]}}", 16);
	bad_header("bad-offsets-hole.nnt",
		"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
		"\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]}}",
		20);
	bad_header("bad-offsets-overlap.nnt",
		"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
		"\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
		12);
	bad_header("bad-offsets-order.nnt",
		"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
		"\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
		16);
	bad_header("bad-offsets-dtype-order.nnt",
		"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
		"\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]}}",
		16);
	bad_header("bad-data-missing.nnt", JSON, 12);
	bad_header("bad-data-behind.nnt", JSON, 20);
}

static void bad_header_lengths(void)
{
	static const struct {
		const char *name;
		uint64_t length;
	} bad[] = {
		{ "bad-header-length-huge.nnt", (uint64_t)1 << 62 },
		{ "bad-header-length-body.nnt", 248 },
		{ "bad-header-length-zero.nnt", 0 },
		{ "bad-header-misaligned.nnt", 55 },
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct bytes body = body_of(JSON, 16);
		struct nn_preamble preamble;
		STREAM(stream);

		nn_put_u64(body.data, bad[i].length);
		preamble = fitting(&stream, NN_KIND_MODEL, &body);
		put_frame(&stream, &preamble, &body);
		put_end(&stream);
		save(bad[i].name, &stream.bytes);
	}
}

/* ---- Preambles ---- */

/* Saves a model frame with this preamble, with the sequence and CRC as they are. */
static void bad_preamble(const char *name, struct nn_preamble preamble, const struct bytes *body)
{
	STREAM(stream);

	put_frame(&stream, &preamble, body);
	put_end(&stream);
	save(name, &stream.bytes);
}

/* The same with a byte set that encoding cannot set. */
static void bad_byte(const char *name, unsigned at, unsigned char value)
{
	struct bytes body = body_of(JSON, 16);
	unsigned char encoded[NN_PREAMBLE_BYTES];
	struct nn_preamble preamble;
	STREAM(stream);

	preamble = fitting(&stream, NN_KIND_MODEL, &body);
	nn_preamble_encode(&preamble, encoded);
	encoded[at] = value;
	if (at < CRC_AT)
		nn_put_u32(encoded + CRC_AT, (uint32_t)crc32(0, encoded, CRC_AT));
	put_encoded(&stream, encoded, &body, 0);
	put_end(&stream);
	save(name, &stream.bytes);
}

#define PREAMBLE(name, ...)                                                                        \
	do {                                                                                       \
		struct nn_preamble p = fitting(&none, NN_KIND_GRAD, &body);                        \
		__VA_ARGS__;                                                                       \
		bad_preamble(name, p, &body);                                                      \
	} while (0)

static void bad_preambles(void)
{
	struct bytes body = body_of(JSON, 16);
	static const struct stream none;

	bad_byte("bad-version.nnt", 8, 2);
	bad_byte("bad-kind.nnt", 10, 12);
	bad_byte("bad-kind-zero.nnt", 10, 0);
	bad_byte("bad-flag.nnt", 12, 0x80);
	bad_byte("bad-more.nnt", 12, NN_FLAG_MORE);
	PREAMBLE("bad-reference.nnt", p.flags = NN_FLAG_REFERENCE, p.stored = p.raw = 0);
	bad_byte("bad-reference-body.nnt", 12, NN_FLAG_REFERENCE);
	bad_byte("bad-reserved.nnt", 150, 1);
	bad_byte("bad-crc.nnt", CRC_AT, 0);
	PREAMBLE("bad-sequence.nnt", p.sequence = 5);
	PREAMBLE("bad-weight-nan.nnt", p.weight = (double)NAN);
	PREAMBLE("bad-weight-infinite.nnt", p.weight = (double)INFINITY);
	PREAMBLE("bad-weight-negative.nnt", p.weight = -1);
	PREAMBLE("bad-shards-reversed.nnt", p.shards = 4, p.first = 3, p.end = 1);
	PREAMBLE("bad-shards-beyond.nnt", p.shards = 4, p.end = 5);
	PREAMBLE("bad-part.nnt", p.part = p.parts = 2);
	PREAMBLE("bad-part-of-none.nnt", p.part = 1);
	PREAMBLE("bad-body-none.nnt", p.stored = p.raw = 0);
	PREAMBLE("bad-body-unlike.nnt", p.raw = p.stored + 64);
	PREAMBLE("bad-body-huge.nnt", p.stored = p.raw = UINT64_MAX);
	PREAMBLE("bad-body-short.nnt", p.stored = p.raw = body.length - 64);
	PREAMBLE("bad-end-body.nnt", p.kind = NN_KIND_END);
	body = body_of("{\"w\":{\"dtype\":\"U8\",\"shape\":[1099511627776],"
		       "\"data_offsets\":[0,1099511627776]}}",
		0);
	PREAMBLE("bad-body-beyond-file.nnt", p.stored = p.raw = body.length + ((uint64_t)1 << 40));
}

static void bad_filler(void)
{
	struct bytes body = body_of(JSON, 16);
	unsigned char encoded[NN_PREAMBLE_BYTES];
	struct nn_preamble preamble;
	STREAM(stream);

	preamble = fitting(&stream, NN_KIND_MODEL, &body);
	nn_preamble_encode(&preamble, encoded);
	put_encoded(&stream, encoded, &body, 1);
	put_end(&stream);
	save("bad-filler.nnt", &stream.bytes);
}

/* ---- Deflated bodies: zlib streams of one stored block, the same whatever zlib does ---- */

static uint32_t adler(const unsigned char *bytes, size_t count)
{
	uint32_t a = 1;
	uint32_t b = 0;

	for (size_t i = 0; i < count; i++) {
		a = (a + bytes[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static struct bytes deflated(const struct bytes *body)
{
	struct bytes out = { .length = 0 };
	size_t n = body->length;
	uint32_t check = adler(body->data, n);
	const unsigned char start[] = { 0x78, 0x01, 1, (unsigned char)n, (unsigned char)(n >> 8),
		(unsigned char)~n, (unsigned char)(~n >> 8) };
	const unsigned char end[] = { (unsigned char)(check >> 24), (unsigned char)(check >> 16),
		(unsigned char)(check >> 8), (unsigned char)check };

	add(&out, start, sizeof start);
	add(&out, body->data, n);
	add(&out, end, sizeof end);
	return out;
}

static void save_deflated(const char *name, const struct bytes *stored, uint64_t raw)
{
	struct nn_preamble preamble;
	STREAM(stream);

	preamble = fitting(&stream, NN_KIND_MODEL, stored);
	preamble.flags = NN_FLAG_DEFLATE;
	preamble.raw = raw;
	put_frame(&stream, &preamble, stored);
	put_end(&stream);
	save(name, &stream.bytes);
}

static void deflated_files(void)
{
	struct bytes body = body_of(JSON, 16);
	struct bytes stored = deflated(&body);
	struct bytes other;

	save_deflated("good-deflate.nnt", &stored, body.length);
	save_deflated("bad-deflate-bomb.nnt", &stored, (uint64_t)1 << 40);
	save_deflated("bad-deflate-raw-short.nnt", &stored, body.length - 4);
	other = stored;
	other.data[other.length - 6] ^= 1;
	save_deflated("bad-deflate-adler.nnt", &other, body.length);
	other = stored;
	add(&other, "junk", 4);
	save_deflated("bad-deflate-behind.nnt", &other, body.length);
	other = stored;
	other.length -= 30;
	save_deflated("bad-deflate-cut.nnt", &other, body.length);
	memset(other.data, 'x', other.length);
	save_deflated("bad-deflate-garbage.nnt", &other, body.length);
	/* The tensors fill the body as declared, but it inflates to more, or to less. */
	other = body;
	add(&other, "more", 4);
	other = deflated(&other);
	save_deflated("bad-deflate-long.nnt", &other, body.length);
	other = body;
	other.length -= 4;
	other = deflated(&other);
	save_deflated("bad-deflate-short.nnt", &other, body.length);
	/* A header of a MiB that a KiB stands for. */
	other = body_of("", 1200);
	nn_put_u64(other.data, ((uint64_t)1 << 20) - 8);
	other = deflated(&other);
	save_deflated("bad-deflate-header.nnt", &other, (uint64_t)1 << 20);
}

/* ---- Streams as wholes ---- */

static void cut_and_flip(const struct bytes *good)
{
	size_t header = NN_PREAMBLE_BYTES + 8;
	size_t end = good->length - 256; /* of the model frame */
	size_t data = end - 8 - 20 - 36; /* nine floats, filler, digest */
	const struct {
		const char *name;
		size_t length;
	} cuts[] = {
		{ "bad-cut-magic.nnt", 5 },
		{ "bad-cut-preamble.nnt", 100 },
		{ "bad-cut-body.nnt", NN_PREAMBLE_BYTES },
		{ "bad-cut-header.nnt", header + 50 },
		{ "bad-cut-data.nnt", data + 10 },
		{ "bad-cut-filler.nnt", data + 36 + 10 },
		{ "bad-cut-digest.nnt", end - 4 },
		{ "bad-cut-end.nnt", good->length - 8 },
		{ "bad-no-end.nnt", end },
	};
	const struct {
		const char *name;
		size_t at;
	} flips[] = {
		{ "bad-flip-magic.nnt", 3 },
		{ "bad-flip-preamble.nnt", 41 },
		{ "bad-flip-header.nnt", header + 28 },
		{ "bad-flip-data.nnt", data + 5 },
		{ "bad-flip-filler.nnt", data + 36 + 3 },
		{ "bad-flip-digest.nnt", end - 3 },
		{ "bad-flip-end.nnt", end + 200 },
	};
	struct bytes bad;

	for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		bad = *good;
		bad.length = cuts[i].length;
		save(cuts[i].name, &bad);
	}
	for (size_t i = 0; i < sizeof flips / sizeof flips[0]; i++) {
		bad = *good;
		bad.data[flips[i].at] ^= 1;
		save(flips[i].name, &bad);
	}
}

static void bad_surroundings(const struct bytes *good)
{
	static const char banner[] = "Last login: Mon Jan  1 from elsewhere\n";
	struct bytes bad = { .length = 0 };

	save("bad-empty.nnt", &bad);
	add(&bad, banner, sizeof banner - 1);
	add(&bad, good->data, good->length);
	save("bad-banner.nnt", &bad);
	/* CR LF became LF on the way. */
	bad = *good;
	memmove(bad.data + 4, bad.data + 5, --bad.length - 4);
	save("bad-text-transfer.nnt", &bad);
	bad = *good;
	add(&bad, "\n", 1);
	save("bad-behind-end.nnt", &bad);
}

static void bad_ends(void)
{
	struct bytes body = body_of(JSON, 16);
	static const struct bytes nothing;
	struct nn_preamble preamble;
	struct nn_preamble end;
	STREAM(lost);
	STREAM(count);
	STREAM(digest);
	STREAM(flags);

	/* Two frames, of which the first or the second does not arrive. */
	for (int i = 0; i < 2; i++) {
		preamble = fitting(&lost, NN_KIND_MODEL, &body);
		preamble.step = (uint64_t)i;
		put_frame(&lost, &preamble, &body);
	}
	put_end(&lost);
	{
		size_t frame = (lost.bytes.length - 256) / 2;
		struct bytes bad = { .length = 0 };

		add(&bad, lost.bytes.data + frame, lost.bytes.length - frame);
		save("bad-lost-first.nnt", &bad);
		bad.length = 0;
		add(&bad, lost.bytes.data, frame);
		add(&bad, lost.bytes.data + 2 * frame, 256);
		save("bad-lost-last.nnt", &bad);
	}
	preamble = fitting(&count, NN_KIND_MODEL, &body);
	put_frame(&count, &preamble, &body);
	count.sequence = 7;
	put_end(&count);
	save("bad-end-count.nnt", &count.bytes);
	preamble = fitting(&digest, NN_KIND_MODEL, &body);
	put_frame(&digest, &preamble, &body);
	digest.digests.data[0] ^= 1;
	put_end(&digest);
	save("bad-end-digest.nnt", &digest.bytes);
	end = fitting(&flags, NN_KIND_END, &nothing);
	end.id = nn_hash(NULL, 0);
	end.flags = NN_FLAG_DEFLATE;
	put_frame(&flags, &end, &nothing);
	save("bad-end-flags.nnt", &flags.bytes);
}

/* ---- Plain safetensors files ---- */

static void save_plain(const char *name, const char *json, const void *data, size_t count)
{
	struct bytes file = { .length = 8 };

	nn_put_u64(file.data, strlen(json));
	add(&file, json, strlen(json));
	add(&file, data, count);
	save(name, &file);
}

static void plain_files(void)
{
	/* 1, -2 as F64; 0.5, 65504, 2^-24 as F16 */
	static const unsigned char numbers[] = { 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0,
		0xc0, 0, 0x38, 0xff, 0x7b, 1, 0 };

	save_plain("good-foreign.safetensors",
		"{\"b\": {\"dtype\": \"F16\", \"shape\": [3], \"data_offsets\": [16, 22]},\n"
		" \"a\": {\"dtype\": \"F64\", \"shape\": [2], \"data_offsets\": [0, 16]}}",
		numbers, 22);
	save_plain("bad-cut.safetensors", JSON, numbers, 15);
	save_plain("bad-behind.safetensors", JSON, numbers, 17);
	save_plain("bad-hole.safetensors",
		"{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[4,20]}}", numbers, 20);
	save_plain("bad-json.safetensors", "{\"w\":{\"dtype\":\"F32\"", numbers, 0);
	save_plain("bad-preamble.safetensors",
		"{\"__metadata__\":{\"nnt.part\":\"3\"},"
		"\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
		numbers, 16);
}

int main(int argc, char **argv)
{
	struct bytes good;

	if (argc != 2 || chdir(argv[1])) {
		fprintf(stderr, "usage: make-samples DIR\n");
		return 2;
	}
	good_files();
	start();
	put_model();
	must(nn_writer_end(writer, &err));
	good = finish();
	cut_and_flip(&good);
	bad_surroundings(&good);
	bad_preambles();
	bad_headers();
	bad_header_lengths();
	bad_filler();
	deflated_files();
	bad_ends();
	plain_files();
	return 0;
}
