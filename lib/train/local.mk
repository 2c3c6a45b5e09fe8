libnnpipe_a_SOURCES += \
	lib/train/finite.c \
	lib/train/finite.h \
	lib/train/lockstep.c \
	lib/train/reduce.c \
	lib/train/reduce.h \
	lib/train/reduction.c \
	lib/train/reduction.h
