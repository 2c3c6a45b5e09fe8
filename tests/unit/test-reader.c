/* What the reader promises its callers beyond refusing damage. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "tests/unit/tap.h"

static struct nn_error err;

static int memory_file(void)
{
	return memfd_create("test", MFD_CLOEXEC);
}

/* One tensor "w" of `size` floats. */
static void make_bundle(struct nn_bundle *bundle, uint64_t size)
{
	*bundle = (struct nn_bundle){ 0 };
	if (nn_bundle_add(bundle, "w", NN_F32, 1, &size, &err) || nn_bundle_layout(bundle, &err) ||
		nn_bundle_alloc(bundle, &err))
		exit(1);
}

static void put_frame(struct nn_writer *writer, unsigned kind, uint64_t size)
{
	struct nn_preamble preamble = { .kind = kind };
	struct nn_bundle bundle;

	make_bundle(&bundle, size);
	if (nn_writer_frame(writer, &preamble, &bundle, &err))
		exit(1);
	nn_bundle_free(&bundle);
}

static struct nn_reader *rewound(int fd)
{
	struct nn_reader *reader;

	lseek(fd, 0, SEEK_SET);
	if (nn_reader_open(&reader, fd, "test", NN_KIND_MODEL, &err))
		exit(1);
	return reader;
}

static void test_same_layout(void)
{
	int fd = memory_file();
	struct nn_writer *writer;
	struct nn_reader *reader;
	const struct nn_frame *frame;

	nn_writer_open(&writer, fd, "test", &err);
	put_frame(writer, NN_KIND_GRAD, 1);
	put_frame(writer, NN_KIND_MODEL, 2);
	put_frame(writer, NN_KIND_GRAD, 2);
	put_frame(writer, NN_KIND_SKIPPABLE | 77, 3);
	put_frame(writer, NN_KIND_GRAD, 3);
	nn_writer_end(writer, &err);
	put_frame(writer, NN_KIND_GRAD, 3);
	nn_writer_end(writer, &err);
	nn_writer_close(writer);
	reader = rewound(fd);
	ok(!nn_reader_find(reader, NN_KIND_GRAD, &frame, &err) && !frame->same_layout,
		"the first frame");
	ok(!nn_reader_find(reader, NN_KIND_GRAD, &frame, &err) && !frame->same_layout,
		"like the frame before, but not like the last that was asked for");
	ok(!nn_reader_find(reader, NN_KIND_GRAD, &frame, &err) && !frame->same_layout,
		"like a frame that was passed over");
	ok(!nn_reader_find(reader, NN_KIND_GRAD, &frame, &err) && frame->same_layout,
		"like the last, in the stream before");
	nn_reader_close(reader);
	close(fd);
}

static void test_verify_twice(void)
{
	int fd = memory_file();
	struct nn_writer *writer;
	struct nn_reader *reader;
	const struct nn_frame *frame;
	struct nn_bundle bundle;
	float number;

	nn_writer_open(&writer, fd, "test", &err);
	put_frame(writer, NN_KIND_GRAD, 5);
	put_frame(writer, NN_KIND_GRAD, 5);
	nn_writer_end(writer, &err);
	nn_writer_close(writer);
	reader = rewound(fd);
	ok(!nn_reader_next(reader, &frame, &err) && !nn_reader_load(reader, &bundle, &err) &&
			!nn_reader_verify(reader, &err) && !nn_reader_verify(reader, &err),
		"verifying what has been verified");
	nn_bundle_free(&bundle);
	ok(!nn_reader_next(reader, &frame, &err) && !nn_reader_take(reader, &number, 4, &err),
		"the next frame is where it should be");
	{
		float rest[5];

		ok(nn_reader_take(reader, rest, sizeof rest, &err) == NN_BAD,
			"no more than the frame has can be taken");
	}
	nn_reader_close(reader);
	close(fd);
}

/* A preamble that was copied from a deflated frame. */
static void test_pieces_are_raw(void)
{
	int fd = memory_file();
	struct nn_writer *writer;
	struct nn_reader *reader;
	const struct nn_frame *frame;
	struct nn_preamble preamble = { .kind = NN_KIND_GRAD, .flags = NN_FLAG_DEFLATE };
	struct nn_bundle bundle;

	make_bundle(&bundle, 4);
	nn_writer_open(&writer, fd, "test", &err);
	ok(!nn_writer_begin(writer, &preamble, &bundle, &err) &&
			!nn_writer_put(writer, bundle.data, bundle.bytes, &err) &&
			!nn_writer_finish(writer, &err) && !nn_writer_end(writer, &err),
		"written in pieces");
	nn_writer_close(writer);
	nn_bundle_free(&bundle);
	reader = rewound(fd);
	ok(!nn_reader_next(reader, &frame, &err) && !frame->preamble.flags &&
			!nn_reader_load(reader, &bundle, &err),
		"and read, not deflated");
	nn_bundle_free(&bundle);
	nn_reader_close(reader);
	close(fd);
}

