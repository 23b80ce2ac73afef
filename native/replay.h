/*
 * Makes the calls of an earlier set-up again and compares each answer with the one that its steps
 * have seen: what they looked at has to be the same, what the kernel numbers anew (descriptors,
 * mounts, anonymous devices) has to be the same wherever it was the same. It stops at the first
 * answer that differs; the steps go on from there (src/syscalls/replay/). What the calls are and
 * what is compared is decided there; there is no policy here.
 */

#if defined(__x86_64__)
enum { NR_pread64 = 17 };
#else
enum { NR_pread64 = 67 };
#endif

enum { EINTR = 4 };

/* Kept in step with src/syscalls/replay/replay-layout.ts. Places are offsets in the program. */
struct program {
  u32 ops_at;
  u32 ops;
  u32 checks_at;
  u32 descriptors_at; /* u64 each; what is handed in comes first */
  u32 bound_at;       /* u8 for each symbol: whether its value is known */
  u32 symbols;
  u32 table_at;       /* of the symbols' values */
  u32 table_size;     /* a power of two, larger than `symbols` */
  u32 done;           /* operations that were answered as before */
};

enum argument {
  NUMBER,
  MEMORY,
  DESCRIPTOR,
  TEXT_OF /* a text made of the template in the lower half, in the room of the upper half */
};
enum answer {
  RESULT,         /* exactly the expected one */
  NEW_DESCRIPTOR, /* a success, as of the two below */
  CONTENT,        /* everything that can be read */
  LENGTH          /* of a text with numbers, which checks look at */
};

struct op {
  u32 number;
  u8 kinds[6];
  u8 answer;
  u8 restarts;    /* when a signal has interrupted it: all but close(2) */
  u64 args[6];
  i64 expected;   /* the result, or the place of a new descriptor */
  u32 first_check;
  u32 checks;
  i64 result;
};

enum check_kind {
  IS_2, /* the 2, 4 or 8 bytes at `at` are `value` */
  IS_4,
  IS_8,
  SYMBOL_4, /* they are the value of the symbol `value` */
  SYMBOL_8,
  TEXT,    /* a text at `at`, as long as the result; the following ones read on */
  LITERAL, /* `at` bytes, as those at `value` */
  DECIMAL, /* a number, which is the value of the symbol `value` */
  END,     /* nothing */
};

struct check {
  u32 kind;
  u32 at;
  u64 value; /* of a symbol: its number, and its class in the upper half */
};

struct entry {
  u64 value;
  u64 symbol; /* as in a check, plus 1; 0 where there is none */
};

struct text {
  const u8 *at;
  const u8 *end;
};

/* A symbol has one value, and no other symbol of its class has it. */
static int is_symbol(u8 *base, u64 symbol, u64 value) {
  struct program *p = (struct program *)base;
  struct entry *table = (struct entry *)(base + p->table_at);
  u8 *bound = base + p->bound_at + (u32)symbol;
  u64 mask = p->table_size - 1;
  u64 hash = (value ^ (symbol >> 32 << 56)) * 0x9e3779b97f4a7c15UL >> 32;
  for (;; hash++) {
    struct entry *e = &table[hash & mask];
    if (e->symbol == 0) {
      if (*bound) return 0;
      *bound = 1;
      e->value = value;
      e->symbol = symbol + 1;
      return 1;
    }
    if (e->value == value && (e->symbol - 1) >> 32 == symbol >> 32) return e->symbol - 1 == symbol;
  }
}

static int same_bytes(const u8 *one, const u8 *other, u64 size) {
  for (u64 i = 0; i < size; i++)
    if (one[i] != other[i]) return 0;
  return 1;
}

static int is_literal(struct text *text, const u8 *wanted, u64 size) {
  if ((u64)(text->end - text->at) < size || !same_bytes(text->at, wanted, size)) return 0;
  text->at += size;
  return 1;
}

static int is_decimal(struct text *text, u8 *base, u64 symbol) {
  const u8 *start = text->at;
  u64 value = 0;
  while (text->at < text->end && *text->at >= '0' && *text->at <= '9') value = value * 10 + (*text->at++ - '0');
  return text->at > start && is_symbol(base, symbol, value);
}

