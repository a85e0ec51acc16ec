/** RFC 3339, in UTC. */
export const time = (date: Date): string => date.toISOString();
export const timeOrNull = (date: Date | null): string | null => (date === null ? null : time(date));
