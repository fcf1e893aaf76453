/* Preloaded into the service: making a file durable takes as long as LOYALTY_BENCH_FSYNC_US says, and no processor. What is
 * measured then does not depend on the disk of the hour. Nothing is made durable: for benchmarks alone. */
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

static long wait_ns;

__attribute__((constructor)) static void prepare(void)
{
    const char *wait_us = getenv("LOYALTY_BENCH_FSYNC_US");
    wait_ns = wait_us ? atol(wait_us) * 1000 : 0;
    /* The kernel would else wake us up to 50 microseconds late. Later threads take it over. */
    prctl(PR_SET_TIMERSLACK, 1UL);
}

static int take_the_time(void)
{
    struct timespec until;
    if (wait_ns > 0) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += wait_ns % 1000000000;
        until.tv_sec += wait_ns / 1000000000 + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {
        }
    }
    return 0;
}

int fsync(int file)
{
    (void)file;
    return take_the_time();
}

int fdatasync(int file)
{
    (void)file;
    return take_the_time();
}
