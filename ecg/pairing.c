#include "ecg/pairing.h"

#include "ecg/lead.h"
#include "numbers/philox.h"

struct pairing pairing_draw(enum pairing_kind kind, uint64_t seed, uint64_t step)
{
	if (kind == PAIRING_POLICY)
		return (struct pairing){{{0, -1}, {1, -1}}};
	struct philox r = philox_open(seed, PURPOSE_PAIRING, step, 0);
	uint32_t n = kind == PAIRING_LEADS ? LEADS : 2 * LEADS;
	int a = (int)philox_below(&r, n), b = (int)philox_below(&r, n - 1);
	b += b >= a;
	return (struct pairing){{{a / LEADS, a % LEADS}, {b / LEADS, b % LEADS}}};
}
