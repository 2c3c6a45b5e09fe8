/* What each rank knows of the data, and what all of them know then. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/rank_step-private.h"

static int look(const struct nn_rank_crew *crew, size_t i, struct nn_preamble *answer,
	struct nn_error *err)
{
	const struct nn_preamble question = { .kind = NN_KIND_TASK,
		.part = (uint32_t)i,
		.parts = (uint32_t)crew->serve.count };
	const struct nn_dataset *file;
	int status = nn_serve_data_file(crew->data, &question, &file, err);

	if (!status)
		*answer = (struct nn_preamble){ .rows = file->rows,
			.shards = file->shards,
			.first = file->shards ? file->shard : 0,
			.id = file->id };
	return status;
}

/* Of many files each rank reads its part; of one, of which shards are views, all read all. */
static int look_at_mine(const struct nn_rank_crew *crew, struct nn_preamble *answers,
	struct nn_error *err)
{
	size_t files = crew->serve.count;
	size_t rank = crew->world->rank;
	size_t size = crew->world->size;
	size_t first = files == 1 ? 0 : files * rank / size;
	size_t end = files == 1 ? 1 : files * (rank + 1) / size;
	int status = NN_OK;

	for (size_t i = first; i < end && !status; i++)
		status = look(crew, i, &answers[i], err);
	return status;
}

static int compare_views(const struct nn_rank_crew *crew, const struct nn_preamble *all,
	struct nn_error *err)
{
	for (size_t r = 1; r < crew->world->size; r++)
		if (all[r].rows != all[0].rows || all[r].id != all[0].id)
			return nn_fail(err, NN_BAD,
				"%s: rank %zu finds %llu rows there (%016llx), rank 0 %llu "
				"(%016llx)",
				crew->serve.paths[0], r, (unsigned long long)all[r].rows,
				(unsigned long long)all[r].id, (unsigned long long)all[0].rows,
				(unsigned long long)all[0].id);
	return NN_OK;
}

/* The answers of all ranks: each has its part of them. */
static int put_together(const struct nn_rank_crew *crew, struct nn_preamble *answers,
	struct nn_error *err)
{
	size_t files = crew->serve.count;
	size_t size = crew->world->size;
	struct nn_preamble *all = nn_alloc(size * files, sizeof *all, err);
	int status = nn_ranks_agree(crew->world, all ? NN_OK : NN_FAILED, err);

	if (!status)
		nn_ranks_gather(crew->world, answers, files * sizeof *answers, all);
	if (!status && files == 1)
		status = compare_views(crew, all, err);
	for (size_t r = 0; r < size && !status && files > 1; r++)
		for (size_t i = files * r / size; i < files * (r + 1) / size; i++)
			answers[i] = all[r * files + i];
	free(all);
	return status;
}

int nn_rank_survey(struct training *training, struct nn_preamble *answers, struct nn_error *err)
{
	const struct nn_train_options *options = training->options;
	struct nn_rank_crew *crew = nn_alloc(1, sizeof *crew, err);
	int status = crew ? NN_OK : NN_FAILED;

	training->crew = crew;
	if (crew) {
		crew->world = options->ranks;
		crew->serve = *options->serve;
		status = nn_serve_data_new(&crew->data, &crew->serve, err);
	}
	if (!status)
		status = look_at_mine(crew, answers, err);
	status = nn_ranks_agree(options->ranks, status, err);
	return status ? status : put_together(crew, answers, err);
}
