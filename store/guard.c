#include "store/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#include "common/die.h"

static _Thread_local sigjmp_buf *active; /* where to go on a fault; NULL outside guard_call */
static struct sigaction old_bus, old_segv;

static void on_fault(int signal_number)
{
	if (active)
		siglongjmp(*active, 1);
	/* Not ours: the instruction runs again under the old handler. */
	sigaction(signal_number, signal_number == SIGBUS ? &old_bus : &old_segv, NULL);
}

static void install(void)
{
	/* SA_NODEFER: the jump leaves the handler without restoring the mask, so the signal must not be
	 * blocked in it. */
	struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
	if (sigaction(SIGBUS, &action, &old_bus) < 0 || sigaction(SIGSEGV, &action, &old_segv) < 0)
		die("cannot install signal handlers");
}

bool guard_call(void (*f)(void *context), void *context)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, install);
	sigjmp_buf here, *outer = active;
	if (sigsetjmp(here, 0)) {
		active = outer;
		return false;
	}
	active = &here;
	f(context);
	active = outer;
	return true;
}

void guard_fail(void)
{
	if (!active)
		BUG("guard_fail outside guard_call");
	siglongjmp(*active, 1);
}
