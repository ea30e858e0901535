#ifndef ADDON_H
#define ADDON_H

#define NAPI_VERSION 8
#include <node_api.h>

#include "engine_handle.h"

/* The engine whose function this thread runs. */
extern _Thread_local const struct engine *current_engine;

#endif
