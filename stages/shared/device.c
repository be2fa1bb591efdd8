#include "stages/shared/device.h"

#include <stdio.h>
#include <string.h>

#include "common/die.h"
#include "kernels/ops.h"

bool device_choose(const struct params *p)
{
	static const char *const names[] = {
		[OPS_EXACT] = "exact", [OPS_TF32] = "fast", [OPS_BF16] = "fast-bf16"};
	enum ops_numbers numbers = OPS_EXACT;
	while (strcmp(params_text(p, "numerics"), names[numbers]) != 0)
		numbers++;
	ops_choose(params_text(p, "device"), numbers);
	return numbers != OPS_EXACT;
}

void device_fit(const struct ops *ops, struct memory_need *need, const char *what, const char *remedy)
{
	bool fits = memory_fit(ops, need) == 0;
	int n_views = need->micro_batch ? *need->micro_batch : 0;
	char pieces[64] = "";
	if (n_views)
		snprintf(pieces, sizeof pieces, ", in micro-batches of %d views,", n_views);
	if (!fits)
		die("%s: %s needs %.3g GB%s and %.3g GB are free there; %s, or compute on the CPU", ops->name,
		    what, (double)need->n_bytes / 1e9, pieces, (double)ops->room() / 1e9, remedy);
	if (n_views)
		warn("micro-batches of %d views, for more do not fit into the memory of %s", n_views,
		     ops->name);
}
