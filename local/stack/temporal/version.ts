/** The newest version that `go install` accepts: later tags have replace directives in their go.mod. */
export const TEMPORAL_VERSION = '1.5.1';
