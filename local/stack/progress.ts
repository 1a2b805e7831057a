/** Takes one line that tells a person what goes on. */
export type Progress = (line: string) => void;
