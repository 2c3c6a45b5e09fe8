/* rogue: a worker that goes wrong, once, for the tests of nn-train's faults.
 *
 *   ROGUE=WHAT ROGUE_FLAG=FILE ROGUE_TOOL=/path/nn-grad rogue ARGUMENT...
 *
 * runs nn-grad with these arguments and its own input, and passes on what that answers, frame by
 * frame. The first that can make FILE does WHAT instead, of the list below; without ROGUE_FLAG all
 * do, each time. ROGUE_AT=N: at the N-th gradient of a process, from 0. ROGUE_WORKER=N: only worker N.
 * Workers that share memory with nn-train are rogues too, if this program stands beside it under the
 * name of nn-grad. What outlives the program writes its process id to FILE.pid. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stream/reader.h"
#include "stream/writer.h"
#include "train/serve.h"
#include "train/shared.h"

enum what {
	/* Before hello, and as hello. */
	NO_HELLO,
	EXIT_0,
	BANNER,
	GARBAGE,
	OTHER_VERSION,
	CHATTER,
	/* In place of a gradient. */
	DIE,
	QUIT,
	CUT,
	STALL,
	HANG,
	DEAF,
	TWICE,
	LATE,
	OTHER_STEP,
	OTHER_SHARD,
	FLIP,
	NOT_A_NUMBER,
	NO_LOSS,
	CLOSE,
	ORPHAN,
	LENGTH,
	WRONG_KIND,
	NONE
};
static const char *const names[] = { "no-hello", "exit-0", "banner", "garbage", "version",
	"chatter", "die", "quit", "cut", "stall", "hang", "deaf", "twice", "late", "other-step",
	"other-shard", "flip", "nan", "no-loss", "close", "orphan", "length", "wrong-kind", NULL };

static struct nn_error err;
static enum what what = NONE;
static pid_t child;
static int memory; /* a file for what is to be written */
static struct nn_writer *writer;
static struct nn_shared *shared; /* NULL: none */

