/* Who has started this process? */
#include <stdlib.h>

#include "base/text.h"
#include "ranks/ranks.h"

/* What a launcher leaves in the environment; rank and number come from MPI itself. */
static const struct {
	const char *variable;
	const char *launcher;
} signs[] = {
	{ "OMPI_COMM_WORLD_SIZE", "mpirun" },
	{ "PMIX_RANK", "a launcher with PMIx" },
	{ "PMI_RANK", "a launcher with PMI" },
};

int nn_ranks_launcher(const char **launcher, struct nn_error *err)
{
	const char *tasks = getenv("SLURM_STEP_NUM_TASKS");
	uint64_t count;

	*launcher = NULL;
	for (size_t i = 0; i < sizeof signs / sizeof signs[0] && !*launcher; i++)
		if (getenv(signs[i].variable))
			*launcher = signs[i].launcher;
	if (*launcher || !tasks || !nn_parse_u64(tasks, &count) || count < 2)
		return NN_OK;
	return nn_fail(err, NN_USAGE,
		"srun has started %s of these, which do not know of each other: srun --mpi=pmix, or "
		"-n 1",
		tasks);
}
