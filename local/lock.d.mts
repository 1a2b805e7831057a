export function withLock<T>(path: string, work: () => Promise<T>, onWait?: (holderPid: number) => void): Promise<T>;
