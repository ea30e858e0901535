/**
 * Tabs, as the ARIA pattern has them: arrow keys, Home and End move between them, and Tab goes on to the panel.
 *
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/tabs/
 */

import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface Tab {
  readonly id: string;
  readonly title: string;
  readonly content: ComponentType;
}

/** Where a key moves from one of `count` tabs; undefined for another key. */
function moved(key: string, from: number, count: number): number | undefined {
  if (key === 'ArrowRight') return (from + 1) % count;
  if (key === 'ArrowLeft') return (from + count - 1) % count;
  if (key === 'Home') return 0;
  return key === 'End' ? count - 1 : undefined;
}

/** The tab that the address names, else the first. */
function tabInAddress(tabs: readonly Tab[]): number {
  return Math.max(
    0,
    tabs.findIndex(({ id }) => `#${id}` === location.hash),
  );
}

export function Tabs({ tabs, label }: { readonly tabs: readonly Tab[]; readonly label: string }) {
  const [active, setActive] = useState(() => tabInAddress(tabs));
  // A panel is made when it is first shown, and keeps what is in it.
  const [opened, setOpened] = useState(() => new Set([active]));
  const buttons = useRef<(HTMLButtonElement | null)[]>([]);

  const open = (index: number) => {
    setActive(index);
    setOpened((before) => new Set([...before, index]));
  };
  const choose = (index: number) => {
    open(index);
    history.replaceState(null, '', `#${tabs[index]?.id}`);
  };
  useEffect(() => {
    const follow = () => open(tabInAddress(tabs));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, [tabs]);

  const onKeyDown = (event: KeyboardEvent) => {
    const next = moved(event.key, active, tabs.length);
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
    buttons.current[next]?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {tabs.map(({ id, title }, i) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`tab-${id}`}
            aria-controls={`panel-${id}`}
            aria-selected={i === active}
            tabIndex={i === active ? 0 : -1}
            ref={(button) => {
              buttons.current[i] = button;
            }}
            onClick={() => choose(i)}
          >
            {title}
          </button>
        ))}
      </div>
      {tabs.map(({ id, content: Content }, i) => (
        <div key={id} role="tabpanel" id={`panel-${id}`} aria-labelledby={`tab-${id}`} hidden={i !== active}>
          {opened.has(i) && <Content />}
        </div>
      ))}
    </>
  );
}
