import { EngineUnavailableError } from '@tokenwright/core';
import { expect, it, vi } from 'vitest';
import { tfjs } from './tfjs/tfjs.ts';
import { fusedWebgpu } from './webgpu/index.ts';

vi.mock('webgpu', () => {
  throw new Error("Cannot find package 'webgpu'");
});

it.each([fusedWebgpu(), tfjs({ backend: 'webgpu' })])(
  '$name: reports that the package webgpu is missing',
  async (starter) => {
    const error = await starter.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineUnavailableError);
    expect(String(error)).toContain(
      `${starter.name} (in Node, WebGPU comes from the package webgpu (npm install webgpu)`,
    );
  },
);
