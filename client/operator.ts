import { userInfo } from 'node:os';
import { faultOfName } from '../contracts/text.ts';
import { readEnvironment, setting } from './config.ts';
import { CommandError, EXIT } from './errors.ts';

/**
 * Who is asking, as the events keep it.
 *
 * @throws CommandError with exit code 2 when PP_OPERATOR is no name
 */
export function operator(): string {
  const environment = readEnvironment();
  const name = setting(environment, 'PP_OPERATOR') ?? environment.SUDO_USER ?? userInfo().username;
  const fault = faultOfName(name);
  if (fault) throw new CommandError(EXIT.usage, `PP_OPERATOR ${fault}; set it to the name of the person who asks`);
  return name;
}
