#include "stream/joining-private.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "stream/part.h"

#define BLOCK ((size_t)256 << 10)

int nn_join_open(struct nn_join *job, struct nn_writer *writer, struct nn_error *err)
{
	*job = (struct nn_join){ .writer = writer, .hasher = nn_hasher_new(err) };
	if (!job->hasher)
		return NN_FAILED;
	job->block = nn_alloc_aligned(BLOCK, err);
	job->other = job->block ? nn_alloc_aligned(BLOCK, err) : NULL;
	return job->other ? NN_OK : NN_FAILED;
}

void nn_join_close(struct nn_join *job)
{
	nn_hasher_free(job->hasher);
	nn_assembly_free(&job->assembly);
	free(job->block);
	free(job->other);
	free(job->layouts);
	free(job->parts);
	free(job->data);
}

static int make_room(struct nn_join *job, size_t count, struct nn_error *err)
{
	if (count <= job->room)
		return NN_OK;
	free(job->layouts);
	free(job->parts);
	job->layouts = nn_alloc(count, sizeof *job->layouts, err);
	job->parts = job->layouts ? nn_alloc(count, sizeof *job->parts, err) : NULL;
	job->room = job->parts ? count : 0;
	return job->parts ? NN_OK : NN_FAILED;
}

/* What must be the same in all parts of a frame. */
static int check_alike(const struct nn_join_source *a, const struct nn_join_source *b,
	struct nn_error *err)
{
	const struct nn_preamble *p = &a->preamble;
	const struct nn_preamble *q = &b->preamble;
	const struct {
		const char *name;
		uint64_t a, b;
	} numbers[] = {
		{ "slices", p->parts, q->parts },
		{ "step", p->step, q->step },
		{ "epoch", p->epoch, q->epoch },
		{ "step in epoch", p->step_in_epoch, q->step_in_epoch },
		{ "steps per epoch", p->steps_per_epoch, q->steps_per_epoch },
		{ "seed", p->seed, q->seed },
		{ "shards", p->shards, q->shards },
		{ "first shard", p->first, q->first },
		{ "last shard", p->end, q->end },
		{ "rows", p->rows, q->rows },
	};
	char left[16];
	char right[16];

	if (p->kind != q->kind)
		return nn_fail(err, NN_BAD, "%s is a %s, but %s a %s", a->name,
			nn_kind_name(p->kind, left), b->name, nn_kind_name(q->kind, right));
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (numbers[i].a != numbers[i].b)
			return nn_fail(err, NN_BAD, "%s has %llu for its %s, but %s has %llu",
				a->name, (unsigned long long)numbers[i].a, numbers[i].name, b->name,
				(unsigned long long)numbers[i].b);
	if (p->id != q->id)
		return nn_fail(err, NN_BAD, "%s is of model %016llx, but %s of model %016llx",
			a->name, (unsigned long long)p->id, b->name, (unsigned long long)q->id);
	if (p->weight != q->weight)
		return nn_fail(err, NN_BAD, "%s has a weight of %g, but %s of %g", a->name,
			p->weight, b->name, q->weight);
	if ((p->flags ^ q->flags) & NN_FLAG_MORE)
		return nn_fail(err, NN_BAD, "%s has more of its step behind it, but %s has not",
			p->flags & NN_FLAG_MORE ? a->name : b->name,
			p->flags & NN_FLAG_MORE ? b->name : a->name);
	return NN_OK;
}

/* job->parts[k] becomes slice k: each must be there once. None is a whole. */
static int sort_parts(struct nn_join *job, struct nn_join_source *sources, size_t count,
	struct nn_error *err)
{
	size_t parts = sources[0].preamble.parts;

	/* More cannot be the same; fewer are looked at to say what is missing. */
	if (make_room(job, count, err))
		return NN_FAILED;
	for (size_t i = 1; i < count; i++)
		if (check_alike(&sources[0], &sources[i], err))
			return NN_BAD;
	memset(job->parts, 0, count * sizeof *job->parts);
	for (size_t i = 0; i < count; i++) {
		size_t part = sources[i].preamble.part;

		if (part >= count)
			continue;
		if (job->parts[part])
			return nn_fail(err, NN_BAD, "%s and %s: are the same slice",
				job->parts[part]->name, sources[i].name);
		job->parts[part] = &sources[i];
	}
	for (size_t k = 0; k < count && k < parts; k++)
		if (!job->parts[k])
			return nn_fail(err, NN_BAD, "slice %zu of %zu is missing", k, parts);
	if (count < parts)
		return nn_fail(err, NN_BAD, "slice %zu of %zu is missing", count, parts);
	return NN_OK;
}

/* That of all parts, or of those that know it: of several stages only the last does. */
static int take_loss(const struct nn_join *job, size_t count, double *loss, struct nn_error *err)
{
	const struct nn_join_source *known = NULL;

	*loss = 0;
	for (size_t k = 0; k < count; k++) {
		const struct nn_join_source *part = job->parts[k];

		if (part->preamble.loss == 0)
			continue;
		if (known && memcmp(loss, &part->preamble.loss, sizeof *loss))
			return nn_fail(err, NN_BAD, "%s has a loss of %g, but %s of %g",
				known->name, *loss, part->name, part->preamble.loss);
		known = part;
		*loss = part->preamble.loss;
	}
	return NN_OK;
}

/* `known`: it is made already. */
static int assemble(struct nn_join *job, size_t count, bool known, struct nn_error *err)
{
	int status;

	if (known && job->assembly.pieces)
		return NN_OK;
	nn_assembly_free(&job->assembly);
	for (size_t k = 0; k < count; k++)
		job->layouts[k] = job->parts[k]->layout;
	status = nn_assembly_make(&job->assembly, job->layouts, count, job->parts[0]->preamble.kind,
		err);
	return status == NN_BAD ? nn_fail_in(err, "%s and others", job->parts[0]->name) : status;
}

