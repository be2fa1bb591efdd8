#include "kernels/cpu/table.h"

#include <stdlib.h>
#include <string.h>

#include "common/team.h"
#include "kernels/workspace.h"

#define TEXT_(x) #x
#define TEXT(x)	 TEXT_(x)

static void copy(void *to, const void *from, size_t n_bytes)
{
	if (n_bytes)
		memcpy(to, from, n_bytes);
}

static void zero(void *p, size_t n_bytes)
{
	if (n_bytes)
		memset(p, 0, n_bytes);
}

static void nothing(void)
{
}

static void no_mark(int i)
{
	(void)i;
}

const struct ops ISA(table_ops) = {
	.name = "cpu/" TEXT(CPU_ISA),
	.alloc = workspace_alloc,
	.room = workspace_room,
	.release = free,
	.upload = copy,
	.download = copy,
	.zero = zero,
	.alloc_host = workspace_alloc,
	.release_host = free,
	.send = copy,
	.mark = no_mark,
	.reach = no_mark,
	.begin = nothing,
	.end = nothing,
	.exchange = team_exchange,
	.gather = team_gather,
	.gemm = ISA(gemm_run),
	.sum_rows = ISA(reduce_rows),
	.sum_blocks = ISA(reduce_blocks),
	.add = ISA(elementwise_add),
	.divide = ISA(elementwise_divide),
	.mix = ISA(elementwise_mix),
	.conv1d = ISA(conv_forward),
	.conv1d_backward = ISA(conv_backward),
	.conv1d_scratch = ISA(conv_scratch),
	.pack_signal = ISA(layout_pack_signal),
	.pad_time = ISA(layout_pad_time),
	.pad_time_backward = ISA(layout_pad_time_backward),
	.layernorm = ISA(layernorm_forward),
	.layernorm_backward = ISA(layernorm_backward),
	.groupnorm_gelu = ISA(groupnorm_gelu),
	.groupnorm_gelu_backward = ISA(groupnorm_gelu_backward),
	.gelu = ISA(elementwise_gelu),
	.gelu_backward = ISA(elementwise_gelu_backward),
	.relu = ISA(elementwise_relu),
	.relu_backward = ISA(elementwise_relu_backward),
	.batchnorm_sums = ISA(batchnorm_sums),
	.batchnorm_square_sums = ISA(batchnorm_square_sums),
	.batchnorm_gradient_sums = ISA(batchnorm_gradient_sums),
	.batchnorm = ISA(batchnorm_forward),
	.batchnorm_backward = ISA(batchnorm_backward),
	.batchnorm_running = ISA(batchnorm_running),
	.max_time = ISA(timepool_max),
	.max_time_backward = ISA(timepool_max_backward),
	.mean_time = ISA(timepool_mean),
	.mean_time_backward = ISA(timepool_mean_backward),
	.attention = ISA(attention_forward),
	.attention_backward = ISA(attention_backward),
	.add_position = ISA(tokens_add_position),
	.add_position_backward = ISA(tokens_add_position_backward),
	.add_record = ISA(tokens_add_record),
	.add_record_backward = ISA(tokens_add_record_backward),
	.mask_tokens = ISA(tokens_mask),
	.mask_tokens_backward = ISA(tokens_mask_backward),
	.pool_mean_max = ISA(pooling_mean_max),
	.pool_mean_max_backward = ISA(pooling_mean_max_backward),
	.gate = ISA(pooling_gate),
	.gate_backward = ISA(pooling_gate_backward),
	.ntxent = ISA(ntxent_loss),
	.ntxent_scratch = ISA(ntxent_scratch),
	.sum_squares = ISA(reduce_sum_squares),
	.squares = ISA(reduce_squares),
	.decide = ISA(adamw_decide),
	.adamw = ISA(adamw_step),
};
