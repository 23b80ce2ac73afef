/*
 * Makes the calls of a recorded set-up again, without anything around them: the floor of what a
 * set-up can cost on this kernel. calls.h is written by floor.mjs from a run of the real pipeline.
 *
 *   floor ROUNDS   prints the time of each set-up in nanoseconds, one a line
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct call {
  long number;
  long args[6];
};

#include "calls.h"

static void check(long result, const char *what) {
  if (result >= 0) return;
  perror(what);
  exit(1);
}

static long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

/* The recording began with every lower number taken, so that descriptors have the same ones here. */
static void take_descriptors_below(int first) {
  int fd;
  do {
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    check(fd, "open");
  } while (fd < first - 1);
}

/* A living PID 1, whose namespace proc is to show. */
static void open_pid_namespace(void) {
  check(unshare(CLONE_NEWPID), "unshare");
  int child = fork();
  check(child, "fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/pid", child);
  if (open(path, O_RDONLY | O_CLOEXEC) != FIRST_DESCRIPTOR) exit(1);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 100;
  int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  int home_ipc = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
  check(home, "open");
  take_descriptors_below(FIRST_DESCRIPTOR);
  open_pid_namespace();
  /* In the recording the way home had the next one. */
  check(open("/", O_RDONLY | O_CLOEXEC), "open");
  for (int round = 0; round < rounds; round++) {
    check(unshare(CLONE_NEWNS | CLONE_NEWIPC), "unshare");
    long started = nanoseconds();
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
      const struct call *c = &calls[i];
      syscall(c->number, c->args[0], c->args[1], c->args[2], c->args[3], c->args[4], c->args[5]);
    }
    printf("%ld\n", nanoseconds() - started);
    /* It worked only if the root is the container's now. */
    if (access("/.nsinit-bench-root", F_OK) != 0) return 2;
    check(setns(home, CLONE_NEWNS), "setns");
    check(setns(home_ipc, CLONE_NEWIPC), "setns");
  }
  return 0;
}
