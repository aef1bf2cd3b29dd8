import type { Value } from '../values/values.ts';

/** What is evaluated to a value. */
export type Expression = { readonly line: number } & (
  | { readonly type: 'constant'; readonly value: Value }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly type: 'dict'; readonly items: readonly (readonly [Expression, Expression])[] }
  | { readonly type: 'member'; readonly of: Expression; readonly name: string }
  | { readonly type: 'item'; readonly of: Expression; readonly key: Expression }
  | { readonly type: 'slice'; readonly start: Optional; readonly stop: Optional; readonly step: Optional }
  | { readonly type: 'call'; readonly callee: Expression; readonly given: CallArguments }
  | { readonly type: 'filter'; readonly name: string; readonly of: Optional; readonly given: CallArguments }
  | { readonly type: 'test'; readonly name: string; readonly of: Expression; readonly given: CallArguments }
  | { readonly type: 'not' | 'negative' | 'positive'; readonly of: Expression }
  | { readonly type: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly type: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: 'concat'; readonly items: readonly Expression[] }
  | {
      readonly type: 'compare';
      readonly first: Expression;
      readonly rest: readonly (readonly [ComparisonOperator, Expression])[];
    }
  | { readonly type: 'choice'; readonly test: Expression; readonly value: Expression; readonly otherwise: Optional }
);

export type Optional = Expression | undefined;
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export interface CallArguments {
  readonly args: readonly Expression[];
  readonly keywords: readonly (readonly [string, Expression])[];
  /** `*list` and `**mapping`. */
  readonly rest: Optional;
  readonly restKeywords: Optional;
}

/** What a value is assigned to: a name, a member of a namespace, or several of them. */
export type Target = { readonly line: number } & (
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'member'; readonly name: string; readonly member: string }
  | { readonly type: 'tuple'; readonly items: readonly Target[] }
);

export interface Parameter {
  readonly name: string;
  readonly preset: Optional;
}

/** A macro, or the body of a call block. */
export interface MacroBody {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
  /** Whether the body reads `caller`, `varargs` and `kwargs`. */
  readonly reads: ReadonlySet<string>;
}

/** What is run: it writes text, or assigns. */
export type Statement = { readonly line: number } & (
  | { readonly type: 'data'; readonly text: string }
  | { readonly type: 'print'; readonly items: readonly Expression[] }
  | {
      readonly type: 'if';
      readonly test: Expression;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | ForStatement
  | { readonly type: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly type: 'set block';
      readonly target: Target;
      readonly filter: Optional;
      readonly body: readonly Statement[];
    }
  | {
      readonly type: 'with';
      readonly values: readonly (readonly [Target, Expression])[];
      readonly body: readonly Statement[];
    }
  | { readonly type: 'macro'; readonly macro: MacroBody }
  | { readonly type: 'call block'; readonly call: Expression & { readonly type: 'call' }; readonly caller: MacroBody }
  | { readonly type: 'filter block'; readonly filter: Expression; readonly body: readonly Statement[] }
  | { readonly type: 'generation'; readonly body: readonly Statement[] }
  | { readonly type: 'break' | 'continue' }
);

export interface ForStatement {
  readonly type: 'for';
  readonly target: Target;
  readonly items: Expression;
  readonly filter: Optional;
  readonly isRecursive: boolean;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
}
