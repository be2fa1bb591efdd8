#include "kernels/emulated/fiber.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "kernels/emulated/fail.h"

#if defined __has_feature
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif

#if defined __SANITIZE_ADDRESS__ || HAS_FEATURE(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
enum { STACK = 512 << 10 };
#define TELL_START(keep, stack, size) __sanitizer_start_switch_fiber(keep, stack, size)
#define TELL_END(keep, stack, size)   __sanitizer_finish_switch_fiber(keep, stack, size)
#else
enum { STACK = 128 << 10 };
#define TELL_START(keep, stack, size) ((void)0)
#define TELL_END(keep, stack, size)   ((void)0)
#endif

static void *outside;	   /* where fiber_enter was called */
static const void *bottom; /* that stack, for address-sanitizer */
static size_t bottom_size;

/* Keeps what a function must keep on this stack and its pointer in *from; goes on where `to` was kept. */
void fiber_switch(void **from, void *to);

#if defined __x86_64__
enum { N_KEPT = 6 };
__asm__(".text\n.globl fiber_switch\n.hidden fiber_switch\n.type fiber_switch,@function\nfiber_switch:\n"
	"push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rsp,(%rdi)\nmov %rsi,%rsp\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");
#elif defined __aarch64__
__asm__(".text\n.globl fiber_switch\n.hidden fiber_switch\n.type fiber_switch,%function\nfiber_switch:\n"
	"sub sp, sp, #160\n"
	"stp x19, x20, [sp]\nstp x21, x22, [sp, #16]\nstp x23, x24, [sp, #32]\nstp x25, x26, [sp, #48]\n"
	"stp x27, x28, [sp, #64]\nstp x29, x30, [sp, #80]\n"
	"stp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\nstp d12, d13, [sp, #128]\nstp d14, d15, [sp, "
	"#144]\n"
	"mov x9, sp\nstr x9, [x0]\nmov sp, x1\n"
	"ldp x19, x20, [sp]\nldp x21, x22, [sp, #16]\nldp x23, x24, [sp, #32]\nldp x25, x26, [sp, #48]\n"
	"ldp x27, x28, [sp, #64]\nldp x29, x30, [sp, #80]\n"
	"ldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\nldp d12, d13, [sp, #128]\nldp d14, d15, [sp, "
	"#144]\n"
	"add sp, sp, #160\nret\n");
#else
#error "kernels/emulated/fiber.c: no way to change stacks on this architecture"
#endif

void fiber_prepare(struct fiber *f, void (*body)(void), int shift)
{
	if (!f->stack) {
		f->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (f->stack == MAP_FAILED)
			fail("out of memory for a thread's stack");
	}
	void **top = (void **)(void *)(f->stack + STACK - shift % 61 * 448);

#if defined __x86_64__
	*--top = NULL; /* the stack is 8 off a multiple of 16 where a function begins */
	*--top = (void *)(uintptr_t)body;
	for (int i = 0; i < N_KEPT; i++)
		*--top = NULL;
#else
	top -= 20;
	for (int i = 0; i < 20; i++)
		top[i] = NULL;
	top[11] = (void *)(uintptr_t)body; /* x30 */
#endif
	f->at = top;
	f->fake = NULL;
}

void fiber_enter(struct fiber *f)
{
	void *fake = NULL;
	(void)fake;
	TELL_START(&fake, f->stack, STACK);
	fiber_switch(&outside, f->at);
	TELL_END(fake, NULL, NULL);
}

void fiber_leave(struct fiber *f, bool is_last)
{
	(void)is_last;
	TELL_START(is_last ? NULL : &f->fake, bottom, bottom_size);
	fiber_switch(&f->at, outside);
	TELL_END(f->fake, &bottom, &bottom_size);
}

void fiber_arrive(void)
{
	TELL_END(NULL, &bottom, &bottom_size);
	(void)bottom, (void)bottom_size;
}
