/* frames: writes a stream from a description in its arguments, for the tests.
 *
 *   frames grad step=3 shards=2 first=0 end=1 weight=8 kernel=K w=1,2,nan b=0.5 model id=7 w~1000
 *
 * A word without "=" or "~" begins a frame: "grad", "model", "delta", "state", "task" or "hello"; "cut"
 * ends the program without an END frame. KEY=NUMBER sets a field of the preamble, more=1 the flag
 * that more of the step follows. kernel=, spec=, slice= and version= are metadata, else NAME=V,V,... is a
 * tensor and NAME~COUNT one of COUNT pseudo-random numbers (that depend on `seed`). id=N is the
 * number itself; id=auto that of the frame's tensors. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "stream/writer.h"

#define MAX_TENSORS 64

static struct nn_error err;
static struct nn_preamble preamble;
static struct nn_bundle bundle;
static const char *values[MAX_TENSORS]; /* of the tensors, as they were given */
static int auto_id;

static void must(int status)
{
	if (!status)
		return;
	fprintf(stderr, "frames: %s\n", err.text);
	exit(99);
}

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	{ "step", offsetof(struct nn_preamble, step) },
	{ "epoch", offsetof(struct nn_preamble, epoch) },
	{ "step_in_epoch", offsetof(struct nn_preamble, step_in_epoch) },
	{ "S", offsetof(struct nn_preamble, steps_per_epoch) },
	{ "seed", offsetof(struct nn_preamble, seed) },
	{ "shards", offsetof(struct nn_preamble, shards) },
	{ "first", offsetof(struct nn_preamble, first) },
	{ "end", offsetof(struct nn_preamble, end) },
	{ "rows", offsetof(struct nn_preamble, rows) },
	{ "id", offsetof(struct nn_preamble, id) },
};

static int set_field(const char *name, const char *value)
{
	uint64_t number = strtoull(value, NULL, 0);

	if (!strcmp(name, "more")) {
		preamble.flags = number ? NN_FLAG_MORE : 0;
		return 1;
	}
	if (!strcmp(name, "part") || !strcmp(name, "parts")) {
		*(name[4] ? &preamble.parts : &preamble.part) = (uint32_t)number;
		return 1;
	}
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (!strcmp(name, fields[i].name))
			return memcpy((char *)&preamble + fields[i].offset, &number,
				       sizeof number) != NULL;
	return 0;
}

static void add_tensor(const char *name, char kind, const char *value)
{
	uint64_t count = 1;

	if (kind == '~')
		count = strtoull(value, NULL, 0);
	for (const char *c = value; kind == '=' && *c; c++)
		count += *c == ',';
	values[bundle.count] = value - 1;
	must(nn_bundle_add(&bundle, name, NN_F32, 1, &count, &err));
}

static void word(char *text)
{
	char *split = text + strcspn(text, "=~");
	char kind = *split;
	const char *value = split + 1;

	*split = '\0';
	if (kind == '=' && !strcmp(text, "weight"))
		preamble.weight = strtod(value, NULL);
	else if (kind == '=' && !strcmp(text, "loss"))
		preamble.loss = strtod(value, NULL);
	else if (kind == '=' &&
		(!strcmp(text, "kernel") || !strcmp(text, "spec") || !strcmp(text, "version") ||
			!strcmp(text, "slice")))
		must(nn_bundle_set_meta(&bundle, text, value, &err));
	else if (kind == '=' && !strcmp(text, "id") && !strcmp(value, "auto"))
		auto_id = 1;
	else if (kind != '=' || !set_field(text, value))
		add_tensor(text, kind, value);
	*split = kind;
}

static void fill(struct nn_tensor *tensor, const char *value)
{
	float *to = nn_bundle_data(&bundle, tensor);
	struct nn_random random = nn_random_stream(preamble.seed, NN_RANDOM_INIT, 0, 0);
	char *end = (char *)(size_t)value;

	for (size_t i = 0; i < tensor->count; i++)
		to[i] = *value == '~' ? (float)nn_random_uniform(&random, i) - 0.5f :
					strtof(end + 1, &end);
}

static void frame(struct nn_writer *writer)
{
	char *names[MAX_TENSORS];
	size_t count = bundle.count;

	if (!preamble.kind)
		return;
	for (size_t i = 0; i < count; i++)
		names[i] = strdup(bundle.tensors[i].name);
	must(nn_bundle_layout(&bundle, &err) || nn_bundle_alloc(&bundle, &err));
	for (size_t i = 0; i < count; i++) {
		fill(nn_bundle_find(&bundle, names[i]), values[i]);
		free(names[i]);
	}
	if (auto_id)
		preamble.id = nn_bundle_id(&bundle);
	must(nn_writer_frame(writer, &preamble, &bundle, &err));
	nn_bundle_free(&bundle);
	preamble = (struct nn_preamble){ 0 };
	auto_id = 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned kind;
	} kinds[] = { { "grad", NN_KIND_GRAD }, { "model", NN_KIND_MODEL },
		{ "delta", NN_KIND_DELTA }, { "state", NN_KIND_STATE }, { "task", NN_KIND_TASK },
		{ "hello", NN_KIND_HELLO } };
	struct nn_writer *writer;

	must(nn_writer_open(&writer, STDOUT_FILENO, "stdout", &err));
	for (int i = 1; i < argc; i++) {
		if (strpbrk(argv[i], "=~")) {
			word(argv[i]);
			continue;
		}
		frame(writer);
		if (!strcmp(argv[i], "cut"))
			exit(0);
		for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
			if (!strcmp(argv[i], kinds[k].name))
				preamble.kind = kinds[k].kind;
	}
	frame(writer);
	must(nn_writer_end(writer, &err));
	nn_writer_close(writer);
	return 0;
}
