libnnpipe_a_SOURCES += \
	lib/tensor/blas.c \
	lib/tensor/blas.h \
	lib/tensor/bundle.c \
	lib/tensor/convert.c \
	lib/tensor/dtype.c \
	lib/tensor/lanes.h \
	lib/tensor/math.h \
	lib/tensor/stats.c \
	lib/tensor/stats.h \
	lib/tensor/tensor.h \
	lib/tensor/text.c \
	lib/tensor/vector.c \
	lib/tensor/vector.h
