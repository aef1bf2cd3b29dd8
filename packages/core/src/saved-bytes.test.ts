import { describe, expect, it } from 'vitest';
import { CacheError } from './errors.ts';
import { hasLetters, readSavedBytes, type SavedFormat, savedBytes } from './saved-bytes.ts';

const format: SavedFormat = { content: 'thing', letters: 'TWXX', version: 3 };
const header = { name: 'ä', list: [1, 2] };

describe('saved bytes', () => {
  it('have letters, version and length of the header in front', () => {
    const { bytes, body } = savedBytes(format, { a: 1 }, 2);
    body.set([8, 9]);
    const text = [...'TWXX'].map((letter) => letter.charCodeAt(0));
    expect([...bytes]).toEqual([...text, 3, 0, 0, 0, 7, 0, 0, 0, ...new TextEncoder().encode('{"a":1}'), 8, 9]);
  });

  it('are read from any place in a buffer', () => {
    const { bytes, body } = savedBytes(format, header, 3);
    body.set([1, 2, 3]);
    const within = new Uint8Array(bytes.length + 5);
    within.set(bytes, 5);
    const read = readSavedBytes(format, within.subarray(5));
    expect([read.header, [...read.body]]).toEqual([header, [1, 2, 3]]);
    expect([...readSavedBytes(format, savedBytes(format, header, 0).bytes).body]).toEqual([]);
  });

  it('are refused when they are of another format or version, or truncated', () => {
    const { bytes } = savedBytes(format, header, 0);
    const refused = (given: Uint8Array, by: SavedFormat = format): string => {
      try {
        readSavedBytes(by, given);
      } catch (error) {
        expect(error).toBeInstanceOf(CacheError);
        return (error as Error).message;
      }
      return 'read';
    };
    expect(refused(bytes, { ...format, letters: 'TWXY' })).toBe(
      'These bytes are not a serialized thing: the first four must be TWXY.',
    );
    expect(refused(bytes, { ...format, version: 2 })).toBe('The serialized thing has version 3; 2 is supported.');
    for (let length = 0; length < 12; length++) expect(refused(bytes.subarray(0, length))).toContain('the first four');
    for (let length = 12; length < bytes.length; length++)
      expect(refused(bytes.subarray(0, length))).toBe(
        `The serialized thing is truncated: its header needs ${bytes.length - 12} bytes, but ${length - 12} are left.`,
      );
    const longest = bytes.slice();
    longest.set([255, 255, 255, 255], 8);
    expect(refused(longest)).toContain('its header needs 4294967295 bytes');
  });

  it('are refused when the header is not a JSON object', () => {
    for (const [json, problem] of [
      ['{"a":', 'is not JSON'],
      ['[1]', 'is not a JSON object'],
      ['null', 'is not a JSON object'],
      ['"a"', 'is not a JSON object'],
    ] as const) {
      const { bytes, body } = savedBytes(format, {}, json.length - 2);
      new DataView(bytes.buffer).setUint32(8, json.length, true);
      bytes.set(new TextEncoder().encode(json), 12);
      expect(body.length).toBe(json.length - 2);
      expect(() => readSavedBytes(format, bytes)).toThrow(problem);
    }
    const broken = savedBytes(format, { a: 'b' }, 0).bytes;
    broken[broken.length - 3] = 0xff;
    expect(() => readSavedBytes(format, broken)).toThrow('is not JSON');
  });

  it('tell their format by the letters', () => {
    expect(hasLetters(format, savedBytes(format, {}, 0).bytes)).toBe(true);
    expect(hasLetters({ ...format, letters: 'TWKV' }, savedBytes(format, {}, 0).bytes)).toBe(false);
    expect(hasLetters(format, new TextEncoder().encode('TWXX'))).toBe(false);
  });
});
