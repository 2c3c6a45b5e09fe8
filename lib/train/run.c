/* What a run must remember to go on as it began. */
#include <string.h>

#include "data/partition.h"
#include "json/json.h"
#include "train/run.h"

#define RUN "run"
#define ROWS_A_SHARD 64 /* of a step: fewer, and products get too small to be fast */
#define MOST_SHARDS 16

uint64_t nn_run_default_shards(uint64_t batch, uint64_t rows)
{
	uint64_t step = batch && batch < rows ? batch : rows;
	uint64_t shards = 1;

	while (shards < MOST_SHARDS && 2 * shards * ROWS_A_SHARD <= step)
		shards *= 2;
	return shards;
}

/* One of the list's own, which outlives any document. */
static const char *known_method(const char *name)
{
	for (const char *const *method = nn_partitioner_names; *method; method++)
		if (!strcmp(*method, name))
			return *method;
	return NULL;
}

int nn_run_read(struct nn_run *run, const struct nn_bundle *state, bool *found,
	struct nn_error *err)
{
	static const char *const known[] = { "batch", "by", "first_epoch", "first_step",
		"local_steps", "rows", "shard_seed", "shards", NULL };
	const char *text = nn_bundle_meta(state, RUN);
	struct nn_json *json;
	const char *method = NULL;
	bool good;

	*run = (struct nn_run){ 0 };
	*found = text != NULL;
	if (!text)
		return NN_OK;
	json = nn_json_parse(text, strlen(text), RUN, err);
	if (!json)
		return NN_BAD;
	good = nn_json_type(json) == NN_JSON_OBJECT && !nn_json_only_keys(json, RUN, known, NULL) &&
		nn_json_u64(nn_json_get(json, "batch"), &run->batch) &&
		nn_json_string(nn_json_get(json, "by"), &method) &&
		nn_json_u64(nn_json_get(json, "first_epoch"), &run->first_epoch) &&
		nn_json_u64(nn_json_get(json, "first_step"), &run->first_step) &&
		nn_json_u64(nn_json_get(json, "shard_seed"), &run->shard_seed) &&
		nn_json_u64(nn_json_get(json, "shards"), &run->shards) && run->shards;
	/* Checkpoints without one of these are older than it. */
	if (good && nn_json_get(json, "local_steps"))
		good = nn_json_u64(nn_json_get(json, "local_steps"), &run->local_steps);
	if (good && nn_json_get(json, "rows"))
		good = nn_json_u64(nn_json_get(json, "rows"), &run->rows);
	run->method = good ? known_method(method) : NULL;
	nn_json_free(json);
	if (!run->method)
		return nn_fail(err, NN_BAD, "its state says of its run what makes no sense");
	return NN_OK;
}

int nn_run_write(const struct nn_run *run, struct nn_bundle *state, struct nn_error *err)
{
	struct nn_buffer json = { 0 };
	int status = nn_buffer_printf(&json, err,
		"{\"batch\":%llu,\"by\":\"%s\",\"first_epoch\":%llu,\"first_step\":%llu,"
		"\"local_steps\":%llu,\"rows\":%llu,\"shard_seed\":%llu,\"shards\":%llu}",
		(unsigned long long)run->batch, run->method, (unsigned long long)run->first_epoch,
		(unsigned long long)run->first_step, (unsigned long long)run->local_steps,
		(unsigned long long)run->rows, (unsigned long long)run->shard_seed,
		(unsigned long long)run->shards);

	if (!status)
		status = nn_bundle_set_meta(state, RUN, json.data, err);
	nn_buffer_free(&json);
	return status;
}
