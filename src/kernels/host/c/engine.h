/*
 * The engine's interface: what the TypeScript above calls, and the layout of what it passes.
 *
 * Everything lies in one arena of floats. A buffer is given as its index in the arena, counted in floats; 0 is none. Integer
 * arrays lie there as well, four bytes each. Nothing is allocated, kept or read outside of it. The arena never begins at
 * address 0, where the compiler could take a buffer for a null pointer.
 *
 * Dimensions: T steps, B batch rows, I input size, H hidden size, P projected size, S = P or H (columns of h), G gates.
 * Hp, Pp are H and P rounded up to multiples of PAD (machine.h).
 *
 * Sequences are packed as a torch PackedSequence is: rows sorted by length, longest first; all rows of step 0, then all of
 * step 1, and so on. counts[t] rows have step t, M rows in all, so no work is done on padding. The rows of a state are in
 * the caller's order; order[i] is the caller's row of sorted row i. A sequence may hold a group of the caller's rows only:
 * groups know nothing of each other, so that several threads can work on them at once.
 *
 * Rooms: passes/ walks the steps forward and backward, cells/ has the equations of a step, matrix/ the products, packing/ the
 * layouts of weights and sequences, threads/ the queue of jobs and the teams that share one.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdint.h>

#include "machine.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

typedef int32_t index_t;

enum cell { CELL_RNN_TANH, CELL_RNN_RELU, CELL_GRU, CELL_LSTM };

/* Slots of the reserve; q = W_hn h + b_hn, c is the state. */
enum gru_slot { GRU_Q, GRU_R, GRU_Z, GRU_N };
enum lstm_slot { LSTM_I, LSTM_F, LSTM_G, LSTM_O, LSTM_C };

/*
 * One direction of one layer over a whole sequence; every field is an int32, in this order.
 *
 * The reserve holds, for each packed row, slots of Hp floats: those of enum gru_slot or enum lstm_slot, RNN none.
 * Backward reads it, and writes the gradient of each gate's sum into slots of their own: GRU dq dr dz dn, of which dq dr dz
 * belong to W_hh and dr dz dn to W_ih; LSTM di df dg do; RNN one.
 */
struct direction {
  int32_t cell;
  int32_t steps;        /* T */
  int32_t batch;        /* B, rows of this group */
  int32_t rows;         /* M */
  int32_t input_size;   /* I */
  int32_t hidden_size;  /* H */
  int32_t proj_size;    /* P, 0: none */
  int32_t reverse;      /* walks the steps from T-1 to 0 */
  index_t counts;       /* int32 [T], not increasing */
  index_t order;        /* int32 [B] */
  index_t x;            /* [M, I], rows x_stride apart */
  int32_t x_stride;
  index_t y;            /* [M, S], rows y_stride apart */
  int32_t y_stride;
  index_t h0, c0;       /* [B, S], [B, H]; 0: zeros */
  index_t hn, cn;       /* [B, S], [B, H] */
  index_t weight_ih;    /* packed, see pack_weight */
  index_t weight_hh;    /* packed */
  index_t weight_hr;    /* packed, 0: none */
  index_t bias_ih;      /* packed, see pack_bias */
  index_t bias_hh;      /* packed; GRU: of q alone */
  index_t reserve;      /* [M, slots * Hp], 0: inference */
  index_t scratch;      /* forward_scratch(...) or backward_scratch(...) floats */
  int32_t chunk_rows;   /* rows of the input projection that are held at a time, >= B; 0 where gx is given */
  index_t gx;           /* the input projection of all rows with its bias, [M, G * Hp]; 0: made here */
  /* Forward of few rows: several jobs share the units of one direction and its scratch, with a barrier after every step. */
  int32_t unit_begin, unit_end; /* of this job, multiples of VL or H; 0 and H where it is alone */
  index_t team;         /* struct team, 0: alone; not with a projection */
  /* Backward only. */
  index_t dy;           /* [M, S], rows dy_stride apart; 0: zeros */
  int32_t dy_stride;
  index_t dhn, dcn;     /* [B, S], [B, H]; 0: zeros */
  index_t dh0, dc0;     /* [B, S], [B, H]; 0: not wanted */
  index_t weight_hh_t;  /* packed transposed, see pack_transposed */
  index_t weight_hr_t;  /* packed transposed, 0: none */
  index_t dgates;       /* [M, gradient slots * Hp], written by backward */
  index_t h_before;     /* [M, S]: h that each step started from, written by backward */
  index_t dh_sum;       /* [M, P]: gradient of the projected h, written by backward of an LSTM with weight_hr */
  index_t unprojected;  /* [M, H]: o * tanh(c), likewise */
};

/* Floats of scratch that a call needs. Sizes beyond what an index reaches are INT32_MAX, which no arena has. */
int32_t forward_scratch(int32_t cell, int32_t batch, int32_t hidden_size, int32_t proj_size, int32_t chunk_rows);
int32_t backward_scratch(int32_t cell, int32_t batch, int32_t hidden_size, int32_t proj_size);

/* output, hn and cn of one direction, and the reserve where there is one. 0: a member of the team did not answer. */
int32_t forward(float *arena, index_t direction);

/* The gradients of every gate's sum, of h0 and c0; what the products for weights and x are made of. */
void backward(float *arena, index_t direction);

/* Floats that a packed weight of `gates` blocks of `units` rows and `columns` columns takes. */
int32_t packed_size(int32_t gates, int32_t units, int32_t columns);
int32_t packed_transposed_size(int32_t gates, int32_t units, int32_t columns);

/* [gates * units, columns] row-major -> for each gate, panels of VL units, each [columns][VL]; missing units are zero. */
void pack_weight(float *arena, index_t weight, index_t packed, int32_t gates, int32_t units, int32_t columns);

