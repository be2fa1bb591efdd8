/* A store of a test's own, made and removed with its group of tests. */
#ifndef TESTS_UNIT_OWN_STORE_H
#define TESTS_UNIT_OWN_STORE_H

#include <stdio.h>
#include <stdlib.h>

static char store[] = "/tmp/einthoven-unit.XXXXXX";

static int make_store(void **state)
{
	(void)state;
	return mkdtemp(store) && setenv("EINTHOVEN_STORE", store, 1) == 0 ? 0 : -1;
}

static int remove_store(void **state)
{
	(void)state;
	char command[sizeof "chmod -R u+w  && rm -rf " + 2 * sizeof store];
	snprintf(command, sizeof command, "chmod -R u+w %s && rm -rf %s", store, store);
	return system(command);
}

#endif
