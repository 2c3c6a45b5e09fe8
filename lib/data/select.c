#include "data/select.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Number of columns of that name; *index is the first. */
static size_t find_name(const char *item, char *const *names, size_t count, size_t *index)
{
	size_t found = 0;

	for (size_t i = count; names && i-- > 0;)
		if (!strcmp(names[i], item)) {
			*index = i;
			found++;
		}
	return found;
}

static int refuse(const char *item, char *const *names, size_t count, struct nn_error *err)
{
	struct nn_buffer known = { 0 };
	int status;

	if (!names)
		return nn_fail(err, NN_BAD,
			"no column '%s': there is no header, columns are 1 to %zu", item, count);
	for (size_t i = 0; i < count && known.length < 200; i++)
		nn_buffer_printf(&known, NULL, "%s%s", i ? ", " : "", names[i]);
	status = nn_fail(err, NN_BAD, "no column '%s'; columns are %.200s%s", item,
		known.data ? known.data : "", known.length > 200 ? "..." : "");
	nn_buffer_free(&known);
	return status;
}

/* "7" or "2-5", from 1 */
static bool parse_range(char *item, uint64_t *first, uint64_t *last)
{
	char *dash = strchr(item, '-');
	bool good;

	if (!dash)
		return nn_parse_u64(item, first) && nn_parse_u64(item, last);
	*dash = '\0';
	good = nn_parse_u64(item, first) && nn_parse_u64(dash + 1, last);
	*dash = '-';
	return good;
}

static int choose(char *item, char *const *names, size_t count, bool *chosen, struct nn_error *err)
{
	size_t index = 0;
	size_t found = find_name(item, names, count, &index);
	uint64_t first;
	uint64_t last;

	if (found > 1)
		return nn_fail(err, NN_BAD, "%zu columns have the name '%s': say which by number",
			found, item);
	if (found) {
		chosen[index] = true;
		return NN_OK;
	}
	if (!parse_range(item, &first, &last))
		return refuse(item, names, count, err);
	if (first < 1 || first > last || last > count)
		return nn_fail(err, NN_BAD, "no column '%s': columns are 1 to %zu", item, count);
	for (uint64_t i = first; i <= last; i++)
		chosen[i - 1] = true;
	return NN_OK;
}

int nn_select_columns(const char *list, char *const *names, size_t count, bool *chosen,
	struct nn_error *err)
{
	size_t index = 0;
	char *copy;
	char *item;
	int status = NN_OK;

	if (find_name(list, names, count, &index) == 1) {
		chosen[index] = true;
		return NN_OK;
	}
	copy = nn_strdup(list, err);
	if (!copy)
		return NN_FAILED;
	for (item = copy; item && !status;) {
		char *comma = strchr(item, ',');

		if (comma)
			*comma = '\0';
		status = choose(item, names, count, chosen, err);
		item = comma ? comma + 1 : NULL;
	}
	free(copy);
	return status;
}
