/** Runs the phrase at each key on the chosen backend. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { describeKernels, type KernelDescription } from 'tfjs-torch-rnn';
import type { Backend } from '../backends.js';
import { type Answer, type Classifier, encode, openClassifier } from './classifier.js';

/** Calls of which the median is shown. */
const RECENT = 15;

export interface Answers {
  /** Of the last phrase that was run; undefined of an empty one. */
  readonly answer: Answer | undefined;
  readonly backend: Backend | undefined;
  /** The last calls on this backend, the newest last. */
  readonly times: readonly number[];
  /** What ran. */
  readonly kernel: KernelDescription | undefined;
  readonly error: string | undefined;
}

const NOTHING: Answers = {
  answer: undefined,
  backend: undefined,
  times: [],
  kernel: undefined,
  error: undefined,
};

/**
 * The answer to a phrase. Runs follow each other, since they share the active backend, and while one is under way only the newest phrase
 * waits.
 *
 * @param threads run again where it changes.
 */
export function useAnswers(phrase: string, backend: Backend, threads: number): Answers {
  const [answers, setAnswers] = useState(NOTHING);
  const runner = useRef<Runner>(undefined);
  runner.current ??= new Runner((change) => setAnswers((before) => ({ ...before, ...change(before) })));
  useEffect(() => runner.current?.ask(phrase, backend), [phrase, backend, threads]);
  return answers;
}

class Runner {
  private waiting: { readonly phrase: string; readonly backend: Backend } | undefined;
  private isRunning = false;
  private classifier: Classifier | undefined;
  private isWarm = false;
  /** Why backends do not start, so that no key tries again. */
  private readonly failures = new Map<Backend, unknown>();

  constructor(private readonly tell: (change: (before: Answers) => Partial<Answers>) => void) {}

  ask(phrase: string, backend: Backend): void {
    this.waiting = { phrase, backend };
    if (!this.isRunning) void this.runAll();
  }

  private async runAll(): Promise<void> {
    this.isRunning = true;
    while (this.waiting !== undefined) {
      const { phrase, backend } = this.waiting;
      this.waiting = undefined;
      try {
        await this.run(phrase, backend);
      } catch (error) {
        const { message } = error as Error;
        this.tell(() => ({ error: message }));
      }
    }
    this.isRunning = false;
  }

  private async run(phrase: string, backend: Backend): Promise<void> {
    const ids = encode(phrase);
    const classifier = await this.on(backend);
    const answer = ids.length === 0 ? undefined : await this.classify(classifier, ids);
    const kernel = describeKernels().find(({ isActive }) => isActive);
    this.tell(({ times }) => ({
      answer,
      kernel,
      backend,
      error: undefined,
      times: answer === undefined ? times : [...times.slice(1 - RECENT), answer.milliseconds],
    }));
  }

  private async classify({ classify }: Classifier, ids: readonly number[]): Promise<Answer> {
    // The first call on a backend compiles: it says nothing of the others.
    if (!this.isWarm) await classify(ids);
    this.isWarm = true;
    return classify(ids);
  }

  private async on(backend: Backend): Promise<Classifier> {
    if (this.classifier?.backend === backend) return this.classifier;
    if (this.failures.has(backend)) throw this.failures.get(backend);
    const next = await openClassifier(backend).catch((error) => {
      this.failures.set(backend, error);
      throw error;
    });
    this.classifier?.dispose();
    this.classifier = next;
    this.isWarm = false;
    this.tell(() => ({ times: [] }));
    return next;
  }
}
