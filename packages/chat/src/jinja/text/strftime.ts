const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const dayLength = 86_400_000;

/** A number, its width, and what fills it. */
type Field = readonly [number, number, string];

/**
 * A local date by a format of Python's `strftime`, as it is on Linux in the C locale: names are English on every machine. A date
 * without a time zone, so %z and %Z are empty. `%-d` leaves out zeros, `%_d` has spaces for them, `%^a` is upper case, `%10Y` has a width.
 * What has no meaning stays as it is, as in Python.
 */
export function strftime(date: Date, format: string): string {
  return format.replace(/%([-_0^#]*)(\d*)([EO]?)([\s\S]|$)/g, (all, flags: string, width: string, _, code: string) => {
    const value = fieldOf(date, code);
    const isPythons = code === 'f' || code === 'z';
    if (value === undefined || (isPythons && all.length > 2)) return all;
    return written(value, flags, width);
  });
}

function written(value: string | Field, flags: string, width: string): string {
  const padding = [...flags].findLast((flag) => '-_0'.includes(flag));
  let text: string;
  if (typeof value === 'string') {
    text = width === '' ? value : value.padStart(Number(width), padding === '0' ? '0' : ' ');
  } else {
    const [number, own, fill] = value;
    const filler = padding === '0' ? '0' : padding === '_' ? ' ' : fill;
    text = padding === '-' ? String(number) : String(number).padStart(Number(width || own), filler);
  }
  if (flags.includes('^')) return text.toUpperCase();
  return flags.includes('#') ? (/^[AP]M$/.test(text) ? text.toLowerCase() : text.toUpperCase()) : text;
}

function fieldOf(date: Date, code: string): string | Field | undefined {
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  const [hour, minute, second] = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const weekday = date.getDay();
  // In UTC, where each day has the same length.
  const dayOfYear = Math.round((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / dayLength);
  const numbers: Readonly<Record<string, Field>> = {
    C: [Math.floor(year / 100), 2, '0'],
    d: [day, 2, '0'],
    e: [day, 2, ' '],
    f: [date.getMilliseconds() * 1000, 6, '0'],
    g: [isoWeek(year, month, day).year % 100, 2, '0'],
    G: [isoWeek(year, month, day).year, 1, '0'],
    H: [hour, 2, '0'],
    I: [hour % 12 || 12, 2, '0'],
    j: [dayOfYear + 1, 3, '0'],
    k: [hour, 2, ' '],
    l: [hour % 12 || 12, 2, ' '],
    m: [month + 1, 2, '0'],
    M: [minute, 2, '0'],
    s: [Math.floor(date.getTime() / 1000), 1, '0'],
    S: [second, 2, '0'],
    u: [weekday || 7, 1, '0'],
    U: [Math.floor((dayOfYear + 7 - weekday) / 7), 2, '0'],
    V: [isoWeek(year, month, day).week, 2, '0'],
    w: [weekday, 1, '0'],
    W: [Math.floor((dayOfYear + 7 - ((weekday + 6) % 7)) / 7), 2, '0'],
    y: [year % 100, 2, '0'],
    Y: [year, 1, '0'],
  };
  const texts: Readonly<Record<string, () => string>> = {
    '%': () => '%',
    a: () => days[weekday]!.slice(0, 3),
    A: () => days[weekday]!,
    b: () => months[month]!.slice(0, 3),
    B: () => months[month]!,
    c: () => strftime(date, '%a %b %e %H:%M:%S %Y'),
    D: () => strftime(date, '%m/%d/%y'),
    F: () => strftime(date, '%Y-%m-%d'),
    h: () => months[month]!.slice(0, 3),
    n: () => '\n',
    p: () => (hour < 12 ? 'AM' : 'PM'),
    P: () => (hour < 12 ? 'am' : 'pm'),
    r: () => strftime(date, '%I:%M:%S %p'),
    R: () => strftime(date, '%H:%M'),
    t: () => '\t',
    T: () => strftime(date, '%H:%M:%S'),
    x: () => strftime(date, '%m/%d/%y'),
    X: () => strftime(date, '%H:%M:%S'),
    z: () => '',
    Z: () => '',
  };
  if (Object.hasOwn(numbers, code)) return numbers[code];
  return Object.hasOwn(texts, code) ? texts[code]!() : undefined;
}

/** The week that a day belongs to: weeks begin on Monday, and the first has the year's first Thursday. */
function isoWeek(year: number, month: number, day: number): { readonly year: number; readonly week: number } {
  const date = new Date(Date.UTC(year, month, day));
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * dayLength);
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return { year: thursday.getUTCFullYear(), week: Math.floor((thursday.getTime() - first) / dayLength / 7) + 1 };
}
