import { expect, it } from 'vitest';
import { strftime } from './strftime.ts';

const form =
  '%a|%A|%w|%d|%b|%B|%m|%y|%Y|%H|%I|%p|%M|%S|%f|%j|%U|%W|%c|%x|%X|%%|%G|%u|%V|%-d|%e|%F|%T|%D|%R|%h|%k|%l|%C|%g|%n|%t|%P|%r|%z|%Z|%_d|%^a|%#p|%5d|%Q|%-I|%Ey|%+';

/** Texts of Python 3.11's `datetime(...).strftime` on Linux in the C locale. */
it.each<[readonly [number, number, number, number, number, number, number], string]>([
  [
    [2026, 3, 5, 7, 8, 9, 123],
    'Thu|Thursday|4|05|Mar|March|03|26|2026|07|07|AM|08|09|123000|064|09|09|Thu Mar  5 07:08:09 2026|03/05/26|07:08:09|%|2026|4|10|5| 5|2026-03-05|07:08:09|03/05/26|07:08|Mar| 7| 7|20|26|\n|\t|am|07:08:09 AM||| 5|THU|am|00005|%Q|7|26|%+',
  ],
  [
    [2024, 12, 31, 23, 59, 59, 0],
    'Tue|Tuesday|2|31|Dec|December|12|24|2024|23|11|PM|59|59|000000|366|52|53|Tue Dec 31 23:59:59 2024|12/31/24|23:59:59|%|2025|2|01|31|31|2024-12-31|23:59:59|12/31/24|23:59|Dec|23|11|20|25|\n|\t|pm|11:59:59 PM|||31|TUE|pm|00031|%Q|11|24|%+',
  ],
  [
    [2021, 1, 1, 0, 0, 0, 7],
    'Fri|Friday|5|01|Jan|January|01|21|2021|00|12|AM|00|00|007000|001|00|00|Fri Jan  1 00:00:00 2021|01/01/21|00:00:00|%|2020|5|53|1| 1|2021-01-01|00:00:00|01/01/21|00:00|Jan| 0|12|20|20|\n|\t|am|12:00:00 AM||| 1|FRI|am|00001|%Q|12|21|%+',
  ],
  [
    [2000, 2, 29, 12, 30, 5, 999],
    'Tue|Tuesday|2|29|Feb|February|02|00|2000|12|12|PM|30|05|999000|060|09|09|Tue Feb 29 12:30:05 2000|02/29/00|12:30:05|%|2000|2|09|29|29|2000-02-29|12:30:05|02/29/00|12:30|Feb|12|12|20|00|\n|\t|pm|12:30:05 PM|||29|TUE|pm|00029|%Q|12|00|%+',
  ],
  [
    [2016, 1, 3, 13, 1, 1, 1],
    'Sun|Sunday|0|03|Jan|January|01|16|2016|13|01|PM|01|01|001000|003|01|00|Sun Jan  3 13:01:01 2016|01/03/16|13:01:01|%|2015|7|53|3| 3|2016-01-03|13:01:01|01/03/16|13:01|Jan|13| 1|20|15|\n|\t|pm|01:01:01 PM||| 3|SUN|pm|00003|%Q|1|16|%+',
  ],
  [
    [1999, 7, 4, 11, 0, 0, 0],
    'Sun|Sunday|0|04|Jul|July|07|99|1999|11|11|AM|00|00|000000|185|27|26|Sun Jul  4 11:00:00 1999|07/04/99|11:00:00|%|1999|7|26|4| 4|1999-07-04|11:00:00|07/04/99|11:00|Jul|11|11|19|99|\n|\t|am|11:00:00 AM||| 4|SUN|am|00004|%Q|11|99|%+',
  ],
])('a date is written as Python writes it: %j', ([year, month, day, hour, minute, second, millisecond], expected) => {
  expect(strftime(new Date(year, month - 1, day, hour, minute, second, millisecond), form)).toBe(expected);
});

it('what has no meaning stays', () => {
  const date = new Date(2026, 2, 5, 7, 8, 9);
  expect(strftime(date, '%')).toBe('%');
  expect(strftime(date, '100%')).toBe('100%');
  expect(strftime(date, '%s')).toBe(String(Math.floor(date.getTime() / 1000)));
});
