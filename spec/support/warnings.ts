/** Keeps what each test of a suite says by `console.warn`; call it in `describe`. @returns the warnings of the present test */
export function collectWarnings(): string[] {
  const { warn } = console;
  const warnings: string[] = [];
  beforeEach(() => {
    warnings.length = 0;
    console.warn = (text: string) => void warnings.push(text);
  });
  afterEach(() => {
    console.warn = warn;
  });
  return warnings;
}