static void must(int status)
{
	if (!status)
		return;
	fprintf(stderr, "rogue: %s\n", err.text);
	exit(99);
}

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* Is it for this process to go wrong? */
static int is_mine(void)
{
	const char *flag = setting("ROGUE_FLAG");
	const char *worker = setting("ROGUE_WORKER");
	int fd;

	if (*worker && strcmp(worker, setting("NN_WORKER")))
		return 0;
	if (!*flag)
		return 1;
	fd = open(flag, O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void put(const unsigned char *bytes, size_t count)
{
	while (count) {
		ssize_t n = write(STDOUT_FILENO, bytes, count);

		if (n < 0)
			exit(98);
		bytes += n;
		count -= (size_t)n;
	}
}

/* Until somebody kills us. */
static _Noreturn void stay(void)
{
	for (;;)
		pause();
}

static _Noreturn void die(void)
{
	kill(getpid(), SIGKILL);
	stay();
}

/* A process that no signal to our group reaches, with all of our descriptors; false in ours. */
static int leave_one(void)
{
	char path[4096];
	FILE *file;
	pid_t pid = fork();

	if (!pid) {
		setsid();
		return 1;
	}
	snprintf(path, sizeof path, "%s.pid", setting("ROGUE_FLAG"));
	file = fopen(path, "w");
	if (file) {
		fprintf(file, "%ld\n", (long)pid);
		fclose(file);
	}
	return 0;
}

/* What the writer has written since the last call: the caller's to free. */
static unsigned char *take_written(size_t *count)
{
	off_t end = lseek(memory, 0, SEEK_CUR);
	unsigned char *bytes = malloc((size_t)end + 1);

	*count = (size_t)end;
	if (!bytes || pread(memory, bytes, *count, 0) != end || ftruncate(memory, 0) ||
		lseek(memory, 0, SEEK_SET))
		exit(97);
	return bytes;
}

static void misbehave_early(void)
{
	static unsigned char garbage[4 << 20];
	uint64_t state = 1;

	if (what > CHATTER || what == OTHER_VERSION || !is_mine())
		return;
	switch (what) {
	case NO_HELLO:
		die();
	case EXIT_0:
		exit(0);
	case BANNER:
		puts("Welcome to this host!\nPlease be nice.");
		fflush(stdout);
		stay();
	case GARBAGE:
		for (size_t i = 0; i < sizeof garbage; i++)
			garbage[i] =
				(unsigned char)((state = state * 6364136223846793005 + 1) >> 56);
		put(garbage, sizeof garbage);
		stay();
	case CHATTER:
		for (int i = 0; i < 50000; i++)
			fprintf(stderr, "rogue: what a fine day it is, number %d\n", i);
		break;
	default:
		break;
	}
}

static void spoil_shared(const struct nn_preamble *answer)
{
	if (answer->flags & NN_FLAG_REFERENCE && shared)
		nn_shared_buffer(shared, (size_t)answer->reference[2])[7] = NAN;
}

/* What is done to a frame before it is made. */
static void spoil(struct nn_preamble *preamble, struct nn_bundle *bundle)
{
	switch (what) {
	case OTHER_STEP:
		preamble->step++;
		break;
	case OTHER_SHARD:
		preamble->first++;
		preamble->end++;
		break;
	case NOT_A_NUMBER:
		if (bundle->bytes)
			((float *)(void *)bundle->data)[7] = NAN;
		else
			spoil_shared(preamble);
		break;
	case NO_LOSS:
		preamble->loss = NAN;
		break;
	case WRONG_KIND:
		preamble->kind = NN_KIND_DELTA;
		break;
	default:
		break;
	}
}

static void lengthen(unsigned char *bytes)
{
	struct nn_preamble preamble;
	unsigned at;

	must(nn_preamble_decode(bytes, &preamble, &at, &err));
	preamble.flags = 0;
	preamble.stored = preamble.raw = UINT64_C(1) << 46;
	nn_preamble_encode(&preamble, bytes);
}

/* ... and how it is sent. */
static void misbehave(unsigned char *bytes, size_t count)
{
	switch (what) {
	case DIE:
		die();
	case QUIT:
		exit(0);
	case CUT:
		put(bytes, count / 2);
		die();
	case STALL:
		put(bytes, count / 2);
		stay();
	case HANG:
		stay();
	case DEAF:
		kill(child, SIGSTOP);
		put(bytes, count);
		stay();
	case LATE:
		if (leave_one()) {
			sleep(3);
			put(bytes, count);
			exit(0);
		}
		stay();
	case FLIP:
		bytes[count / 2] ^= 4;
		break;
	case CLOSE:
		close(STDOUT_FILENO);
		stay();
	case ORPHAN:
		put(bytes, count / 2);
		if (leave_one()) {
			sleep(60);
			exit(0);
		}
		die();
	case LENGTH:
		lengthen(bytes);
		break;
	default:
		break;
	}
	put(bytes, count);
}

static void write_frame(const struct nn_preamble *preamble, const struct nn_bundle *bundle)
{
	if (preamble->kind == NN_KIND_END)
		must(nn_writer_end(writer, &err));
	else
		must(preamble->flags & NN_FLAG_REFERENCE ?
				nn_writer_reference(writer, preamble, &err) :
				nn_writer_frame(writer, preamble, bundle, &err));
}

/* A frame of nn-grad's on its way. */
static void pass_on(struct nn_reader *reader, const struct nn_frame *frame)
{
	static unsigned long gradients;
	struct nn_preamble preamble = frame->preamble;
	struct nn_bundle bundle = { 0 };
	unsigned char *bytes;
	int wrong = 0;
	size_t count;

	must(frame->layout ? nn_reader_load(reader, &bundle, &err) :
			     nn_reader_verify(reader, &err));
	if (preamble.kind == NN_KIND_HELLO && what == OTHER_VERSION && is_mine())
		must(nn_bundle_set_meta(&bundle, NN_WORKER_VERSION, "0.0", &err));
	if (preamble.kind == NN_KIND_GRAD && what != NONE && what > CHATTER)
		wrong = gradients++ == strtoul(setting("ROGUE_AT"), NULL, 10) && is_mine();
	if (wrong)
		spoil(&preamble, &bundle);
	write_frame(&preamble, &bundle);
	if (wrong && what == TWICE)
		write_frame(&preamble, &bundle);
	nn_bundle_free(&bundle);
	bytes = take_written(&count);
	if (wrong)
		misbehave(bytes, count);
	else
		put(bytes, count);
	free(bytes);
}

static int start(char **argv)
{
	int pipes[2];

	if (pipe(pipes))
		exit(96);
	child = fork();
	if (!child) {
		argv[0] = (char *)(size_t) "nn-grad";
		dup2(pipes[1], STDOUT_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		execv(setting("ROGUE_TOOL"), argv);
		_exit(127);
	}
	close(pipes[1]);
	return pipes[0];
}

int main(int argc, char **argv)
{
	struct nn_reader *reader;
	const struct nn_frame *frame;
	int descriptor = 0;
	int input;

	for (unsigned i = 0; names[i]; i++)
		if (!strcmp(names[i], setting("ROGUE")))
			what = (enum what)i;
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], "--shared"))
			descriptor = atoi(argv[i + 1]);
	misbehave_early();
	memory = memfd_create("rogue", MFD_CLOEXEC);
	input = start(argv);
	must(nn_reader_open(&reader, input, "nn-grad", 0, &err));
	must(nn_writer_open(&writer, memory, "memory", &err));
	if (descriptor)
		nn_reader_take_references(reader);
	for (;;) {
		must(nn_reader_next(reader, &frame, &err));
		if (!frame)
			return 0;
		/* The memory is laid out when the first gradient is asked for. */
		if (descriptor && !shared && frame->preamble.kind == NN_KIND_GRAD)
			must(nn_shared_attach(&shared, descriptor, &err));
		pass_on(reader, frame);
	}
}
