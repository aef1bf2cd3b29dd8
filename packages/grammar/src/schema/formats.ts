/** The formats that are enforced, as patterns over the whole string. */
const year = '[0-9]{4}';
const monthDay =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))';
const leapYear = '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const date = `(?:${year}-${monthDay}|${leapYear}-02-29)`;
const clock = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?';
const offset = '(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])';
const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = `${octet}(?:\\.${octet}){3}`;
const h16 = '[0-9a-fA-F]{1,4}';
const ls32 = `(?:${h16}:${h16}|${ipv4})`;
const ipv6 = `(?:${[
  `(?:${h16}:){6}${ls32}`,
  `::(?:${h16}:){5}${ls32}`,
  `(?:${h16})?::(?:${h16}:){4}${ls32}`,
  `(?:(?:${h16}:){0,1}${h16})?::(?:${h16}:){3}${ls32}`,
  `(?:(?:${h16}:){0,2}${h16})?::(?:${h16}:){2}${ls32}`,
  `(?:(?:${h16}:){0,3}${h16})?::${h16}:${ls32}`,
  `(?:(?:${h16}:){0,4}${h16})?::${ls32}`,
  `(?:(?:${h16}:){0,5}${h16})?::${h16}`,
  `(?:(?:${h16}:){0,6}${h16})?::`,
].join('|')})`;
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
// Labels with '--' in the third and fourth place are for internationalized names, whose rules are not regular.
const hostname = `(?!(?:[^.]+\\.)*[^.][^.]--)(?=.{1,253}$)${label}(?:\\.${label})*`;
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const email = `${atom}(?:\\.${atom})*@(?:${label}(?:\\.${label})*|\\[${ipv4}\\]|\\[IPv6:${ipv6}\\])`;
const hex = '%[0-9A-Fa-f]{2}';
const pathChar = `(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|${hex})`;
const userInfo = `(?:[A-Za-z0-9._~!$&'()*+,;=:-]|${hex})*`;
const registeredName = `(?:[A-Za-z0-9._~!$&'()*+,;=-]|${hex})*`;
const authority = `(?:${userInfo}@)?(?:\\[${ipv6}\\]|\\[v[0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+\\]|${registeredName})(?::[0-9]*)?`;
const absolutePath = `/(?:${pathChar}+(?:/${pathChar}*)*)?`;
const rootlessPath = `${pathChar}+(?:/${pathChar}*)*`;
const tail = `(?:\\?(?:${pathChar}|[/?])*)?(?:#(?:${pathChar}|[/?])*)?`;
const uri = `[A-Za-z][A-Za-z0-9+.-]*:(?://${authority}(?:/${pathChar}*)*|${absolutePath}|${rootlessPath}|)${tail}`;
const segmentWithoutColon = `(?:[A-Za-z0-9._~!$&'()*+,;=@-]|${hex})+`;
const relative = `(?://${authority}(?:/${pathChar}*)*|${absolutePath}|${segmentWithoutColon}(?:/${pathChar}*)*|)${tail}`;
const durationTime = 'T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)';
const durationDate = '(?:[0-9]+D|[0-9]+M(?:[0-9]+D)?|[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?)';
const duration = `P(?:${durationDate}(?:${durationTime})?|${durationTime}|[0-9]+W)`;
const pointer = '(?:/(?:[^/~]|~[01])*)*';

export const formats: { readonly [name: string]: string } = {
  date,
  time: `${clock}${offset}`,
  'date-time': `${date}[Tt]${clock}${offset}`,
  duration,
  email,
  hostname,
  ipv4,
  ipv6,
  uri,
  'uri-reference': `(?:${uri}|${relative})`,
  uuid: '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
  'json-pointer': pointer,
  'relative-json-pointer': `(?:0|[1-9][0-9]*)(?:#|${pointer})`,
};

/** Formats of the specification that are not enforced. */
export const unsupportedFormats: ReadonlySet<string> = new Set([
  'idn-email',
  'idn-hostname',
  'iri',
  'iri-reference',
  'uri-template',
  'regex',
]);
