import { Command, CommanderError } from "commander";
import { exitCodes, Failure } from "./failure.ts";
import { openScreen, type Screen } from "./terminal/screen.ts";
import { oneLine, plain } from "./terminal/table.ts";
import type { Work } from "./work.ts";

/*
 * The `slipway` command. What a command does is imported when it is asked for: --help starts in the time that Node does.
 */
const interrupted = new AbortController();
/** For what hears of no end, such as a file system that hangs; `run` gives a container this long, too. */
const endMs = 15_000;
for (const name of ["SIGINT", "SIGTERM"] as const)
  process.on(name, () => {
    if (interrupted.signal.aborted) process.exit(exitCodes.interrupted); // asked twice
    interrupted.abort();
    setTimeout(() => process.exit(exitCodes.interrupted), endMs).unref();
  });
// What is asked in a terminal that goes away is never answered.
process.once("beforeExit", () => process.exit(exitCodes.interrupted));
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0); // whoever reads has enough
    process.exitCode = endWith(error, openScreen({}));
    process.exit();
  });

interface Common {
  json?: boolean;
  color?: boolean;
  url?: string;
  profile?: string;
  debug?: boolean;
}

const program = new Command("slipway")
  .description("Push, pull and promote models, in a terminal or a pipeline")
  .version(process.env["SLIPWAY_CLI_VERSION"] ?? "0.0.0")
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "slipway: ")) })
  .enablePositionalOptions() // `push --version` is the number of a model
  .exitOverride();

function command(usage: string, about: string): Command {
  return program
    .command(usage)
    .description(about)
    .showHelpAfterError(`slipway ${usage.split(" ")[0]} --help says how`)
    .optionsGroup("Of this command:")
    .helpOption("-h, --help", "this text");
}

function workOf({ json, color, url, profile }: Common): Work {
  const chosen = { url, profile };
  const { signal } = interrupted;
  return {
    screen: openScreen({ json, color }),
    chosen,
    signal,
    service: async () => {
      const [{ connect }, { readSettings }] = await Promise.all([
        import("./service/connect.ts"),
        import("./settings.ts"),
      ]);
      return connect(readSettings(chosen), signal);
    },
  };
}

const collect = (one: string, before: string[] = []) => [...before, one];

command("login [url]", "keep an address and a token that it accepts")
  .option("--token-stdin", "read the token from stdin")
  .option("--oidc", "exchange what the host of this pipeline signs for its run")
  .option("--audience <text>", "whom that is for; else the service's address")
  .option("--rule <name>", "the rule that is meant, of several")
  .option("--token-file <file>", "keep the token there alone, for SLIPWAY_TOKEN_FILE")
  .action(async (url, options) => (await import("./commands/login.ts")).login(workOf(options), url, options));
command("logout", "forget the token of a profile").action(async (options) =>
  (await import("./commands/login.ts")).logout(workOf(options)),
);
/** What a version is called and told of, and what comes after it is sealed. */
function makingVersion(made: Command): Command {
  return made
    .option("-v, --version <version>", "auto, patch, minor, major, or a number such as 1.2.0", "auto")
    .option("-w, --wait", "follow the build until the image is ready")
    .option("--proof", "and wait until its proof has ended")
    .option("-l, --label <key=value>", "a label; may be given several times", collect)
    .option("-m, --metadata <json>", "a JSON object, or @FILE")
    .option("-d, --description <text>", "what is new in it")
    .option("--against <tag>", "what the summary compares it with", "prod");
}

/** For what comes next in a pipeline. */
function reporting(told: Command): Command {
  return told
    .option("--summary <file>", "append what came of it, as Markdown")
    .option("--outputs <file>", "append it as lines NAME=value");
}

reporting(
  makingVersion(
    command("push <model> <folder>", "make a version of a folder; run again it goes on where it was cut off"),
  ),
)
  .option("--follow-links", "also push what links lead out to")
  .action(async (model, folder, options) =>
    (await import("./commands/push.ts")).push(workOf(options), model, folder, options),
  );
command("check [folder]", "what the service would say of a folder; nothing is sent")
  .option("-l, --label <key=value>", "a label; may be given several times", collect)
  .option("-m, --metadata <json>", "a JSON object, or @FILE")
  .option("--follow-links", "also look at what links lead out to")
  .action(async (folder, options) =>
    (await import("./commands/check.ts")).check(workOf(options), folder ?? ".", options),
  );
command("init [folder]", "write slipway.yaml and what else a package has, by what is in the folder")
  .option("--model <path>", "which of several files is the model")
  .action(async (folder, options) =>
    (await import("./commands/init.ts")).init(workOf(options), folder ?? ".", options),
  );
reporting(makingVersion(command("register <model> <image>", "make a version of an image that was built elsewhere")))
  .option("--port <port>", "where it serves, if not as Slipway's own images do")
  .option("--health <path>", "where it says that it is healthy")
  .option("--repository <url>", "what it was built from; else as the pipeline says")
  .option("--commit <commit>", "which state of it")
  .option("--run <url>", "the run that built it")
  .action(async (model, image, options) =>
    (await import("./commands/register.ts")).register(workOf(options), model, image, options),
  );
