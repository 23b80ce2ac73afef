/*
 * The only code of nsinit that ever runs inside a container: a server of raw system calls.
 *
 * It reads a program (a list of calls with their memory) from a socket, makes the calls, and
 * replies with their results. With that one ability it unshares namespaces (Node has too many
 * threads to enter a user namespace), becomes PID 1 (sleeps), serves the set-up calls of an
 * unprivileged user, and runs what has to happen between fork and exec. What the calls are is
 * decided in src/runtime; there is no policy here.
 *
 * Freestanding: no C library, no arguments, no environment, no allocation. Executed from a sealed
 * memfd, so that /proc/1/exe leads to nobody's program (CVE-2019-5736). See native/README.md.
 */

#include "system-call.h"

#include "replay.h"

/* Kept in step with src/runtime/stub-program.ts. */
enum {
  AREA_SIZE = 4 << 20,   /* more than execve(2) takes as arguments and environment */
  SOCKET = 255,          /* above every descriptor that a program is handed */
  MOST_DESCRIPTORS = 253 /* SCM_MAX_FD */
};
#define AREA ((unsigned char *)0x10000000UL)

enum mode {
  STOP,     /* a failure ends the program */
  CONTINUE, /* a failure is left in the result */
  SEARCH,   /* execve(2) of one candidate: the next follows when the file is not there */
  FORK,     /* clone(2) without a stack; the child serves the socket in args[5] */
  REPLAY    /* no call: the program at args[0] is replayed, and the result is how much was as before */
};

enum ending { SERVE, EXIT, SLEEP };

struct frame {
  u32 size;         /* in bytes, with this header */
  u32 calls;
  u32 reply_offset; /* what of the area goes back */
  u32 reply_size;
  u32 descriptors;  /* how many arrive with the frame */
  u32 ending;
};

struct call {
  u32 number;
  u32 mode;
  u64 args[6];
  i64 result;
};

struct reply {
  u32 done;   /* calls that were made without a failure that ends the program */
  u32 error;  /* errno of the next one, or 0 */
  i64 result; /* of the last call that was made */
};

#if defined(__x86_64__)
enum { NR_close = 3, NR_mmap = 9, NR_sendto = 44, NR_recvmsg = 47, NR_fcntl = 72, NR_exit_group = 231, NR_ppoll = 271 };
#else
enum { NR_close = 57, NR_mmap = 222, NR_sendto = 206, NR_recvmsg = 212, NR_fcntl = 25, NR_exit_group = 94, NR_ppoll = 73 };
#endif

enum { NR_close_range = 436 };

enum { ENOENT = 2, EBADF = 9, EACCES = 13, ENOTDIR = 20 };
enum { MSG_NOSIGNAL = 0x4000, F_SETFD = 2, FD_CLOEXEC = 1 };

/* A seccomp filter that refuses execve(2) may refuse this as well, and the answer before it. */
static void quit(u64 status) {
  sys(NR_exit_group, status, 0, 0, 0, 0, 0);
  __builtin_trap();
}

/* Reads into the area until `end`; descriptors may come with the first byte (unix(7)). */
static void receive(u32 sock, u64 at, u64 end, u64 *control, u64 control_size) {
  while (at < end) {
    u64 iov[2] = {(u64)AREA + at, end - at};
    u64 message[7] = {0, 0, (u64)iov, 1, (u64)control, control_size, 0};
    i64 n = sys(NR_recvmsg, sock, (u64)message, 0, 0, 0, 0);
    if (n == -EINTR) continue;
    if (n <= 0) quit(0); /* whoever started this is gone */
    if (control) control[0] = message[5] < 16 ? 0 : control[0];
    at += n;
    control = 0;
    control_size = 0;
  }
}

/* Descriptors land on the lowest free numbers: 0, 1, 2 …, as the program expects them. */
static int in_place(const u64 *control, u32 count) {
  const u32 *descriptors = (const u32 *)(control + 2);
  if (count == 0) return 1;
  if (control[0] != 16 + 4UL * count) return 0;
  for (u32 i = 0; i < count; i++)
    if (descriptors[i] != i) return 0;
  return 1;
}

static void send(u32 sock, const void *bytes, u64 size) {
  for (u64 sent = 0; sent < size;) {
    i64 n = sys(NR_sendto, sock, (u64)bytes + sent, size - sent, MSG_NOSIGNAL, 0, 0);
    if (n == -EINTR) continue;
    if (n <= 0) quit(0);
    sent += n;
  }
}

/* Makes the calls. Returns the socket to serve in a child that a call forked, else 0. */
static u32 run(struct call *calls, u32 count, struct reply *reply) {
  i64 found = -ENOENT;
  for (u32 i = 0; i < count; i++) {
    struct call *c = &calls[i];
    if (c->mode == REPLAY) {
      c->result = reply->result = replay((u8 *)c->args[0]);
      continue;
    }
    i64 r = sys(c->number, c->args[0], c->args[1], c->args[2], c->args[3], c->args[4],
                c->mode == FORK ? 0 : c->args[5]);
    if (c->mode == FORK && r == 0) return c->args[5];
    if (c->mode == SEARCH) {
      /* As execvp(3): a candidate that may not be executed is worth more than none. */
      if (r == -EACCES) found = r;
      if (r == -ENOENT || r == -ENOTDIR || r == -EACCES) r = i + 1 < count ? 0 : found;
    }
    c->result = reply->result = r;
    if (c->mode != CONTINUE && r < 0 && r > -4096) {
      reply->done = i;
      reply->error = -r;
      return 0;
    }
  }
  reply->done = count;
  reply->error = 0;
  return 0;
}

static void serve(u32 sock) {
  struct frame *frame = (struct frame *)AREA;
  u64 control[2 + (MOST_DESCRIPTORS + 1) / 2];
  struct reply reply;
  for (;;) {
    control[0] = 0;
    receive(sock, 0, sizeof *frame, control, sizeof control);
    u32 ending = frame->ending, offset = frame->reply_offset, size = frame->reply_size;
    if (frame->size > AREA_SIZE || offset > AREA_SIZE || size > AREA_SIZE - offset) quit(1);
    receive(sock, sizeof *frame, frame->size, 0, 0);
    if (in_place(control, frame->descriptors)) {
      u32 forked = run((struct call *)(frame + 1), frame->calls, &reply);
      if (forked) {
        if (forked != sock) sys(NR_close, sock, 0, 0, 0, 0, 0);
        sock = forked;
        continue;
      }
    } else {
      reply.done = 0;
      reply.error = EBADF;
      reply.result = -EBADF;
    }
    send(sock, &reply, sizeof reply);
    send(sock, AREA + offset, size);
    if (reply.error) continue;
    if (ending == EXIT) quit(0);
    if (ending == SLEEP) {
      sys(NR_close, sock, 0, 0, 0, 0, 0);
      for (;;) sys(NR_ppoll, 0, 0, 0, 0, 0, 0);
    }
  }
}

void _start(void) {
  /* PROT_READ|PROT_WRITE; MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_NORESERVE */
  if (sys(NR_mmap, (u64)AREA, AREA_SIZE, 3, 0x4032, (u64)-1, 0) != (i64)AREA) quit(1);
  /* Whatever the parent forgot to mark stays out of the container (close_range(2), Linux 5.9). */
  sys(NR_close_range, 0, SOCKET - 2, 0, 0, 0, 0);
  sys(NR_close_range, SOCKET + 1, ~0U, 0, 0, 0, 0);
  sys(NR_fcntl, SOCKET, F_SETFD, FD_CLOEXEC, 0, 0, 0);
  serve(SOCKET);
}
