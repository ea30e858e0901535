#include "pool.h"

#include <stdlib.h>

#include "checks.h"
#include "engine.h"
#include "threads/wait.h"

#ifdef _WIN32
#include <process.h>
#else
#include <pthread.h>
#endif

/* As WORKER_STATES of threads/worker.ts. */
enum state { STAYS, IS_TO_LEAVE, HAS_LEFT };

/* What the listener hears at the end of a worker. */
#define ENDED -1

struct worker {
  struct worker *next;
  const struct engine *engine;
  index_t queue, state;
  /* Of the thread of JavaScript: it has heard of the end, and nothing of the thread is left. */
  int has_ended;
  /* Null once JavaScript has ended. Read by the thread of the worker, and by that of JavaScript until `has_ended`. */
  napi_threadsafe_function listener;
#ifdef _WIN32
  HANDLE thread;
#else
  pthread_t thread;
#endif
};

static int32_t *integer_at(const struct worker *w, index_t at) { return (int32_t *)(w->engine->arena + at); }

static struct queue *queue_of(const struct worker *w) { return (struct queue *)integer_at(w, w->queue); }

/* Whether the worker was to leave; then it has left. */
static int leaves(const struct worker *w) {
  int32_t expected = IS_TO_LEAVE;
  return __atomic_compare_exchange_n(integer_at(w, w->state), &expected, HAS_LEFT, 0, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
}

/* A listener that is closing is released by the call itself. */
static void tell(struct worker *w, int32_t round) {
  if (!w->listener) return;
  napi_status status =
      napi_call_threadsafe_function(w->listener, (void *)(intptr_t)round, napi_tsfn_nonblocking);
  if (status == napi_closing) w->listener = 0;
}

static void take_jobs(struct worker *w) {
  const struct build *build = w->engine->build;
  float *arena = w->engine->arena;
  current_engine = w->engine;
  for (int32_t round = 0;;) {
    round = build->await_round(arena, w->queue, round);
    if (leaves(w)) break;
    if (queue_fits(w->engine, w->queue)) build->work(arena, w->queue, round);
    wake_all(&queue_of(w)->done);
    if (load_shared(&queue_of(w)->by_message)) tell(w, round);
  }
  tell(w, ENDED);
  if (w->listener) napi_release_threadsafe_function(w->listener, napi_tsfn_release);
}

#ifdef _WIN32
static unsigned __stdcall run_worker(void *argument) {
  take_jobs(argument);
  return 0;
}

static int start_thread(struct worker *w) {
  w->thread = (HANDLE)_beginthreadex(0, 0, run_worker, w, 0, 0);
  return w->thread != 0;
}

static void join_thread(struct worker *w) {
  WaitForSingleObject(w->thread, INFINITE);
  CloseHandle(w->thread);
}
#else
static void *run_worker(void *argument) {
  take_jobs(argument);
  return 0;
}

static int start_thread(struct worker *w) { return pthread_create(&w->thread, 0, run_worker, w) == 0; }

static void join_thread(struct worker *w) { pthread_join(w->thread, 0); }
#endif

/* On the thread of JavaScript: hands the round to the listener. */
static void call_listener(napi_env env, napi_value listener, void *context, void *data) {
  struct worker *w = context;
  if (!env) return;
  if ((int32_t)(intptr_t)data == ENDED) {
    w->has_ended = 1;
    join_thread(w);
  }
  napi_value receiver, round;
  napi_get_undefined(env, &receiver);
  napi_create_int32(env, (int32_t)(intptr_t)data, &round);
  napi_call_function(env, receiver, listener, 1, &round, 0);
}

static napi_value keep_alive(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t given = 1;
  void *data;
  bool is_kept = false;
  if (napi_get_cb_info(env, info, &given, &value, 0, &data) != napi_ok) return 0;
  napi_get_value_bool(env, value, &is_kept);
  const struct worker *w = data;
  if (w->has_ended) return 0;
  if (is_kept) napi_ref_threadsafe_function(env, w->listener);
  else napi_unref_threadsafe_function(env, w->listener);
  return 0;
}

napi_value pool_start(napi_env env, struct pool *pool, const struct engine *engine, index_t queue, index_t state,
                      napi_value listener) {
  struct worker *w = calloc(1, sizeof *w);
  napi_value name, result = 0, function;
  if (!w) {
    napi_throw_error(env, 0, "no memory");
    return 0;
  }
  *w = (struct worker){.next = pool->first, .engine = engine, .queue = queue, .state = state};
  napi_create_string_utf8(env, "tfjs-torch-rnn worker", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, listener, 0, name, 0, 1, 0, 0, w, call_listener, &w->listener) != napi_ok) {
    free(w);
    napi_throw_type_error(env, 0, "expected a function that listens");
    return 0;
  }
  napi_unref_threadsafe_function(env, w->listener);
  if (!start_thread(w)) {
    napi_release_threadsafe_function(w->listener, napi_tsfn_abort);
    free(w);
    napi_throw_error(env, 0, "the system starts no thread");
    return 0;
  }
  pool->first = w;
  napi_create_object(env, &result);
  napi_create_function(env, "keepAlive", NAPI_AUTO_LENGTH, keep_alive, w, &function);
  napi_set_named_property(env, result, "keepAlive", function);
  return result;
}

void pool_end(struct pool *pool) {
  for (struct worker *w = pool->first; w; w = w->next) {
    if (w->has_ended) continue;
    int32_t expected = STAYS;
    __atomic_compare_exchange_n(integer_at(w, w->state), &expected, IS_TO_LEAVE, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    add_shared(&queue_of(w)->round, 1);
    wake_all(&queue_of(w)->round);
  }
  while (pool->first) {
    struct worker *w = pool->first;
    pool->first = w->next;
    if (!w->has_ended) join_thread(w);
    free(w);
  }
}