command("pull <model@version> [folder]", "a version's files, verified").action(async (name, folder, options) =>
  (await import("./commands/pull.ts")).pull(workOf(options), name, folder),
);
command("ls [model]", "models, or a model's versions").action(async (model, options) =>
  (await import("./commands/look.ts")).list(workOf(options), model),
);
command("show <model[@version]>", "a model, or a version by its number or a tag").action(async (name, options) =>
  (await import("./commands/look.ts")).show(workOf(options), name),
);
command("logs <model@version>", "the log of its build")
  .option("-f, --follow", "until the build ends")
  .action(async (name, options) => (await import("./commands/logs.ts")).logs(workOf(options), name, options));
command("run <model@version>", "run its image with docker or podman")
  .option("-p, --port <port>", "on 127.0.0.1", "8000")
  .action(async (name, options) => (await import("./commands/run.ts")).run(workOf(options), name, options));
reporting(command("promote <model> <version> <tag>", "move a tag to a version"))
  .option("-r, --reason <text>", "why, for the history")
  .option("-w, --wait", "until it has moved, where a policy has it wait")
  .option("--if-revision <n>", "only from there; 0: only where it is not set")
  .option("--not-before <time>", "wait until then (RFC 3339)")
  .option("--breaks-signature", "its inputs and outputs may be others")
  .action(async (model, version, tag, options) =>
    (await import("./commands/promote.ts")).promote(workOf(options), model, version, tag, options),
  );
command("rollback <model> <tag>", "move a tag to where it was before")
  .option("-r, --reason <text>", "why, for the history")
  .option("-w, --wait", "until it has moved, where a policy has it wait")
  .option("--to <revision>", "where it was then")
  .option("--force", "ask no policy; wants a reason")
  .action(async (model, tag, options) =>
    (await import("./commands/promote.ts")).rollback(workOf(options), model, tag, options),
  );
command("promotions [id]", "what waits, or one promotion").action(async (id, options) =>
  (await import("./commands/promote.ts")).promotions(workOf(options), id),
);
for (const [name, decision] of [
  ["approve", "approved"],
  ["reject", "rejected"],
] as const)
  command(`${name} <promotion>`, `${name} a promotion that waits`)
    .option("-c, --comment <text>", "why")
    .action(async (id, options) =>
      (await import("./commands/promote.ts")).decide(workOf(options), id, decision, options),
    );
command("diff <model@version> <version>", "what differs between two versions").action(async (name, other, options) =>
  (await import("./commands/look.ts")).compare(workOf(options), name, other),
);
command("history <model> <tag>", "where a tag was, who moved it and why").action(async (model, tag, options) =>
  (await import("./commands/look.ts")).history(workOf(options), model, tag),
);
command("verify <model@version> [folder]", "files and image against their digests").action(
  async (name, folder, options) => (await import("./commands/pull.ts")).verify(workOf(options), name, folder),
);
command("doctor", "everything that a command needs").action(async (options) =>
  (await import("./commands/doctor.ts")).doctor(workOf(options)),
);
program
  .command("completion <shell>")
  .description("for bash, zsh or fish")
  .action(async (shell) => {
    process.stdout.write(`${(await import("./commands/completion.ts")).completion(shell, program)}\n`);
  });

for (const one of program.commands.filter((each) => each.name() !== "completion"))
  one
    .optionsGroup("Of every command:")
    .option("--json", "the API's own document, for programs")
    .option("--url <url>", "the service (SLIPWAY_URL)")
    .option("--profile <name>", "what login has kept (SLIPWAY_PROFILE)")
    .option("--no-color", "plain text (NO_COLOR)")
    .option("--debug", "where an error came from");

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = endWith(
    error,
    openScreen({ json: process.argv.includes("--json"), color: !process.argv.includes("--no-color") }),
  );
}
// All that was asked for has to be where it goes; sockets that are kept open for the next request hold nothing up.
await new Promise((resolve) => process.stdout.write("", resolve));
process.exit();

function endWith(error: unknown, { note, colours }: Screen): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  if (interrupted.signal.aborted) {
    note("interrupted: the same command goes on where this one ended");
    return exitCodes.interrupted;
  }
  const known = error instanceof Failure;
  note(`${colours.red("slipway:")} ${plain(known ? error.message : unexpected(error))}`);
  if (known) {
    for (const { where, message } of error.about.faults ?? [])
      if (!error.message.includes(message))
        note(`  ${oneLine(where === undefined ? message : `${where}: ${message}`)}`);
    const { requestId, status = 0 } = error.about;
    if (requestId !== undefined && (status >= 500 || process.argv.includes("--debug")))
      note(colours.dim(`  request ${requestId}`));
  }
  if (process.argv.includes("--debug") && error instanceof Error) note(plain(error.stack ?? ""));
  return known ? exitCodes[error.ending] : exitCodes.failed;
}

function unexpected(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC")
    return `there is no room${path === undefined ? "" : ` for ${path}`}: free some, and run it again`;
  if (path !== undefined && ["EACCES", "EPERM", "EROFS"].includes(code ?? ""))
    return `${path} cannot be read or written by this user (${code}): allow it, or name another folder`;
  return `${path === undefined ? message : `${path}: ${code}`}; --debug says where`;
}
