libnnpipe_a_SOURCES += \
	lib/data/dataset.h \
	lib/data/partition.h \
	lib/data/sampler.h
