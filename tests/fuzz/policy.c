/* A trust.yaml from anywhere: refused with a reason, or whatever it says, an unsigned entry is nobody's. */
#include <stdint.h>
#include <stdlib.h>

#include "trust/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct error e = {0};
	struct verdict v;
	size_t n;
	struct policy *p = policy_parse((const char *)bytes, n_bytes, "fuzz", &e);

	if (!p) {
		if (!e.text[0])
			abort(); /* refused without a reason */
		return 0;
	}
	policy_judge(&v, p, NULL, "probe", "2026-05-01T12:00:00.000Z");
	if (v.is_taken || v.kind != VERDICT_UNSIGNED)
		abort();

	const struct signer *s = policy_signers(p, &n);
	for (size_t i = 0; i < n; i++) {
		policy_judge_key(&v, p, s[i].key, "probe", "2026-05-01T12:00:00.000Z");
		if (v.is_taken != (v.kind == VERDICT_TRUSTED) || (s[i].revoked && v.kind != VERDICT_REVOKED))
			abort();
	}
	policy_close(p);
	return 0;
}
