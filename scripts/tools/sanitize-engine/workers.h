/* Workers of the addon's pool over the arena of this thread, and rounds of jobs for them, as threads/worker-threads.ts has them. */
#ifndef WORKERS_H
#define WORKERS_H

#include "support.h"

/* Calls may be queued when this has returned; the queue stays in the arena. */
void open_pool(void);
/* As setThreads: some more, or some leave when they next look. */
void set_workers(int count);
/* As the end of an environment, wherever the workers are. */
void close_pool(void);

/*
 * Runs all jobs on the workers; with the calling thread, or, where a worker is there, by messages without it. Fuzzed, on the calling
 * thread alone, with what else is called with a queue.
 */
void run_round(const struct queued_job *jobs, int count, int is_by_message);

#endif
