import { userInfo } from 'node:os';

/** Who is asking, as the events keep it. */
export function operator(): string {
  return process.env.PP_OPERATOR ?? process.env.SUDO_USER ?? userInfo().username;
}
