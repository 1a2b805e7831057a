export * from './failures.ts';
export * from './input.ts';
export * from './label.ts';
export * from './messages.ts';
export * from './phases.ts';
export * from './states.ts';
export * from './waiting.ts';