/*
 * The same weight for products with its transpose, rows of slots * Hp on the left: panels of VL columns, each
 * [gates * Hp][VL]. Its gates come in the order of the slots, first_gate, first_gate + 1, ... cyclically.
 */
void pack_transposed(float *arena, index_t weight, index_t packed, int32_t gates, int32_t units, int32_t columns,
                     int32_t first_gate);

/* [G * H] -> [G][Hp]. `other` (0: none) is added in the gates before `added_gates`. */
void pack_bias(float *arena, index_t bias, index_t other, index_t packed, int32_t gates, int32_t units,
               int32_t added_gates);

/* to[rows, columns] += bias; `columns` is a multiple of VL. */
void add_bias(float *arena, index_t to, index_t bias, int32_t rows, int32_t columns);

/*
 * Between a caller's sequence ([B, T, width], or [T, B, width] when not batch_first) and the packed one of a group of
 * `group` of its `batch` rows. unpack writes zeros in the steps that a row does not have; pack does not read them.
 */
void pack_sequence(float *arena, index_t from, index_t to, index_t order, index_t counts, int32_t steps, int32_t batch,
                   int32_t group, int32_t width, int32_t batch_first);
void unpack_sequence(float *arena, index_t from, index_t to, index_t order, index_t counts, int32_t steps, int32_t batch,
                     int32_t group, int32_t width, int32_t batch_first);

/* dx[M, columns] = (dx +) dgates @ weight; every field is an int32, in this order. */
struct input_gradient {
  index_t dgates;        /* [M, depth], rows dgates_stride apart */
  int32_t dgates_stride;
  index_t weight_t;      /* packed transposed */
  int32_t depth;         /* gates * Hp */
  index_t dx;            /* rows `columns` apart */
  int32_t rows, columns;
  int32_t add;           /* 1: to what is there */
};

/* dw[gates * units, columns] = (dw +) sum over the M rows of dgates^T @ x, for some of the units of every gate. */
struct weight_gradient {
  index_t dgates;        /* [M, slots * units rounded up], rows dgates_stride apart */
  int32_t dgates_stride;
  index_t slot_of_gate;  /* int32 [gates] */
  index_t x;             /* [M, columns] */
  index_t dw;
  int32_t rows, gates, units, columns;
  int32_t unit_begin, unit_end;
  int32_t add;           /* 1: to what is there */
  index_t scratch;       /* weight_gradient_scratch(unit_end - unit_begin, columns) floats */
};

void input_gradient(float *arena, index_t job);
void weight_gradient(float *arena, index_t job);
int32_t weight_gradient_scratch(int32_t units, int32_t columns);

/* db[gates * units] = (db +) sum over the M rows of dgates. */
void bias_gradient(float *arena, index_t dgates, int32_t dgates_stride, index_t slot_of_gate, index_t db, int32_t rows,
                   int32_t gates, int32_t units, int32_t add);

/*
 * The state of a team: jobs that share the units of one direction. The caller sets the first three fields and clears the others.
 * With `size` 1 and `start` -1 the first job that runs does everything, and the others nothing.
 *
 * Threads wait by spinning, then asleep where they may. A look is one read of a spinning thread.
 */
struct team {
  int32_t size;          /* members */
  int32_t looks;         /* that a member takes before it sleeps */
  int32_t join_looks;    /* that the leader takes for the others before it begins alone */
  int32_t joined;        /* members that have joined */
  int32_t start;         /* 1 + the step from which they work together; 0: not yet known, -1: never, -2: a member is lost */
  int32_t arrived;       /* members that have come to a barrier, of all barriers; negative: a member is lost */
  int32_t waiting;       /* members asleep */
  int32_t waited_looks;  /* that all members have taken at barriers */
  int32_t slept;         /* microseconds that all members have slept at barriers */
};

/* The functions that take the index of a struct: what can be queued. */
enum job { JOB_FORWARD, JOB_BACKWARD, JOB_INPUT_GRADIENT, JOB_WEIGHT_GRADIENT };

/* Jobs of one round. */
#define QUEUE_CAPACITY 64
/* The stack of each thread. */
#define STACK_BYTES 65536

/*
 * Jobs that do not depend on each other, for any number of threads. `ticket` holds the round, the count of jobs and the next
 * job to be taken: a thread that comes late takes none of another round.
 */
struct queue {
  int32_t round;         /* changes when a round begins: workers wait for it */
  int32_t ticket;        /* round << 16 | count << 8 | next */
  int32_t done;          /* jobs finished in this round; set to -1 when a thread is lost */
  int32_t lost;          /* not 0: a thread is lost, and nothing in this arena can be trusted */
  int32_t looks;         /* that a worker takes for the next round before it sleeps */
  int32_t sleeping;      /* workers asleep */
  int32_t by_message;    /* 1: the caller does not wait, and gets a message of each worker that finds no more jobs */
  struct queued_job { int32_t job; index_t at; } jobs[];
};

/* Takes and runs jobs of the round until none is left. */
void work(float *arena, index_t queue, int32_t round);

/* Waits until the round is another one than `seen`, and returns it. */
int32_t await_round(float *arena, index_t queue, int32_t seen);

/* Tells all that wait for a job of the current round that a thread is lost. */
void abandon(float *arena, index_t queue);

/* Reads an integer until it differs from `value`, `looks` times at most. Returns how often it was `value`. */
int32_t look(float *arena, index_t at, int32_t value, int32_t looks);

/* Sleeps until an integer differs from `value`, or spins where the thread must not sleep. 0: the time is over. */
int32_t nap(float *arena, index_t at, int32_t value, int32_t milliseconds);

/* The activations alone, y[i] = f(x[i]), for tests. */
void activation(float *arena, int32_t which, index_t x, index_t y, int32_t count);

#endif
