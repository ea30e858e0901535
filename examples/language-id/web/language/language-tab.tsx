/** Type, and see which language the network takes it for. */

import { useState } from 'preact/hooks';
import { SAMPLE } from '../../sample.js';
import { UNKNOWN } from '../../text.js';
import { type Backend, backendsHere } from '../backends.js';
import { Bars } from './bars.js';
import { encode } from './classifier.js';
import { GateSection } from './gates/gate-section.js';
import { RunPanel } from './run-panel.js';
import { useAnswers } from './use-answers.js';

/** A phrase may be longer, but not much of the heat map would be seen. */
const MAX_LENGTH = 120;

/** What the engine takes without setThreads. */
const DEFAULT_THREADS = Math.min(4, navigator.hardwareConcurrency);

export function LanguageTab() {
  const [phrase, setPhrase] = useState(SAMPLE[1] as string);
  const [backend, setBackend] = useState<Backend>(backendsHere()[0] as Backend);
  const [threads, setThreads] = useState(DEFAULT_THREADS);
  const answers = useAnswers(phrase, backend, threads);
  const ids = encode(phrase);
  return (
    <>
      <section class="ask">
        <label for="phrase">A phrase in one of sixteen languages</label>
        <input
          id="phrase"
          type="text"
          value={phrase}
          maxLength={MAX_LENGTH}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={({ currentTarget }) => setPhrase(currentTarget.value)}
        />
        <Note unknown={ids.filter((id) => id === UNKNOWN).length} />
        <ul class="samples" aria-label="Examples">
          {SAMPLE.map((text) => (
            <li key={text}>
              <button type="button" class="chip" onClick={() => setPhrase(text)}>
                {text}
              </button>
            </li>
          ))}
        </ul>
      </section>
      <div class="columns">
        <Bars probabilities={answers.answer?.probabilities} isReadable={ids.some((id) => id !== UNKNOWN)} />
        <RunPanel
          answers={answers}
          backend={backend}
          onBackend={setBackend}
          threads={threads}
          onThreads={setThreads}
        />
      </div>
      <GateSection phrase={phrase} />
    </>
  );
}

function Note({ unknown }: { readonly unknown: number }) {
  const text =
    unknown === 0
      ? 'It runs again at each key.'
      : `${unknown === 1 ? '1 character is' : `${unknown} characters are`} outside the network's alphabet.`;
  return <p class="hint">{text}</p>;
}
