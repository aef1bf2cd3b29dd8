import { ParameterError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../chat-message.ts';
import { pendingCalls, toolMessages } from './tool-results.ts';
import { callsOf } from './write-calls.ts';

const call = (args: unknown, id?: string) => ({
  ...(id === undefined ? {} : { id }),
  type: 'function',
  function: { name: 'add', arguments: args },
});
const message = (...calls: object[]) => ({ role: 'assistant', content: '', tool_calls: calls }) as ChatMessage;

describe('results of tools', () => {
  it('belong to the calls in their order when calls have no ids', () => {
    const two = message(call({ a: 1 }), call({ a: 2 }));
    expect(toolMessages('chat', two, [{ content: 'one' }, { content: 'two' }])).toEqual([
      { role: 'tool', name: 'add', content: 'one' },
      { role: 'tool', name: 'add', content: 'two' },
    ]);
  });

  it('belong to different calls when a model repeats an id', () => {
    const two = message(call({}, 'x'), call({}, 'x'));
    const results = [
      { toolCallId: 'x', content: 'one' },
      { toolCallId: 'x', content: 'two' },
    ];
    expect(toolMessages('chat', two, results).map(({ content }) => content)).toEqual(['one', 'two']);
    expect(() => toolMessages('chat', two, results.slice(1))).toThrow(/one result for each call: x, x/);
  });

  it('are refused when two are of one call', () => {
    const two = message(call({}, 'x'), call({}, 'y'));
    const results = [{ content: 'one' }, { toolCallId: 'x', content: 'two' }];
    expect(() => toolMessages('chat', two, results)).toThrow(ParameterError);
  });
});

describe('arguments of a call in a message', () => {
  it('may be an object, its JSON, or nothing', () => {
    const calls = [call({ a: 1 }), call('{"a":1.0}'), call(''), call(undefined)];
    expect(pendingCalls('chat', message(...calls)).map((one) => one.arguments)).toEqual([{ a: 1 }, { a: 1 }, {}, {}]);
    expect(callsOf(message(...calls)).map((one) => one.argumentsText)).toEqual(['{"a":1}', '{"a":1.0}', '{}', '{}']);
  });

  it.each(['{', '3', '[]', 4, null])('are a typed error otherwise: %j', (args) => {
    const given = message(call(args));
    if (args === null) expect(pendingCalls('chat', given)[0]!.arguments).toEqual({});
    else {
      expect(() => pendingCalls('chat', given)).toThrow(/arguments of the tool call 'add' must be a JSON object/);
      expect(() => callsOf(given)).toThrow(ParameterError);
    }
  });
});