/* `count` metadata in the wrong order, or one of `count` bytes. */
static void put_header(struct nn_buffer *json, unsigned count, bool one)
{
	nn_buffer_puts(json, "{\"__metadata__\":{", &err);
	if (one) {
		nn_buffer_puts(json, "\"a\":\"", &err);
		for (unsigned i = 0; i < count; i++)
			nn_buffer_puts(json, "x", &err);
		nn_buffer_puts(json, "\"", &err);
	}
	for (unsigned i = count; i-- && !one;)
		nn_buffer_printf(json, &err, "\"%08u\":\"\"%s", i, i ? "," : "");
	nn_buffer_puts(json, "}}", &err);
}

static void test_many_metas(void)
{
	int fd = memory_file();
	struct nn_buffer json = { 0 };
	struct nn_reader *reader;
	const struct nn_frame *frame;
	unsigned char length[8];

	put_header(&json, 300000, false);
	for (unsigned i = 0; i < 8; i++)
		length[i] = (unsigned char)((uint64_t)json.length >> 8 * i);
	ok(write(fd, length, 8) == 8 && write(fd, json.data, json.length) == (ssize_t)json.length,
		"a safetensors file of %zu bytes of header", json.length);
	nn_buffer_free(&json);
	reader = rewound(fd);
	ok(!nn_reader_next(reader, &frame, &err) && frame->layout->meta_count == 300000 &&
			!strcmp(frame->layout->metas[7].key, "00000007"),
		"300,000 metadata in the wrong order are read, and soon");
	nn_reader_close(reader);
	close(fd);
}

/* A header that deflates by more than readers believe is written as it is. */
static void test_flat_header(void)
{
	int fd = memory_file();
	struct nn_writer *writer;
	struct nn_reader *reader;
	const struct nn_frame *frame;
	struct nn_preamble preamble = { .kind = NN_KIND_GRAD, .flags = NN_FLAG_DEFLATE };
	struct nn_bundle bundle;
	char *flat = malloc(1000001);

	make_bundle(&bundle, 1);
	memset(flat, 'x', 1000000);
	flat[1000000] = '\0';
	nn_bundle_set_meta(&bundle, "flat", flat, &err);
	free(flat);
	nn_writer_open(&writer, fd, "test", &err);
	ok(!nn_writer_frame(writer, &preamble, &bundle, &err) && !nn_writer_end(writer, &err),
		"a million times the same byte");
	nn_writer_close(writer);
	nn_bundle_free(&bundle);
	reader = rewound(fd);
	ok(!nn_reader_next(reader, &frame, &err) && !frame->preamble.flags &&
			strlen(nn_bundle_meta(frame->layout, "flat")) == 1000000,
		"come back, not deflated");
	nn_reader_close(reader);
	close(fd);
}

/* A pipe that stays open, as a remote shell's that has printed its banner. */
static int from_pipe(const char *bytes, size_t count)
{
	struct nn_reader *reader;
	const struct nn_frame *frame;
	int ends[2];
	int status;

	if (pipe(ends) || write(ends[1], bytes, count) != (ssize_t)count ||
		nn_reader_open(&reader, ends[0], "pipe", 0, &err))
		exit(1);
	status = nn_reader_next(reader, &frame, &err);
	nn_reader_close(reader);
	close(ends[0]);
	close(ends[1]);
	return status;
}

static void test_banner(void)
{
	alarm(20);
	ok(from_pipe("Welcome to host\n", 16) == NN_FAILED, "a banner on an open pipe");
	is_text(err.text,
		"pipe: frame 0, byte 0: no frame here, but \"Welcome to host\\n\" "
		"(a text? nn-import makes data of tables and texts; or a login script prints into the pipe)",
		"is refused at once, and shown");
	ok(from_pipe("\xab\x00\x01\x02\x03\x04\x05\x06", 8) == NN_FAILED &&
			!strstr(err.text, "login"),
		"what is no text is no banner");
	alarm(0);
}

static void test_not_utf8(void)
{
	int fd = memory_file();
	struct nn_writer *writer;
	struct nn_preamble preamble = { .kind = NN_KIND_MODEL };
	struct nn_bundle bundle;

	make_bundle(&bundle, 1);
	nn_bundle_set_meta(&bundle, "origin", "caf\xe9.csv", &err);
	nn_writer_open(&writer, fd, "test", &err);
	ok(nn_writer_frame(writer, &preamble, &bundle, &err) && lseek(fd, 0, SEEK_END) == 0,
		"what readers would refuse is not written");
	nn_writer_close(writer);
	nn_bundle_free(&bundle);
	close(fd);
}

int main(void)
{
	test_same_layout();
	test_verify_twice();
	test_pieces_are_raw();
	test_many_metas();
	test_flat_header();
	test_banner();
	test_not_utf8();
	return tap_done();
}
