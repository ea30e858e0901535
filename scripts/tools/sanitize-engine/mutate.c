#include "mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "support.h"

static long ran[FUNCTIONS], refused[FUNCTIONS];

/* Of a size, a place or a flag. */
static int32_t a_wrong_value(int32_t right) {
  const int32_t values[] = {0, 1, -1, 2, 3, right + 1, right - 1, right + 8, right / 2, -right, (right & 0xffff) * 256, (right & 0x7fff) << 16,
                            (int32_t)engine.limit, (int32_t)engine.limit - between(0, 99), between(0, (int32_t)engine.limit - 1),
                            between(0, 99), INT32_MAX, INT32_MIN, 1 << 29, (1 << 29) - 1, between(INT32_MIN / 4, INT32_MAX / 4)};
  return values[between(0, sizeof values / sizeof *values - 1)];
}

static void change(int32_t *integers, int count) {
  for (int n = between(1, 2); n > 0; n--) {
    int32_t *at = integers + between(0, count - 1);
    *at = a_wrong_value(*at & 0xffffff);
  }
}

/* A job with a team waits a minute for members that never come: each is the only one of its team. */
static void leave_alone(index_t job) {
  if (!lies_inside(&engine, job, sizeof(struct direction) / 4)) return;
  const index_t at = ((const struct direction *)at_index(job))->team;
  const struct team alone = {.size = 1, .start = -1};
  if (at && lies_inside(&engine, at, sizeof alone / 4)) memcpy(at_index(at), &alone, sizeof alone);
}

static int is_called(const struct function *function, const char *name) { return !strcmp(function->name, name); }

/* Fields of the struct that the second argument leads to; 0: it leads to none. */
static int fields_of(const struct function *function) {
  if (is_called(function, "forward") || is_called(function, "backward")) return sizeof(struct direction) / 4;
  if (is_called(function, "input_gradient")) return sizeof(struct input_gradient) / 4;
  if (is_called(function, "weight_gradient")) return sizeof(struct weight_gradient) / 4;
  if (is_called(function, "work") || is_called(function, "abandon")) return sizeof(struct queue) / 4 + 8;
  return 0;
}

/* Integers in memory that a call counts with: those of its struct, and what a field of it leads to. */
static void change_memory(int32_t *fields, int count) {
  if (between(0, 3)) {
    change(fields, count);
    return;
  }
  const int32_t at = fields[between(0, count - 1)];
  if (lies_inside(&engine, at, 4)) change((int32_t *)at_index(at), 4);
}

static void leave_queue_alone(const struct queue *queue) {
  for (int i = 0; i < QUEUE_CAPACITY; i++)
    if (queue->jobs[i].job == JOB_FORWARD) leave_alone(queue->jobs[i].at);
}

static void try_once(const struct function *function, const int32_t *right) {
  int32_t a[MOST_ARGUMENTS];
  memcpy(a, right, sizeof a);
  const int fields = fields_of(function);
  /* Of look and nap the place alone: a long time is none of the checks' business. */
  const int count = is_called(function, "look") || is_called(function, "nap") ? 2 : function->count;
  if (fields == 0 || between(0, 9) == 0) change(a, count);
  /* The length of an array that there is. */
  if (function->array) a[function->array] &= 0xfffff;
  int32_t before[sizeof(struct direction) / 4 + 64];
  int32_t *place = fields && lies_inside(&engine, a[1], fields) ? (int32_t *)at_index(a[1]) : 0;
  if (place) {
    memcpy(before, place, (size_t)fields * 4);
    change_memory(place, fields);
  }
  if (is_called(function, "forward")) leave_alone(a[1]);
  if (fields && queue_fits(&engine, a[1]) && (is_called(function, "work") || is_called(function, "abandon")))
    leave_queue_alone((const struct queue *)at_index(a[1]));
  if (function->fits(&engine, a)) {
    run_function(function, a);
    ran[function - functions]++;
  } else {
    refused[function - functions]++;
  }
  if (place) memcpy(place, before, (size_t)fields * 4);
}

void fuzz(const struct function *function, const int32_t *arguments) {
  for (int i = between(1, 8); i > 0; i--) try_once(function, arguments);
}

void print_fuzzed(void) {
  long all_ran = 0, all_refused = 0;
  for (int i = 0; i < FUNCTIONS; i++) {
    all_ran += ran[i];
    all_refused += refused[i];
    if (ran[i] && refused[i]) continue;
    fprintf(stderr, "%s: %ld changed calls ran, %ld were refused\n", functions[i].name, ran[i], refused[i]);
    abort();
  }
  printf("%ld changed calls ran, %ld were refused\n", all_ran, all_refused);
}
