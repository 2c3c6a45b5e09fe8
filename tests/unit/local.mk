# One line of each kind per test:
#   UNIT_TESTS += tests/unit/test-x
#   tests_unit_test_x_SOURCES = tests/unit/test-x.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-partition
tests_unit_test_partition_SOURCES = tests/unit/test-partition.c tests/unit/tap.h

UNIT_TESTS += tests/unit/test-stream
tests_unit_test_stream_SOURCES = tests/unit/test-stream.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-reduce
tests_unit_test_reduce_SOURCES = tests/unit/test-reduce.c tests/unit/tap.h

UNIT_TESTS += tests/unit/test-base tests/unit/test-json tests/unit/test-tensor
tests_unit_test_base_SOURCES = tests/unit/test-base.c tests/unit/tap.h
tests_unit_test_json_SOURCES = tests/unit/test-json.c tests/unit/tap.h
tests_unit_test_tensor_SOURCES = tests/unit/test-tensor.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-metrics
tests_unit_test_metrics_SOURCES = tests/unit/test-metrics.c tests/unit/tap.h
EXTRA_DIST += tests/unit/figures/auc.py tests/unit/figures/metrics.py
UNIT_TESTS += tests/unit/test-loss
tests_unit_test_loss_SOURCES = tests/unit/test-loss.c tests/unit/tap.h tests/unit/figures/loss.h
EXTRA_DIST += tests/unit/figures/loss.py

UNIT_TESTS += tests/unit/test-conv
tests_unit_test_conv_SOURCES = tests/unit/test-conv.c tests/unit/tap.h tests/unit/figures.h \
	tests/unit/figures/conv.h
EXTRA_DIST += tests/unit/figures/conv.py
UNIT_TESTS += tests/unit/test-math tests/unit/test-layer tests/unit/test-network
tests_unit_test_math_SOURCES = tests/unit/test-math.c tests/unit/tap.h
tests_unit_test_network_SOURCES = tests/unit/test-network.c tests/unit/tap.h
tests_unit_test_layer_SOURCES = tests/unit/test-layer.c tests/unit/tap.h \
	tests/unit/figures/gradients.h
EXTRA_DIST += tests/unit/figures/gradients.py tests/unit/figures/normal.py
UNIT_TESTS += tests/unit/test-optim
tests_unit_test_optim_SOURCES = tests/unit/test-optim.c tests/unit/optim-figures.h tests/unit/tap.h
EXTRA_DIST += tests/unit/optim-figures.py
UNIT_TESTS += tests/unit/test-reader
tests_unit_test_reader_SOURCES = tests/unit/test-reader.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-evaluate
tests_unit_test_evaluate_SOURCES = tests/unit/test-evaluate.c tests/unit/tap.h
EXTRA_DIST += tests/unit/figures/evaluate.py
UNIT_TESTS += tests/unit/test-decimal
tests_unit_test_decimal_SOURCES = tests/unit/test-decimal.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-mux
tests_unit_test_mux_SOURCES = tests/unit/test-mux.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-process
tests_unit_test_process_SOURCES = tests/unit/test-process.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-dataset
tests_unit_test_dataset_SOURCES = tests/unit/test-dataset.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-columns
tests_unit_test_columns_SOURCES = tests/unit/test-columns.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-assign
tests_unit_test_assign_SOURCES = tests/unit/test-assign.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-planes
tests_unit_test_planes_SOURCES = tests/unit/test-planes.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-deadline
tests_unit_test_deadline_SOURCES = tests/unit/test-deadline.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-cost
tests_unit_test_cost_SOURCES = tests/unit/test-cost.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-simulate
tests_unit_test_simulate_SOURCES = tests/unit/test-simulate.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-plan
tests_unit_test_plan_SOURCES = tests/unit/test-plan.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-plot
tests_unit_test_plot_SOURCES = tests/unit/test-plot.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-slice
tests_unit_test_slice_SOURCES = tests/unit/test-slice.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-residual
tests_unit_test_residual_SOURCES = tests/unit/test-residual.c tests/unit/tap.h tests/unit/figures.h \
	tests/unit/figures/residual.h
EXTRA_DIST += tests/unit/figures/common.py tests/unit/figures/residual.py
UNIT_TESTS += tests/unit/test-norm tests/unit/test-dropout
tests_unit_test_norm_SOURCES = tests/unit/test-norm.c tests/unit/tap.h tests/unit/figures.h \
	tests/unit/figures/norm.h
tests_unit_test_dropout_SOURCES = tests/unit/test-dropout.c tests/unit/tap.h
EXTRA_DIST += tests/unit/figures/norm.py
UNIT_TESTS += tests/unit/test-text-tokens
tests_unit_test_text_tokens_SOURCES = tests/unit/test-text-tokens.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-attention tests/unit/test-fit
tests_unit_test_attention_SOURCES = tests/unit/test-attention.c tests/unit/tap.h tests/unit/figures.h \
	tests/unit/figures/attention.h
tests_unit_test_fit_SOURCES = tests/unit/test-fit.c tests/unit/tap.h
EXTRA_DIST += tests/unit/figures/attention.py

# This library's loops, compiled once for each instruction set, and the rest from the library.
if X86_64
loops = tests/unit/bits.c \
	lib/base/random.c \
	lib/layer/attention.c \
	lib/layer/avg_pool.c \
	lib/layer/batch_norm.c \
	lib/layer/conv2d.c \
	lib/layer/dropout.c \
	lib/layer/elu.c \
	lib/layer/embedding.c \
	lib/layer/gelu.c \
	lib/layer/group_norm.c \
	lib/layer/identity.c \
	lib/layer/leaky_relu.c \
	lib/layer/max_pool.c \
	lib/layer/norm.c \
	lib/layer/relu.c \
	lib/layer/residual.c \
	lib/layer/sigmoid.c \
	lib/layer/silu.c \
	lib/layer/softmax.c \
	lib/layer/softmax_layer.c \
	lib/layer/table.c \
	lib/layer/tanh.c \
	lib/layer/unfold.c \
	lib/loss/binary_cross_entropy.c \
	lib/loss/cross_entropy.c \
	lib/loss/huber.c \
	lib/loss/mae.c \
	lib/loss/mse.c \
	lib/loss/tally.c \
	lib/optim/adagrad.c \
	lib/optim/moments.c \
	lib/optim/momentum.c \
	lib/optim/nesterov.c \
	lib/optim/rmsprop.c \
	lib/optim/sgd.c \
	lib/optim/statistic.c \
	lib/tensor/convert.c \
	lib/tensor/vector.c
bits_flags = $(AM_CFLAGS) -DNN_PLAIN_LOOPS
check_PROGRAMS += tests/unit/bits-sse2 tests/unit/bits-avx2 tests/unit/bits-avx512
tests_unit_bits_sse2_SOURCES = $(loops)
tests_unit_bits_sse2_CFLAGS = $(bits_flags)
tests_unit_bits_avx2_SOURCES = $(loops)
tests_unit_bits_avx2_CFLAGS = $(bits_flags) -mavx2 -mfma
tests_unit_bits_avx512_SOURCES = $(loops)
tests_unit_bits_avx512_CFLAGS = $(bits_flags) -mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma
endif
UNIT_TESTS += tests/unit/test-stage
tests_unit_test_stage_SOURCES = tests/unit/test-stage.c tests/unit/tap.h
UNIT_TESTS += tests/unit/test-ranks
tests_unit_test_ranks_SOURCES = tests/unit/test-ranks.c tests/unit/tap.h
