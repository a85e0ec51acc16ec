import { readFileSync } from "node:fs";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a part says of how it was set: it will say the same again. The message is for the person who set it and holds no
 *  secret. */
export class WrongSetting extends Error {}

/** Everything that is wrong with the settings, at once. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`These settings need a change:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Reads settings one by one and keeps what is wrong, so that all of it is said at once. */
export class Settings {
  readonly #environment: Environment;
  readonly #problems: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  problem(sentence: string): void {
    this.#problems.push(sentence);
  }

  finish(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  text(name: string, otherwise: string): string {
    const value = this.#environment[name];
    return value === undefined || value === "" ? otherwise : value;
  }

  required(name: string, form: string): string {
    const value = this.text(name, "");
    if (value === "") this.problem(`${name} is not set: give it as ${form}`);
    return value;
  }

  /** `NAME`, or the content of the file that `NAME_FILE` names. */
  secret(name: string): string {
    const file = this.text(`${name}_FILE`, "");
    if (file === "") return this.text(name, "");
    if (this.text(name, "") !== "") this.problem(`${name} and ${name}_FILE are both set: set one`);
    try {
      return readFileSync(file, "utf8").trimEnd();
    } catch (error) {
      this.problem(`${name}_FILE cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return "";
    }
  }

  /** Null where it is not set. */
  longSecret(name: string, shortest: number): string | null {
    const value = this.secret(name);
    if (value === "") return null;
    // A header carries nothing else.
    if (!/^[\x21-\x7e][\x20-\x7e]*[\x21-\x7e]$/.test(value))
      this.problem(`${name} is not printable ASCII: give letters, digits and signs`);
    if (value.length < shortest)
      this.problem(`${name} has ${value.length} characters: give a secret of ${shortest} or more, by chance`);
    return value;
  }

  /** Separated by commas; `form` says how one is written. */
  list<T>(name: string, form: string, parse: (text: string) => T | null): T[] {
    const texts = this.text(name, "")
      .split(",")
      .map((text) => text.trim())
      .filter((text) => text !== "");
    return texts.flatMap((text) => {
      const value = parse(text);
      if (value === null) this.problem(`${name} names "${text}": write ${form}; several with commas between`);
      return value === null ? [] : [value];
    });
  }

  /** Null for none, which is written 0. */
  limit(name: string, otherwise: number | null): number | null {
    const value = this.integer(name, otherwise ?? 0, { min: 0, max: 1_000_000_000 });
    return value === 0 ? null : value;
  }

  url(name: string, protocols: readonly string[]): string {
    const form = `${protocols[0]}//…`;
    const value = this.secret(name);
    if (value === "") {
      this.problem(`${name} is not set: give it as ${form}`);
      return value;
    }
    this.#requireUrl(name, value, protocols);
    return value;
  }

  /** Null where it is not set; may be a secret, as a URL can hold one. */
  optionalUrl(name: string, protocols: readonly string[]): string | null {
    const value = this.secret(name);
    if (value === "") return null;
    this.#requireUrl(name, value, protocols);
    return value;
  }

  /** Separated by commas; may hold secrets. */
  urls(name: string, protocols: readonly string[]): string[] {
    const values = this.secret(name)
      .split(",")
      .map((text) => text.trim())
      .filter((text) => text !== "");
    for (const value of values) this.#requireUrl(name, value, protocols);
    return values;
  }

  #requireUrl(name: string, value: string, protocols: readonly string[]): void {
    // The value may hold a password: it is never repeated. No tool may see two values in it.
    if (/\s/.test(value) || !URL.canParse(value) || !protocols.includes(new URL(value).protocol))
      this.problem(`${name} is not a URL of the form ${protocols[0]}//…`);
  }

  integer(name: string, otherwise: number, range: { min: number; max: number }): number {
    const text = this.text(name, String(otherwise));
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= range.min && value <= range.max))
      this.problem(`${name} is "${text}": give a whole number from ${range.min} to ${range.max}`);
    return value;
  }

  /** Read in seconds, returned in milliseconds. */
  seconds(name: string, otherwise: number, range: { min: number; max: number }): number {
    const text = this.text(name, String(otherwise));
    const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= range.min && value <= range.max))
      this.problem(`${name} is "${text}": give seconds from ${range.min} to ${range.max}`);
    return Math.round(value * 1_000);
  }

  /** Read in hours, returned in milliseconds. */
  hours(name: string, otherwise: number, range: { min: number; max: number }): number {
    const text = this.text(name, String(otherwise));
    const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= range.min && value <= range.max))
      this.problem(`${name} is "${text}": give hours from ${range.min} to ${range.max}`);
    return Math.round(value * 3_600_000);
  }

  oneOf<T extends string>(name: string, values: readonly T[], otherwise: T): T {
    const text = this.text(name, otherwise);
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) this.problem(`${name} is "${text}": give ${values.join(", ")}`);
    return value ?? otherwise;
  }
}
