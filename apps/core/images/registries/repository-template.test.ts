import { expect, it } from "vitest";
import { fitOf, parseRepositoryTemplate, type RepositoryTemplate, repositoryPath } from "./repository-template.ts";

const template = (text: string): RepositoryTemplate => {
  const parsed = parseRepositoryTemplate(text);
  if (parsed === null) throw new Error(`${text} is no template`);
  return parsed;
};

it.each([
  ["", "churn", "churn"],
  ["team/models/", "churn", "team/models/churn"],
  ["team/{model}", "fraud.cards__2", "team/fraud.cards__2"],
  ["{group}/{name}", "fraud.cards", "fraud/cards"],
  ["{group}/{name}", "churn", "churn"],
  ["ml/{group}/{name}/serving", "churn", "ml/churn/serving"],
  ["ml/{group}/{name}", "risk.fraud.cards__2", "ml/risk.fraud/cards__2"],
  ["ml-{model}", "churn", "ml-churn"],
])("the template %j keeps %s in %s", (text, model, path) => {
  expect(repositoryPath(template(text), model)).toBe(path);
  expect(fitOf(template(text), path)).not.toBeNull();
});

it.each([
  ["{group}", "it does not tell models apart"],
  ["{name}", "fraud.cards and churn.cards would share one"],
  ["team/{version}", "it knows no such word"],
  ["x-{group}/{name}", "a group may be missing"],
  ["Team/{model}", "registries take lower case only"],
  ["team/../{model}", "it leaves its place"],
  ["team/{model}?x=1", "it is no path"],
  [`${"a".repeat(200)}/{model}`, "it is too long"],
])("%j is no template: %s", (text) => {
  expect(parseRepositoryTemplate(text)).toBeNull();
});

it("tells the paths of one template from another's", () => {
  expect(fitOf(template("team/{model}"), "other/churn")).toBeNull();
  expect(fitOf(template("{model}/serving"), "churn/batch")).toBeNull();
  const fits = ["{model}", "{model}/serving", "team/{model}", "team/risk/{model}"].map((text) =>
    fitOf(template(text), "team/risk/serving"),
  );
  expect(fits).toEqual([...fits].sort((a, b) => Number(a) - Number(b)));
  expect(new Set(fits).size).toBe(fits.length);
});
