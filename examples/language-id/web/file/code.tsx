/** TypeScript with a button that copies it. */

import { useState } from 'preact/hooks';

export function Code({ text }: { readonly text: string }) {
  const [isCopied, setCopied] = useState(false);
  // Browsers give the clipboard to https and to localhost alone.
  const canCopy = 'clipboard' in navigator;
  return (
    <section class="code" aria-labelledby="code-title">
      <div class="code-head">
        <h2 id="code-title">TypeScript that rebuilds it</h2>
        {canCopy && (
          <button
            type="button"
            class="button"
            onClick={() => navigator.clipboard.writeText(text).then(() => setCopied(true))}
          >
            {isCopied ? 'Copied' : 'Copy'}
          </button>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="code-scroll" tabIndex={0} aria-label="Code">
        <pre>
          <code>{text}</code>
        </pre>
      </section>
    </section>
  );
}
