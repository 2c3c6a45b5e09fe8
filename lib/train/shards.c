#include "train/shards.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/partition.h"

void nn_shards_free(struct nn_shards *shards)
{
	for (size_t i = 0; i < shards->count; i++)
		free(shards->list[i].rows);
	free(shards->list);
	*shards = (struct nn_shards){ 0 };
}

static int by_number(const void *a, const void *b)
{
	const struct nn_shard *left = a;
	const struct nn_shard *right = b;

	return left->number < right->number ? -1 : left->number > right->number;
}

/* Is `other` a part of what `first` is a part of? */
static int check_alike(const struct nn_shard *first, const struct nn_shard *other,
	struct nn_error *err)
{
	const struct nn_dataset *a = first->data;
	const struct nn_dataset *b = other->data;

	if (!a->shards != !b->shards)
		return nn_fail(err, NN_BAD, "%s is a shard, %s is none",
			a->shards ? first->name : other->name,
			a->shards ? other->name : first->name);
	if (a->shards != b->shards)
		return nn_fail(err, NN_BAD, "%s is of %llu shards, %s of %llu", first->name,
			(unsigned long long)a->shards, other->name, (unsigned long long)b->shards);
	if (a->shards && a->total_rows != b->total_rows)
		return nn_fail(err, NN_BAD, "%s is cut from %llu rows, %s from %llu", first->name,
			(unsigned long long)a->total_rows, other->name,
			(unsigned long long)b->total_rows);
	if (a->features != b->features || a->has_classes != b->has_classes ||
		a->outputs != b->outputs || a->positions != b->positions ||
		a->class_count != b->class_count)
		return nn_fail(err, NN_BAD, "%s and %s hold unlike rows", first->name, other->name);
	for (size_t i = 0; i < a->class_count; i++)
		if (strcmp(a->classes[i], b->classes[i]))
			return nn_fail(err, NN_BAD, "class %zu is \"%s\" in %s and \"%s\" in %s", i,
				a->classes[i], first->name, b->classes[i], other->name);
	return NN_OK;
}

int nn_shards_of_files(struct nn_shards *shards, const struct nn_dataset *data,
	const char *const *names, size_t count, struct nn_error *err)
{
	int status = NN_OK;

	*shards = (struct nn_shards){ .list = nn_alloc(count, sizeof *shards->list, err),
		.count = count,
		.shards = data->shards ? data->shards : count };
	if (!shards->list)
		return NN_FAILED;
	for (size_t i = 0; i < count; i++)
		shards->list[i] = (struct nn_shard){ .data = &data[i],
			.name = names[i],
			.number = data->shards ? data[i].shard : i,
			.count = data[i].rows };
	for (size_t i = 1; i < count && !status; i++)
		status = check_alike(&shards->list[0], &shards->list[i], err);
	if (!status)
		qsort(shards->list, count, sizeof *shards->list, by_number);
	for (size_t i = 1; i < count && !status; i++)
		if (shards->list[i].number == shards->list[i - 1].number)
			status = nn_fail(err, NN_BAD, "%s and %s are both shard %llu of %llu",
				shards->list[i - 1].name, shards->list[i].name,
				(unsigned long long)shards->list[i].number,
				(unsigned long long)shards->shards);
	if (status)
		nn_shards_free(shards);
	return status;
}

/* "K/V" or "K-L/V" */
static int parse_which(const char *text, uint64_t *first, uint64_t *last, uint64_t *shards,
	struct nn_error *err)
{
	const char *slash = strchr(text, '/');
	char which[48];
	char *dash;

	if (!slash || (size_t)(slash - text) >= sizeof which || !nn_parse_u64(slash + 1, shards))
		goto bad;
	memcpy(which, text, (size_t)(slash - text));
	which[slash - text] = '\0';
	dash = strchr(which, '-');
	if (dash)
		*dash = '\0';
	if (!nn_parse_u64(which, first) || !nn_parse_u64(dash ? dash + 1 : which, last) ||
		*first > *last)
		goto bad;
	if (*last >= *shards)
		return nn_fail(err, NN_USAGE,
			"there is no shard %llu of %llu: they are numbered from 0",
			(unsigned long long)*last, (unsigned long long)*shards);
	return NN_OK;
bad:
	return nn_fail(err, NN_USAGE, "\"%s\" is no shard K/V, as in 0/4, nor K-L/V", text);
}

static int list_views(struct nn_shards *shards, const struct nn_dataset *data, const char *name,
	const struct nn_partition *partition, uint64_t first, uint64_t last, struct nn_error *err)
{
	int status = NN_OK;

	shards->list = nn_alloc((size_t)(last - first + 1), sizeof *shards->list, err);
	if (!shards->list)
		return NN_FAILED;
	for (uint64_t k = first; k <= last && !status; k++) {
		struct nn_shard *shard = &shards->list[shards->count++];

		*shard = (struct nn_shard){ .data = data, .name = name, .number = k };
		status = nn_partition_list(partition, k, &shard->rows, &shard->count, err);
	}
	return status;
}

int nn_shards_of_view(struct nn_shards *shards, const struct nn_dataset *data, const char *name,
	const struct nn_view *view, struct nn_error *err)
{
	struct nn_partition partition;
	uint64_t first, last;
	int status;

	*shards = (struct nn_shards){ 0 };
	status = parse_which(view->which, &first, &last, &shards->shards, err);
	if (status)
		return status;
	if (data->shards)
		return nn_fail(err, NN_BAD,
			"%s is shard %llu of %llu itself: no view of it is a shard", name,
			(unsigned long long)data->shard, (unsigned long long)data->shards);
	if (view->weights && view->weight_count != shards->shards)
		return nn_fail(err, NN_USAGE, "%zu weights for %llu shards", view->weight_count,
			(unsigned long long)shards->shards);
	status = nn_partition_init(&partition, view->method, data->rows, shards->shards,
		view->weights, view->seed, err);
	if (status)
		return status;
	status = list_views(shards, data, name, &partition, first, last, err);
	nn_partition_free(&partition);
	if (status)
		nn_shards_free(shards);
	return status;
}
