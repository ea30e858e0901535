/* Wrong calls beside each right one, where the program is compiled to fuzz (-DFUZZ). */
#ifndef MUTATE_H
#define MUTATE_H

#include "functions.h"

/* Calls a function with random changes in its arguments, and in the integers that they lead to, unless the checks refuse it. */
void fuzz(const struct function *function, const int32_t *arguments);

/* What a fuzzed call has written may make any later one wrong. */
#ifdef FUZZ
#define may_be_refused() 1
#else
#define may_be_refused() 0
#endif

/* How many changed calls ran, and how many were refused, of all functions; ends the program where one function never did either. */
void print_fuzzed(void);

#endif
