/** The models of models/, exported by PyTorch with the numbers that it computes with them. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExportedModel } from './exported-model.js';
import { Oracle } from './oracle.js';

/** How programs are written: as torch.export does, with symbolic sizes, or decomposed. */
export type Variant = 'exported' | 'flexible' | 'decomposed';
export const VARIANTS: readonly Variant[] = ['exported', 'flexible', 'decomposed'];

/** A PyTorch that exports models into a folder of its own, one when it is asked for. */
export class Corpus {
  private readonly folder = mkdtempSync(join(tmpdir(), 'programs-'));
  private readonly oracle = new Oracle('export_models.py', [this.folder, '--requests']);

  /** All of them. */
  names(): Promise<string[]> {
    return this.oracle.ask({ list: true });
  }

  async model(name: string, variant: Variant): Promise<ExportedModel> {
    await this.oracle.ask({ model: name, variant });
    const read = (extension: string) =>
      new Uint8Array(readFileSync(join(this.folder, `${name}.${extension}`)));
    return new ExportedModel(read('pt2'), read('safetensors'));
  }

  close(): void {
    this.oracle.stop();
    rmSync(this.folder, { recursive: true });
  }
}
