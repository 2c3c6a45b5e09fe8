#include "model/part.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"

#define PIECE ((size_t)256 << 10)
#define UPDATES "updates"

struct part {
	const struct nn_part_choice *choice;
	struct nn_reader *reader;
	bool justified;       /* no frame says more bytes than there are */
	unsigned char *piece; /* [PIECE] */
	struct nn_hasher *hasher;
	uint64_t updates;
};

static bool is_wanted(const struct part *part, const char *name)
{
	return part->choice->wanted && part->choice->wanted(part->choice->context, name);
}

/* The layout of what is wanted of `all`: of an outline everything. */
static int lay_out(const struct part *part, const struct nn_bundle *all, struct nn_bundle *out,
	struct nn_error *err)
{
	int status = nn_bundle_copy_metas(all, out, err);

	for (size_t i = 0; i < all->count && !status; i++) {
		const struct nn_tensor *tensor = &all->tensors[i];

		if (!part->choice->wanted || is_wanted(part, tensor->name))
			status = nn_bundle_add(out, tensor->name, tensor->dtype, tensor->ndim,
				tensor->shape, err);
	}
	return status ? status : nn_bundle_layout(out, err);
}

/* One tensor's bytes, hashed; to its place, or nowhere. */
static int pass(struct part *part, unsigned char *to, size_t count, struct nn_error *err)
{
	int status = NN_OK;

	while (count && !status) {
		size_t piece = count < PIECE ? count : PIECE;
		unsigned char *place = to ? to : part->piece;

		status = nn_reader_take(part->reader, place, piece, err);
		if (!status)
			nn_hasher_add(part->hasher, place, piece);
		to = to ? to + piece : NULL;
		count -= piece;
	}
	return status;
}

static int stream(struct part *part, const struct nn_frame *frame, struct nn_bundle *out,
	struct nn_error *err)
{
	const struct nn_bundle *all = frame->layout;
	int status = NN_OK;

	nn_hasher_reset(part->hasher);
	for (size_t i = 0; i < all->count && !status; i++) {
		const struct nn_tensor *tensor = &all->tensors[i];
		const struct nn_tensor *own = out->data ? nn_bundle_find(out, tensor->name) : NULL;
		bool counts =
			tensor->dtype == NN_U64 && !tensor->ndim && !strcmp(tensor->name, UPDATES);

		status = pass(part, own ? nn_bundle_data(out, own) : NULL, tensor->bytes, err);
		if (!status && counts)
			memcpy(&part->updates, own ? nn_bundle_data(out, own) : (void *)part->piece,
				sizeof part->updates);
	}
	return status ? status : nn_reader_verify(part->reader, err);
}

/* The whole, out of which the part is copied. */
static int load(struct part *part, struct nn_bundle *all, bool floats, struct nn_error *err)
{
	int status = nn_reader_load(part->reader, all, err);

	return status || !floats ? status : nn_bundle_to_f32(all, err);
}

static void copy(struct part *part, const struct nn_bundle *all, struct nn_bundle *out)
{
	const struct nn_tensor *updates = nn_bundle_find(all, UPDATES);

	for (size_t i = 0; i < out->count && out->data; i++) {
		const struct nn_tensor *tensor = &out->tensors[i];

		memcpy(nn_bundle_data(out, tensor),
			nn_bundle_data(all, nn_bundle_find(all, tensor->name)), tensor->bytes);
	}
	if (updates && updates->dtype == NN_U64 && !updates->ndim)
		memcpy(&part->updates, nn_bundle_data(all, updates), sizeof part->updates);
}

static int room(const struct part *part, struct nn_bundle *out, struct nn_error *err)
{
	return part->choice->wanted ? nn_bundle_alloc(out, err) : NN_OK;
}

/* *id is of all parameters. */
static int take(struct part *part, const struct nn_frame *frame, bool model, struct nn_bundle *out,
	uint64_t *id, struct nn_error *err)
{
	bool streams = frame->ordered && (part->justified || !part->choice->wanted) &&
		(!model || nn_bundle_is_f32(frame->layout));
	struct nn_bundle whole = { 0 };
	const struct nn_bundle *all = streams ? frame->layout : &whole;
	int status = streams ? NN_OK : load(part, &whole, model, err);

	*out = (struct nn_bundle){ 0 };
	if (!status && model && part->choice->model)
		status = part->choice->model(part->choice->context, all, err);
	if (!status)
		status = lay_out(part, all, out, err);
	if (!status)
		status = room(part, out, err);
	if (!status && streams) {
		status = stream(part, frame, out, err);
		*id = nn_hasher_value(part->hasher);
		*id = *id ? *id : 1;
	} else if (!status) {
		copy(part, &whole, out);
		*id = model ? nn_bundle_id(&whole) : 0;
	}
	nn_bundle_free(&whole);
	return status;
}

