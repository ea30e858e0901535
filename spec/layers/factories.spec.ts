import { readFileSync } from 'node:fs';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import { expect } from 'chai';
import ts from 'typescript';
import type { GRUCell, LSTMCell, RNNCell } from '../../src/index.js';

/** What an editor shows over `gru(`: the comment of the declaration that a call resolves to. */
function docOf(path: string, name: string): string {
  const source = readFileSync(new URL(`../../src/layers/${path}.ts`, import.meta.url), 'utf8');
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true);
  const declaration = file.statements.find(
    (statement) => ts.isFunctionDeclaration(statement) && statement.name?.text === name,
  );
  return declaration
    ? ts
        .getJSDocCommentsAndTags(declaration)
        .map((doc) => doc.getText())
        .join('\n')
    : '';
}

describe('the factories', () => {
  for (const [path, name, equation] of [
    ['recurrent/gru', 'gru', "h'   = (1 - z) * n + z * h"],
    ['recurrent/lstm', 'lstm', "c'      = f * c + i * g"],
    ['recurrent/rnn', 'rnn', "h' = nonlinearity(W_ih @ x + b_ih + W_hh @ h + b_hh)"],
    ['cells/gru-cell', 'gruCell', "h'   = (1 - z) * n + z * h"],
    ['cells/lstm-cell', 'lstmCell', "c'      = f * c + i * g"],
    ['cells/rnn-cell', 'rnnCell', "h' = nonlinearity(W_ih @ x + b_ih + W_hh @ h + b_hh)"],
  ] as const)
    it(`show the equations where ${name} is called`, () => {
      expect(docOf(path, name)).to.include(equation);
    });

  it('make cells whose results have the rank of the input, for the type checker', () => {
    const gru = (cell: GRUCell, x: Tensor2D): Tensor2D => cell.forward(x, x);
    const unbatched = (cell: RNNCell, x: Tensor1D): Tensor1D => cell.forward(x, x);
    const unknown = (cell: LSTMCell, x: Tensor): Tensor2D => cell.forward(x).h;
    const state = (cell: LSTMCell, x: Tensor1D): Tensor1D => cell.forward(x, cell.forward(x)).c;
    expect([gru, unbatched, unknown, state].map(({ length }) => length)).to.deep.equal([2, 2, 2, 2]);
  });
});
