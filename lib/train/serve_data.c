#include "train/serve_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"

struct operand {
	struct nn_dataset data;
	const char *name;
	bool loaded;
	bool fits; /* the network at hand */
};

/* A view that was asked for once. */
struct view {
	struct nn_shards shards; /* one of them */
	uint64_t number;
	uint64_t of;
};

struct nn_serve_data {
	const struct nn_serve_options *options;
	struct operand *operands; /* [options->count] */
	struct view *views;
	size_t view_count;
	struct operand *sent; /* shards */
	size_t sent_count;
	size_t open; /* which of them is on its way; NOTHING: none is */
};

#define NOTHING ((size_t)-1)

int nn_serve_data_new(struct nn_serve_data **data, const struct nn_serve_options *options,
	struct nn_error *err)
{
	struct nn_serve_data *new = nn_alloc(1, sizeof *new, err);

	*data = new;
	if (!new)
		return NN_FAILED;
	new->options = options;
	new->open = NOTHING;
	new->operands = nn_alloc(options->count, sizeof *new->operands, err);
	return new->operands ? NN_OK : NN_FAILED;
}

void nn_serve_data_free(struct nn_serve_data *data)
{
	if (!data)
		return;
	for (size_t i = 0; i < data->view_count; i++)
		nn_shards_free(&data->views[i].shards);
	for (size_t i = 0; data->operands && i < data->options->count; i++)
		nn_dataset_free(&data->operands[i].data);
	for (size_t i = 0; i < data->sent_count; i++)
		nn_dataset_free(&data->sent[i].data);
	free(data->views);
	free(data->operands);
	free(data->sent);
	free(data);
}

void nn_serve_data_doubt(struct nn_serve_data *data)
{
	for (size_t i = 0; i < data->options->count; i++)
		data->operands[i].fits = false;
	for (size_t i = 0; i < data->sent_count; i++)
		data->sent[i].fits = false;
}

static bool is_of(const struct operand *sent, const struct nn_preamble *what)
{
	return sent->data.shards == what->shards && sent->data.shard == what->first;
}

/* The last frame of the shard that was on its way has come: whoever sends something else says so. */
static int close_sent(struct nn_serve_data *data, struct nn_error *err)
{
	struct operand *open = data->open == NOTHING ? NULL : &data->sent[data->open];

	data->open = NOTHING;
	if (!open)
		return NN_OK;
	open->loaded = true;
	return nn_dataset_finish(&open->data, open->name, err);
}

/* Where the frames of a shard go from now on. */
static int open_sent(struct nn_serve_data *data, const struct nn_preamble *what,
	struct nn_error *err)
{
	struct operand *list;

	for (data->open = 0; data->open < data->sent_count; data->open++)
		if (is_of(&data->sent[data->open], what))
			break;
	if (data->open < data->sent_count) {
		nn_dataset_free(&data->sent[data->open].data);
	} else {
		list = nn_realloc(data->sent, data->sent_count + 1, sizeof *list, err);
		if (!list)
			return NN_FAILED;
		data->sent = list;
		data->sent_count++;
	}
	data->sent[data->open] = (struct operand){ .name = "the data that were sent" };
	return NN_OK;
}

int nn_serve_data_take(struct nn_serve_data *data, struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err)
{
	const struct nn_preamble *what = &frame->preamble;
	int status = NN_OK;

	if (!what->shards) {
		nn_fail(err, NN_BAD, "data of no shard");
		return nn_reader_blame(reader, err);
	}
	if (data->open != NOTHING && !is_of(&data->sent[data->open], what))
		status = close_sent(data, err);
	if (!status && data->open == NOTHING)
		status = open_sent(data, what, err);
	return status ? status : nn_dataset_take(&data->sent[data->open].data, reader, frame, err);
}

static int load(struct operand *operand, const char *path, struct nn_error *err)
{
	int fd;
	int status;

	if (operand->loaded)
		return NN_OK;
	status = nn_open_input(path, &fd, &operand->name, err);
	if (status)
		return status;
	status = nn_dataset_load(&operand->data, fd, operand->name, err);
	close(fd);
	operand->loaded = !status;
	return status;
}

static int find_operand(struct nn_serve_data *data, const struct nn_preamble *task,
	struct operand **operand, struct nn_error *err)
{
	if (!data->options->count)
		return nn_fail(err, NN_BAD, "a task for file %u, but this worker has none",
			(unsigned)task->part);
	if (task->parts != data->options->count || task->part >= task->parts)
		return nn_fail(err, NN_BAD, "a task for %u files of data, but there are %zu",
			(unsigned)task->parts, data->options->count);
	*operand = &data->operands[task->part];
	return load(*operand, data->options->paths[task->part], err);
}

int nn_serve_data_file(struct nn_serve_data *data, const struct nn_preamble *task,
	const struct nn_dataset **file, struct nn_error *err)
{
	struct operand *operand = NULL;
	int status = find_operand(data, task, &operand, err);

	if (!status)
		*file = &operand->data;
	return status;
}

static int find_view(struct nn_serve_data *data, const struct operand *operand,
	const struct nn_preamble *task, struct nn_shard *shard, struct nn_error *err)
{
	struct nn_view how = { .method = data->options->method, .seed = data->options->shard_seed };
	struct view *views;
	char which[64];
	int status;

	for (size_t i = 0; i < data->view_count; i++)
		if (data->views[i].number == task->first && data->views[i].of == task->shards) {
			*shard = data->views[i].shards.list[0];
			return NN_OK;
		}
	views = nn_realloc(data->views, data->view_count + 1, sizeof *views, err);
	if (!views)
		return NN_FAILED;
	data->views = views;
	views += data->view_count;
	snprintf(which, sizeof which, "%llu/%llu", (unsigned long long)task->first,
		(unsigned long long)task->shards);
	how.which = which;
	*views = (struct view){ .number = task->first, .of = task->shards };
	status = nn_shards_of_view(&views->shards, &operand->data, operand->name, &how, err);
	if (status)
		return status;
	data->view_count++;
	*shard = views->shards.list[0];
	return NN_OK;
}

static int find_sent(struct nn_serve_data *data, const struct nn_preamble *task,
	struct operand **operand, struct nn_error *err)
{
	int status = close_sent(data, err);

	for (size_t i = 0; i < data->sent_count && !status; i++)
		if (is_of(&data->sent[i], task)) {
			*operand = &data->sent[i];
			return NN_OK;
		}
	return status ? status :
			nn_fail(err, NN_BAD, "a task of shard %llu of %llu, which did not come",
				(unsigned long long)task->first, (unsigned long long)task->shards);
}

int nn_serve_data_shard(struct nn_serve_data *data, const struct nn_preamble *task,
	struct nn_shard *shard, bool **fits, struct nn_error *err)
{
	struct operand *operand = NULL;
	int status = data->options->count ? find_operand(data, task, &operand, err) :
					    find_sent(data, task, &operand, err);

	if (status)
		return status;
	*fits = &operand->fits;
	if (operand->data.shards && !is_of(operand, task))
		return nn_fail(err, NN_BAD,
			"%s: is shard %llu of %llu here, where %llu of %llu is wanted",
			operand->name, (unsigned long long)operand->data.shard,
			(unsigned long long)operand->data.shards, (unsigned long long)task->first,
			(unsigned long long)task->shards);
	if (!operand->data.shards && task->parts == 1 && task->shards > 1)
		return find_view(data, operand, task, shard, err);
	*shard = (struct nn_shard){ .data = &operand->data,
		.name = operand->name,
		.number = task->first,
		.count = operand->data.rows };
	return NN_OK;
}
