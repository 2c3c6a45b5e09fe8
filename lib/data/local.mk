libnnpipe_a_SOURCES += \
	lib/data/block.c \
	lib/data/cyclic.c \
	lib/data/dataset.c \
	lib/data/dataset.h \
	lib/data/meta.c \
	lib/data/meta.h \
	lib/data/partition.c \
	lib/data/partition.h \
	lib/data/random.c \
	lib/data/sampler.c \
	lib/data/sampler.h
