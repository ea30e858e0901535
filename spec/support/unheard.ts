/** For a load in a spec that is not about its warnings: any other load that warns fails its spec. */
export const UNHEARD = { onWarnings: (): void => {} };
