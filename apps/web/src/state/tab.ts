import { type Signal, signal } from '@preact/signals';

export type TabName = 'token' | 'strategy' | 'compare' | 'cache' | 'sampler' | 'grammar' | 'code';

export const tab: Signal<TabName> = signal('token');
