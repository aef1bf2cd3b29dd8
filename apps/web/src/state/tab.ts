import { type Signal, signal } from '@preact/signals';

export type TabName = 'token' | 'strategy' | 'compare' | 'cache' | 'sampler' | 'code';

export const tab: Signal<TabName> = signal('token');
