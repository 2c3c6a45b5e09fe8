bin_PROGRAMS +=
bin_PROGRAMS += nn-reduce
nn_reduce_SOURCES = tools/nn-reduce.c
bin_PROGRAMS += nn-info
nn_info_SOURCES = tools/nn-info.c
bin_PROGRAMS += nn-update
nn_update_SOURCES = tools/nn-update.c
