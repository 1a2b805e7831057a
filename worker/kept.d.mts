export interface Inputs {
  folders: readonly string[];
  files: readonly string[];
}

export function fingerprint(inputs: Inputs, root?: string): string;
export function keep(
  name: string,
  inputs: Inputs,
  make: (folder: string) => Promise<unknown>,
): Promise<string | undefined>;
