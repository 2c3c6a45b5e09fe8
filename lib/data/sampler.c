#include "data/sampler.h"

#include "base/random.h"

/* floor(s n / S) needs the product in 128 bits: both factors may be near 2^64. */
static uint64_t cut(uint64_t n, uint64_t step, uint64_t steps)
{
	return (uint64_t)((unsigned __int128)step * n / steps);
}

struct nn_step_rows nn_sampler_range(uint64_t n, uint64_t step_in_epoch, uint64_t steps_per_epoch)
{
	if (step_in_epoch >= steps_per_epoch)
		return (struct nn_step_rows){ n, n };
	return (struct nn_step_rows){ cut(n, step_in_epoch, steps_per_epoch),
		cut(n, step_in_epoch + 1, steps_per_epoch) };
}

void nn_sampler_rows(struct nn_step_rows range, uint64_t n, uint64_t seed, uint64_t epoch,
	uint64_t shard, uint64_t *rows)
{
	struct nn_random stream = nn_random_stream(seed, NN_RANDOM_ORDER, epoch, shard);

	nn_permute_run(&stream, n, range.begin, range.end - range.begin, rows);
}
