export { portalRelease } from './release.ts';
