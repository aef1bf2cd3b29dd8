/** True on a machine where a missing browser or GPU is a failure, not a reason to skip. */
export const isCi: boolean = !['', '0', 'false'].includes(process.env.CI ?? '');
