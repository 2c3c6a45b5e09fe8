#include "data/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"

/* The slot that has the name, or the free one where it would go. */
static size_t find_slot(const struct nn_names *names, const char *text, size_t length)
{
	size_t mask = names->slot_count - 1;
	size_t slot = (size_t)nn_hash(text, length) & mask;

	while (names->slots[slot]) {
		const char *name = names->names[names->slots[slot] - 1];

		if (!strncmp(name, text, length) && !name[length])
			break;
		slot = (slot + 1) & mask;
	}
	return slot;
}

size_t nn_names_find(const struct nn_names *names, const char *text, size_t length)
{
	size_t slot;

	if (!names->slot_count)
		return NN_NO_NAME;
	slot = find_slot(names, text, length);
	return names->slots[slot] ? names->slots[slot] - 1 : NN_NO_NAME;
}

static void fill_slots(struct nn_names *names)
{
	memset(names->slots, 0, names->slot_count * sizeof *names->slots);
	for (size_t i = 0; i < names->count; i++)
		names->slots[find_slot(names, names->names[i], strlen(names->names[i]))] = i + 1;
}

/* Half of the slots stay free. */
static int grow(struct nn_names *names, struct nn_error *err)
{
	size_t slot_count = names->slot_count ? 2 * names->slot_count : 16;
	size_t *slots;
	char **grown = nn_realloc(names->names, slot_count / 2, sizeof *grown, err);

	if (!grown)
		return NN_FAILED;
	names->names = grown;
	slots = nn_alloc(slot_count, sizeof *slots, err);
	if (!slots)
		return NN_FAILED;
	free(names->slots);
	names->slots = slots;
	names->slot_count = slot_count;
	fill_slots(names);
	return NN_OK;
}

int nn_names_add(struct nn_names *names, const char *text, size_t length, size_t *number,
	struct nn_error *err)
{
	char *name;

	*number = nn_names_find(names, text, length);
	if (*number != NN_NO_NAME)
		return NN_OK;
	if (2 * names->count >= names->slot_count && grow(names, err))
		return NN_FAILED;
	name = nn_alloc(length + 1, 1, err);
	if (!name)
		return NN_FAILED;
	memcpy(name, text, length);
	*number = names->count;
	names->slots[find_slot(names, text, length)] = names->count + 1;
	names->names[names->count++] = name;
	return NN_OK;
}

struct entry {
	char *name;
	size_t number;
	double value;
};

static int by_bytes(const void *a, const void *b)
{
	const struct entry *left = a;
	const struct entry *right = b;

	return strcmp(left->name, right->name);
}

static int by_value(const void *a, const void *b)
{
	const struct entry *left = a;
	const struct entry *right = b;

	if (left->value != right->value)
		return left->value < right->value ? -1 : 1;
	return by_bytes(a, b);
}

int nn_names_sort(struct nn_names *names, size_t **ranks, struct nn_error *err)
{
	struct entry *entries = nn_alloc(names->count, sizeof *entries, err);
	int numbers = 1;

	*ranks = entries ? nn_alloc(names->count, sizeof **ranks, err) : NULL;
	if (!*ranks) {
		free(entries);
		return NN_FAILED;
	}
	for (size_t i = 0; i < names->count; i++) {
		entries[i] = (struct entry){ names->names[i], i, 0.0 };
		numbers = numbers && nn_parse_f64(entries[i].name, &entries[i].value);
	}
	qsort(entries, names->count, sizeof *entries, numbers ? by_value : by_bytes);
	for (size_t i = 0; i < names->count; i++) {
		names->names[i] = entries[i].name;
		(*ranks)[entries[i].number] = i;
	}
	free(entries);
	if (names->slot_count)
		fill_slots(names);
	return NN_OK;
}

void nn_names_free(struct nn_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
	free(names->slots);
	*names = (struct nn_names){ 0 };
}
