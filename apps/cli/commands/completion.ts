import type { Command } from "commander";
import { Failure } from "../failure.ts";

/** The commands and their options, for a shell's own completion. */
export function completion(shell: string, program: Command): string {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    about: command.description().replace(/'/g, ""),
    options: command.options.flatMap(({ long }) => (long ? [long] : [])),
  }));
  const names = commands.map(({ name }) => name).join(" ");
  const cases = commands.map(({ name, options }) => `    ${name}) words="${options.join(" ")}" ;;`).join("\n");
  if (shell === "bash")
    return `_slipway() {
  local words
  if [ "$COMP_CWORD" = 1 ]; then words="${names}"; else
  case "\${COMP_WORDS[1]}" in
${cases}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _slipway slipway`;
  if (shell === "zsh")
    return `#compdef slipway
_slipway() {
  local offered
  if (( CURRENT == 2 )); then offered="${names}"; else
  case "\${words[2]}" in
${cases.replaceAll("words=", "offered=")}
  esac; fi
  compadd -- \${=offered}
  (( CURRENT == 2 )) || _files
}
compdef _slipway slipway`;
  if (shell === "fish")
    return commands
      .flatMap(({ name, about, options }) => [
        `complete -c slipway -n __fish_use_subcommand -a ${name} -d '${about}'`,
        ...options.map((long) => `complete -c slipway -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)}`),
      ])
      .join("\n");
  throw new Failure("usage", `"${shell}" is no shell that is known here: bash, zsh or fish`);
}
