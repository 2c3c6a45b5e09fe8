#include "train/placement.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/template.h"

#define EACH_HOST "%h:"

bool nn_placement_is_home(const char *home, const char *host)
{
	const char *at = host ? strrchr(host, '@') : NULL;

	if (!host)
		return !*home;
	return !strcmp(home, host) || (at && !strcmp(home, at + 1));
}

bool nn_placement_has(const struct nn_placement *placement, size_t number, const char *host)
{
	return !placement->homes[number] || nn_placement_is_home(placement->homes[number], host);
}

static bool is_host(const struct nn_hosts *hosts, const char *home)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (nn_placement_is_home(home, hosts->list[i].here ? NULL : hosts->list[i].name))
			return true;
	return false;
}

/* Grown at powers of two. `name` is taken over; what is behind its first `home` bytes and a colon is
 * the path, or all of it if that is SIZE_MAX. */
static int add(struct nn_placement *placement, char *name, size_t home, struct nn_error *err)
{
	size_t count = placement->count;
	char ***const lists[] = { &placement->names, &placement->paths, &placement->homes };

	for (size_t i = 0; i < 3 && !(count & (count - 1)); i++) {
		char **list = nn_realloc(*lists[i], count ? 2 * count : 1, sizeof *list, err);

		if (!list) {
			free(name);
			return NN_FAILED;
		}
		*lists[i] = list;
	}
	placement->names[count] = placement->paths[count] = name;
	placement->homes[count] = NULL;
	placement->count++;
	if (home == SIZE_MAX)
		return NN_OK;
	placement->paths[count] += home + 1;
	placement->homes[count] = nn_strdup(name, err);
	if (!placement->homes[count])
		return NN_FAILED;
	placement->homes[count][home] = '\0';
	return NN_OK;
}

static int add_at(struct nn_placement *placement, const struct nn_host *host, char *path,
	struct nn_error *err)
{
	const char *home = host->here ? "" : host->name;
	struct nn_buffer name = { 0 };
	int status = path ? nn_buffer_printf(&name, err, "%s:%s", home, path) : NN_FAILED;

	free(path);
	if (!status)
		return add(placement, name.data, strlen(home), err);
	nn_buffer_free(&name);
	return status;
}

static int add_each(struct nn_placement *placement, const char *path, const struct nn_hosts *hosts,
	struct nn_error *err)
{
	bool template = strchr(path, '%') != NULL;
	uint64_t number = 0;
	int status = NN_OK;

	if (!hosts->count)
		return nn_fail(err, NN_USAGE, "%s%s: there are no hosts (--sshlogin)", EACH_HOST,
			path);
	if (template)
		status = nn_template_check(path, err);
	for (size_t i = 0; i < hosts->count && !status; i++) {
		const struct nn_host *host = &hosts->list[i];

		if (!template)
			status = add_at(placement, host, nn_strdup(path, err), err);
		for (unsigned k = 0; k < host->count && template && !status; k++)
			status = add_at(placement, host, nn_template_expand(path, number++, err),
				err);
	}
	return status;
}

static int read_operand(struct nn_placement *placement, const char *operand,
	const struct nn_hosts *hosts, struct nn_error *err)
{
	size_t length = strcspn(operand, ":/");
	bool placed = operand[length] == ':' && hosts->count;
	const char *home;
	char *name;

	if (operand[length] == ':' && !operand[length + 1] &&
		(placed || !strcmp(operand, EACH_HOST)))
		return nn_fail(err, NN_USAGE, "%s: no file is named", operand);
	if (!strncmp(operand, EACH_HOST, strlen(EACH_HOST)))
		return add_each(placement, operand + strlen(EACH_HOST), hosts, err);
	name = nn_strdup(operand, err);
	if (!name || add(placement, name, placed ? length : SIZE_MAX, err))
		return NN_FAILED;
	home = placement->homes[placement->count - 1];
	if (home && !is_host(hosts, home))
		return nn_fail(err, NN_USAGE,
			"%s: no worker is on %s (a file of that name is ./%s)", operand,
			*home ? home : "this machine", operand);
	return NN_OK;
}

int nn_placement_read(struct nn_placement *placement, char *const *operands, size_t count,
	const struct nn_hosts *hosts, struct nn_error *err)
{
	int status = NN_OK;

	*placement = (struct nn_placement){ 0 };
	for (size_t i = 0; i < count && !status; i++)
		status = read_operand(placement, operands[i], hosts, err);
	if (status)
		nn_placement_free(placement);
	return status;
}

void nn_placement_free(struct nn_placement *placement)
{
	for (size_t i = 0; i < placement->count; i++) {
		free(placement->homes[i]);
		free(placement->names[i]);
	}
	free(placement->homes);
	free(placement->paths);
	free(placement->names);
	*placement = (struct nn_placement){ 0 };
}
