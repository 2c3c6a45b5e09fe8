libnnpipe_a_SOURCES += \
	lib/layer/activation.h \
	lib/layer/avg_pool.c \
	lib/layer/conv2d.c \
	lib/layer/dense.c \
	lib/layer/flatten.c \
	lib/layer/gelu.c \
	lib/layer/global_pool.c \
	lib/layer/identity.c \
	lib/layer/init.c \
	lib/layer/layer.h \
	lib/layer/max_pool.c \
	lib/layer/parse.c \
	lib/layer/pool.c \
	lib/layer/pool.h \
	lib/layer/products.c \
	lib/layer/products.h \
	lib/layer/relu.c \
	lib/layer/residual.c \
	lib/layer/sigmoid.c \
	lib/layer/table.c \
	lib/layer/tanh.c \
	lib/layer/types.h \
	lib/layer/unfold.c \
	lib/layer/unfold.h \
	lib/layer/window.c \
	lib/layer/window.h
