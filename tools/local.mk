bin_PROGRAMS +=
bin_PROGRAMS += nn-reduce
nn_reduce_SOURCES = tools/nn-reduce.c
