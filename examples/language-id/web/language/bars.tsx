/** The probability of each language, as bars that keep their places. */

import { argmax } from '../../classify.js';
import { description } from './classifier.js';

export interface BarsProps {
  /** Undefined where there is no phrase. */
  readonly probabilities: Float32Array | undefined;
  /** Whether any character is in the network's alphabet. */
  readonly isReadable: boolean;
}

export function Bars({ probabilities, isReadable }: BarsProps) {
  const best = probabilities && argmax(probabilities);
  return (
    <section class="answer" aria-labelledby="answer-title">
      <h2 id="answer-title" class="verdict" aria-live="polite">
        {verdict(probabilities, isReadable)}
      </h2>
      <ol class="bars">
        {description.languages.map((language, i) => {
          const probability = probabilities?.[i] ?? 0;
          return (
            <li key={language} class={i === best ? 'best' : undefined}>
              <span class="name">{language}</span>
              <svg class="bar" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 1 1">
                <rect width="1" height="1" style={{ transform: `scaleX(${probability})` }} />
              </svg>
              <data class="share" value={`${probability}`}>
                {(100 * probability).toFixed(1)}%
              </data>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** Below one half the network prefers no single language. */
function verdict(probabilities: Float32Array | undefined, isReadable: boolean): string {
  if (probabilities === undefined) return 'Nothing typed yet';
  if (!isReadable) return 'Unreadable';
  const best = argmax(probabilities);
  const language = description.languages[best] ?? '';
  return (probabilities[best] ?? 0) < 0.5 ? `${language}?` : language;
}
