#include "stages/shared/device.h"

#include <string.h>

#include "kernels/ops.h"

void device_choose(const struct params *p)
{
	ops_choose(params_text(p, "device"), strcmp(params_text(p, "numerics"), "fast") == 0);
}
