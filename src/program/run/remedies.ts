/** What to do about ops that this package lacks. */

import { shortened, showFirst } from '../../check.js';
import { addTo } from '../../matching/add-to.js';

/** Ops that are missing, and that torch's default decompositions write in known ones; they leave none of these behind. */
const DECOMPOSED =
  /^aten\.([dhv]split|float_power|gradient|heaviside|isreal|matrix_power|multi(label)?_margin_loss|row_stack|special_(log_softmax|logsumexp|ndtr|sinc|softmax)|sum_to_size|vander)\./;

const BRANCH = /^higher_order\.(cond|switch)$/;
const LOOP = /^higher_order\.(while_loop|scan|associative_scan|map_impl)$/;

/**
 * What to do about missing ops: each kind of them has its own remedy.
 *
 * @param mayDecompose  whether torch's decompositions change no number of the program.
 */
export function remedyFor(targets: readonly string[], mayDecompose: boolean): string {
  const kinds = new Map<(names: string) => string, string[]>();
  for (const target of targets) addTo(kinds, remedyOf(target, mayDecompose), target);
  return [...kinds].map(([remedy, names]) => remedy(showFirst(names, shortened))).join('. ');
}

function remedyOf(target: string, mayDecompose: boolean): (names: string) => string {
  if (mayDecompose && DECOMPOSED.test(target)) return decompose;
  if (BRANCH.test(target)) return withoutBranch;
  if (LOOP.test(target)) return withoutLoop;
  return teach;
}

const decompose = (names: string) =>
  `Save torch_rnn_export.export(...).run_decompositions(), which writes ${names} in other ops and keeps recurrent layers whole`;
const withoutBranch = (names: string) =>
  `In place of ${names} compute both branches in the model and choose with torch.where, or take the branch out of the model`;
const withoutLoop = (names: string) =>
  `In place of ${names} export one step as the program, and write the loop in JavaScript`;
const teach = (names: string) => `registerOp teaches ${names}, or change the model so that it does without`;
