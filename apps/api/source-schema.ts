import { Type } from "typebox";
import { providers } from "#core/federation/providers.ts";

const said = (description: string) => Type.Union([Type.String({ description }), Type.Null()]);

export const VersionSource = Type.Object(
  {
    provider: Type.Enum([...providers]),
    issuer: Type.String(),
    publisher: Type.String({ description: "The rule that let it in" }),
    subject: said("`sub` of its token"),
    repository: said("Or the path of its project"),
    repositoryId: said("Which stays through a rename, and is no other's"),
    ref: said("Branch or tag"),
    commit: said("SHA of the commit"),
    workflow: said("The file that said what to run, with its ref"),
    environment: said("Of the deployment"),
    runId: said("Of a pipeline or workflow"),
    runUrl: said("Where it can be looked at"),
  },
  { description: "The pipeline's run that all of it came from, as the run's issuer signed it" },
);
