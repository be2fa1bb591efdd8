#include "kernels/cuda/table.h"

#include "kernels/cuda/device.h"

const struct extension_host *table_host;

static const struct ops table = {
	.name = "cuda",
	.is_wide = true,
	.alloc = device_alloc,
	.room = device_room,
	.release = device_release,
	.upload = device_upload,
	.download = device_download,
	.zero = device_zero,
	.exchange = device_exchange,
	.gather = device_gather,
	.gemm = gemm_run,
	.sum_rows = reduce_rows,
	.sum_blocks = reduce_blocks,
	.add = elementwise_add,
	.divide = elementwise_divide,
	.mix = elementwise_mix,
	.conv1d = conv_forward,
	.conv1d_backward = conv_backward,
	.conv1d_scratch = conv_scratch,
	.pack_signal = layout_pack_signal,
	.pad_time = layout_pad_time,
	.pad_time_backward = layout_pad_time_backward,
	.layernorm = layernorm_forward,
	.layernorm_backward = layernorm_backward,
	.groupnorm_gelu = groupnorm_gelu,
	.groupnorm_gelu_backward = groupnorm_gelu_backward,
	.gelu = elementwise_gelu,
	.gelu_backward = elementwise_gelu_backward,
	.relu = elementwise_relu,
	.relu_backward = elementwise_relu_backward,
	.batchnorm_sums = batchnorm_sums,
	.batchnorm_square_sums = batchnorm_square_sums,
	.batchnorm_gradient_sums = batchnorm_gradient_sums,
	.batchnorm = batchnorm_forward,
	.batchnorm_backward = batchnorm_backward,
	.batchnorm_running = batchnorm_running,
	.max_time = timepool_max,
	.max_time_backward = timepool_max_backward,
	.mean_time = timepool_mean,
	.mean_time_backward = timepool_mean_backward,
	.attention = attention_forward,
	.attention_backward = attention_backward,
	.add_position = tokens_add_position,
	.add_position_backward = tokens_add_position_backward,
	.add_record = tokens_add_record,
	.add_record_backward = tokens_add_record_backward,
	.mask_tokens = tokens_mask,
	.mask_tokens_backward = tokens_mask_backward,
	.pool_mean_max = pooling_mean_max,
	.pool_mean_max_backward = pooling_mean_max_backward,
	.gate = pooling_gate,
	.gate_backward = pooling_gate_backward,
	.ntxent = ntxent_loss,
	.ntxent_scratch = ntxent_scratch,
	.sum_squares = reduce_sum_squares,
	.squares = reduce_squares,
	.decide = adamw_decide,
	.adamw = adamw_step,
};

__attribute__((visibility("default"))) const struct ops *extension_table(const struct extension_host *host)
{
	table_host = host;
	device_open();
	return &table;
}
