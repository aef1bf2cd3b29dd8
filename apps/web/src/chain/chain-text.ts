import type { Json } from '@tokenwright/core';
import type { Stage } from '../settings.ts';
import type { Chain } from './edit.ts';

/**
 * A chain as a short text, for links: `temperature:temperature=0.8~top-k:k=40~!greedy`. `!` marks a stage that is off. Values are JSON,
 * or words that are not JSON. `~`, `,`, `=` and `%` inside a value are percent-encoded.
 */
export function chainToText(chain: Chain): string {
  return chain.map(stageToText).join('~');
}

export function chainFromText(text: string): Chain {
  return text === '' ? [] : text.split('~').map(stageFromText);
}

function stageToText({ name, on, parameters }: Stage): string {
  const pairs = Object.entries(parameters).map(([key, value]) => `${key}=${valueToText(value)}`);
  return `${on ? '' : '!'}${name}${pairs.length === 0 ? '' : `:${pairs.join(',')}`}`;
}

function stageFromText(text: string): Stage {
  const on = !text.startsWith('!');
  const rest = on ? text : text.slice(1);
  const colon = rest.indexOf(':');
  const name = colon < 0 ? rest : rest.slice(0, colon);
  const pairs = colon < 0 ? [] : rest.slice(colon + 1).split(',');
  const parameters = pairs.map((pair): [string, Json] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, Math.max(0, at)), valueFromText(pair.slice(at + 1))];
  });
  return { name, on, parameters: Object.fromEntries(parameters.filter(([key]) => key !== '')) };
}

function valueToText(value: Json): string {
  const plain = typeof value === 'string' && !isJson(value) ? value : JSON.stringify(value);
  return plain.replace(/[~,=%]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function valueFromText(text: string): Json {
  const plain = text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  try {
    return JSON.parse(plain) as Json;
  } catch {
    return plain;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
