/** The page: a title, and a tab for each thing that it does. */

import { FileTab } from './file/file-tab.js';
import { LanguageTab } from './language/language-tab.js';
import { MeasureTab } from './measure/measure-tab.js';
import { type Tab, Tabs } from './tabs.js';

const TABS: readonly Tab[] = [
  { id: 'language', title: 'Language', content: LanguageTab },
  { id: 'file', title: 'Your file', content: FileTab },
  { id: 'measure', title: 'Measure', content: MeasureTab },
];

export function App() {
  return (
    <>
      <header class="page-head">
        <h1>tfjs-torch-rnn</h1>
        <p>A GRU trained in PyTorch, in this browser, with PyTorch's numbers.</p>
      </header>
      <main>
        <Tabs tabs={TABS} label="Parts of the page" />
      </main>
      <footer class="page-foot">
        <p>Everything runs on this machine: the page sends nothing anywhere.</p>
      </footer>
    </>
  );
}
