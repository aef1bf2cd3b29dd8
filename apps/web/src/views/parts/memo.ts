import { Component, type ComponentChildren, type ComponentType } from 'preact';

/** A view that renders again only when a property changes: for the many tokens of a growing text. */
export function memo<Properties extends object>(
  view: (properties: Properties) => ComponentChildren,
): ComponentType<Properties> {
  return class extends Component<Properties> {
    override shouldComponentUpdate(next: Readonly<Properties>): boolean {
      const now = this.props as Record<string, unknown>;
      return Object.entries(next).some(([name, value]) => now[name] !== value);
    }

    override render(properties: Properties): ComponentChildren {
      return view(properties);
    }
  };
}
