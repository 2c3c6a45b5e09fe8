#include "train/supply.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"

int nn_supply_open(struct nn_supply *supply, char *const *paths, char *const *names, size_t count,
	struct nn_error *err)
{
	const char *ignored;
	int status = NN_OK;

	*supply = (struct nn_supply){ .names = names };
	supply->data = nn_alloc(count, sizeof *supply->data, err);
	if (!supply->data)
		return NN_FAILED;
	while (supply->count < count && !status) {
		size_t i = supply->count;
		int fd;

		status = nn_open_input(paths[i], &fd, &ignored, err);
		if (status)
			break;
		status = nn_dataset_load(&supply->data[i], fd, names[i], err);
		close(fd);
		supply->count += !status;
	}
	return status;
}

int nn_supply_cut(struct nn_supply *supply, uint64_t shards, const char *method, uint64_t seed,
	struct nn_error *err)
{
	struct nn_view view = { .method = method, .seed = seed };
	char all[64];

	if (supply->count > 1 || supply->data[0].shards)
		return nn_shards_of_files(&supply->shards, supply->data,
			(const char *const *)supply->names, supply->count, err);
	snprintf(all, sizeof all, "0-%llu/%llu", (unsigned long long)shards - 1,
		(unsigned long long)shards);
	view.which = all;
	return nn_shards_of_view(&supply->shards, supply->data, supply->names[0], &view, err);
}

void nn_supply_close(struct nn_supply *supply)
{
	nn_shards_free(&supply->shards);
	for (size_t i = 0; i < supply->count; i++)
		nn_dataset_free(&supply->data[i]);
	free(supply->data);
	*supply = (struct nn_supply){ 0 };
}

int nn_supply_send(const struct nn_supply *supply, uint64_t shard, struct nn_writer *writer,
	void (*written)(void *context), void *context, struct nn_error *err)
{
	/* All of them are there, so they lie by number. */
	const struct nn_shard *what = &supply->shards.list[shard];

	return nn_dataset_write(what->data, what->rows, what->count, shard, supply->shards.shards,
		writer, written, context, err);
}
