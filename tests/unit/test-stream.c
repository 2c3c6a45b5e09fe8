/* Every cut and every flipped bit of a three-frame stream is refused. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "stream/join.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "tests/unit/tap.h"

static struct nn_error err;

static int memory_file(void)
{
	return memfd_create("test", MFD_CLOEXEC);
}

static void make_bundle(struct nn_bundle *bundle, float start)
{
	const uint64_t weight[] = { 3, 5 };
	const uint64_t bias[] = { 3 };

	*bundle = (struct nn_bundle){ 0 };
	nn_bundle_add(bundle, "0.weight", NN_F32, 2, weight, &err);
	nn_bundle_add(bundle, "0.bias", NN_F32, 1, bias, &err);
	nn_bundle_layout(bundle, &err);
	nn_bundle_alloc(bundle, &err);
	nn_bundle_set_meta(bundle, "kernel", "none \"quoted\"", &err);
	for (size_t i = 0; i < bundle->bytes / sizeof(float); i++)
		((float *)(void *)bundle->data)[i] = start + (float)i;
}

/* Three frames and an END; the middle one deflated if asked. */
static size_t write_stream(int fd, uint32_t middle_flags)
{
	struct nn_writer *writer;
	bool fine = !nn_writer_open(&writer, fd, "test", &err);

	for (unsigned i = 0; i < 3 && fine; i++) {
		struct nn_bundle bundle;
		struct nn_preamble preamble = { .kind = NN_KIND_GRAD,
			.step = 7,
			.shards = 3,
			.first = i,
			.end = i + 1,
			.rows = 10 + i,
			.weight = 10 + i,
			.loss = 0.5,
			.flags = i == 1 ? middle_flags : 0 };

		make_bundle(&bundle, (float)i);
		fine = !nn_writer_frame(writer, &preamble, &bundle, &err);
		nn_bundle_free(&bundle);
	}
	fine = fine && !nn_writer_end(writer, &err);
	nn_writer_close(writer);
	return fine ? (size_t)lseek(fd, 0, SEEK_END) : 0;
}

/* Reads everything; the number of frames before END, or -1 with err filled. */
static int read_stream(int fd, bool load)
{
	struct nn_reader *reader;
	const struct nn_frame *frame;
	int frames = 0;
	int status;

	lseek(fd, 0, SEEK_SET);
	if (nn_reader_open(&reader, fd, "test", NN_KIND_MODEL, &err))
		return -1;
	while (!(status = nn_reader_next(reader, &frame, &err)) && frame) {
		struct nn_bundle bundle;

		if (frame->preamble.kind == NN_KIND_END)
			continue;
		frames++;
		if (!load)
			continue;
		status = nn_reader_load(reader, &bundle, &err);
		if (status)
			break;
		nn_bundle_free(&bundle);
	}
	nn_reader_close(reader);
	return status ? -1 : frames;
}

static int file_of(const unsigned char *bytes, size_t count)
{
	int fd = memory_file();

	if (count && write(fd, bytes, count) != (ssize_t)count)
		exit(1);
	return fd;
}

static void test_damage(uint32_t middle_flags, const char *name)
{
	int fd = memory_file();
	size_t size = write_stream(fd, middle_flags);
	unsigned char *bytes = malloc(size);
	size_t accepted = 0;

	lseek(fd, 0, SEEK_SET);
	ok(bytes && read(fd, bytes, size) == (ssize_t)size, "%s: %zu bytes written", name, size);
	ok(size % NN_ALIGN == 0, "%s: a whole number of %d-byte units", name, NN_ALIGN);
	ok(read_stream(fd, true) == 3, "%s: three frames come back", name);
	close(fd);
	for (size_t count = 0; count < size; count++) {
		fd = file_of(bytes, count);
		accepted += read_stream(fd, count & 1) >= 0;
		close(fd);
	}
	ok(!accepted, "%s: every cut is refused (%zu accepted)", name, accepted);
	accepted = 0;
	fd = file_of(bytes, size);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		unsigned char flipped = bytes[bit / 8] ^ (unsigned char)(1u << bit % 8);

		if (pwrite(fd, &flipped, 1, (off_t)(bit / 8)) != 1)
			exit(1);
		if (read_stream(fd, bit & 1) >= 0) {
			accepted++;
			printf("# bit %zu accepted\n", bit);
		}
		if (pwrite(fd, bytes + bit / 8, 1, (off_t)(bit / 8)) != 1)
			exit(1);
	}
	ok(!accepted, "%s: every flipped bit is refused (%zu accepted)", name, accepted);
	close(fd);
	free(bytes);
}

