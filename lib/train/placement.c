#include "train/placement.h"

#include <stdlib.h>
#include <string.h>

bool nn_placement_is_home(const char *home, const char *host)
{
	const char *at = host ? strrchr(host, '@') : NULL;

	if (!host)
		return !*home;
	return !strcmp(home, host) || (at && !strcmp(home, at + 1));
}

static bool is_host(const struct nn_hosts *hosts, const char *home)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (nn_placement_is_home(home, hosts->list[i].here ? NULL : hosts->list[i].name))
			return true;
	return false;
}

static int read_operand(struct nn_placement *placement, char *operand, const struct nn_hosts *hosts,
	struct nn_error *err)
{
	size_t length = strcspn(operand, ":/");
	char *home;

	placement->paths[placement->count] = operand;
	placement->homes[placement->count++] = NULL;
	if (operand[length] != ':' || !hosts->count)
		return NN_OK;
	home = nn_strdup(operand, err);
	if (!home)
		return NN_FAILED;
	home[length] = '\0';
	placement->homes[placement->count - 1] = home;
	placement->paths[placement->count - 1] = operand + length + 1;
	if (!operand[length + 1])
		return nn_fail(err, NN_USAGE, "%s: no file is named", operand);
	if (!is_host(hosts, home))
		return nn_fail(err, NN_USAGE,
			"%s: no worker is on %s (a file of that name is ./%s)", operand,
			*home ? home : "this machine", operand);
	return NN_OK;
}

int nn_placement_read(struct nn_placement *placement, char *const *operands, size_t count,
	const struct nn_hosts *hosts, struct nn_error *err)
{
	int status = NN_OK;

	*placement = (struct nn_placement){ .paths = nn_alloc(count, sizeof(char *), err),
		.homes = nn_alloc(count, sizeof(char *), err) };
	if (!placement->paths || !placement->homes)
		status = NN_FAILED;
	for (size_t i = 0; i < count && !status; i++)
		status = read_operand(placement, operands[i], hosts, err);
	if (status)
		nn_placement_free(placement);
	return status;
}

void nn_placement_free(struct nn_placement *placement)
{
	for (size_t i = 0; i < placement->count; i++)
		free(placement->homes[i]);
	free(placement->homes);
	free(placement->paths);
	*placement = (struct nn_placement){ 0 };
}
