import { isRepositoryPath } from "../registry-client/reference.ts";

/** Path of a model's repository below a registry's host: `team/{model}`, `ml/{group}/{name}`.
 *
 *  `{model}` is the model's own part, which no other model ever has (`fraud.cards`, or `fraud.cards__2` where the name had
 *  an owner before); `{group}` what stands before its last dot, and no part of the path where there is none; `{name}` the
 *  rest. */
export type RepositoryTemplate = string & { readonly repositoryTemplate: unique symbol };

export const templateLength = 120;
export const templateForm =
  "write lower-case parts with / between, such as team/{model} or {group}/{name}; a path without braces gets /{model} at its end";

/** Null for what is none: where it does not tell models apart, or could not be a path. */
export function parseRepositoryTemplate(text: string): RepositoryTemplate | null {
  const parts = text.split("/").filter((word) => word !== "");
  const template = (text.includes("{") ? parts : [...parts, "{model}"]).join("/");
  const tellsApart = template.includes("{model}") || (template.includes("{group}") && template.includes("{name}"));
  const groupIsAPart = template.split("/").every((word) => word === "{group}" || !word.includes("{group}"));
  const filled = template.replace(/\{(?:model|group|name)\}/g, "x");
  if (template.length > templateLength || !tellsApart || !groupIsAPart || !isRepositoryPath(filled)) return null;
  return template as RepositoryTemplate;
}

/** `modelRepository` is `Model.repository`: it outlives a rename. */
export function repositoryPath(template: RepositoryTemplate, modelRepository: string): string {
  const dot = modelRepository.lastIndexOf(".");
  const words: Record<string, string> = {
    "{model}": modelRepository,
    "{group}": modelRepository.slice(0, Math.max(0, dot)),
    "{name}": modelRepository.slice(dot + 1),
  };
  const filled = template.replace(/\{\w+\}/g, (word) => words[word] ?? word);
  return filled.replace(/^\/|(?<=\/)\//g, "");
}

/** How much of the path the template says itself, what it begins with before all; null where the path is none of its own.
 *  Tells registries on one host apart. */
export function fitOf(template: RepositoryTemplate, repository: string): number | null {
  const [before = "", ...rest] = template.split(/(?:\{\w+\}\/?)+/);
  const after = rest.at(-1) ?? "";
  if (!repository.startsWith(before) || !repository.endsWith(after)) return null;
  return before.length * templateLength + after.length;
}