static int take(struct nn_join_source *source, unsigned char *to, size_t count,
	struct nn_error *err)
{
	if (source->reader)
		return nn_reader_take(source->reader, to, count, err);
	memcpy(to, source->loaded.data + source->taken, count);
	source->taken += count;
	return NN_OK;
}

/* The next bytes of a piece; of one that all have, all are compared. */
static int take_piece(const struct nn_join *job, const struct nn_piece *piece, size_t count,
	size_t bytes, unsigned char *to, struct nn_error *err)
{
	int status = take(job->parts[piece->part], to, bytes, err);

	for (size_t k = 0; k < count && piece->shared && !status; k++) {
		if (k == piece->part)
			continue;
		status = take(job->parts[k], job->other, bytes, err);
		if (!status && memcmp(to, job->other, bytes))
			status = nn_fail(err, NN_BAD, "%s and %s differ in what all slices have",
				job->parts[piece->part]->name, job->parts[k]->name);
	}
	return status;
}

static int verify(const struct nn_join *job, size_t count, struct nn_error *err)
{
	int status = NN_OK;

	for (size_t k = 0; k < count && !status; k++)
		if (job->parts[k]->reader)
			status = nn_reader_verify(job->parts[k]->reader, err);
	return status;
}

static int check_id(const struct nn_join *job, uint64_t said, struct nn_error *err)
{
	uint64_t id = nn_hasher_value(job->hasher);

	id = id ? id : 1;
	if (id == said)
		return NN_OK;
	return nn_fail(err, NN_BAD, "%s and others say model %016llx, but together are %016llx",
		job->parts[0]->name, (unsigned long long)said, (unsigned long long)id);
}

/* Block by block. */
static int pass(struct nn_join *job, const struct nn_preamble *preamble, size_t count,
	struct nn_error *err)
{
	bool hash = preamble->kind == NN_KIND_MODEL && preamble->id &&
		nn_bundle_is_f32(&job->assembly.whole);
	int status = nn_writer_begin(job->writer, preamble, &job->assembly.whole, err);

	nn_hasher_reset(job->hasher);
	for (size_t i = 0; i < job->assembly.count && !status; i++)
		for (size_t left = job->assembly.pieces[i].bytes; left && !status;) {
			size_t bytes = left < BLOCK ? left : BLOCK;

			status = take_piece(job, &job->assembly.pieces[i], count, bytes, job->block,
				err);
			if (!status && hash)
				nn_hasher_add(job->hasher, job->block, bytes);
			if (!status)
				status = nn_writer_put(job->writer, job->block, bytes, err);
			left -= bytes;
		}
	if (!status)
		status = verify(job, count, err);
	if (!status && hash)
		status = check_id(job, preamble->id, err);
	return status ? status : nn_writer_finish(job->writer, err);
}

/* Room grows with what has come. */
static int grow(struct nn_join *job, size_t have, size_t need, struct nn_error *err)
{
	size_t room = job->data_room > BLOCK / 2 ? job->data_room : BLOCK / 2;
	unsigned char *larger;

	if (need <= job->data_room)
		return NN_OK;
	while (room < need)
		room *= 2;
	if (room > job->assembly.whole.bytes)
		room = job->assembly.whole.bytes;
	larger = nn_alloc_aligned(room, err);
	if (!larger)
		return NN_FAILED;
	if (have)
		memcpy(larger, job->data, have);
	free(job->data);
	job->data = larger;
	job->data_room = room;
	return NN_OK;
}

/* All of it first: the id stands in front of what it is computed of. */
static int pass_model(struct nn_join *job, struct nn_preamble *preamble, size_t count,
	struct nn_error *err)
{
	struct nn_bundle *whole = &job->assembly.whole;
	size_t have = 0;
	int status = NN_OK;

	for (size_t i = 0; i < job->assembly.count && !status; i++)
		for (size_t left = job->assembly.pieces[i].bytes; left && !status;) {
			size_t bytes = left < BLOCK ? left : BLOCK;

			status = grow(job, have, have + bytes, err);
			if (!status)
				status = take_piece(job, &job->assembly.pieces[i], count, bytes,
					job->data + have, err);
			have += bytes;
			left -= bytes;
		}
	if (!status)
		status = verify(job, count, err);
	if (status)
		return status;
	whole->data = job->data;
	preamble->id = nn_bundle_id(whole);
	status = nn_writer_frame(job->writer, preamble, whole, err);
	whole->data = NULL;
	return status;
}

int nn_join_write(struct nn_join *job, struct nn_join_source *sources, size_t count, bool known,
	struct nn_error *err)
{
	struct nn_preamble preamble;
	int status = sort_parts(job, sources, count, err);

	if (!status)
		status = assemble(job, count, known, err);
	if (status)
		return status;
	preamble = sources[0].preamble;
	status = take_loss(job, count, &preamble.loss, err);
	if (status)
		return status;
	preamble.part = preamble.parts = 0;
	preamble.flags &= NN_FLAG_MORE;
	if (preamble.kind == NN_KIND_STATE && !preamble.id && preamble.step == job->step)
		preamble.id = job->id;
	if (preamble.kind == NN_KIND_MODEL && !preamble.id &&
		nn_bundle_is_f32(&job->assembly.whole))
		status = pass_model(job, &preamble, count, err);
	else
		status = pass(job, &preamble, count, err);
	if (preamble.kind == NN_KIND_MODEL) {
		job->step = preamble.step;
		job->id = preamble.id;
	}
	return status;
}
