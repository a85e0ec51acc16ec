import { afterAll, onTestFinished, TestRunner } from "vitest";

/** Cleans up when the test that calls it ends, or outside of a test when its file or `describe` does; what was
 *  asked for last goes first. (`afterAll` by itself, called within a test, is never run.) */
export function whenDone(act: () => unknown): void {
  const cleanUp = async () => void (await act());
  if (TestRunner.getCurrentTest() === undefined) afterAll(cleanUp);
  else onTestFinished(cleanUp);
}
