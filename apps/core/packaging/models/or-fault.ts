import type { Fault } from "#core/errors.ts";
import { Unreadable } from "#core/inspect/unreadable.ts";

/** What reading a model's file gives, or a fault where its bytes are not what they should be. */
export async function orFault<T>(path: string, read: () => Promise<T>): Promise<{ value: T } | { fault: Fault }> {
  try {
    return { value: await read() };
  } catch (error) {
    if (error instanceof Unreadable) return { fault: { where: path, message: `${path} ${error.message}` } };
    throw error;
  }
}
