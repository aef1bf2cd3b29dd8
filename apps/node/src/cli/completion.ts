import type { Command, Flag, ListedCommand } from './command.ts';

type Completed = Command & ListedCommand;

/** A script for bash. */
export function bashCompletion(commands: readonly Completed[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const cases = commands.map(({ name, flags, operands }) => {
    const values = flags
      .filter(({ value }) => value !== undefined)
      .map((flag) => `        ${spellings(flag).join('|')}) ${bashValues(flag)}; return;;`);
    return [
      `    ${name})`,
      `      case "$previous" in`,
      ...values,
      '      esac',
      `      COMPREPLY=($(compgen -W '${flags.flatMap(spellings).join(' ')}' -- "$current")${
        operands.some(takesPath) ? ' $(compgen -f -- "$current")' : ''
      });;`,
    ].join('\n');
  });
  return `_tokenwright() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
}
complete -F _tokenwright tokenwright
`;
}

/** A script for zsh. */
export function zshCompletion(commands: readonly Completed[]): string {
  const list = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, flags, operands }) => {
    const rest = operands.some(takesPath) ? "'*:file:_files'" : "'*:text:'";
    const specifications = flags.flatMap((flag) => spellings(flag).map((spelling) => zshFlag(spelling, flag)));
    return `    ${name}) _arguments ${[...specifications, rest].join(' \\\n      ')};;`;
  });
  return `#compdef tokenwright
_tokenwright_either() {
  compadd -- "$@"
  _files
}
_tokenwright() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = "_tokenwright" ]; then _tokenwright "$@"; else compdef _tokenwright tokenwright; fi
`;
}

function spellings({ name, short }: Flag): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}

function bashValues({ value, choices = [] }: Flag): string {
  const words = choices.length === 0 ? '' : `$(compgen -W '${choices.join(' ')}' -- "$current")`;
  const paths = takesPath(value) ? '$(compgen -f -- "$current")' : '';
  return `COMPREPLY=(${[words, paths].filter((part) => part !== '').join(' ')})`;
}

function zshFlag(spelling: string, { value, help, choices = [], repeats }: Flag): string {
  const text = (help.split(/\.\s|\.$/)[0] ?? '').replace(/[[\]\\:]/g, '\\$&');
  // With a space before it, a function gets these words and no others.
  const either = choices.length > 0 ? ` _tokenwright_either ${choices.join(' ')}` : '_files';
  const action = takesPath(value) ? either : choices.length > 0 ? `(${choices.join(' ')})` : '';
  const argument = value === undefined ? '' : `:${value.replaceAll(':', ' ')}:${action}`;
  return quote(`${repeats === true ? '*' : ''}${spelling}[${text}]${argument}`);
}

/** Whether a value, or an operand, is a file or folder, or may be one. */
function takesPath(value: string | undefined): boolean {
  return /MODEL|FOLDER|FILE|<model>|<folder>|\[model\]/.test(value ?? '');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