static int holds(u8 *base, const struct check *c, const struct op *op, struct text *text) {
  const u8 *at = base + c->at;
  switch (c->kind) {
    case IS_2: return *(const unsigned short *)at == c->value;
    case IS_4: return *(const u32 *)at == c->value;
    case IS_8: return *(const u64 *)at == c->value;
    case SYMBOL_4: return is_symbol(base, c->value, *(const u32 *)at);
    case SYMBOL_8: return is_symbol(base, c->value, *(const u64 *)at);
    case TEXT:
      text->at = at;
      text->end = at + op->result;
      return 1;
    case LITERAL: return is_literal(text, base + c->value, c->at);
    case DECIMAL: return is_decimal(text, base, c->value);
    case END: return text->at == text->end;
  }
  return 0;
}

/* Numbers of descriptors stand in a template as a 1 and the descriptor's place in four bytes. */
static u64 text_of(u8 *base, const u8 *from, u8 *room) {
  const u64 *descriptors = (const u64 *)(base + ((struct program *)base)->descriptors_at);
  u8 *to = room;
  for (; *from; from++) {
    u8 digits[20];
    int count = 0;
    if (*from != 1) {
      *to++ = *from;
      continue;
    }
    u64 number = descriptors[from[1] | from[2] << 8 | from[3] << 16 | (u32)from[4] << 24];
    do digits[count++] = '0' + number % 10;
    while (number /= 10);
    while (count > 0) *to++ = digits[--count];
    from += 4;
  }
  *to = 0;
  return (u64)room;
}

static u64 argument(u8 *base, const struct op *op, int index) {
  const u64 *descriptors = (const u64 *)(base + ((struct program *)base)->descriptors_at);
  u64 given = op->args[index];
  switch (op->kinds[index]) {
    case MEMORY: return (u64)base + given;
    case DESCRIPTOR: return descriptors[given];
    case TEXT_OF: return text_of(base, base + (u32)given, base + (given >> 32));
  }
  return given;
}

static i64 uninterrupted(const struct op *op, const u64 *a) {
  i64 result;
  do result = sys(op->number, a[0], a[1], a[2], a[3], a[4], a[5]);
  while (result == -EINTR && op->restarts);
  return result;
}

/*
 * Everything that can be read, from the first byte on. The position stays where it was: when the
 * content differs, the steps read it again.
 */
static i64 read_all(u64 descriptor, u64 memory, u64 room) {
  u64 length = 0;
  for (;;) {
    i64 n = sys(NR_pread64, descriptor, memory + length, room - length, length, 0, 0);
    if (n == -EINTR) continue;
    if (n <= 0) return n < 0 ? n : (i64)length;
    length += n;
    /* More than there is room for is not what it was. */
    if (length == room) return length;
  }
}

static int as_before(u8 *base, struct op *op) {
  struct program *p = (struct program *)base;
  u64 a[6];
  struct text text = {0, 0};
  const struct check *checks = (const struct check *)(base + p->checks_at) + op->first_check;
  for (int i = 0; i < 6; i++) a[i] = argument(base, op, i);
  op->result = op->answer == CONTENT ? read_all(a[0], a[1], a[2]) : uninterrupted(op, a);
  if (op->answer == RESULT && op->result != op->expected) return 0;
  if (op->answer != RESULT && op->result < 0) return 0;
  if (op->answer == NEW_DESCRIPTOR) ((u64 *)(base + p->descriptors_at))[op->expected] = op->result;
  for (u32 i = 0; i < op->checks; i++)
    if (!holds(base, &checks[i], op, &text)) return 0;
  return 1;
}

static void clear(u8 *at, u64 size) {
  for (u64 i = 0; i < size; i++) at[i] = 0;
}

/* @return how many operations were answered as before; the next one's answer is in its result. */
static i64 replay(u8 *base) {
  struct program *p = (struct program *)base;
  struct op *ops = (struct op *)(base + p->ops_at);
  clear(base + p->bound_at, p->symbols);
  clear(base + p->table_at, (u64)p->table_size * sizeof(struct entry));
  for (p->done = 0; p->done < p->ops; p->done++)
    if (!as_before(base, &ops[p->done])) break;
  return p->done;
}
