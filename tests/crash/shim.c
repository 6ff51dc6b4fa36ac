/* Preloaded into the process of a crash run: the n-th real system call that writes, syncs or names a file of the run's
 * folder fails, or the process dies at it.  SQLite and the keyrings come through here, nothing of them is replaced.
 *
 * Power cut: what a successful sync made durable is copied into the shadow folder, by inode.  Whoever reads the folder
 * after the death puts these copies in the place of what was only written.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { WRITE = 1, SYNC = 2, NAME = 4 };
enum action { FAIL, DIE, TORN };

static struct {
    volatile int armed;
    const volatile long *phase; /* shared between the processes of a run */
    long wanted, at, lasting;
    volatile long count;
    int kinds, action, error, journal;
    char folder[512], shadow[512], how[64];
} fault;

void crash_arm(const char *folder, const char *shadow, const char *how, int journal, const volatile long *phase, long wanted, int kinds,
               int action, int error, long at, long lasting) {
    snprintf(fault.folder, sizeof fault.folder, "%s/", folder);
    snprintf(fault.shadow, sizeof fault.shadow, "%s", shadow);
    snprintf(fault.how, sizeof fault.how, "%s", how);
    fault.journal = journal;
    fault.phase = phase;
    fault.wanted = wanted;
    fault.kinds = kinds;
    fault.action = action;
    fault.error = error;
    fault.at = at;
    fault.lasting = lasting;
    fault.count = 0;
    fault.armed = 1;
}

long crash_count(void) { return fault.count; }

/* The name of a file in the folder, or NULL: the journal is ours, everything elsewhere is none of ours. */
static const char *inside(const char *path) {
    size_t length = strlen(fault.folder);
    if (strncmp(path, fault.folder, length)) return NULL;
    return strcmp(path + length, "journal") ? path + length : NULL;
}

static const char *of_descriptor(int descriptor, char *buffer, size_t size) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, buffer, size - 1);
    if (length < 0) return NULL;
    buffer[length] = 0;
    return inside(buffer);
}

static void tell(const char *call, const char *name, long number) {
    char line[1024];
    int length = snprintf(line, sizeof line,
        "{\"what\":\"fault\",\"phase\":%ld,\"number\":%ld,\"point\":\"%s: %s\",\"where\":\"%.200s\",\"kill\":%s}\n",
        fault.wanted, number, fault.how, call, name, fault.action == FAIL ? "false" : "true");
    syscall(SYS_write, fault.journal, line, (size_t)length);
}

/* 1 when this call has to fail (errno is set) or, for TORN, has to be cut short before the process dies. */
static int strikes(enum kind kind, const char *call, const char *name) {
    if (!name || !(fault.kinds & kind) || *fault.phase != fault.wanted) return 0;
    long number = __atomic_add_fetch(&fault.count, 1, __ATOMIC_SEQ_CST);
    if (number < fault.at || number > fault.at + fault.lasting) return 0;
    if (number == fault.at) tell(call, name, number);
    if (fault.action == DIE || (fault.action == TORN && kind != WRITE)) kill(getpid(), SIGKILL);
    errno = fault.error;
    return 1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int descriptor, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    char path[600];
    if (fault.armed && (fault.kinds & WRITE) && *fault.phase == fault.wanted &&
        strikes(WRITE, "write", of_descriptor(descriptor, path, sizeof path))) {
        if (fault.action == TORN) { real(descriptor, data, size / 2); kill(getpid(), SIGKILL); }
        return -1;
    }
    return real(descriptor, data, size);
}

static ssize_t place(ssize_t (*real)(int, const void *, size_t, off64_t), int descriptor, const void *data, size_t size,
                     off64_t at) {
    char path[600];
    if (fault.armed && (fault.kinds & WRITE) && *fault.phase == fault.wanted &&
        strikes(WRITE, "pwrite", of_descriptor(descriptor, path, sizeof path))) {
        if (fault.action == TORN) { real(descriptor, data, size / 2, at); kill(getpid(), SIGKILL); }
        return -1;
    }
    return real(descriptor, data, size, at);
}

ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return place(real, descriptor, data, size, at);
}

ssize_t pwrite(int descriptor, const void *data, size_t size, off_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return place(real, descriptor, data, size, at);
}

int ftruncate64(int descriptor, off64_t size) {
    REAL(int, "ftruncate64", int, off64_t);
    char path[600];
    if (fault.armed && strikes(WRITE, "ftruncate", of_descriptor(descriptor, path, sizeof path))) {
        if (fault.action == TORN) kill(getpid(), SIGKILL);
        return -1;
    }
    return real(descriptor, size);
}

/* Keep what is durable now. */
static void keep(int descriptor) {
    struct stat found;
    char path[600], target[700], piece[65536];
    if (!of_descriptor(descriptor, path, sizeof path) || fstat(descriptor, &found) || !S_ISREG(found.st_mode)) return;
    snprintf(target, sizeof target, "%s/%lu", fault.shadow, (unsigned long)found.st_ino);
    int source = open(path, O_RDONLY | O_CLOEXEC);
    int copy = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t length;
    while (source >= 0 && copy >= 0 && (length = read(source, piece, sizeof piece)) > 0)
        if (syscall(SYS_write, copy, piece, (size_t)length) != length) abort();
    if (source >= 0) close(source);
    if (copy >= 0) close(copy);
}

static int sync_with(int (*real)(int), const char *call, int descriptor) {
    char path[600];
    if (fault.armed && strikes(SYNC, call, of_descriptor(descriptor, path, sizeof path))) return -1;
    int status = real(descriptor);
    if (fault.armed && fault.shadow[0] && !status) keep(descriptor);
    return status;
}

int fsync(int descriptor) {
    REAL(int, "fsync", int);
    return sync_with(real, "fsync", descriptor);
}

int fdatasync(int descriptor) {
    REAL(int, "fdatasync", int);
    return sync_with(real, "fdatasync", descriptor);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    if (fault.armed && strikes(NAME, "rename", inside(to))) return -1;
    return real(from, to);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    if (fault.armed && strikes(NAME, "unlink", inside(path))) return -1;
    return real(path);
}

static int open_with(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    if (fault.armed && (flags & O_ACCMODE) != O_RDONLY && strikes(NAME, "open", inside(path))) return -1;
    return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    REAL(int, "open", const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_with(real, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    REAL(int, "open64", const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_with(real, path, flags, mode);
}
