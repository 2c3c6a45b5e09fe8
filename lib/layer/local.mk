libnnpipe_a_SOURCES += \
	lib/layer/activation.h \
	lib/layer/batch_norm.c \
	lib/layer/dense.c \
	lib/layer/dropout.c \
	lib/layer/elu.c \
	lib/layer/gelu.c \
	lib/layer/group_norm.c \
	lib/layer/identity.c \
	lib/layer/init.c \
	lib/layer/layer.h \
	lib/layer/layer_norm.c \
	lib/layer/leaky_relu.c \
	lib/layer/norm.c \
	lib/layer/norm.h \
	lib/layer/parse.c \
	lib/layer/plane.h \
	lib/layer/relu.c \
	lib/layer/residual.c \
	lib/layer/rms_norm.c \
	lib/layer/sigmoid.c \
	lib/layer/silu.c \
	lib/layer/softmax.c \
	lib/layer/table.c \
	lib/layer/tanh.c \
	lib/layer/types.h
