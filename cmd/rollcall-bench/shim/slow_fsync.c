/* Adds FSYNC_DELAY_US microseconds to whatever waits for the disk, for a program that is started with this in LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_longer(void)
{
	const char *delay = getenv("FSYNC_DELAY_US");
	if (delay)
		usleep(atoi(delay));
}

int fsync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
	wait_longer();
	return real(fd);
}

int fdatasync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
	wait_longer();
	return real(fd);
}
