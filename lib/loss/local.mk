# the files of this room: libnnpipe_a_SOURCES += ...
libnnpipe_a_SOURCES += lib/loss/metrics.c lib/loss/metrics.h lib/loss/tally.c
libnnpipe_a_SOURCES += \
	lib/loss/auc.c \
	lib/loss/auc.h \
	lib/loss/binary_cross_entropy.c \
	lib/loss/criterion.c \
	lib/loss/cross_entropy.c \
	lib/loss/elementwise.c \
	lib/loss/elementwise.h \
	lib/loss/huber.c \
	lib/loss/loss.h \
	lib/loss/mae.c \
	lib/loss/mse.c \
	lib/loss/table.c \
	lib/loss/types.h
