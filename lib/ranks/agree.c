/* What ranks tell each other before they work together: made of nn_ranks_gather alone. */
#include <string.h>

#include "ranks/ranks.h"

/* All know what all say, and say the same. */
static void say_who(const struct nn_error *all, size_t size, size_t first, struct nn_error *err)
{
	size_t same = 0;
	struct nn_error what = all[first];

	for (size_t r = 0; r < size; r++)
		same += all[r].status && !strcmp(all[r].text, what.text);
	if (same == size)
		*err = what;
	else if (same == 1)
		nn_fail(err, what.status, "rank %zu: %s", first, what.text);
	else
		nn_fail(err, what.status, "rank %zu and %zu more: %s", first, same - 1, what.text);
}

int nn_ranks_agree(struct nn_ranks *ranks, int status, struct nn_error *err)
{
	struct nn_error mine = { 0 };
	struct nn_error *all = ranks->room;
	size_t first = 0;

	if (status)
		mine = *err;
	mine.status = (enum nn_status)status;
	nn_ranks_gather(ranks, &mine, sizeof mine, all);
	while (first < ranks->size && !all[first].status)
		first++;
	status = first < ranks->size ? (int)all[first].status : NN_OK;
	if (status)
		say_who(all, ranks->size, first, err);
	return status;
}

int nn_ranks_compare(struct nn_ranks *ranks, const char *const *names,
	const char (*texts)[NN_RANKS_TEXT], size_t count, struct nn_error *err)
{
	size_t bytes = count * NN_RANKS_TEXT;
	char(*all)[NN_RANKS_TEXT] = ranks->room;
	int status = NN_OK;

	nn_ranks_gather(ranks, texts, bytes, all);
	for (size_t i = 0; i < ranks->size * count && !status; i++)
		if (strcmp(all[i], all[i % count]))
			status = nn_fail(err, NN_BAD,
				"ranks differ in %s: %s in rank 0, %s in rank %zu",
				names[i % count], all[i % count], all[i], i / count);
	return status;
}
