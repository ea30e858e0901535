/*
 * Threads that share the units of one direction. The first to join, the leader, begins alone; when all have joined, they work
 * together from the next step on, with a barrier after every step. To wake a worker may take longer than many steps: the leader
 * waits only for threads that are awake, and only as long as those need to join.
 *
 * At a barrier a member spins for longer than it takes to wake a thread: two members that put each other to sleep would never
 * work at the same time again. Looks and sleep at barriers are counted. They tell the caller what it has cost to wait for a member
 * that had lost its processor, and whether to do without the team for some calls.
 */
#ifndef TEAM_H
#define TEAM_H

#include "wait.h"

/* A member that another has waited for through so many naps, a minute, is lost. */
#define LOST_AFTER 60000
#define NAP 1000000LL

/* A thread in a team, and what it has taken part in. */
struct member {
  struct team *team; /* 0: the thread works alone */
  int32_t arrivals;  /* of all members when the last barrier was complete */
  int32_t looks;     /* that it has taken at barriers */
  int32_t slept;     /* microseconds that it has slept there */
};

/* Waits until *at differs from `value`: spins, then sleeps. 0: it never did, so the thread that should change it is lost. */
static inline int await_change(struct member *m, int32_t *at, int32_t value) {
  struct team *team = m->team;
  int32_t looks = look_until_change(at, value, team->looks);
  m->looks += looks;
  if (looks < team->looks) return 1;
  double begin = now();
  add_shared(&team->waiting, 1);
  for (int32_t naps = 0; load_shared(at) == value && naps < LOST_AFTER;)
    if (!sleep_while(at, value, NAP)) naps++;
  add_shared(&team->waiting, -1);
  m->slept += (int32_t)(1000 * (now() - begin));
  return load_shared(at) != value;
}

/* Every member calls it once. Returns whether it is the leader. */
static inline int join_team(struct team *team) { return add_shared(&team->joined, 1) == 0; }

static inline int all_joined(struct team *team) { return load_shared(&team->joined) == team->size; }

/* The leader waits for the others. */
static inline void await_members(struct team *team) {
  for (int32_t i = 0; i < team->join_looks && !all_joined(team); i++) {}
}

/* What `start` holds beside 1 + a step. */
enum { START_UNKNOWN = 0, START_NEVER = -1, START_LOST = -2 };

static inline void announce(struct team *team, int32_t start) {
  store_shared(&team->start, start);
  if (load_shared(&team->waiting)) wake_all(&team->start);
}

/* The leader tells the others to join in at this step. */
static inline void announce_start(struct team *team, long step) { announce(team, (int32_t)step + 1); }

/* The leader tells the others that it has done everything alone. */
static inline void announce_end(struct team *team) { announce(team, START_NEVER); }

/* The others wait for the leader. Returns the step to join in at, START_NEVER or START_LOST. */
static inline long await_start(struct team *team) {
  struct member uncounted = {.team = team};
  if (!await_change(&uncounted, &team->start, START_UNKNOWN)) return START_LOST;
  int32_t start = load_shared(&team->start);
  return start < 0 ? start : start - 1;
}

/*
 * Waits until all members have arrived. 0: one of them is lost. Arrivals are counted on from barrier to barrier, so that the one
 * integer goes from processor to processor twice, and nothing else does: it takes a good part of the time of a short step.
 */
NOINLINE int barrier_wait(struct member *m) {
  struct team *team = m->team;
  /* Without a sign, as a sum that is too large has a value then. */
  int32_t arrived = (int32_t)(1u + (uint32_t)add_shared(&team->arrived, 1));
  int32_t all = m->arrivals = (int32_t)((uint32_t)m->arrivals + (uint32_t)team->size);
  if (arrived == all && load_shared(&team->waiting)) wake_all(&team->arrived);
  while (arrived >= 0 && arrived < all) {
    if (!await_change(m, &team->arrived, arrived)) return 0;
    arrived = load_shared(&team->arrived);
  }
  return arrived >= 0;
}

/* After the last barrier. */
static inline void leave_team(struct member *m) {
  if (m->looks) add_shared(&m->team->waited_looks, m->looks);
  if (m->slept) add_shared(&m->team->slept, m->slept);
}

/* Tells all members that one of them is lost. */
static inline void lose_member(struct team *team) {
  store_shared(&team->start, START_LOST);
  store_shared(&team->arrived, INT32_MIN);
  wake_all(&team->start);
  wake_all(&team->arrived);
}

#endif
