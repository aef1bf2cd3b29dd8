import type { Command, Flag } from '../cli/command.ts';

/** A script for bash. */
export function bashCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const cases = commands.map(({ name, flags }) => {
    const values = flags
      .filter(({ value }) => value !== undefined)
      .map((flag) => `        ${spellings(flag).join('|')}) ${bashValues(flag)}; return;;`);
    return [
      `    ${name})`,
      `      case "$previous" in`,
      ...values,
      '      esac',
      `      COMPREPLY=($(compgen -W '${flags.flatMap(spellings).join(' ')}' -- "$current"));;`,
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
export function zshCompletion(commands: readonly Command[]): string {
  const list = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, flags }) => {
    const specifications = flags.flatMap((flag) => spellings(flag).map((spelling) => zshFlag(spelling, flag)));
    return `    ${name}) _arguments ${[...specifications, `'*:text:'`].join(' \\\n      ')};;`;
  });
  return `#compdef tokenwright
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
  const folders = value === 'FOLDER' ? '$(compgen -d -- "$current")' : '';
  return `COMPREPLY=(${[words, folders].filter((part) => part !== '').join(' ')})`;
}

function zshFlag(spelling: string, { value, help, choices = [], repeats }: Flag): string {
  const text = (help.split(/\.\s|\.$/)[0] ?? '').replace(/[[\]\\:]/g, '\\$&');
  const action = value === 'FOLDER' ? '_files -/' : choices.length > 0 ? `(${choices.join(' ')})` : '';
  const argument = value === undefined ? '' : `:${value.replaceAll(':', ' ')}:${action}`;
  return quote(`${repeats === true ? '*' : ''}${spelling}[${text}]${argument}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
