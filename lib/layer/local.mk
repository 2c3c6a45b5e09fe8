libnnpipe_a_SOURCES += \
	lib/layer/activation.h \
	lib/layer/attention.c \
	lib/layer/dense.c \
	lib/layer/embedding.c \
	lib/layer/gelu.c \
	lib/layer/identity.c \
	lib/layer/init.c \
	lib/layer/layer.h \
	lib/layer/linear.c \
	lib/layer/linear.h \
	lib/layer/parse.c \
	lib/layer/position_embedding.c \
	lib/layer/product.c \
	lib/layer/product.h \
	lib/layer/relu.c \
	lib/layer/residual.c \
	lib/layer/sigmoid.c \
	lib/layer/scores.c \
	lib/layer/scores.h \
	lib/layer/table.c \
	lib/layer/tanh.c \
	lib/layer/types.h
