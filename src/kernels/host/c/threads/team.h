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

/* Where looks and sleep are counted; null: they are not. */
struct waits {
  int32_t *looks, *slept;
};

/* Waits until *at differs from `value`: spins, then sleeps. 0: it never did, so the thread that should change it is lost. */
static inline int await_change(struct team *team, int32_t *at, int32_t value, struct waits waits) {
  int32_t looks = look_until_change(at, value, team->looks);
  if (waits.looks) add_shared(waits.looks, looks);
  if (looks < team->looks) return 1;
  double begin = now();
  add_shared(&team->waiting, 1);
  for (int32_t naps = 0; load_shared(at) == value && naps < LOST_AFTER;)
    if (!sleep_while(at, value, NAP)) naps++;
  add_shared(&team->waiting, -1);
  if (waits.slept) add_shared(waits.slept, (int32_t)(1000 * (now() - begin)));
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
  if (!await_change(team, &team->start, START_UNKNOWN, (struct waits){0})) return START_LOST;
  int32_t start = load_shared(&team->start);
  return start < 0 ? start : start - 1;
}

/* Waits until all members have arrived. 0: one of them is lost. */
static inline int barrier_wait(struct team *team) {
  int32_t generation = load_shared(&team->generation);
  if (generation < 0) return 0;
  if (add_shared(&team->arrived, 1) == team->size - 1) {
    store_shared(&team->arrived, 0);
    add_shared(&team->generation, 1);
    if (load_shared(&team->waiting)) wake_all(&team->generation);
    return 1;
  }
  struct waits waits = {&team->waited_looks, &team->slept};
  return await_change(team, &team->generation, generation, waits) && load_shared(&team->generation) >= 0;
}

/* Tells all members that one of them is lost. */
static inline void lose_member(struct team *team) {
  store_shared(&team->start, START_LOST);
  store_shared(&team->generation, INT32_MIN);
  wake_all(&team->start);
  wake_all(&team->generation);
}

#endif
