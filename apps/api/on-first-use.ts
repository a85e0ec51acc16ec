/** A function that is made when it is first called. A process compiles the schemas of the routes that it is asked for, not of
 *  all before it listens. */
export function onFirstUse<Input, Output>(make: () => (input: Input) => Output): (input: Input) => Output {
  let made: ((input: Input) => Output) | undefined;
  return (input) => {
    made ??= make();
    return made(input);
  };
}
