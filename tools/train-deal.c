/* Which nn-grad of the script has which shards. */
#include "tools/train-deal.h"

#include "cli/cli.h"
#include "sched/assign.h"

const struct nn_host *train_deal_host(const struct train_print *print, size_t worker)
{
	const struct nn_hosts *hosts = print->hosts;
	size_t number = worker;

	for (size_t i = 0; i < hosts->count; i++) {
		if (number < hosts->list[i].count)
			return hosts->list[i].here ? NULL : &hosts->list[i];
		number -= hosts->list[i].count;
	}
	return NULL;
}

static bool has_file(const struct train_print *print, size_t worker, size_t file)
{
	const struct nn_host *host = train_deal_host(print, worker);

	return nn_placement_has(print->placement, file, host ? host->name : NULL);
}

/* Who of those who have file `file` has the fewest shards. */
static size_t idlest(const struct train_print *print, const struct nn_train_start *run,
	const size_t *loads, size_t file)
{
	size_t best = NN_NOBODY;

	for (size_t i = 0; i < run->workers; i++)
		if (has_file(print, i, file) && (best == NN_NOBODY || loads[i] < loads[best]))
			best = i;
	return best;
}

/* Views to neighbours in a row: owners[k] is who has shard k. */
static void deal_views(const struct train_print *print, const struct nn_train_start *run,
	size_t *owners, size_t *loads, size_t shards)
{
	size_t count = 0;
	size_t given = 0;

	for (size_t i = 0; i < run->workers; i++)
		count += has_file(print, i, 0);
	count = count < shards ? count : shards;
	for (size_t i = 0; i < run->workers && given < count; i++) {
		if (!has_file(print, i, 0))
			continue;
		for (size_t k = shards * given / count; k < shards * (given + 1) / count; k++) {
			owners[k] = i;
			loads[i]++;
		}
		given++;
	}
}

/* Files that do not know their numbers get them from one nn-grad that has all of them. */
static size_t find_reader(const struct train_print *print, const struct nn_train_start *run,
	size_t files)
{
	for (size_t i = 0; i < run->workers; i++) {
		size_t had = 0;

		while (had < files && has_file(print, i, had))
			had++;
		if (had == files)
			return i;
	}
	cli_usage(
		"--print: files that do not know their numbers are counted by one nn-grad, and no "
		"host has all of them (nn-shard writes files that know)");
}

void train_deal(const struct train_print *print, const struct nn_train_start *run, size_t *owners,
	size_t *loads)
{
	size_t shards = (size_t)run->shards;
	size_t one;

	if (print->plan->files == 1 && !run->numbered) {
		deal_views(print, run, owners, loads, shards);
		return;
	}
	one = run->numbered ? NN_NOBODY : find_reader(print, run, shards);
	for (size_t i = 0; i < shards; i++) {
		owners[i] = one == NN_NOBODY ? idlest(print, run, loads, i) : one;
		loads[owners[i]]++;
	}
}
