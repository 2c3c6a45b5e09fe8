#include "tools/capacity.h"

void check_capacity(const struct cli_reals *capacity, const struct nn_hosts *hosts,
	uint64_t *workers)
{
	uint64_t count = *workers;

	if (!capacity->count)
		return;
	for (size_t i = 0; i < hosts->count; i++)
		count += hosts->list[i].count;
	if (!count)
		count = *workers = capacity->count;
	if (capacity->count != count)
		cli_usage("--capacity has %zu numbers, and there are %llu workers", capacity->count,
			(unsigned long long)count);
	for (size_t i = 0; i < capacity->count; i++)
		if (!(capacity->values[i] > 0))
			cli_usage("--capacity: %g is not above 0", capacity->values[i]);
}
