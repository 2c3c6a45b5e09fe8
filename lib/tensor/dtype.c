#include "tensor/tensor.h"

#include <string.h>

static const struct {
	const char *name;
	size_t size;
} dtypes[] = {
	[NN_F64] = { "F64", 8 },
	[NN_I64] = { "I64", 8 },
	[NN_U64] = { "U64", 8 },
	[NN_F32] = { "F32", 4 },
	[NN_I32] = { "I32", 4 },
	[NN_U32] = { "U32", 4 },
	[NN_F16] = { "F16", 2 },
	[NN_BF16] = { "BF16", 2 },
	[NN_I16] = { "I16", 2 },
	[NN_U16] = { "U16", 2 },
	[NN_I8] = { "I8", 1 },
	[NN_U8] = { "U8", 1 },
	[NN_BOOL] = { "BOOL", 1 },
};

size_t nn_dtype_size(enum nn_dtype dtype)
{
	return dtypes[dtype].size;
}

const char *nn_dtype_name(enum nn_dtype dtype)
{
	return dtypes[dtype].name;
}

bool nn_dtype_parse(const char *name, enum nn_dtype *dtype)
{
	for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
		if (!strcmp(name, dtypes[i].name)) {
			*dtype = (enum nn_dtype)i;
			return true;
		}
	return false;
}