static void test_values(void)
{
	int fd = memory_file();
	struct nn_reader *reader;
	const struct nn_frame *frame;
	struct nn_bundle want;
	struct nn_bundle got;
	float rest[18];

	write_stream(fd, NN_FLAG_DEFLATE);
	lseek(fd, 0, SEEK_SET);
	nn_reader_open(&reader, fd, "test", 0, &err);
	ok(!nn_reader_next(reader, &frame, &err) && frame->preamble.first == 0 &&
			frame->preamble.rows == 10 && !frame->same_layout,
		"the first frame's preamble");
	make_bundle(&want, 0);
	ok(!nn_reader_load(reader, &got, &err) && got.bytes == want.bytes &&
			!memcmp(got.data, want.data, want.bytes),
		"the first frame's data");
	is_text(nn_bundle_meta(&got, "kernel"), "none \"quoted\"", "its metadata");
	ok(!nn_bundle_same_layout(&got, &want, &err), "its layout");
	ok(nn_bundle_find(&got, "0.bias")->offset == 0, "canonical order: by name");
	nn_bundle_free(&want);
	nn_bundle_free(&got);
	ok(!nn_reader_next(reader, &frame, &err) && frame->same_layout,
		"the header is not parsed again");
	make_bundle(&want, 1);
	ok(!nn_reader_take(reader, rest, 8, &err) && !nn_reader_take(reader, rest + 2, 64, &err) &&
			!nn_reader_verify(reader, &err) && !memcmp(rest, want.data, sizeof rest),
		"the second, deflated frame in pieces");
	nn_bundle_free(&want);
	nn_reader_close(reader);
	close(fd);
}

static void test_concatenated(void)
{
	int fd = memory_file();

	write_stream(fd, 0);
	write_stream(fd, 0);
	ok(read_stream(fd, true) == 6, "two streams in a row");
	close(fd);
}

static void test_join(void)
{
	int fds[2] = { memory_file(), memory_file() };
	struct nn_reader *readers[2];
	const struct nn_frame *frames[2];
	bool more = false;
	int rounds = 0;

	for (int i = 0; i < 2; i++) {
		write_stream(fds[i], 0);
		lseek(fds[i], 0, SEEK_SET);
		nn_reader_open(&readers[i], fds[i], i ? "right" : "left", 0, &err);
	}
	while (!nn_join_next(readers, 2, NN_KIND_GRAD, frames, &more, &err) && more)
		rounds++;
	ok(rounds == 3, "two streams in lockstep");
	nn_reader_close(readers[1]);
	write_stream(fds[1], 0);
	lseek(fds[0], 0, SEEK_SET);
	lseek(fds[1], 0, SEEK_SET);
	nn_reader_close(readers[0]);
	for (int i = 0; i < 2; i++)
		nn_reader_open(&readers[i], fds[i], i ? "right" : "left", 0, &err);
	do
		more = false;
	while (!nn_join_next(readers, 2, NN_KIND_GRAD, frames, &more, &err) && more);
	is_text(err.text, "left has ended, but right has another frame",
		"one ends before the other");
	for (int i = 0; i < 2; i++) {
		nn_reader_close(readers[i]);
		close(fds[i]);
	}
}

int main(void)
{
	test_damage(0, "plain");
	test_damage(NN_FLAG_DEFLATE, "deflated");
	test_values();
	test_concatenated();
	test_join();
	return tap_done();
}
