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

static void install_for(int signal_number, struct sigaction *old)
{
	/* SA_NODEFER: the jump leaves the handler without restoring the mask, so the signal must not
	 * be blocked in it. */
	struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER}, now;
	if (sigaction(signal_number, NULL, &now) == 0 && now.sa_handler == on_fault)
		return;
	*old = now;
	if (sigaction(signal_number, &action, NULL) < 0)
		die("cannot install a signal handler");
}

void guard_install(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&lock);
	install_for(SIGBUS, &old_bus);
	install_for(SIGSEGV, &old_segv);
	pthread_mutex_unlock(&lock);
}

bool guard_call(void (*f)(void *context), void *context)
{
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