static int take_model(struct part *part, const struct nn_frame *frame,
	struct nn_checkpoint *checkpoint, struct nn_error *err)
{
	uint64_t said = frame->preamble.id;
	uint64_t id = 0;
	int status;

	nn_checkpoint_free(checkpoint);
	part->updates = 0;
	checkpoint->model.preamble = frame->preamble;
	status = take(part, frame, true, &checkpoint->model.params, &id, err);
	checkpoint->model.preamble.id = id;
	if (status || !said || said == id)
		return status;
	nn_fail(err, NN_BAD, "its parameters have id %016llx, but it says %016llx",
		(unsigned long long)id, (unsigned long long)said);
	return nn_reader_blame(part->reader, err);
}

static int take_state(struct part *part, const struct nn_frame *frame,
	struct nn_checkpoint *checkpoint, struct nn_error *err)
{
	uint64_t id;

	nn_bundle_free(&checkpoint->state);
	checkpoint->state_preamble = frame->preamble;
	return take(part, frame, false, &checkpoint->state, &id, err);
}

static int read_frames(struct part *part, struct nn_checkpoint *checkpoint, bool one_stream,
	bool *found, struct nn_error *err)
{
	const struct nn_frame *frame;
	int status = NN_OK;

	while (!status && !(status = nn_reader_next(part->reader, &frame, err)) && frame) {
		if (frame->preamble.kind == NN_KIND_MODEL)
			status = take_model(part, frame, checkpoint, err);
		else if (frame->preamble.kind == NN_KIND_STATE)
			status = take_state(part, frame, checkpoint, err);
		else if (frame->preamble.kind == NN_KIND_END && one_stream)
			break;
		*found = *found || frame->preamble.kind == NN_KIND_MODEL;
	}
	return status;
}

static int receive(struct nn_checkpoint *checkpoint, struct part *part, const char *name,
	bool one_stream, uint64_t *updates, struct nn_error *err)
{
	bool found = false;
	int status = NN_FAILED;

	*checkpoint = (struct nn_checkpoint){ 0 };
	part->piece = nn_alloc_aligned(PIECE, err);
	part->hasher = nn_hasher_new(err);
	if (part->piece && part->hasher)
		status = read_frames(part, checkpoint, one_stream, &found, err);
	free(part->piece);
	nn_hasher_free(part->hasher);
	if (!status && !found)
		status = nn_fail(err, NN_BAD, "%s: there is no model in it", name);
	if (!status && checkpoint->state.count + checkpoint->state.meta_count &&
		checkpoint->state_preamble.step != checkpoint->model.preamble.step)
		status =
			nn_fail(err, NN_BAD, "%s: a model of step %llu with the state of step %llu",
				name, (unsigned long long)checkpoint->model.preamble.step,
				(unsigned long long)checkpoint->state_preamble.step);
	*updates = part->updates;
	if (status)
		nn_checkpoint_free(checkpoint);
	return status;
}

int nn_part_receive(struct nn_checkpoint *checkpoint, struct nn_reader *reader, const char *name,
	const struct nn_part_choice *choice, uint64_t *updates, struct nn_error *err)
{
	struct part part = { .choice = choice, .reader = reader };

	return receive(checkpoint, &part, name, true, updates, err);
}

int nn_part_read(struct nn_checkpoint *checkpoint, const char *path,
	const struct nn_part_choice *choice, uint64_t *updates, struct nn_error *err)
{
	struct part part = { .choice = choice };
	struct stat st;
	const char *name;
	int fd;
	int status = nn_open_input(path, &fd, &name, err);

	*checkpoint = (struct nn_checkpoint){ 0 };
	if (status)
		return status;
	part.justified = !fstat(fd, &st) && S_ISREG(st.st_mode);
	status = nn_reader_open(&part.reader, fd, name, NN_KIND_MODEL, err);
	if (!status)
		status = receive(checkpoint, &part, name, false, updates, err);
	nn_reader_close(part.reader);
	if (fd != STDIN_FILENO)
		close(fd);
	return status;
}
