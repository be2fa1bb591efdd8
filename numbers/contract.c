#include "numbers/contract.h"

const char *contract_host(void)
{
	return CONTRACT_HOST;
}
