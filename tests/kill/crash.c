/* Kills its process before the Nth call that changes a file below one folder, or that sends on a socket.

   Loaded by LD_PRELOAD. BAROGRAPH_CRASH_FILE holds two 64-bit numbers: how many such calls there were, and at which to
   die (0: never). It is mapped and shared, so whoever runs the process may read the one and set the other at any time.
   Everything between two such calls leaves no trace outside the process: these are all points at which to crash. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static _Atomic long *numbers; /* count, at */
static char folder[4096];

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("BAROGRAPH_CRASH_FILE"), *below = getenv("BAROGRAPH_CRASH_FOLDER");
    int fd = file && below ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    strncpy(folder, below, sizeof folder - 1);
    void *mapped = mmap(NULL, 2 * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    numbers = mapped == MAP_FAILED ? NULL : mapped;
    close(fd);
}

static void point(void) {
    long now = atomic_fetch_add(&numbers[0], 1) + 1;
    if (now == atomic_load(&numbers[1])) kill(getpid(), SIGKILL);
}

static void of_path(const char *path) {
    if (numbers && path && strncmp(path, folder, strlen(folder)) == 0) point();
}

static void of_file(int fd) {
    if (!numbers) return;
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return;
    path[size] = 0;
    if (strncmp(path, "socket:", 7) == 0) point();
    else of_path(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ON_FILE(type, name, parameters, ...) \
    type name parameters { \
        static __typeof__(&name) real; \
        if (!real) real = REAL(name); \
        of_file(fd); \
        return real(__VA_ARGS__); \
    }
#define ON_PATH(name, parameters, which, ...) \
    int name parameters { \
        static __typeof__(&name) real; \
        if (!real) real = REAL(name); \
        of_path(which); \
        return real(__VA_ARGS__); \
    }

ON_FILE(ssize_t, write, (int fd, const void *data, size_t size), fd, data, size)
ON_FILE(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), fd, data, size, at)
ON_FILE(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), fd, data, size, at)
ON_FILE(ssize_t, writev, (int fd, const struct iovec *parts, int count), fd, parts, count)
ON_FILE(ssize_t, pwritev, (int fd, const struct iovec *parts, int count, off_t at), fd, parts, count, at)
ON_FILE(int, fsync, (int fd), fd)
ON_FILE(int, fdatasync, (int fd), fd)
ON_FILE(int, ftruncate, (int fd, off_t size), fd, size)
ON_FILE(int, ftruncate64, (int fd, off64_t size), fd, size)
ON_FILE(ssize_t, send, (int fd, const void *data, size_t size, int flags), fd, data, size, flags)
ON_FILE(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), fd, message, flags)
ON_PATH(rename, (const char *from, const char *to), to, from, to)
ON_PATH(renameat, (int of, const char *from, int in, const char *to), to, of, from, in, to)
ON_PATH(renameat2, (int of, const char *from, int in, const char *to, unsigned flags), to, of, from, in, to, flags)
ON_PATH(link, (const char *from, const char *to), to, from, to)
ON_PATH(unlink, (const char *path), path, path)
ON_PATH(rmdir, (const char *path), path, path)
ON_PATH(mkdir, (const char *path, mode_t mode), path, path, mode)
