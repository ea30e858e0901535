/* Threads that take the jobs of an engine, each with a loop like that of a worker of JavaScript (threads/worker.ts). */
#ifndef POOL_H
#define POOL_H

#include "addon.h"

struct worker;

/* The workers of one engine. */
struct pool {
  struct worker *first;
};

/*
 * Starts a worker.
 *
 * @param queue where the struct queue lies, and `state` an integer that says what the worker is to do (WORKER_STATES).
 * @param listener called with a round that the worker has finished where the queue asks for messages, and with -1 at its end.
 * @return an object with keepAlive(isKept), or null with an error thrown.
 */
napi_value pool_start(napi_env env, struct pool *pool, const struct engine *engine, index_t queue, index_t state,
                      napi_value listener);

/* Tells all workers to leave and waits for them. */
void pool_end(struct pool *pool);
#endif
