#include "train/train.h"

int nn_train_number_files(size_t *files, const struct nn_preamble *answers, char *const *paths,
	size_t count, struct nn_error *err)
{
	for (size_t i = 0; i < count; i++) {
		files[i] = (size_t)-1;
		if (!answers[i].shards != !answers[0].shards)
			return nn_fail(err, NN_BAD, "%s is a shard, %s is none",
				paths[answers[i].shards ? i : 0], paths[answers[i].shards ? 0 : i]);
	}
	for (size_t i = 0; i < count; i++) {
		size_t number = answers[i].shards ? (size_t)answers[i].first : i;

		if (answers[i].shards && answers[i].shards != count)
			return nn_fail(err, NN_BAD, "%s is one of %llu shards: give all of them",
				paths[i], (unsigned long long)(answers[i].shards));
		if (files[number] != (size_t)-1)
			return nn_fail(err, NN_BAD, "%s and %s are both shard %zu of %zu",
				paths[files[number]], paths[i], number, count);
		files[number] = i;
	}
	return NN_OK;
}
