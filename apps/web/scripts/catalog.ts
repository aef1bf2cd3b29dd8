// Prints the declarations of samplers, strategies and generate as one line of JSON, for the module `virtual:catalog`.
import { generateOptions } from '@tokenwright/core/strategy';
import { describeSamplers } from '@tokenwright/samplers';
import { describeStrategies } from '@tokenwright/strategies';

const generate = Object.entries(generateOptions).map(([name, option]) => ({ name, ...option }));
process.stdout.write(JSON.stringify({ samplers: describeSamplers(), strategies: describeStrategies(), generate }));
