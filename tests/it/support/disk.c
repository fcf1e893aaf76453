/*
 * A disk between a program and one folder, by LD_PRELOAD: it keeps a journal of what is written, made durable, created
 * and removed there, and fails when it is told to.
 *
 *   DISK_FOLDER   the folder; files outside it, and memory maps, pass by untouched
 *   DISK_JOURNAL  where the journal goes, appended to by every process (may be absent)
 *   DISK_CONTROL  a file whose first byte is the fault: '-' none, 'S' no space left, 'R' read-only, 'E' I/O errors,
 *                 'F' I/O errors of fsync alone; or when the process is to be killed: 'f' in its next fsync, 'w' in the
 *                 middle of its next write of a page. It is mapped, so that a change holds at once.
 *
 * fsync does nothing but take its time and note itself: a power cut is made from the journal, so the machine's own disk
 * need not wait, and a process that is killed is most often killed before its last writes were durable.
 *
 * A record is: operation (1 byte), inode (8), offset or length (8), bytes of path (4), bytes of data (4), all in this
 * machine's order, then path and data.
 *   C path   created        W offset data  written        B mark  an fsync begins        U path       removed
 *   O path   opened         T length       truncated      S mark  … what was written     R path data  renamed to data
 *                                                                 before is durable
 *   D        the folder is durable
 *   X        an fsync failed: what was written since the last S is never written, as Linux has it
 * A process's operations are journalled in their order: each happens and is noted under one lock.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 65536
#define FSYNC_MICROSECONDS 2000
enum { OUTSIDE = 0, A_FILE, MEMORY_FILE, THE_FOLDER };

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char folder[4096];
static size_t folder_length;
static int journal = -1;
static volatile const char *control;
static int half_written;
static struct { unsigned char kind; uint64_t inode; } files[MOST_FILES];

static void begin(void) {
    real_open = dlsym(RTLD_NEXT, "open");
    real_close = dlsym(RTLD_NEXT, "close");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_rename = dlsym(RTLD_NEXT, "rename");
    const char *named = getenv("DISK_FOLDER");
    if (!named || strlen(named) >= sizeof folder) return;
    strcpy(folder, named);
    folder_length = strlen(folder);
    const char *path = getenv("DISK_JOURNAL");
    if (path && (journal = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0) abort();
    path = getenv("DISK_CONTROL");
    if (path) {
        int fd = real_open(path, O_RDONLY | O_CLOEXEC);
        void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED) abort();
        control = map;
        real_close(fd);
    }
}

static void ready(void) { pthread_once(&once, begin); }

/* The path inside the folder; NULL when it is elsewhere. The folder itself is "". */
static const char *inside(const char *path) {
    if (!folder_length || strncmp(path, folder, folder_length)) return NULL;
    if (path[folder_length] == '\0') return path + folder_length;
    return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static char fault(void) { return control ? *control : '-'; }

/* The error that every change of a file meets now; 0 for none. */
static int refused(void) {
    switch (fault()) {
    case 'S': return ENOSPC;
    case 'R': return EROFS;
    case 'E': return EIO;
    default: return 0;
    }
}

static void note(char operation, uint64_t inode, uint64_t number, const char *path, const void *data, size_t length) {
    if (journal < 0) return;
    uint32_t path_length = path ? strlen(path) : 0, data_length = length;
    char head[25];
    head[0] = operation;
    memcpy(head + 1, &inode, 8);
    memcpy(head + 9, &number, 8);
    memcpy(head + 17, &path_length, 4);
    memcpy(head + 21, &data_length, 4);
    struct iovec parts[3] = {{head, sizeof head}, {(void *)path, path_length}, {(void *)data, length}};
    /* In one call, so that no other process's record comes between. */
    ssize_t want = sizeof head + path_length + length;
    if (writev(journal, parts, 3) != want) abort();
}

static int kind_of(int fd) { return fd >= 0 && fd < MOST_FILES ? files[fd].kind : OUTSIDE; }

/* SQLite's shared memory is made anew after a power cut: it is no part of the disk. */
static int is_memory(const char *name) {
    size_t length = strlen(name);
    return length > 4 && !strcmp(name + length - 4, "-shm");
}

static int opened(const char *path, int flags, mode_t mode) {
    ready();
    const char *name = inside(path);
    if (!name) return real_open(path, flags, mode);
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    char now = fault();
    if (writes && (now == 'R' || now == 'E')) { errno = refused(); return -1; }
    pthread_mutex_lock(&lock);
    /* Whether it is new decides what a power cut may take: so it is opened without making it first. */
    int created = 0, fd = -1;
    if (!(flags & O_EXCL)) fd = real_open(path, flags & ~O_CREAT, mode);
    if (fd < 0 && (flags & O_CREAT) && ((flags & O_EXCL) || errno == ENOENT)) {
        if (now == 'S') {
            errno = ENOSPC;
        } else {
            fd = real_open(path, flags | O_EXCL, mode);
            if (fd >= 0) created = 1;
            else if (errno == EEXIST && !(flags & O_EXCL)) fd = real_open(path, flags & ~O_CREAT, mode);
        }
    }
    struct stat found;
    if (fd >= 0 && fd < MOST_FILES && !fstat(fd, &found)) {
        files[fd].inode = found.st_ino;
        files[fd].kind = S_ISDIR(found.st_mode) ? THE_FOLDER : is_memory(name) ? MEMORY_FILE : A_FILE;
        if (files[fd].kind == A_FILE) {
            note(created ? 'C' : 'O', found.st_ino, 0, name, NULL, 0);
            if (!created && (flags & O_TRUNC)) note('T', found.st_ino, 0, NULL, NULL, 0);
        }
    }
    int problem = errno;
    pthread_mutex_unlock(&lock);
    errno = problem;
    return fd;
}

#define OPEN(name)                                    \
    int name(const char *path, int flags, ...) {      \
        mode_t mode = 0;                              \
        if (flags & O_CREAT) {                        \
            va_list more;                             \
            va_start(more, flags);                    \
            mode = va_arg(more, mode_t);              \
            va_end(more);                             \
        }                                             \
        return opened(path, flags, mode);             \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    ready();
    if (fd >= 0 && fd < MOST_FILES) files[fd].kind = OUTSIDE;
    return real_close(fd);
}

/* A disk that fills up takes half of a write before it takes none. */
static ssize_t put(int fd, const void *data, size_t length, off_t offset, int positioned) {
    pthread_mutex_lock(&lock);
    int problem = refused();
    if (problem == ENOSPC && length > 1 && !half_written) {
        half_written = 1;
        length /= 2;
        problem = 0;
    } else if (!problem) {
        half_written = 0;
    }
    int dies = fault() == 'w' && files[fd].kind == A_FILE && length >= 512;
    if (dies) length /= 2;
    ssize_t done = -1;
    if (problem) {
        half_written = 0;
        errno = problem;
    } else {
        if (!positioned) {
            offset = lseek(fd, 0, SEEK_CUR);
            done = real_write(fd, data, length);
        } else {
            done = real_pwrite(fd, data, length, offset);
        }
        if (done > 0 && files[fd].kind == A_FILE) note('W', files[fd].inode, offset, NULL, data, done);
    }
    if (dies) raise(SIGKILL);
    problem = errno;
    pthread_mutex_unlock(&lock);
    errno = problem;
    return done;
}

ssize_t write(int fd, const void *data, size_t length) {
    ready();
    return kind_of(fd) ? put(fd, data, length, 0, 0) : real_write(fd, data, length);
}

#define PWRITE(name)                                                          \
    ssize_t name(int fd, const void *data, size_t length, off_t offset) {     \
        ready();                                                              \
        return kind_of(fd) ? put(fd, data, length, offset, 1)                 \
                           : real_pwrite(fd, data, length, offset);           \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

static int shorten(int fd, off_t length) {
    ready();
    if (!kind_of(fd)) return real_ftruncate(fd, length);
    pthread_mutex_lock(&lock);
    int problem = refused(), done = -1;
    if (problem) {
        errno = problem;
    } else if (!(done = real_ftruncate(fd, length)) && files[fd].kind == A_FILE) {
        note('T', files[fd].inode, length, NULL, NULL, 0);
    }
    problem = errno;
    pthread_mutex_unlock(&lock);
    errno = problem;
    return done;
}
int ftruncate(int fd, off_t length) { return shorten(fd, length); }
int ftruncate64(int fd, off_t length) { return shorten(fd, length); }

static int durable(int fd, int (*real)(int)) {
    static uint64_t calls;
    int kind = kind_of(fd);
    if (!kind) return real(fd);
    pthread_mutex_lock(&lock);
    int failed = fault() == 'F' || fault() == 'E';
    uint64_t inode = files[fd].inode, mark = (uint64_t)getpid() << 32 | ++calls;
    if (kind == A_FILE) note(failed ? 'X' : 'B', inode, mark, NULL, NULL, 0);
    if (kind == A_FILE && fault() == 'f') raise(SIGKILL);
    pthread_mutex_unlock(&lock);
    if (failed) { errno = EIO; return -1; }
    usleep(FSYNC_MICROSECONDS);
    pthread_mutex_lock(&lock);
    if (kind == A_FILE) note('S', inode, mark, NULL, NULL, 0);
    if (kind == THE_FOLDER) note('D', 0, 0, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return 0;
}
int fsync(int fd) { ready(); return durable(fd, real_fsync); }
int fdatasync(int fd) { ready(); return durable(fd, real_fdatasync); }

int unlink(const char *path) {
    ready();
    const char *name = inside(path);
    if (!name) return real_unlink(path);
    char now = fault();
    if (now == 'R' || now == 'E') { errno = refused(); return -1; }
    pthread_mutex_lock(&lock);
    int done = real_unlink(path), problem = errno;
    if (!done && !is_memory(name)) note('U', 0, 0, name, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = problem;
    return done;
}

int rename(const char *from, const char *to) {
    ready();
    const char *old_name = inside(from), *new_name = inside(to);
    if (!old_name || !new_name) return real_rename(from, to);
    int problem = refused();
    if (problem) { errno = problem; return -1; }
    pthread_mutex_lock(&lock);
    int done = real_rename(from, to);
    problem = errno;
    if (!done) note('R', 0, 0, old_name, new_name, strlen(new_name));
    pthread_mutex_unlock(&lock);
    errno = problem;
    return done;
}
