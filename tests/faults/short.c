/*
 * Loaded first (LD_PRELOAD) it makes writes short: the SHORT-th of a process and each after it writes a part,
 * or is interrupted first. A file "was-short" says that there was one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int turn(void)
{
	static int n;
	const char *from = getenv("SHORT");
	if (++n < (from ? atoi(from) : 1 << 30))
		return 0;
	syscall(SYS_close, (int)syscall(SYS_openat, AT_FDCWD, "was-short", O_CREAT | O_WRONLY, 0600));
	return n;
}

static size_t part(size_t n)
{
	return n > 1 ? n / 2 : n;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	int k = fd > 2 ? turn() : 0;
	if (k && k % 3 == 0)
		return errno = EINTR, -1;
	return syscall(SYS_write, fd, bytes, k ? part(n) : n);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	int k = turn();
	if (k && k % 3 == 0)
		return errno = EINTR, -1;
	return syscall(SYS_pwrite64, fd, bytes, k ? part(n) : n, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	return pwrite64(fd, bytes, n, at);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	return turn() ? pwrite64(fd, v[0].iov_base, part(v[0].iov_len), at)
		      : syscall(SYS_pwritev, fd, v, n, at, 0);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	return turn() ? syscall(SYS_write, fd, v[0].iov_base, part(v[0].iov_len))
		      : syscall(SYS_writev, fd, v, n);
}
