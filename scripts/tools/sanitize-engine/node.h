/* What stands in for Node where the pool runs without it: enough of Node-API for native/c/pool.c. */
#ifndef NODE_H
#define NODE_H

#include "addon.h"

napi_env an_env(void);
napi_value a_listener(void);

/* Hands all messages of workers that this thread has started to their listeners. */
void deliver_messages(void);

/* Frees what the workers of this thread reported to; they have ended. */
void close_functions(void);

#endif
