/* Made of /openapi.json by npm run docs. */

export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The process answers. */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Each part by name: 200 `degraded` while work has to wait, 503 where nothing can be stored. */
        get: operations["readiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Who did what to what, the latest first, of the models that the caller may see. What is no model's (people, tokens, quotas) is for administrators of everything; addresses and tokens for those of the model. */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description All rows of the chain by their places, a line of JSON each, with the hash of each. */
        get: operations["exportAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/head": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The last row of the chain. Its hash vouches for all rows before it: note it elsewhere. */
        get: operations["getAuditHead"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Takes the hashes of rows again, up to 10,000 after a row, and says where the chain does not hold: the first row that was edited, removed, or put between others. While `done` is false ask again after `last`. */
        get: operations["verifyAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/builds/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getBuild"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/builds/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["cancelBuild"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/builds/{id}/dockerfile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description What a Docker Engine was given to build. An image that was put together from layers has none. */
        get: operations["getBuildDockerfile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/builds/{id}/lock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Everything the image was made of, by version and digest: a lock, and of an image for several platforms a list of one for each, or the one that is asked for. Given again, it makes the same image. */
        get: operations["getBuildLock"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/builds/{id}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description As text: what there is, or with `follow` all that comes until the build ends. As `text/event-stream`: an event a line, followed to the end; `Last-Event-ID` goes on where a client stopped. */
        get: operations["getBuildLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description What was changed, in one order for all: go on after `after`, and none is missed and none comes twice. As `text/event-stream` all that comes from then on; `Last-Event-ID` goes on where a client stopped. */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listIdentities"];
        put?: never;
        /** @description A person or a service account. It may nothing but what its grants say. */
        post: operations["createIdentity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/identities/{identity}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getIdentity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** @description `grants` replaces all that were given by hand; `disabled` takes every right away; `signIn` ties a person to an account at the provider, and null unties it, which ends the tokens of its sign-ins. All hold within a second. */
        patch: operations["updateIdentity"];
        trace?: never;
    };
    "/v1/identities/{identity}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The newest first, those that were revoked or have expired among them. */
        get: operations["listTokens"];
        put?: never;
        /** @description The answer shows the token, once: only its hash is kept. `grants` narrow what its owner may. One's own may be made with a token that is not narrowed itself. */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/identities/{identity}/tokens/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** @description By its id; it is refused everywhere within a second. */
        delete: operations["revokeToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Who the caller is, what it may (`grants`), and the token that it shows. What the token is narrowed to holds beside its owner's grants: both must allow a thing. */
        get: operations["getMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listModels"];
        put?: never;
        post: operations["createModel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getModel"];
        put?: never;
        post?: never;
        delete: operations["deleteModel"];
        options?: never;
        head?: never;
        patch: operations["updateModel"];
        trace?: never;
    };
    "/v1/models/{model}/compare/{versions}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description What differs between two versions, each by its name or a tag: `prod...1.3.0`. As release notes with `Accept: text/markdown`. */
        get: operations["compareVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/promotions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Moves a tag, as PUT of the tag does, and answers with the promotion: 201 where the tag has moved, 202 where its policies have it wait, 403 with the rules where they refuse it. `dryRun` changes nothing and answers with every rule, and why it holds or not. */
        post: operations["createPromotion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description What the next round would do with each image of the model, and why; with `keepLast`, `keepDays` or both, by that rule instead of its own. As a table with `Accept: text/plain`. */
        get: operations["previewRetention"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listTags"];
        put?: never;
        /** @description Moves several tags: all of them or none, and none where one would have to wait. `revision` does for each what `If-Match` does for one. */
        post: operations["moveTags"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/tags/{tag}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getTag"];
        /** @description Moves the tag to a version that is ready, by its name or its image's digest. `If-Match` with the tag's ETag moves it only from that revision. 202 with the promotion where the tag's policies have it wait, 403 with the rules where they refuse it. */
        put: operations["moveTag"];
        post?: never;
        /** @description A tag that a policy holds for is removed with `force` and a reason alone. */
        delete: operations["removeTag"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/tags/{tag}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description One item a revision, the latest first. */
        get: operations["getTagHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/tags/{tag}/policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Those that hold for the tag of the model: all of them together. */
        get: operations["listTagPolicies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/tags/{tag}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Moves the tag to where it was at an earlier revision of its history, as a new revision; a promotion that waits for it is cancelled. 202 with the promotion where its policies have it wait; with `force` they are not asked. */
        post: operations["rollBackTag"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listVersions"];
        put?: never;
        /** @description With a JSON body: a draft, open for files. With `?version=` and a tar or tar.gz body: the whole version, uploaded, sealed and building. */
        post: operations["createVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A tag's name works in place of the version. */
        get: operations["getVersion"];
        put?: never;
        post?: never;
        /** @description A draft; or a sealed version where the installation allows it for its model, no tag points at it and the caller may administer the model. The version and its number are not used again. */
        delete: operations["deleteVersion"];
        options?: never;
        head?: never;
        /** @description Description and labels stay open after the seal. */
        patch: operations["updateVersion"];
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Takes a sealed version out of use; it is kept, and never tagged again. */
        post: operations["archiveVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/builds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Makes the image of a sealed version again, with a lock of another build where one is given; or takes an image that was built elsewhere, which is verified where it is and seals a draft that has no files. A ready image stays. */
        post: operations["createBuild"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/card": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The model card: README.md with its front matter, and what is known of the version. Markdown, or with `Accept: application/json` the same as JSON. */
        get: operations["getModelCard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/checks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Every result, the latest first. */
        get: operations["listChecks"];
        put?: never;
        /** @description What another system has found of a sealed version: an evaluation, a scan. None is changed or removed, and the newest of a name counts. Who has made a version posts no check of it. */
        post: operations["createCheck"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/deployment/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A run over a file: as a CronJob over a PersistentVolumeClaim, or with Compose once over the folder ./data. */
        get: operations["getBatch"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/deployment/compose": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A Compose file that serves the version over REST, with limits and a health check. */
        get: operations["getComposeFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/deployment/kubernetes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Deployment, Service, HorizontalPodAutoscaler, PodDisruptionBudget and, where the Slipway runtime serves, ServiceMonitor (Kubernetes 1.30 or newer). */
        get: operations["getKubernetesManifests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/deployment/sidecar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description An application with the model beside it, which it finds at MODEL_URL (with as=kubernetes: 1.30 or newer). */
        get: operations["getSidecar"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listFiles"];
        put?: never;
        /** @description Puts files into a draft without sending them, where a version that the caller may read has the same bytes; the others are `missing`. */
        post: operations["registerFiles"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/files/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description One range of bytes is taken; a tag's name works in place of the version. */
        get: operations["getFile"];
        /** @description Streams a file into a draft. A `Content-Digest` that does not match keeps nothing. */
        put: operations["putFile"];
        post?: never;
        delete: operations["deleteFile"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/image": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The image of a version, whether its registry has it, and what its removal freed. */
        get: operations["getImage"];
        put?: never;
        post?: never;
        /** @description Has the image removed from its registry, where no tag holds it: 202 while that goes on, 200 where it is done. The version keeps its digest; `restore` puts the image back. */
        delete: operations["deleteImage"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/image/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Asks the registry at once for the manifest and every layer, and notes what it says. */
        post: operations["checkImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/image/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Makes an image again that was removed or is missing, and pushes it only if it is the same byte for byte; one that was built elsewhere is looked for where it was. */
        post: operations["restoreImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/package": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description All files of a version as one archive, the same bytes each time; a tag's name works in place of the version. With `as=docker` also what builds and runs its image by hand: Dockerfile, docker-compose.yml, .dockerignore, requirements by hash, the Slipway runtime, the model card. */
        get: operations["getPackage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description What came of trying the image: as the version has it, and of when and whom it is. */
        get: operations["getProof"];
        put?: never;
        /** @description Has the image of a ready version tried again; the new proof takes the place of the one before. */
        post: operations["createProof"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/resumable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Starts a file that comes in any number of requests: tus 1.0 (https://tus.io/protocols/resumable-upload). `Upload-Metadata` has its `path`, and its `digest` where it is known. */
        post: operations["createResumable"];
        delete?: never;
        /** @description Which of the protocol's extensions are served. */
        options: operations["describeResumable"];
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/resumable/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** @description Ends an upload in progress; its bytes are removed. */
        delete: operations["deleteResumable"];
        options?: never;
        head?: never;
        /** @description Sends on. With the last byte it is a file, or `verifying` where a worker has to read it first. */
        patch: operations["appendResumable"];
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/seal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Inspects the draft, freezes it for good, and starts the build of its image. A fault leaves the draft open. */
        post: operations["sealVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Those in progress, and those that have failed. */
        get: operations["listUploads"];
        put?: never;
        /** @description Starts a file whose parts its client sends to the store itself: sign them, send them, and complete the upload. */
        post: operations["createUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description With the parts that the store has of it, where it is one that is sent there. */
        get: operations["getUpload"];
        put?: never;
        post?: never;
        /** @description Ends an upload in progress; its bytes are removed. */
        delete: operations["deleteUpload"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/uploads/{id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description All parts are sent. A worker reads the bytes, and they become a file where they are those announced. */
        post: operations["completeUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/uploads/{id}/parts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description A request to the store for each part, good for an hour: send the part's bytes with the headers as they stand. The store refuses other bytes. Changes nothing, and may be asked again. */
        post: operations["signParts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/offers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description What packages are built on here. Whoever knows it can tell of a folder what a seal would (slipway check). */
        get: operations["getOffers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description By pattern and tag: the policies that hold and whose models the caller may see, all of them. */
        get: operations["listPolicies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/{pattern}/{tag}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** @description Makes the next version of the policy, which holds from now on: also for promotions that wait, whose approvals are void then. What is left out is not asked for. */
        put: operations["setPolicy"];
        post?: never;
        /** @description It holds no longer; its versions stay on record. */
        delete: operations["deletePolicy"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/{pattern}/{tag}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Every version of a policy, the latest first; also of one that was deleted. */
        get: operations["listPolicyVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/promotions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The latest first, of the models that the caller may see: what waits, what moved, what was refused. */
        get: operations["listPromotions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/promotions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getPromotion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/promotions/{id}/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Approves or rejects a promotion that waits: of this image, under the policies as they stand; when either changes it is void. The last approval that was missing moves the tag at once; a rejection ends the promotion. Nobody approves what they have asked for. */
        post: operations["decidePromotion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/promotions/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Takes back a promotion that waits. */
        post: operations["cancelPromotion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/quotas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description By pattern, with what is used: the quotas whose models the caller may see, all of them. */
        get: operations["listQuotas"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/quotas/{pattern}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** @description Replaces all limits of a pattern; one that is left out is none. */
        put: operations["setQuota"];
        post?: never;
        delete: operations["deleteQuota"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/registries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Those that images may be pushed to and taken from; `default` comes from the settings. */
        get: operations["listRegistries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/registries/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getRegistry"];
        /** @description Makes a registry, or replaces all that was said of it. */
        put: operations["setRegistry"];
        post?: never;
        /** @description Forgets a registry and its password; what is in it stays there. */
        delete: operations["deleteRegistry"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/registries/{name}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Tries with a few bytes whether the registry answers, lets us in, and takes, gives, mounts and deletes images; says what to change where not. Removes again what it may. */
        post: operations["checkRegistry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description By pattern: the rules whose models the caller may see, all of them. */
        get: operations["listRetentionRules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/retention/{pattern}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** @description Replaces the rule of a pattern. Workers remove what no rule keeps, with their next round: look at the preview of a model first. */
        put: operations["setRetentionRule"];
        post?: never;
        delete: operations["deleteRetentionRule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Makes the first administrator, with a token. The code that was shown at the first start is the caller's token here; it works once. */
        post: operations["setUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sign-in/device": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Begins the sign-in of a terminal. Its person opens `verificationUri` in a browser anywhere, compares `userCode`, and signs in there. Asked without a token. */
        post: operations["startDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sign-in/device/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description 202 until the terminal is let in or refused in the browser; then a token, once. Ask again after `intervalSeconds`. Asked without a token. */
        post: operations["pollDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Where a tag is, or was at a time, in all models that the caller may see, by their names. */
        get: operations["listTagHolders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/token-exchange": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description A short-lived token for the OIDC token of a pipeline, by the rule of a trusted publisher that it matches. Asked without a token of Slipway. A token is exchanged once. */
        post: operations["exchangeToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/trusted-publishers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Rules by which tokens of pipelines are exchanged, by name. */
        get: operations["listPublishers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/trusted-publishers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getPublisher"];
        /** @description Makes a rule, or replaces it whole: another one than before ends the tokens that it gave. */
        put: operations["setPublisher"];
        post?: never;
        /** @description With the tokens that it gave, within a second. */
        delete: operations["deletePublisher"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["listWebhooks"];
        put?: never;
        /** @description Where events are sent from now on, signed with a secret that this answer alone has. A URL that begins with https:// and leads to the public internet, or to the networks of the settings. */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /** @description With what waits for it, and the log of what it was sent. */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /** @description Enabled again, or with another URL, it is sent at once what waits. */
        patch: operations["updateWebhook"];
        trace?: never;
    };
    "/v1/webhooks/{webhook}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description What it was sent in the last 30 days and what waits, the latest event first. */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Sends it once more, under the same id, before what waits of its model. */
        post: operations["redeliver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Another secret, which this answer alone has. For a while those before it sign as well: give it to the receivers meanwhile. */
        post: operations["replaceWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: never;
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        status: string;
                    };
                };
            };
        };
    };
    readiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        parts: {
                            message: string | null;
                            name: string;
                            /** @description When it was first seen down; null while it is well */
                            since: string | null;
                            /** @enum {unknown} */
                            status: "ok" | "down" | "unknown";
                        }[];
                        /** @enum {unknown} */
                        status: "ok" | "degraded" | "unavailable";
                    };
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description an action such as tag.move, or with tag. all that begin so */
                action?: string;
                actor?: string;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /**
                 * @description The first moment that counts
                 * @example 2026-11-23T22:00:00Z
                 */
                from?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
                /** @description By its name at that time */
                model?: string;
                /**
                 * @description The first moment that no longer counts
                 * @example 2026-11-23T22:00:00Z
                 */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            action: string;
                            actor: string;
                            address: string | null;
                            after: unknown;
                            /** Format: date-time */
                            at: string;
                            before: unknown;
                            id: string;
                            model: string | null;
                            object: string;
                            requestId: string | null;
                            tokenId: string | null;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    exportAudit: {
        parameters: {
            query?: {
                after?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
        };
    };
    getAuditHead: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        hash: string;
                        sequence: number;
                    };
                };
            };
        };
    };
    verifyAudit: {
        parameters: {
            query?: {
                after?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        done: boolean;
                        fault: {
                            detail: string;
                            id: string | null;
                            /** @description Below 1 of a row that stands outside the chain */
                            sequence: number;
                            /** @enum {unknown} */
                            what: "changed" | "removed" | "inserted";
                        } | null;
                        hash: string;
                        last: number;
                        verified: number;
                    };
                };
            };
        };
    };
    getBuild: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        attempt: number;
                        builder: {
                            name: string;
                            why: string;
                        };
                        /** Format: date-time */
                        createdAt: string;
                        error: {
                            code: string;
                            message: string;
                        } | null;
                        external: {
                            image: string;
                            serve: {
                                health: string;
                                port: number;
                            } | null;
                            source: {
                                commit: string;
                                repository: string;
                                run: string | null;
                            };
                        } | null;
                        finishedAt: string | null;
                        id: string;
                        image: {
                            digest: string;
                            origin: string;
                            platforms: {
                                /** @description Of an image that was built elsewhere */
                                config?: {
                                    healthCheck: boolean;
                                    labels: {
                                        [key: string]: string;
                                    };
                                    ports: string[];
                                    user: string;
                                };
                                digest: string;
                                layers: {
                                    digest: string;
                                    kind: string;
                                    sizeBytes: number;
                                }[];
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reason: string | null;
                            reference: string;
                            repository: string;
                            /**
                             * @description Whether its registry has it
                             * @enum {unknown}
                             */
                            status: "present" | "removing" | "removed" | "missing";
                        } | null;
                        model: string;
                        restores: string | null;
                        startedAt: string | null;
                        /** @enum {unknown} */
                        status: "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
                        version: string;
                        waiting: {
                            for: string;
                            until: string | null;
                        } | null;
                    };
                };
            };
        };
    };
    cancelBuild: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        attempt: number;
                        builder: {
                            name: string;
                            why: string;
                        };
                        /** Format: date-time */
                        createdAt: string;
                        error: {
                            code: string;
                            message: string;
                        } | null;
                        external: {
                            image: string;
                            serve: {
                                health: string;
                                port: number;
                            } | null;
                            source: {
                                commit: string;
                                repository: string;
                                run: string | null;
                            };
                        } | null;
                        finishedAt: string | null;
                        id: string;
                        image: {
                            digest: string;
                            origin: string;
                            platforms: {
                                /** @description Of an image that was built elsewhere */
                                config?: {
                                    healthCheck: boolean;
                                    labels: {
                                        [key: string]: string;
                                    };
                                    ports: string[];
                                    user: string;
                                };
                                digest: string;
                                layers: {
                                    digest: string;
                                    kind: string;
                                    sizeBytes: number;
                                }[];
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reason: string | null;
                            reference: string;
                            repository: string;
                            /**
                             * @description Whether its registry has it
                             * @enum {unknown}
                             */
                            status: "present" | "removing" | "removed" | "missing";
                        } | null;
                        model: string;
                        restores: string | null;
                        startedAt: string | null;
                        /** @enum {unknown} */
                        status: "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
                        version: string;
                        waiting: {
                            for: string;
                            until: string | null;
                        } | null;
                    };
                };
            };
        };
    };
    getBuildDockerfile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The Dockerfile */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    getBuildLock: {
        parameters: {
            query?: {
                /** @description such as linux/arm64 */
                platform?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    getBuildLog: {
        parameters: {
            query: {
                follow: boolean;
            };
            header?: {
                /** @description The id of the last event that was received */
                "Last-Event-ID"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The log */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                    "text/plain": string;
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description The number of the last event that is known; 0 for all */
                after?: number;
                /** @description a kind such as tag.moved, or with tag. all that begin so */
                kind?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
                /** @description its name then, or a pattern such as fraud.* */
                model?: string;
            };
            header?: {
                /** @description The id of the last event that was received */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        after: number;
                        head: number;
                        items: {
                            actor: string;
                            /** Format: date-time */
                            at: string;
                            data: unknown;
                            id: string;
                            /**
                             * @example model.created
                             * @example model.updated
                             * @example model.deleted
                             * @example version.created
                             * @example version.updated
                             * @example version.sealed
                             * @example version.archived
                             * @example version.deleted
                             * @example build.created
                             * @example build.succeeded
                             * @example build.failed
                             * @example build.cancelled
                             * @example proof.created
                             * @example proof.passed
                             * @example proof.failed
                             * @example proof.skipped
                             * @example image.removing
                             * @example image.removed
                             * @example image.kept
                             * @example image.missing
                             * @example image.found
                             * @example image.restoring
                             * @example tag.moved
                             * @example tag.removed
                             * @example tag.drifted
                             * @example promotion.waiting
                             * @example promotion.approved
                             * @example promotion.rejected
                             * @example promotion.refused
                             * @example promotion.cancelled
                             * @example promotion.failed
                             * @example check.posted
                             * @example webhook.disabled
                             */
                            kind: string;
                            model: string | null;
                            modelId: string | null;
                            requestId: string | null;
                            sequence: number;
                            subject: string;
                        }[];
                    };
                    "text/event-stream": string;
                };
            };
        };
    };
    listIdentities: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            disabled: boolean;
                            grants: {
                                /**
                                 * @description * for all models, a model's name, or a group such as fraud.*
                                 * @example fraud.*
                                 */
                                pattern: string;
                                /** @enum {unknown} */
                                role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                                /** @description Of a promoter: the tags that it may move; else all */
                                tags?: string[];
                            }[];
                            /** @enum {unknown} */
                            kind: "person" | "service";
                            name: string;
                            signIn: {
                                /** @description By the groups of the last sign-in, for the tokens of sign-ins */
                                grants: {
                                    /**
                                     * @description * for all models, a model's name, or a group such as fraud.*
                                     * @example fraud.*
                                     */
                                    pattern: string;
                                    /** @enum {unknown} */
                                    role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                                    /** @description Of a promoter: the tags that it may move; else all */
                                    tags?: string[];
                                }[];
                                issuer: string;
                                signedInAt: string | null;
                                subject: string;
                            } | null;
                            title: string;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    createIdentity: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    grants?: {
                        /**
                         * @description * for all models, a model's name, or a group such as fraud.*
                         * @example fraud.*
                         */
                        pattern: string;
                        /** @enum {unknown} */
                        role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                        /** @description Of a promoter: the tags that it may move; else all */
                        tags?: string[];
                    }[];
                    /** @enum {unknown} */
                    kind: "person" | "service";
                    /**
                     * @description lower-case letters and digits, in groups joined by one '.', '_', '@' or '-'
                     * @example ci-fraud
                     */
                    name: string;
                    /** @description What a person signs in with, at the provider of SLIPWAY_OIDC_ISSUER */
                    signIn?: {
                        /** @description the sub of the person's account at the provider, 1 to 255 ASCII characters */
                        subject: string;
                    };
                    title?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        disabled: boolean;
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[];
                        /** @enum {unknown} */
                        kind: "person" | "service";
                        name: string;
                        signIn: {
                            /** @description By the groups of the last sign-in, for the tokens of sign-ins */
                            grants: {
                                /**
                                 * @description * for all models, a model's name, or a group such as fraud.*
                                 * @example fraud.*
                                 */
                                pattern: string;
                                /** @enum {unknown} */
                                role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                                /** @description Of a promoter: the tags that it may move; else all */
                                tags?: string[];
                            }[];
                            issuer: string;
                            signedInAt: string | null;
                            subject: string;
                        } | null;
                        title: string;
                    };
                };
            };
        };
    };
    getIdentity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                identity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        disabled: boolean;
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[];
                        /** @enum {unknown} */
                        kind: "person" | "service";
                        name: string;
                        signIn: {
                            /** @description By the groups of the last sign-in, for the tokens of sign-ins */
                            grants: {
                                /**
                                 * @description * for all models, a model's name, or a group such as fraud.*
                                 * @example fraud.*
                                 */
                                pattern: string;
                                /** @enum {unknown} */
                                role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                                /** @description Of a promoter: the tags that it may move; else all */
                                tags?: string[];
                            }[];
                            issuer: string;
                            signedInAt: string | null;
                            subject: string;
                        } | null;
                        title: string;
                    };
                };
            };
        };
    };
    updateIdentity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                identity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    disabled?: boolean;
                    grants?: {
                        /**
                         * @description * for all models, a model's name, or a group such as fraud.*
                         * @example fraud.*
                         */
                        pattern: string;
                        /** @enum {unknown} */
                        role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                        /** @description Of a promoter: the tags that it may move; else all */
                        tags?: string[];
                    }[];
                    signIn?: {
                        /** @description the sub of the person's account at the provider, 1 to 255 ASCII characters */
                        subject: string;
                    } | null;
                    title?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        disabled: boolean;
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[];
                        /** @enum {unknown} */
                        kind: "person" | "service";
                        name: string;
                        signIn: {
                            /** @description By the groups of the last sign-in, for the tokens of sign-ins */
                            grants: {
                                /**
                                 * @description * for all models, a model's name, or a group such as fraud.*
                                 * @example fraud.*
                                 */
                                pattern: string;
                                /** @enum {unknown} */
                                role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                                /** @description Of a promoter: the tags that it may move; else all */
                                tags?: string[];
                            }[];
                            issuer: string;
                            signedInAt: string | null;
                            subject: string;
                        } | null;
                        title: string;
                    };
                };
            };
        };
    };
    listTokens: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                identity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            expiresAt: string | null;
                            grants: {
                                /**
                                 * @description * for all models, a model's name, or a group such as fraud.*
                                 * @example fraud.*
                                 */
                                pattern: string;
                                /** @enum {unknown} */
                                role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                                /** @description Of a promoter: the tags that it may move; else all */
                                tags?: string[];
                            }[] | null;
                            id: string;
                            identity: string;
                            lastUsedAt: string | null;
                            name: string;
                            networks: string[];
                            revokedAt: string | null;
                        }[];
                    };
                };
            };
        };
    };
    createToken: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                identity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: date-time */
                    expiresAt?: string;
                    grants?: {
                        /**
                         * @description * for all models, a model's name, or a group such as fraud.*
                         * @example fraud.*
                         */
                        pattern: string;
                        /** @enum {unknown} */
                        role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                        /** @description Of a promoter: the tags that it may move; else all */
                        tags?: string[];
                    }[];
                    /**
                     * @description What it is for
                     * @example nightly build
                     */
                    name: string;
                    /** @description Where it may be used from: addresses, or networks such as 10.1.0.0/16; else everywhere */
                    networks?: string[];
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        expiresAt: string | null;
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[] | null;
                        id: string;
                        identity: string;
                        lastUsedAt: string | null;
                        name: string;
                        networks: string[];
                        revokedAt: string | null;
                        token: string | null;
                    };
                };
            };
        };
    };
    revokeToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                identity: string;
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[];
                        kind: ("person" | "service") | null;
                        name: string;
                        title: string;
                        token: {
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            expiresAt: string | null;
                            grants: {
                                /**
                                 * @description * for all models, a model's name, or a group such as fraud.*
                                 * @example fraud.*
                                 */
                                pattern: string;
                                /** @enum {unknown} */
                                role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                                /** @description Of a promoter: the tags that it may move; else all */
                                tags?: string[];
                            }[] | null;
                            id: string;
                            identity: string;
                            lastUsedAt: string | null;
                            name: string;
                            networks: string[];
                            revokedAt: string | null;
                        } | null;
                    };
                };
            };
        };
    };
    listModels: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description `key=value` or `key`; given again, all of them must hold */
                label?: string[];
                /** @description Items on a page, at most 100 */
                limit?: number;
                /** @description Part of the name or title */
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            description: string;
                            /**
                             * @description Key-value pairs to search by
                             * @example {
                             *       "team": "fraud"
                             *     }
                             */
                            labels: {
                                [key: string]: string;
                            };
                            latestVersion: string | null;
                            name: string;
                            tags: {
                                [key: string]: string;
                            };
                            title: string;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    createModel: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    description?: string;
                    /**
                     * @description Key-value pairs to search by
                     * @example {
                     *       "team": "fraud"
                     *     }
                     */
                    labels?: {
                        [key: string]: string;
                    };
                    /**
                     * @description lower-case letters and digits, in groups joined by one '.', '_' or '-'
                     * @example churn
                     */
                    name: string;
                    title?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        /**
                         * @description Key-value pairs to search by
                         * @example {
                         *       "team": "fraud"
                         *     }
                         */
                        labels: {
                            [key: string]: string;
                        };
                        latestVersion: string | null;
                        name: string;
                        tags: {
                            [key: string]: string;
                        };
                        title: string;
                    };
                };
            };
        };
    };
    getModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        /**
                         * @description Key-value pairs to search by
                         * @example {
                         *       "team": "fraud"
                         *     }
                         */
                        labels: {
                            [key: string]: string;
                        };
                        latestVersion: string | null;
                        name: string;
                        tags: {
                            [key: string]: string;
                        };
                        title: string;
                    };
                };
            };
        };
    };
    deleteModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    description?: string;
                    /**
                     * @description Key-value pairs to search by
                     * @example {
                     *       "team": "fraud"
                     *     }
                     */
                    labels?: {
                        [key: string]: string;
                    };
                    /**
                     * @description lower-case letters and digits, in groups joined by one '.', '_' or '-'
                     * @example churn
                     */
                    name?: string;
                    title?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        /**
                         * @description Key-value pairs to search by
                         * @example {
                         *       "team": "fraud"
                         *     }
                         */
                        labels: {
                            [key: string]: string;
                        };
                        latestVersion: string | null;
                        name: string;
                        tags: {
                            [key: string]: string;
                        };
                        title: string;
                    };
                };
            };
        };
    };
    compareVersions: {
        parameters: {
            query?: never;
            header?: {
                /** @description `text/markdown` for release notes, else JSON */
                Accept?: string;
            };
            path: {
                model: string;
                /**
                 * @description From and to, with `...` between
                 * @example prod...1.3.0
                 */
                versions: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The comparison */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        files: {
                            added: number;
                            changed: number;
                            /** @description The first 200 that differ, by path */
                            items: {
                                from: {
                                    digest: string;
                                    sizeBytes: number;
                                } | null;
                                path: string;
                                to: {
                                    digest: string;
                                    sizeBytes: number;
                                } | null;
                            }[];
                            removed: number;
                            same: number;
                        };
                        from: {
                            build: {
                                id: string;
                                status: string;
                            } | null;
                            contentDigest: string | null;
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            description: string;
                            fileCount: number;
                            format: string | null;
                            image: {
                                digest: string;
                                origin: string;
                                platforms: {
                                    /** @description Of an image that was built elsewhere */
                                    config?: {
                                        healthCheck: boolean;
                                        labels: {
                                            [key: string]: string;
                                        };
                                        ports: string[];
                                        user: string;
                                    };
                                    digest: string;
                                    layers: {
                                        digest: string;
                                        kind: string;
                                        sizeBytes: number;
                                    }[];
                                    platform: string;
                                    sizeBytes: number;
                                }[];
                                reason: string | null;
                                reference: string;
                                repository: string;
                                /**
                                 * @description Whether its registry has it
                                 * @enum {unknown}
                                 */
                                status: "present" | "removing" | "removed" | "missing";
                            } | null;
                            /**
                             * @description Key-value pairs to search by
                             * @example {
                             *       "team": "fraud"
                             *     }
                             */
                            labels: {
                                [key: string]: string;
                            };
                            /** @description A free JSON document, sealed with the files */
                            metadata: {
                                [key: string]: unknown;
                            };
                            model: string;
                            number: number;
                            proof: {
                                /**
                                 * @description Its health alone, or also the answer to the example
                                 * @enum {unknown}
                                 */
                                checked: "health" | "prediction";
                                coldStartMs: number | null;
                                latencyMs: {
                                    p50: number;
                                    p99: number;
                                } | null;
                                log: string | null;
                                memoryBytes: number | null;
                                reason: string | null;
                                /** @enum {unknown} */
                                status: "pending" | "passed" | "failed" | "not_run";
                                tests: {
                                    failed: number;
                                    log: string | null;
                                    passed: number;
                                    reason: string | null;
                                    skipped: number;
                                    /** @enum {unknown} */
                                    status: "passed" | "failed" | "not_run";
                                } | null;
                            } | null;
                            sealedAt: string | null;
                            sizeBytes: number;
                            source: {
                                commit: string | null;
                                environment: string | null;
                                issuer: string;
                                /** @enum {unknown} */
                                provider: "github" | "gitlab" | "other";
                                /** @description The rule that let it in */
                                publisher: string;
                                ref: string | null;
                                repository: string | null;
                                repositoryId: string | null;
                                runId: string | null;
                                runUrl: string | null;
                                subject: string | null;
                                workflow: string | null;
                            } | null;
                            /** @enum {unknown} */
                            status: "draft" | "verifying" | "sealed" | "building" | "ready" | "failed" | "archived";
                            tags: string[];
                            version: string;
                        };
                        image: {
                            fromBytes: number;
                            /** @description Of layers that the first has not */
                            newBytes: number;
                            toBytes: number;
                        } | null;
                        /** @description By path; a side that has nothing there is left out */
                        labels: {
                            from?: unknown;
                            path: string;
                            to?: unknown;
                        }[];
                        /** @description By path; a side that has nothing there is left out */
                        metadata: {
                            from?: unknown;
                            path: string;
                            to?: unknown;
                        }[];
                        model: string;
                        requirements: {
                            from: string | null;
                            name: string;
                            to: string | null;
                        }[] | null;
                        /** @description By path; a side that has nothing there is left out */
                        signature: {
                            from?: unknown;
                            path: string;
                            to?: unknown;
                        }[];
                        to: {
                            build: {
                                id: string;
                                status: string;
                            } | null;
                            contentDigest: string | null;
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            description: string;
                            fileCount: number;
                            format: string | null;
                            image: {
                                digest: string;
                                origin: string;
                                platforms: {
                                    /** @description Of an image that was built elsewhere */
                                    config?: {
                                        healthCheck: boolean;
                                        labels: {
                                            [key: string]: string;
                                        };
                                        ports: string[];
                                        user: string;
                                    };
                                    digest: string;
                                    layers: {
                                        digest: string;
                                        kind: string;
                                        sizeBytes: number;
                                    }[];
                                    platform: string;
                                    sizeBytes: number;
                                }[];
                                reason: string | null;
                                reference: string;
                                repository: string;
                                /**
                                 * @description Whether its registry has it
                                 * @enum {unknown}
                                 */
                                status: "present" | "removing" | "removed" | "missing";
                            } | null;
                            /**
                             * @description Key-value pairs to search by
                             * @example {
                             *       "team": "fraud"
                             *     }
                             */
                            labels: {
                                [key: string]: string;
                            };
                            /** @description A free JSON document, sealed with the files */
                            metadata: {
                                [key: string]: unknown;
                            };
                            model: string;
                            number: number;
                            proof: {
                                /**
                                 * @description Its health alone, or also the answer to the example
                                 * @enum {unknown}
                                 */
                                checked: "health" | "prediction";
                                coldStartMs: number | null;
                                latencyMs: {
                                    p50: number;
                                    p99: number;
                                } | null;
                                log: string | null;
                                memoryBytes: number | null;
                                reason: string | null;
                                /** @enum {unknown} */
                                status: "pending" | "passed" | "failed" | "not_run";
                                tests: {
                                    failed: number;
                                    log: string | null;
                                    passed: number;
                                    reason: string | null;
                                    skipped: number;
                                    /** @enum {unknown} */
                                    status: "passed" | "failed" | "not_run";
                                } | null;
                            } | null;
                            sealedAt: string | null;
                            sizeBytes: number;
                            source: {
                                commit: string | null;
                                environment: string | null;
                                issuer: string;
                                /** @enum {unknown} */
                                provider: "github" | "gitlab" | "other";
                                /** @description The rule that let it in */
                                publisher: string;
                                ref: string | null;
                                repository: string | null;
                                repositoryId: string | null;
                                runId: string | null;
                                runUrl: string | null;
                                subject: string | null;
                                workflow: string | null;
                            } | null;
                            /** @enum {unknown} */
                            status: "draft" | "verifying" | "sealed" | "building" | "ready" | "failed" | "archived";
                            tags: string[];
                            version: string;
                        };
                    };
                    "text/markdown": string;
                };
            };
        };
    };
    createPromotion: {
        parameters: {
            query: {
                dryRun: boolean;
            };
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
                /** @description The tag's ETag as it was read, or `*` where it is there */
                "If-Match"?: string;
                /** @description `*`: only where it is not there */
                "If-None-Match"?: string;
            };
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The signature may be another than that of the version that has the tag */
                    breaksSignature?: boolean;
                    /** @description sha256: and 64 hexadecimal digits, of the version's image */
                    digest?: string;
                    /**
                     * Format: date-time
                     * @description Waits until then
                     * @example 2026-11-23T22:00:00Z
                     */
                    notBefore?: string;
                    /** @description Why; it is kept in the history */
                    reason?: string;
                    /** @example prod */
                    tag: string;
                    /**
                     * @description major.minor.patch, with -pre.release where it is one, without a leading v and without +build
                     * @example 1.2.0
                     */
                    version?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        from: string | null;
                        imageDigest: string;
                        model: string;
                        /** @enum {unknown} */
                        outcome: "moves" | "waits" | "refused" | "stays";
                        tag: string;
                        verdicts: {
                            holdsAt: string | null;
                            policy: {
                                models: string;
                                tag: string;
                                version: number;
                            } | null;
                            /** @description In one line, with what was found */
                            reason: string;
                            /** @enum {unknown} */
                            rule: "schedule" | "registry" | "proof" | "sameSignature" | "conditions" | "checks" | "approvals" | "soak" | "windows" | "freezes";
                            /** @enum {unknown} */
                            status: "passed" | "failed" | "waiting";
                        }[];
                        version: string;
                    };
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvals: {
                            approver: string;
                            /** Format: date-time */
                            at: string;
                            comment: string;
                            /** @enum {unknown} */
                            decision: "approved" | "rejected";
                            /** @description What it is for: it is void for any other */
                            imageDigest: string;
                            roles: string[];
                        }[];
                        breaksSignature: boolean;
                        endedAt: string | null;
                        endedBy: string | null;
                        explanation: string | null;
                        forced: boolean;
                        from: string | null;
                        id: string;
                        imageDigest: string;
                        model: string;
                        notBefore: string | null;
                        reason: string;
                        /** Format: date-time */
                        requestedAt: string;
                        requestedBy: string;
                        revision: number | null;
                        /** @description Asked for as one */
                        rollback: boolean;
                        /**
                         * @description `applying`: the tag has moved, and an image registry does not have it yet
                         * @enum {unknown}
                         */
                        status: "waiting" | "applying" | "done" | "refused" | "cancelled" | "failed";
                        tag: string;
                        /** @description Of each rule that holds for the tag, as last looked at */
                        verdicts: {
                            holdsAt: string | null;
                            policy: {
                                models: string;
                                tag: string;
                                version: number;
                            } | null;
                            /** @description In one line, with what was found */
                            reason: string;
                            /** @enum {unknown} */
                            rule: "schedule" | "registry" | "proof" | "sameSignature" | "conditions" | "checks" | "approvals" | "soak" | "windows" | "freezes";
                            /** @enum {unknown} */
                            status: "passed" | "failed" | "waiting";
                        }[];
                        version: string;
                        waitsUntil: string | null;
                    };
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvals: {
                            approver: string;
                            /** Format: date-time */
                            at: string;
                            comment: string;
                            /** @enum {unknown} */
                            decision: "approved" | "rejected";
                            /** @description What it is for: it is void for any other */
                            imageDigest: string;
                            roles: string[];
                        }[];
                        breaksSignature: boolean;
                        endedAt: string | null;
                        endedBy: string | null;
                        explanation: string | null;
                        forced: boolean;
                        from: string | null;
                        id: string;
                        imageDigest: string;
                        model: string;
                        notBefore: string | null;
                        reason: string;
                        /** Format: date-time */
                        requestedAt: string;
                        requestedBy: string;
                        revision: number | null;
                        /** @description Asked for as one */
                        rollback: boolean;
                        /**
                         * @description `applying`: the tag has moved, and an image registry does not have it yet
                         * @enum {unknown}
                         */
                        status: "waiting" | "applying" | "done" | "refused" | "cancelled" | "failed";
                        tag: string;
                        /** @description Of each rule that holds for the tag, as last looked at */
                        verdicts: {
                            holdsAt: string | null;
                            policy: {
                                models: string;
                                tag: string;
                                version: number;
                            } | null;
                            /** @description In one line, with what was found */
                            reason: string;
                            /** @enum {unknown} */
                            rule: "schedule" | "registry" | "proof" | "sameSignature" | "conditions" | "checks" | "approvals" | "soak" | "windows" | "freezes";
                            /** @enum {unknown} */
                            status: "passed" | "failed" | "waiting";
                        }[];
                        version: string;
                        waitsUntil: string | null;
                    };
                };
            };
        };
    };
    previewRetention: {
        parameters: {
            query?: {
                /** @description An image stays for so long after a tag has left it; 30 where left out */
                afterTagDays?: number;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Images that are younger stay */
                keepDays?: number;
                /** @description The images of so many versions stay, those that were made last */
                keepLast?: number;
                /** @description Items on a page, at most 100 */
                limit?: number;
            };
            header?: {
                /** @description `text/plain` for a table of all images, else a page as JSON */
                Accept?: string;
            };
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The preview */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What the registry can give back for them */
                        freedBytes: number;
                        /** @description Images that go, on all pages */
                        going: number;
                        items: {
                            /** Format: date-time */
                            createdAt: string;
                            /** @enum {unknown} */
                            decision: "stays" | "goes";
                            digest: string;
                            freedBytes: number;
                            reference: string;
                            version: string;
                            why: string;
                        }[];
                        model: string;
                        nextCursor: string | null;
                        rule: {
                            afterTagDays: number;
                            keepDays: number | null;
                            keepLast: number | null;
                            pattern: string | null;
                        } | null;
                    };
                    "text/plain": string;
                };
            };
        };
    };
    listTags: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
            };
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            imageDigest: string;
                            model: string;
                            /** Format: date-time */
                            movedAt: string;
                            movedBy: string;
                            reason: string;
                            /** @description The tag in image registries; not told of what was at a time */
                            registries?: {
                                reason: string | null;
                                /** @example registry.example.com/churn:prod */
                                reference: string;
                                /** Format: date-time */
                                since: string;
                                /** @enum {unknown} */
                                status: "pending" | "synced" | "drifted";
                            }[];
                            revision: number;
                            tag: string;
                            version: string;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    moveTags: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The signature may be another than that of the version that has the tag */
                    breaksSignature?: boolean;
                    moves: {
                        /** @description sha256: and 64 hexadecimal digits, of the version's image */
                        digest?: string;
                        /** @description Only from that one; 0: only where it is not set */
                        revision?: number;
                        tag: string;
                        /**
                         * @description major.minor.patch, with -pre.release where it is one, without a leading v and without +build
                         * @example 1.2.0
                         */
                        version?: string;
                    }[];
                    /** @description Why; it is kept in the history */
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            imageDigest: string;
                            model: string;
                            /** Format: date-time */
                            movedAt: string;
                            movedBy: string;
                            reason: string;
                            /** @description The tag in image registries; not told of what was at a time */
                            registries?: {
                                reason: string | null;
                                /** @example registry.example.com/churn:prod */
                                reference: string;
                                /** Format: date-time */
                                since: string;
                                /** @enum {unknown} */
                                status: "pending" | "synced" | "drifted";
                            }[];
                            revision: number;
                            tag: string;
                            version: string;
                        }[];
                    };
                };
            };
        };
    };
    getTag: {
        parameters: {
            query?: {
                /**
                 * @description As it was then; else as it is
                 * @example 2026-11-23T22:00:00Z
                 */
                at?: string;
            };
            header?: never;
            path: {
                model: string;
                tag: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        imageDigest: string;
                        model: string;
                        /** Format: date-time */
                        movedAt: string;
                        movedBy: string;
                        reason: string;
                        /** @description The tag in image registries; not told of what was at a time */
                        registries?: {
                            reason: string | null;
                            /** @example registry.example.com/churn:prod */
                            reference: string;
                            /** Format: date-time */
                            since: string;
                            /** @enum {unknown} */
                            status: "pending" | "synced" | "drifted";
                        }[];
                        revision: number;
                        tag: string;
                        version: string;
                    };
                };
            };
        };
    };
    moveTag: {
        parameters: {
            query?: never;
            header?: {
                /** @description The tag's ETag as it was read, or `*` where it is there */
                "If-Match"?: string;
                /** @description `*`: only where it is not there */
                "If-None-Match"?: string;
            };
            path: {
                model: string;
                tag: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The signature may be another than that of the version that has the tag */
                    breaksSignature?: boolean;
                    /** @description sha256: and 64 hexadecimal digits, of the version's image */
                    digest?: string;
                    /**
                     * Format: date-time
                     * @description Waits until then
                     * @example 2026-11-23T22:00:00Z
                     */
                    notBefore?: string;
                    /** @description Why; it is kept in the history */
                    reason?: string;
                    /**
                     * @description major.minor.patch, with -pre.release where it is one, without a leading v and without +build
                     * @example 1.2.0
                     */
                    version?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        imageDigest: string;
                        model: string;
                        /** Format: date-time */
                        movedAt: string;
                        movedBy: string;
                        reason: string;
                        /** @description The tag in image registries; not told of what was at a time */
                        registries?: {
                            reason: string | null;
                            /** @example registry.example.com/churn:prod */
                            reference: string;
                            /** Format: date-time */
                            since: string;
                            /** @enum {unknown} */
                            status: "pending" | "synced" | "drifted";
                        }[];
                        revision: number;
                        tag: string;
                        version: string;
                    };
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        imageDigest: string;
                        model: string;
                        /** Format: date-time */
                        movedAt: string;
                        movedBy: string;
                        reason: string;
                        /** @description The tag in image registries; not told of what was at a time */
                        registries?: {
                            reason: string | null;
                            /** @example registry.example.com/churn:prod */
                            reference: string;
                            /** Format: date-time */
                            since: string;
                            /** @enum {unknown} */
                            status: "pending" | "synced" | "drifted";
                        }[];
                        revision: number;
                        tag: string;
                        version: string;
                    };
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvals: {
                            approver: string;
                            /** Format: date-time */
                            at: string;
                            comment: string;
                            /** @enum {unknown} */
                            decision: "approved" | "rejected";
                            /** @description What it is for: it is void for any other */
                            imageDigest: string;
                            roles: string[];
                        }[];
                        breaksSignature: boolean;
                        endedAt: string | null;
                        endedBy: string | null;
                        explanation: string | null;
                        forced: boolean;
                        from: string | null;
                        id: string;
                        imageDigest: string;
                        model: string;
                        notBefore: string | null;
                        reason: string;
                        /** Format: date-time */
                        requestedAt: string;
                        requestedBy: string;
                        revision: number | null;
                        /** @description Asked for as one */
                        rollback: boolean;
                        /**
                         * @description `applying`: the tag has moved, and an image registry does not have it yet
                         * @enum {unknown}
                         */
                        status: "waiting" | "applying" | "done" | "refused" | "cancelled" | "failed";
                        tag: string;
                        /** @description Of each rule that holds for the tag, as last looked at */
                        verdicts: {
                            holdsAt: string | null;
                            policy: {
                                models: string;
                                tag: string;
                                version: number;
                            } | null;
                            /** @description In one line, with what was found */
                            reason: string;
                            /** @enum {unknown} */
                            rule: "schedule" | "registry" | "proof" | "sameSignature" | "conditions" | "checks" | "approvals" | "soak" | "windows" | "freezes";
                            /** @enum {unknown} */
                            status: "passed" | "failed" | "waiting";
                        }[];
                        version: string;
                        waitsUntil: string | null;
                    };
                };
            };
        };
    };
    removeTag: {
        parameters: {
            query: {
                force: boolean;
                /** @description Why; it is kept in the history */
                reason?: string;
            };
            header?: {
                /** @description The tag's ETag as it was read, or `*` where it is there */
                "If-Match"?: string;
                /** @description `*`: only where it is not there */
                "If-None-Match"?: string;
            };
            path: {
                model: string;
                tag: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getTagHistory: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
            };
            header?: never;
            path: {
                model: string;
                tag: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            from: string | null;
                            imageDigest: string | null;
                            model: string;
                            /** Format: date-time */
                            movedAt: string;
                            movedBy: string;
                            promotion: {
                                approvals: {
                                    approver: string;
                                    /** Format: date-time */
                                    at: string;
                                    comment: string;
                                    /** @enum {unknown} */
                                    decision: "approved" | "rejected";
                                    /** @description What it is for: it is void for any other */
                                    imageDigest: string;
                                    roles: string[];
                                }[];
                                /** @description No policy was asked */
                                forced: boolean;
                                id: string;
                                requestedBy: string;
                                verdicts: {
                                    holdsAt: string | null;
                                    policy: {
                                        models: string;
                                        tag: string;
                                        version: number;
                                    } | null;
                                    /** @description In one line, with what was found */
                                    reason: string;
                                    /** @enum {unknown} */
                                    rule: "schedule" | "registry" | "proof" | "sameSignature" | "conditions" | "checks" | "approvals" | "soak" | "windows" | "freezes";
                                    /** @enum {unknown} */
                                    status: "passed" | "failed" | "waiting";
                                }[];
                            } | null;
                            reason: string;
                            revision: number;
                            tag: string;
                            to: string | null;
                            version: string | null;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    listTagPolicies: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                tag: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            endedAt: string | null;
                            models: string;
                            rules: {
                                approvals: {
                                    count: number;
                                    role: string;
                                } | null;
                                checks: string[];
                                conditions: {
                                    expression: string;
                                    withoutHolder: string | null;
                                }[];
                                copyTo: string[];
                                freezes: {
                                    from: string;
                                    reason: string;
                                    to: string | null;
                                }[];
                                proof: boolean;
                                sameSignature: boolean;
                                soak: {
                                    hours: number;
                                    tag: string;
                                } | null;
                                waitHours: number;
                                windows: {
                                    days: string[];
                                    from: string;
                                    timeZone: string;
                                    to: string;
                                }[];
                            };
                            tag: string;
                            version: number;
                        }[];
                    };
                };
            };
        };
    };
    rollBackTag: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
                /** @description The tag's ETag as it was read, or `*` where it is there */
                "If-Match"?: string;
                /** @description `*`: only where it is not there */
                "If-None-Match"?: string;
            };
            path: {
                model: string;
                tag: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The signature may be another than that of the version that has the tag */
                    breaksSignature?: boolean;
                    /** @description No policy is asked; a reason has to be given, and is kept */
                    force?: boolean;
                    /** @description Why; it is kept in the history */
                    reason?: string;
                    /** @description A revision of its history; else the one before the present */
                    to?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        imageDigest: string;
                        model: string;
                        /** Format: date-time */
                        movedAt: string;
                        movedBy: string;
                        reason: string;
                        /** @description The tag in image registries; not told of what was at a time */
                        registries?: {
                            reason: string | null;
                            /** @example registry.example.com/churn:prod */
                            reference: string;
                            /** Format: date-time */
                            since: string;
                            /** @enum {unknown} */
                            status: "pending" | "synced" | "drifted";
                        }[];
                        revision: number;
                        tag: string;
                        version: string;
                    };
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvals: {
                            approver: string;
                            /** Format: date-time */
                            at: string;
                            comment: string;
                            /** @enum {unknown} */
                            decision: "approved" | "rejected";
                            /** @description What it is for: it is void for any other */
                            imageDigest: string;
                            roles: string[];
                        }[];
                        breaksSignature: boolean;
                        endedAt: string | null;
                        endedBy: string | null;
                        explanation: string | null;
                        forced: boolean;
                        from: string | null;
                        id: string;
                        imageDigest: string;
                        model: string;
                        notBefore: string | null;
                        reason: string;
                        /** Format: date-time */
                        requestedAt: string;
                        requestedBy: string;
                        revision: number | null;
                        /** @description Asked for as one */
                        rollback: boolean;
                        /**
                         * @description `applying`: the tag has moved, and an image registry does not have it yet
                         * @enum {unknown}
                         */
                        status: "waiting" | "applying" | "done" | "refused" | "cancelled" | "failed";
                        tag: string;
                        /** @description Of each rule that holds for the tag, as last looked at */
                        verdicts: {
                            holdsAt: string | null;
                            policy: {
                                models: string;
                                tag: string;
                                version: number;
                            } | null;
                            /** @description In one line, with what was found */
                            reason: string;
                            /** @enum {unknown} */
                            rule: "schedule" | "registry" | "proof" | "sameSignature" | "conditions" | "checks" | "approvals" | "soak" | "windows" | "freezes";
                            /** @enum {unknown} */
                            status: "passed" | "failed" | "waiting";
                        }[];
                        version: string;
                        waitsUntil: string | null;
                    };
                };
            };
        };
    };
    listVersions: {
        parameters: {
            query: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Whether its registry has it */
                image?: "present" | "removing" | "removed" | "missing";
                /** @description `key=value` or `key`; given again, all of them must hold */
                label?: string[];
                /** @description Items on a page, at most 100 */
                limit?: number;
                /** @description In the order of semver */
                order: "asc" | "desc";
                status?: "draft" | "verifying" | "sealed" | "building" | "ready" | "failed" | "archived";
            };
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            build: {
                                id: string;
                                status: string;
                            } | null;
                            contentDigest: string | null;
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            description: string;
                            fileCount: number;
                            format: string | null;
                            image: {
                                digest: string;
                                origin: string;
                                platforms: {
                                    /** @description Of an image that was built elsewhere */
                                    config?: {
                                        healthCheck: boolean;
                                        labels: {
                                            [key: string]: string;
                                        };
                                        ports: string[];
                                        user: string;
                                    };
                                    digest: string;
                                    layers: {
                                        digest: string;
                                        kind: string;
                                        sizeBytes: number;
                                    }[];
                                    platform: string;
                                    sizeBytes: number;
                                }[];
                                reason: string | null;
                                reference: string;
                                repository: string;
                                /**
                                 * @description Whether its registry has it
                                 * @enum {unknown}
                                 */
                                status: "present" | "removing" | "removed" | "missing";
                            } | null;
                            /**
                             * @description Key-value pairs to search by
                             * @example {
                             *       "team": "fraud"
                             *     }
                             */
                            labels: {
                                [key: string]: string;
                            };
                            /** @description A free JSON document, sealed with the files */
                            metadata: {
                                [key: string]: unknown;
                            };
                            model: string;
                            number: number;
                            proof: {
                                /**
                                 * @description Its health alone, or also the answer to the example
                                 * @enum {unknown}
                                 */
                                checked: "health" | "prediction";
                                coldStartMs: number | null;
                                latencyMs: {
                                    p50: number;
                                    p99: number;
                                } | null;
                                log: string | null;
                                memoryBytes: number | null;
                                reason: string | null;
                                /** @enum {unknown} */
                                status: "pending" | "passed" | "failed" | "not_run";
                                tests: {
                                    failed: number;
                                    log: string | null;
                                    passed: number;
                                    reason: string | null;
                                    skipped: number;
                                    /** @enum {unknown} */
                                    status: "passed" | "failed" | "not_run";
                                } | null;
                            } | null;
                            sealedAt: string | null;
                            sizeBytes: number;
                            source: {
                                commit: string | null;
                                environment: string | null;
                                issuer: string;
                                /** @enum {unknown} */
                                provider: "github" | "gitlab" | "other";
                                /** @description The rule that let it in */
                                publisher: string;
                                ref: string | null;
                                repository: string | null;
                                repositoryId: string | null;
                                runId: string | null;
                                runUrl: string | null;
                                subject: string | null;
                                workflow: string | null;
                            } | null;
                            /** @enum {unknown} */
                            status: "draft" | "verifying" | "sealed" | "building" | "ready" | "failed" | "archived";
                            tags: string[];
                            version: string;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    createVersion: {
        parameters: {
            query?: {
                description?: string;
                /** @description `key=value` */
                label?: string[];
                /** @description A JSON object */
                metadata?: string;
                /**
                 * @description major.minor.patch, with -pre.release where it is one, without a leading v and without +build
                 * @example 1.2.0
                 */
                version?: string;
            };
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/gzip": string;
                "application/json": {
                    description?: string;
                    /** @description A version or tag of the model: the draft starts with its files */
                    from?: string;
                    /**
                     * @description Key-value pairs to search by
                     * @example {
                     *       "team": "fraud"
                     *     }
                     */
                    labels?: {
                        [key: string]: string;
                    };
                    /** @description A free JSON document, sealed with the files */
                    metadata?: {
                        [key: string]: unknown;
                    };
                    /**
                     * @description major.minor.patch, with -pre.release where it is one, without a leading v and without +build
                     * @example 1.2.0
                     */
                    version: string;
                };
                "application/x-tar": string;
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        build: {
                            id: string;
                            status: string;
                        } | null;
                        contentDigest: string | null;
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        fileCount: number;
                        format: string | null;
                        image: {
                            digest: string;
                            origin: string;
                            platforms: {
                                /** @description Of an image that was built elsewhere */
                                config?: {
                                    healthCheck: boolean;
                                    labels: {
                                        [key: string]: string;
                                    };
                                    ports: string[];
                                    user: string;
                                };
                                digest: string;
                                layers: {
                                    digest: string;
                                    kind: string;
                                    sizeBytes: number;
                                }[];
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reason: string | null;
                            reference: string;
                            repository: string;
                            /**
                             * @description Whether its registry has it
                             * @enum {unknown}
                             */
                            status: "present" | "removing" | "removed" | "missing";
                        } | null;
                        /**
                         * @description Key-value pairs to search by
                         * @example {
                         *       "team": "fraud"
                         *     }
                         */
                        labels: {
                            [key: string]: string;
                        };
                        /** @description A free JSON document, sealed with the files */
                        metadata: {
                            [key: string]: unknown;
                        };
                        model: string;
                        number: number;
                        proof: {
                            /**
                             * @description Its health alone, or also the answer to the example
                             * @enum {unknown}
                             */
                            checked: "health" | "prediction";
                            coldStartMs: number | null;
                            latencyMs: {
                                p50: number;
                                p99: number;
                            } | null;
                            log: string | null;
                            memoryBytes: number | null;
                            reason: string | null;
                            /** @enum {unknown} */
                            status: "pending" | "passed" | "failed" | "not_run";
                            tests: {
                                failed: number;
                                log: string | null;
                                passed: number;
                                reason: string | null;
                                skipped: number;
                                /** @enum {unknown} */
                                status: "passed" | "failed" | "not_run";
                            } | null;
                        } | null;
                        sealedAt: string | null;
                        sizeBytes: number;
                        source: {
                            commit: string | null;
                            environment: string | null;
                            issuer: string;
                            /** @enum {unknown} */
                            provider: "github" | "gitlab" | "other";
                            /** @description The rule that let it in */
                            publisher: string;
                            ref: string | null;
                            repository: string | null;
                            repositoryId: string | null;
                            runId: string | null;
                            runUrl: string | null;
                            subject: string | null;
                            workflow: string | null;
                        } | null;
                        /** @enum {unknown} */
                        status: "draft" | "verifying" | "sealed" | "building" | "ready" | "failed" | "archived";
                        tags: string[];
                        version: string;
                    };
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        build: {
                            id: string;
                            status: string;
                        } | null;
                        contentDigest: string | null;
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        fileCount: number;
                        format: string | null;
                        image: {
                            digest: string;
                            origin: string;
                            platforms: {
                                /** @description Of an image that was built elsewhere */
                                config?: {
                                    healthCheck: boolean;
                                    labels: {
                                        [key: string]: string;
                                    };
                                    ports: string[];
                                    user: string;
                                };
                                digest: string;
                                layers: {
                                    digest: string;
                                    kind: string;
                                    sizeBytes: number;
                                }[];
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reason: string | null;
                            reference: string;
                            repository: string;
                            /**
                             * @description Whether its registry has it
                             * @enum {unknown}
                             */
                            status: "present" | "removing" | "removed" | "missing";
                        } | null;
                        /**
                         * @description Key-value pairs to search by
                         * @example {
                         *       "team": "fraud"
                         *     }
                         */
                        labels: {
                            [key: string]: string;
                        };
                        /** @description A free JSON document, sealed with the files */
                        metadata: {
                            [key: string]: unknown;
                        };
                        model: string;
                        number: number;
                        proof: {
                            /**
                             * @description Its health alone, or also the answer to the example
                             * @enum {unknown}
                             */
                            checked: "health" | "prediction";
                            coldStartMs: number | null;
                            latencyMs: {
                                p50: number;
                                p99: number;
                            } | null;
                            log: string | null;
                            memoryBytes: number | null;
                            reason: string | null;
                            /** @enum {unknown} */
                            status: "pending" | "passed" | "failed" | "not_run";
                            tests: {
                                failed: number;
                                log: string | null;
                                passed: number;
                                reason: string | null;
                                skipped: number;
                                /** @enum {unknown} */
                                status: "passed" | "failed" | "not_run";
                            } | null;
                        } | null;
                        sealedAt: string | null;
                        sizeBytes: number;
                        source: {
                            commit: string | null;
                            environment: string | null;
                            issuer: string;
                            /** @enum {unknown} */
                            provider: "github" | "gitlab" | "other";
                            /** @description The rule that let it in */
                            publisher: string;
                            ref: string | null;
                            repository: string | null;
                            repositoryId: string | null;
                            runId: string | null;
                            runUrl: string | null;
                            subject: string | null;
                            workflow: string | null;
                        } | null;
                        /** @enum {unknown} */
                        status: "draft" | "verifying" | "sealed" | "building" | "ready" | "failed" | "archived";
                        tags: string[];
                        version: string;
                    };
                };
            };
        };
    };
    getVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        build: {
                            id: string;
                            status: string;
                        } | null;
                        contentDigest: string | null;
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        fileCount: number;
                        format: string | null;
                        image: {
                            digest: string;
                            origin: string;
                            platforms: {
                                /** @description Of an image that was built elsewhere */
                                config?: {
                                    healthCheck: boolean;
                                    labels: {
                                        [key: string]: string;
                                    };
                                    ports: string[];
                                    user: string;
                                };
                                digest: string;
                                layers: {
                                    digest: string;
                                    kind: string;
                                    sizeBytes: number;
                                }[];
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reason: string | null;
                            reference: string;
                            repository: string;
                            /**
                             * @description Whether its registry has it
                             * @enum {unknown}
                             */
                            status: "present" | "removing" | "removed" | "missing";
                        } | null;
                        /**
                         * @description Key-value pairs to search by
                         * @example {
                         *       "team": "fraud"
                         *     }
                         */
                        labels: {
                            [key: string]: string;
                        };
                        /** @description A free JSON document, sealed with the files */
                        metadata: {
                            [key: string]: unknown;
                        };
                        model: string;
                        number: number;
                        proof: {
                            /**
                             * @description Its health alone, or also the answer to the example
                             * @enum {unknown}
                             */
                            checked: "health" | "prediction";
                            coldStartMs: number | null;
                            latencyMs: {
                                p50: number;
                                p99: number;
                            } | null;
                            log: string | null;
                            memoryBytes: number | null;
                            reason: string | null;
                            /** @enum {unknown} */
                            status: "pending" | "passed" | "failed" | "not_run";
                            tests: {
                                failed: number;
                                log: string | null;
                                passed: number;
                                reason: string | null;
                                skipped: number;
                                /** @enum {unknown} */
                                status: "passed" | "failed" | "not_run";
                            } | null;
                        } | null;
                        sealedAt: string | null;
                        sizeBytes: number;
                        source: {
                            commit: string | null;
                            environment: string | null;
                            issuer: string;
                            /** @enum {unknown} */
                            provider: "github" | "gitlab" | "other";
                            /** @description The rule that let it in */
                            publisher: string;
                            ref: string | null;
                            repository: string | null;
                            repositoryId: string | null;
                            runId: string | null;
                            runUrl: string | null;
                            subject: string | null;
                            workflow: string | null;
                        } | null;
                        /** @enum {unknown} */
                        status: "draft" | "verifying" | "sealed" | "building" | "ready" | "failed" | "archived";
                        tags: string[];
                        version: string;
                    };
                };
            };
        };
    };
    deleteVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    description?: string;
                    /**
                     * @description Key-value pairs to search by
                     * @example {
                     *       "team": "fraud"
                     *     }
                     */
                    labels?: {
                        [key: string]: string;
                    };
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        build: {
                            id: string;
                            status: string;
                        } | null;
                        contentDigest: string | null;
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        fileCount: number;
                        format: string | null;
                        image: {
                            digest: string;
                            origin: string;
                            platforms: {
                                /** @description Of an image that was built elsewhere */
                                config?: {
                                    healthCheck: boolean;
                                    labels: {
                                        [key: string]: string;
                                    };
                                    ports: string[];
                                    user: string;
                                };
                                digest: string;
                                layers: {
                                    digest: string;
                                    kind: string;
                                    sizeBytes: number;
                                }[];
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reason: string | null;
                            reference: string;
                            repository: string;
                            /**
                             * @description Whether its registry has it
                             * @enum {unknown}
                             */
                            status: "present" | "removing" | "removed" | "missing";
                        } | null;
                        /**
                         * @description Key-value pairs to search by
                         * @example {
                         *       "team": "fraud"
                         *     }
                         */
                        labels: {
                            [key: string]: string;
                        };
                        /** @description A free JSON document, sealed with the files */
                        metadata: {
                            [key: string]: unknown;
                        };
                        model: string;
                        number: number;
                        proof: {
                            /**
                             * @description Its health alone, or also the answer to the example
                             * @enum {unknown}
                             */
                            checked: "health" | "prediction";
                            coldStartMs: number | null;
                            latencyMs: {
                                p50: number;
                                p99: number;
                            } | null;
                            log: string | null;
                            memoryBytes: number | null;
                            reason: string | null;
                            /** @enum {unknown} */
                            status: "pending" | "passed" | "failed" | "not_run";
                            tests: {
                                failed: number;
                                log: string | null;
                                passed: number;
                                reason: string | null;
                                skipped: number;
                                /** @enum {unknown} */
                                status: "passed" | "failed" | "not_run";
                            } | null;
                        } | null;
                        sealedAt: string | null;
                        sizeBytes: number;
                        source: {
                            commit: string | null;
                            environment: string | null;
                            issuer: string;
                            /** @enum {unknown} */
                            provider: "github" | "gitlab" | "other";
                            /** @description The rule that let it in */
                            publisher: string;
                            ref: string | null;
                            repository: string | null;
                            repositoryId: string | null;
                            runId: string | null;
                            runUrl: string | null;
                            subject: string | null;
                            workflow: string | null;
                        } | null;
                        /** @enum {unknown} */
                        status: "draft" | "verifying" | "sealed" | "building" | "ready" | "failed" | "archived";
                        tags: string[];
                        version: string;
                    };
                };
            };
        };
    };
    archiveVersion: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        build: {
                            id: string;
                            status: string;
                        } | null;
                        contentDigest: string | null;
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        fileCount: number;
                        format: string | null;
                        image: {
                            digest: string;
                            origin: string;
                            platforms: {
                                /** @description Of an image that was built elsewhere */
                                config?: {
                                    healthCheck: boolean;
                                    labels: {
                                        [key: string]: string;
                                    };
                                    ports: string[];
                                    user: string;
                                };
                                digest: string;
                                layers: {
                                    digest: string;
                                    kind: string;
                                    sizeBytes: number;
                                }[];
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reason: string | null;
                            reference: string;
                            repository: string;
                            /**
                             * @description Whether its registry has it
                             * @enum {unknown}
                             */
                            status: "present" | "removing" | "removed" | "missing";
                        } | null;
                        /**
                         * @description Key-value pairs to search by
                         * @example {
                         *       "team": "fraud"
                         *     }
                         */
                        labels: {
                            [key: string]: string;
                        };
                        /** @description A free JSON document, sealed with the files */
                        metadata: {
                            [key: string]: unknown;
                        };
                        model: string;
                        number: number;
                        proof: {
                            /**
                             * @description Its health alone, or also the answer to the example
                             * @enum {unknown}
                             */
                            checked: "health" | "prediction";
                            coldStartMs: number | null;
                            latencyMs: {
                                p50: number;
                                p99: number;
                            } | null;
                            log: string | null;
                            memoryBytes: number | null;
                            reason: string | null;
                            /** @enum {unknown} */
                            status: "pending" | "passed" | "failed" | "not_run";
                            tests: {
                                failed: number;
                                log: string | null;
                                passed: number;
                                reason: string | null;
                                skipped: number;
                                /** @enum {unknown} */
                                status: "passed" | "failed" | "not_run";
                            } | null;
                        } | null;
                        sealedAt: string | null;
                        sizeBytes: number;
                        source: {
                            commit: string | null;
                            environment: string | null;
                            issuer: string;
                            /** @enum {unknown} */
                            provider: "github" | "gitlab" | "other";
                            /** @description The rule that let it in */
                            publisher: string;
                            ref: string | null;
                            repository: string | null;
                            repositoryId: string | null;
                            runId: string | null;
                            runUrl: string | null;
                            subject: string | null;
                            workflow: string | null;
                        } | null;
                        /** @enum {unknown} */
                        status: "draft" | "verifying" | "sealed" | "building" | "ready" | "failed" | "archived";
                        tags: string[];
                        version: string;
                    };
                };
            };
        };
    };
    createBuild: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description host/repository@sha256:…, built elsewhere and in a known registry */
                    image?: string;
                    /** @description Of another build, to build by: as that gives it */
                    lock?: unknown;
                    /** @description How it serves, where that is not as Slipway's own images do */
                    serve?: {
                        /** @description a path such as /healthz */
                        health: string;
                        port: number;
                    };
                    /** @description What the image was built from */
                    source?: {
                        /** @description Which state of it */
                        commit: string;
                        /** @description Where its code is */
                        repository: string;
                        /** @description The run of the pipeline that built it */
                        run?: string;
                    };
                } | null;
            };
        };
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        attempt: number;
                        builder: {
                            name: string;
                            why: string;
                        };
                        /** Format: date-time */
                        createdAt: string;
                        error: {
                            code: string;
                            message: string;
                        } | null;
                        external: {
                            image: string;
                            serve: {
                                health: string;
                                port: number;
                            } | null;
                            source: {
                                commit: string;
                                repository: string;
                                run: string | null;
                            };
                        } | null;
                        finishedAt: string | null;
                        id: string;
                        image: {
                            digest: string;
                            origin: string;
                            platforms: {
                                /** @description Of an image that was built elsewhere */
                                config?: {
                                    healthCheck: boolean;
                                    labels: {
                                        [key: string]: string;
                                    };
                                    ports: string[];
                                    user: string;
                                };
                                digest: string;
                                layers: {
                                    digest: string;
                                    kind: string;
                                    sizeBytes: number;
                                }[];
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reason: string | null;
                            reference: string;
                            repository: string;
                            /**
                             * @description Whether its registry has it
                             * @enum {unknown}
                             */
                            status: "present" | "removing" | "removed" | "missing";
                        } | null;
                        model: string;
                        restores: string | null;
                        startedAt: string | null;
                        /** @enum {unknown} */
                        status: "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
                        version: string;
                        waiting: {
                            for: string;
                            until: string | null;
                        } | null;
                    };
                };
            };
        };
    };
    getModelCard: {
        parameters: {
            query?: never;
            header?: {
                /** @description `application/json`, else Markdown */
                Accept?: string;
                /** @description ETags that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The card */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        contentDigest: string;
                        description: string;
                        /** @description A request, or null */
                        example: unknown;
                        fileCount: number;
                        format: string | null;
                        /** @description Of the package's README.md */
                        frontMatter: {
                            [key: string]: unknown;
                        };
                        image: {
                            platforms: {
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reference: string;
                        } | null;
                        lock: {
                            base: {
                                digest: string;
                                source: string;
                            };
                            python: string;
                            requirements: {
                                name: string;
                                sha256: string;
                                version: string;
                            }[];
                            /** @description The version of the Slipway runtime */
                            runtime: string;
                        } | null;
                        model: string;
                        proof: {
                            /**
                             * @description Its health alone, or also the answer to the example
                             * @enum {unknown}
                             */
                            checked: "health" | "prediction";
                            coldStartMs: number | null;
                            latencyMs: {
                                p50: number;
                                p99: number;
                            } | null;
                            memoryBytes: number | null;
                            reason: string | null;
                            /** @enum {unknown} */
                            status: "pending" | "passed" | "failed" | "not_run";
                        } | null;
                        readme: string | null;
                        resources: {
                            cpuMillis: number;
                            gpus: number;
                            memoryBytes: number;
                        };
                        signature: {
                            inputs: {
                                name: string;
                                optional: boolean;
                                shape: number[];
                                type: string;
                            }[];
                            outputs: {
                                name: string;
                                optional: boolean;
                                shape: number[];
                                type: string;
                            }[];
                        } | null;
                        sizeBytes: number;
                        version: string;
                    };
                    "text/markdown": string;
                };
            };
        };
    };
    listChecks: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
                name?: string;
            };
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            data: {
                                [key: string]: unknown;
                            };
                            id: string;
                            model: string;
                            name: string;
                            /** @enum {unknown} */
                            status: "passed" | "failed";
                            summary: string;
                            url: string | null;
                            version: string;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    createCheck: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description For conditions of policies, as `candidate.checks.evaluation.data`
                     * @example {
                     *       "auc": 0.93
                     *     }
                     */
                    data?: {
                        [key: string]: unknown;
                    };
                    /**
                     * @description lower-case letters and digits, in groups joined by one '.', '_' or '-'
                     * @example evaluation
                     */
                    name: string;
                    /** @enum {unknown} */
                    status: "passed" | "failed";
                    /** @description One line for people */
                    summary?: string;
                    /** @description an address with http or https */
                    url?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        data: {
                            [key: string]: unknown;
                        };
                        id: string;
                        model: string;
                        name: string;
                        /** @enum {unknown} */
                        status: "passed" | "failed";
                        summary: string;
                        url: string | null;
                        version: string;
                    };
                };
            };
        };
    };
    getBatch: {
        parameters: {
            query: {
                as: "kubernetes" | "compose";
                /** @description The PersistentVolumeClaim; else {name}-data */
                claim?: string;
                /** @description a path below the data's folder that ends in .jsonl, .csv or .parquet: letters, digits, '.', '_', '-' and '/' */
                input?: string;
                /** @description a letter, then lower-case letters, digits and '-': what its objects are called, else made of the model's name */
                name?: string;
                /** @description lower-case letters and digits, with '-' inside */
                namespace?: string;
                /** @description a path below the data's folder that ends in .jsonl, .csv or .parquet: letters, digits, '.', '_', '-' and '/' */
                output?: string;
                /** @description Kubernetes Secrets that the image is pulled with */
                pullSecret?: string[];
                /** @description the five fields of cron, as in 0 3 * * *, or @daily and the like */
                schedule?: string;
                /** @description Secrets that it may read, each by its name alone: /run/secrets/{secret} is a file with Compose, a folder with Kubernetes */
                secret?: string[];
                /** @description a time zone's name, as in Europe/Oslo */
                timeZone?: string;
            };
            header?: {
                /** @description ETags that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": string;
                };
            };
        };
    };
    getComposeFile: {
        parameters: {
            query: {
                /** @description Of the machine */
                port: number;
                /** @description Secrets that it may read, each by its name alone: /run/secrets/{secret} is a file with Compose, a folder with Kubernetes */
                secret?: string[];
            };
            header?: {
                /** @description ETags that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": string;
                };
            };
        };
    };
    getKubernetesManifests: {
        parameters: {
            query?: {
                /** @description The most; else four times the fewest */
                maxReplicas?: number;
                /** @description Whether there is a ServiceMonitor; else where the Slipway runtime serves, at /metrics */
                monitor?: boolean;
                /** @description a letter, then lower-case letters, digits and '-': what its objects are called, else made of the model's name */
                name?: string;
                /** @description lower-case letters and digits, with '-' inside */
                namespace?: string;
                /** @description Kubernetes Secrets that the image is pulled with */
                pullSecret?: string[];
                /** @description The fewest; else 2 */
                replicas?: number;
                /** @description Secrets that it may read, each by its name alone: /run/secrets/{secret} is a file with Compose, a folder with Kubernetes */
                secret?: string[];
            };
            header?: {
                /** @description ETags that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": string;
                };
            };
        };
    };
    getSidecar: {
        parameters: {
            query: {
                /** @description an image's name, as in registry.example/app:1.0.0 */
                app?: string;
                as: "compose" | "kubernetes";
                /** @description a letter, then lower-case letters, digits and '-': what its objects are called, else made of the model's name */
                name?: string;
                /** @description lower-case letters and digits, with '-' inside */
                namespace?: string;
                /** @description Kubernetes Secrets that the image is pulled with */
                pullSecret?: string[];
                /** @description With as=kubernetes; else 1 */
                replicas?: number;
                /** @description Secrets that it may read, each by its name alone: /run/secrets/{secret} is a file with Compose, a folder with Kubernetes */
                secret?: string[];
            };
            header?: {
                /** @description ETags that the caller has */
                "If-None-Match"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": string;
                };
            };
        };
    };
    listFiles: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
            };
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            digest: string | null;
                            path: string;
                            sizeBytes: number;
                            /** @enum {unknown} */
                            status: "verifying" | "stored";
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    registerFiles: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    files: {
                        /** @description sha256: and 64 lower-case hex digits */
                        digest: string;
                        path: string;
                    }[];
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Of no file that the caller may read: to be sent */
                        missing: {
                            digest: string;
                            path: string;
                        }[];
                        stored: {
                            digest: string | null;
                            path: string;
                            sizeBytes: number;
                            /** @enum {unknown} */
                            status: "verifying" | "stored";
                        }[];
                    };
                };
            };
        };
    };
    getFile: {
        parameters: {
            query?: {
                /** @description To the store itself, where clients can reach it; elsewhere the bytes come from here */
                download?: "redirect";
            };
            header?: {
                /** @description ETags that the caller has */
                "If-None-Match"?: string;
                /** @description The ETag that the range belongs to; of another file all is sent */
                "If-Range"?: string;
                /** @description One range, e.g. `bytes=0-1023` */
                Range?: string;
            };
            path: {
                model: string;
                /** @description The file's path, with its slashes as they are */
                path: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description The file */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
        };
    };
    putFile: {
        parameters: {
            query?: never;
            header?: {
                /** @description `sha-256=:…base64…:` of the bytes (RFC 9530) */
                "Content-Digest"?: string;
            };
            path: {
                model: string;
                /** @description The file's path, with its slashes as they are */
                path: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        digest: string | null;
                        path: string;
                        sizeBytes: number;
                        /** @enum {unknown} */
                        status: "verifying" | "stored";
                    };
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        digest: string | null;
                        path: string;
                        sizeBytes: number;
                        /** @enum {unknown} */
                        status: "verifying" | "stored";
                    };
                };
            };
        };
    };
    deleteFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                /** @description The file's path, with its slashes as they are */
                path: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        changedAt: string;
                        /** Format: date-time */
                        checkedAt: string;
                        /** Format: date-time */
                        createdAt: string;
                        digest: string;
                        freedBytes: number | null;
                        origin: string;
                        platforms: {
                            /** @description Of an image that was built elsewhere */
                            config?: {
                                healthCheck: boolean;
                                labels: {
                                    [key: string]: string;
                                };
                                ports: string[];
                                user: string;
                            };
                            digest: string;
                            layers: {
                                digest: string;
                                kind: string;
                                sizeBytes: number;
                            }[];
                            platform: string;
                            sizeBytes: number;
                        }[];
                        reason: string | null;
                        reference: string;
                        repository: string;
                        /**
                         * @description Whether its registry has it
                         * @enum {unknown}
                         */
                        status: "present" | "removing" | "removed" | "missing";
                    };
                };
            };
        };
    };
    deleteImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        changedAt: string;
                        /** Format: date-time */
                        checkedAt: string;
                        /** Format: date-time */
                        createdAt: string;
                        digest: string;
                        freedBytes: number | null;
                        origin: string;
                        platforms: {
                            /** @description Of an image that was built elsewhere */
                            config?: {
                                healthCheck: boolean;
                                labels: {
                                    [key: string]: string;
                                };
                                ports: string[];
                                user: string;
                            };
                            digest: string;
                            layers: {
                                digest: string;
                                kind: string;
                                sizeBytes: number;
                            }[];
                            platform: string;
                            sizeBytes: number;
                        }[];
                        reason: string | null;
                        reference: string;
                        repository: string;
                        /**
                         * @description Whether its registry has it
                         * @enum {unknown}
                         */
                        status: "present" | "removing" | "removed" | "missing";
                    };
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        changedAt: string;
                        /** Format: date-time */
                        checkedAt: string;
                        /** Format: date-time */
                        createdAt: string;
                        digest: string;
                        freedBytes: number | null;
                        origin: string;
                        platforms: {
                            /** @description Of an image that was built elsewhere */
                            config?: {
                                healthCheck: boolean;
                                labels: {
                                    [key: string]: string;
                                };
                                ports: string[];
                                user: string;
                            };
                            digest: string;
                            layers: {
                                digest: string;
                                kind: string;
                                sizeBytes: number;
                            }[];
                            platform: string;
                            sizeBytes: number;
                        }[];
                        reason: string | null;
                        reference: string;
                        repository: string;
                        /**
                         * @description Whether its registry has it
                         * @enum {unknown}
                         */
                        status: "present" | "removing" | "removed" | "missing";
                    };
                };
            };
        };
    };
    checkImage: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        changedAt: string;
                        /** Format: date-time */
                        checkedAt: string;
                        /** Format: date-time */
                        createdAt: string;
                        digest: string;
                        freedBytes: number | null;
                        origin: string;
                        platforms: {
                            /** @description Of an image that was built elsewhere */
                            config?: {
                                healthCheck: boolean;
                                labels: {
                                    [key: string]: string;
                                };
                                ports: string[];
                                user: string;
                            };
                            digest: string;
                            layers: {
                                digest: string;
                                kind: string;
                                sizeBytes: number;
                            }[];
                            platform: string;
                            sizeBytes: number;
                        }[];
                        reason: string | null;
                        reference: string;
                        repository: string;
                        /**
                         * @description Whether its registry has it
                         * @enum {unknown}
                         */
                        status: "present" | "removing" | "removed" | "missing";
                    };
                };
            };
        };
    };
    restoreImage: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        attempt: number;
                        builder: {
                            name: string;
                            why: string;
                        };
                        /** Format: date-time */
                        createdAt: string;
                        error: {
                            code: string;
                            message: string;
                        } | null;
                        external: {
                            image: string;
                            serve: {
                                health: string;
                                port: number;
                            } | null;
                            source: {
                                commit: string;
                                repository: string;
                                run: string | null;
                            };
                        } | null;
                        finishedAt: string | null;
                        id: string;
                        image: {
                            digest: string;
                            origin: string;
                            platforms: {
                                /** @description Of an image that was built elsewhere */
                                config?: {
                                    healthCheck: boolean;
                                    labels: {
                                        [key: string]: string;
                                    };
                                    ports: string[];
                                    user: string;
                                };
                                digest: string;
                                layers: {
                                    digest: string;
                                    kind: string;
                                    sizeBytes: number;
                                }[];
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reason: string | null;
                            reference: string;
                            repository: string;
                            /**
                             * @description Whether its registry has it
                             * @enum {unknown}
                             */
                            status: "present" | "removing" | "removed" | "missing";
                        } | null;
                        model: string;
                        restores: string | null;
                        startedAt: string | null;
                        /** @enum {unknown} */
                        status: "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
                        version: string;
                        waiting: {
                            for: string;
                            until: string | null;
                        } | null;
                    };
                };
            };
        };
    };
    getPackage: {
        parameters: {
            query: {
                as?: "docker";
                /** @description Neither is compressed */
                format: "tar.gz" | "zip";
            };
            header?: {
                /** @description ETags that the caller has; a draft has none */
                "If-None-Match"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The archive */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/gzip": string;
                    "application/zip": string;
                };
            };
        };
    };
    getProof: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /**
                         * @description Its health alone, or also the answer to the example
                         * @enum {unknown}
                         */
                        checked: "health" | "prediction";
                        coldStartMs: number | null;
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        finishedAt: string | null;
                        imageDigest: string;
                        latencyMs: {
                            p50: number;
                            p99: number;
                        } | null;
                        log: string | null;
                        memoryBytes: number | null;
                        reason: string | null;
                        /** @enum {unknown} */
                        status: "pending" | "passed" | "failed" | "not_run";
                        tests: {
                            failed: number;
                            log: string | null;
                            passed: number;
                            reason: string | null;
                            skipped: number;
                            /** @enum {unknown} */
                            status: "passed" | "failed" | "not_run";
                        } | null;
                    };
                };
            };
        };
    };
    createProof: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Also run the package's own tests/ in the image, by pytest */
                    tests?: boolean;
                } | null;
            };
        };
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /**
                         * @description Its health alone, or also the answer to the example
                         * @enum {unknown}
                         */
                        checked: "health" | "prediction";
                        coldStartMs: number | null;
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        finishedAt: string | null;
                        imageDigest: string;
                        latencyMs: {
                            p50: number;
                            p99: number;
                        } | null;
                        log: string | null;
                        memoryBytes: number | null;
                        reason: string | null;
                        /** @enum {unknown} */
                        status: "pending" | "passed" | "failed" | "not_run";
                        tests: {
                            failed: number;
                            log: string | null;
                            passed: number;
                            reason: string | null;
                            skipped: number;
                            /** @enum {unknown} */
                            status: "passed" | "failed" | "not_run";
                        } | null;
                    };
                };
            };
        };
    };
    createResumable: {
        parameters: {
            query?: never;
            header?: {
                /** @description `1.0.0` */
                "Tus-Resumable"?: string;
                /** @description `sha256 <base64>` of the bytes of this request; also sha1 and md5 */
                "Upload-Checksum"?: string;
                /** @description Bytes of the whole file */
                "Upload-Length"?: string;
                /** @description `path <base64>`, and perhaps `,digest <base64 of sha256:…>` */
                "Upload-Metadata"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/offset+octet-stream": string;
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    describeResumable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteResumable: {
        parameters: {
            query?: never;
            header?: {
                /** @description `1.0.0` */
                "Tus-Resumable"?: string;
            };
            path: {
                id: string;
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    appendResumable: {
        parameters: {
            query?: never;
            header?: {
                /** @description `1.0.0` */
                "Tus-Resumable"?: string;
                /** @description `sha256 <base64>` of the bytes of this request; also sha1 and md5 */
                "Upload-Checksum"?: string;
                /** @description Where the bytes go: as far as the upload is */
                "Upload-Offset"?: string;
            };
            path: {
                id: string;
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/offset+octet-stream": string;
            };
        };
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    sealVersion: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        build: {
                            id: string;
                            status: string;
                        } | null;
                        contentDigest: string | null;
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        fileCount: number;
                        format: string | null;
                        image: {
                            digest: string;
                            origin: string;
                            platforms: {
                                /** @description Of an image that was built elsewhere */
                                config?: {
                                    healthCheck: boolean;
                                    labels: {
                                        [key: string]: string;
                                    };
                                    ports: string[];
                                    user: string;
                                };
                                digest: string;
                                layers: {
                                    digest: string;
                                    kind: string;
                                    sizeBytes: number;
                                }[];
                                platform: string;
                                sizeBytes: number;
                            }[];
                            reason: string | null;
                            reference: string;
                            repository: string;
                            /**
                             * @description Whether its registry has it
                             * @enum {unknown}
                             */
                            status: "present" | "removing" | "removed" | "missing";
                        } | null;
                        /**
                         * @description Key-value pairs to search by
                         * @example {
                         *       "team": "fraud"
                         *     }
                         */
                        labels: {
                            [key: string]: string;
                        };
                        /** @description A free JSON document, sealed with the files */
                        metadata: {
                            [key: string]: unknown;
                        };
                        model: string;
                        number: number;
                        proof: {
                            /**
                             * @description Its health alone, or also the answer to the example
                             * @enum {unknown}
                             */
                            checked: "health" | "prediction";
                            coldStartMs: number | null;
                            latencyMs: {
                                p50: number;
                                p99: number;
                            } | null;
                            log: string | null;
                            memoryBytes: number | null;
                            reason: string | null;
                            /** @enum {unknown} */
                            status: "pending" | "passed" | "failed" | "not_run";
                            tests: {
                                failed: number;
                                log: string | null;
                                passed: number;
                                reason: string | null;
                                skipped: number;
                                /** @enum {unknown} */
                                status: "passed" | "failed" | "not_run";
                            } | null;
                        } | null;
                        sealedAt: string | null;
                        sizeBytes: number;
                        source: {
                            commit: string | null;
                            environment: string | null;
                            issuer: string;
                            /** @enum {unknown} */
                            provider: "github" | "gitlab" | "other";
                            /** @description The rule that let it in */
                            publisher: string;
                            ref: string | null;
                            repository: string | null;
                            repositoryId: string | null;
                            runId: string | null;
                            runUrl: string | null;
                            subject: string | null;
                            workflow: string | null;
                        } | null;
                        /** @enum {unknown} */
                        status: "draft" | "verifying" | "sealed" | "building" | "ready" | "failed" | "archived";
                        tags: string[];
                        version: string;
                    };
                };
            };
        };
    };
    listUploads: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
            };
            header?: never;
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            digest: string | null;
                            error: {
                                code: string;
                                message: string;
                            } | null;
                            /** Format: date-time */
                            expiresAt: string;
                            id: string;
                            /** @enum {unknown} */
                            kind: "direct" | "resumable";
                            partCount: number;
                            parts?: {
                                number: number;
                                sizeBytes: number;
                            }[] | null;
                            /** @description Of every part but the last */
                            partSizeBytes: number;
                            path: string;
                            receivedBytes: number | null;
                            sizeBytes: number;
                            /** @enum {unknown} */
                            status: "open" | "verifying" | "stored" | "failed" | "cancelled";
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    createUpload: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description sha256: and 64 lower-case hex digits */
                    digest: string;
                    /** @description Of the file that it becomes */
                    path: string;
                    sizeBytes: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        digest: string | null;
                        error: {
                            code: string;
                            message: string;
                        } | null;
                        /** Format: date-time */
                        expiresAt: string;
                        id: string;
                        /** @enum {unknown} */
                        kind: "direct" | "resumable";
                        partCount: number;
                        parts?: {
                            number: number;
                            sizeBytes: number;
                        }[] | null;
                        /** @description Of every part but the last */
                        partSizeBytes: number;
                        path: string;
                        receivedBytes: number | null;
                        sizeBytes: number;
                        /** @enum {unknown} */
                        status: "open" | "verifying" | "stored" | "failed" | "cancelled";
                    };
                };
            };
        };
    };
    getUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        digest: string | null;
                        error: {
                            code: string;
                            message: string;
                        } | null;
                        /** Format: date-time */
                        expiresAt: string;
                        id: string;
                        /** @enum {unknown} */
                        kind: "direct" | "resumable";
                        partCount: number;
                        parts?: {
                            number: number;
                            sizeBytes: number;
                        }[] | null;
                        /** @description Of every part but the last */
                        partSizeBytes: number;
                        path: string;
                        receivedBytes: number | null;
                        sizeBytes: number;
                        /** @enum {unknown} */
                        status: "open" | "verifying" | "stored" | "failed" | "cancelled";
                    };
                };
            };
        };
    };
    deleteUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    completeUpload: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        digest: string | null;
                        error: {
                            code: string;
                            message: string;
                        } | null;
                        /** Format: date-time */
                        expiresAt: string;
                        id: string;
                        /** @enum {unknown} */
                        kind: "direct" | "resumable";
                        partCount: number;
                        parts?: {
                            number: number;
                            sizeBytes: number;
                        }[] | null;
                        /** @description Of every part but the last */
                        partSizeBytes: number;
                        path: string;
                        receivedBytes: number | null;
                        sizeBytes: number;
                        /** @enum {unknown} */
                        status: "open" | "verifying" | "stored" | "failed" | "cancelled";
                    };
                };
            };
        };
    };
    signParts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                model: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    parts: {
                        /** @description sha256: and 64 lower-case hex digits */
                        digest: string;
                        number: number;
                    }[];
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        parts: {
                            /** Format: date-time */
                            expiresAt: string;
                            headers: {
                                [key: string]: string;
                            };
                            method: string;
                            number: number;
                            url: string;
                        }[];
                    };
                };
            };
        };
    };
    getOffers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Whether an index of torch's wheels is named */
                        hasTorchIndex: boolean;
                        /** @description The Python of each base, such as 3.11, the first that of the first; null where one is not known before its base is made */
                        pythons: string[] | null;
                    };
                };
            };
        };
    };
    listPolicies: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            endedAt: string | null;
                            models: string;
                            rules: {
                                approvals: {
                                    count: number;
                                    role: string;
                                } | null;
                                checks: string[];
                                conditions: {
                                    expression: string;
                                    withoutHolder: string | null;
                                }[];
                                copyTo: string[];
                                freezes: {
                                    from: string;
                                    reason: string;
                                    to: string | null;
                                }[];
                                proof: boolean;
                                sameSignature: boolean;
                                soak: {
                                    hours: number;
                                    tag: string;
                                } | null;
                                waitHours: number;
                                windows: {
                                    days: string[];
                                    from: string;
                                    timeZone: string;
                                    to: string;
                                }[];
                            };
                            tag: string;
                            version: number;
                        }[];
                    };
                };
            };
        };
    };
    setPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pattern: string;
                /** @description A tag's name, or `*` for every tag that is moved by promotion */
                tag: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description By others than whoever asks, of this image under these policies */
                    approvals?: {
                        count: number;
                        /** @enum {unknown} */
                        role?: "approver" | "administrator";
                    };
                    /**
                     * @example [
                     *       "evaluation"
                     *     ]
                     */
                    checks?: string[];
                    conditions?: {
                        /** @example candidate.metadata.metrics.auc >= holder.metadata.metrics.auc - 0.002 */
                        expression: string;
                        /**
                         * @description What holds while no version has the tag; said where `holder` is named
                         * @enum {unknown}
                         */
                        withoutHolder?: "pass" | "fail";
                    }[];
                    /** @description Registries that the image is copied to, and that have the tag, too */
                    copyTo?: string[];
                    freezes?: {
                        /** @example 2026-12-20T00:00:00Z */
                        from: string;
                        reason: string;
                        /** @description None: until the policy is changed */
                        to?: string;
                    }[];
                    /** @description The image's smoke test has passed */
                    proof?: boolean;
                    /** @description Inputs and outputs are the holder's, unless `breaksSignature` is said */
                    sameSignature?: boolean;
                    /** @description The other tag has pointed at the version for so long, without a break */
                    soak?: {
                        hours: number;
                        tag: string;
                    };
                    /** @description How long a promotion waits before it fails; 168 if not said */
                    waitHours?: number;
                    windows?: {
                        days: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
                        /** @example 09:00 */
                        from: string;
                        /** @example Europe/Berlin */
                        timeZone: string;
                        /** @example 16:00 */
                        to: string;
                    }[];
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        endedAt: string | null;
                        models: string;
                        rules: {
                            approvals: {
                                count: number;
                                role: string;
                            } | null;
                            checks: string[];
                            conditions: {
                                expression: string;
                                withoutHolder: string | null;
                            }[];
                            copyTo: string[];
                            freezes: {
                                from: string;
                                reason: string;
                                to: string | null;
                            }[];
                            proof: boolean;
                            sameSignature: boolean;
                            soak: {
                                hours: number;
                                tag: string;
                            } | null;
                            waitHours: number;
                            windows: {
                                days: string[];
                                from: string;
                                timeZone: string;
                                to: string;
                            }[];
                        };
                        tag: string;
                        version: number;
                    };
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        endedAt: string | null;
                        models: string;
                        rules: {
                            approvals: {
                                count: number;
                                role: string;
                            } | null;
                            checks: string[];
                            conditions: {
                                expression: string;
                                withoutHolder: string | null;
                            }[];
                            copyTo: string[];
                            freezes: {
                                from: string;
                                reason: string;
                                to: string | null;
                            }[];
                            proof: boolean;
                            sameSignature: boolean;
                            soak: {
                                hours: number;
                                tag: string;
                            } | null;
                            waitHours: number;
                            windows: {
                                days: string[];
                                from: string;
                                timeZone: string;
                                to: string;
                            }[];
                        };
                        tag: string;
                        version: number;
                    };
                };
            };
        };
    };
    deletePolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pattern: string;
                /** @description A tag's name, or `*` for every tag that is moved by promotion */
                tag: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listPolicyVersions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pattern: string;
                /** @description A tag's name, or `*` for every tag that is moved by promotion */
                tag: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            endedAt: string | null;
                            models: string;
                            rules: {
                                approvals: {
                                    count: number;
                                    role: string;
                                } | null;
                                checks: string[];
                                conditions: {
                                    expression: string;
                                    withoutHolder: string | null;
                                }[];
                                copyTo: string[];
                                freezes: {
                                    from: string;
                                    reason: string;
                                    to: string | null;
                                }[];
                                proof: boolean;
                                sameSignature: boolean;
                                soak: {
                                    hours: number;
                                    tag: string;
                                } | null;
                                waitHours: number;
                                windows: {
                                    days: string[];
                                    from: string;
                                    timeZone: string;
                                    to: string;
                                }[];
                            };
                            tag: string;
                            version: number;
                        }[];
                    };
                };
            };
        };
    };
    listPromotions: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
                model?: string;
                status?: "waiting" | "applying" | "done" | "refused" | "cancelled" | "failed";
                tag?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            approvals: {
                                approver: string;
                                /** Format: date-time */
                                at: string;
                                comment: string;
                                /** @enum {unknown} */
                                decision: "approved" | "rejected";
                                /** @description What it is for: it is void for any other */
                                imageDigest: string;
                                roles: string[];
                            }[];
                            breaksSignature: boolean;
                            endedAt: string | null;
                            endedBy: string | null;
                            explanation: string | null;
                            forced: boolean;
                            from: string | null;
                            id: string;
                            imageDigest: string;
                            model: string;
                            notBefore: string | null;
                            reason: string;
                            /** Format: date-time */
                            requestedAt: string;
                            requestedBy: string;
                            revision: number | null;
                            /** @description Asked for as one */
                            rollback: boolean;
                            /**
                             * @description `applying`: the tag has moved, and an image registry does not have it yet
                             * @enum {unknown}
                             */
                            status: "waiting" | "applying" | "done" | "refused" | "cancelled" | "failed";
                            tag: string;
                            /** @description Of each rule that holds for the tag, as last looked at */
                            verdicts: {
                                holdsAt: string | null;
                                policy: {
                                    models: string;
                                    tag: string;
                                    version: number;
                                } | null;
                                /** @description In one line, with what was found */
                                reason: string;
                                /** @enum {unknown} */
                                rule: "schedule" | "registry" | "proof" | "sameSignature" | "conditions" | "checks" | "approvals" | "soak" | "windows" | "freezes";
                                /** @enum {unknown} */
                                status: "passed" | "failed" | "waiting";
                            }[];
                            version: string;
                            waitsUntil: string | null;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    getPromotion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvals: {
                            approver: string;
                            /** Format: date-time */
                            at: string;
                            comment: string;
                            /** @enum {unknown} */
                            decision: "approved" | "rejected";
                            /** @description What it is for: it is void for any other */
                            imageDigest: string;
                            roles: string[];
                        }[];
                        breaksSignature: boolean;
                        endedAt: string | null;
                        endedBy: string | null;
                        explanation: string | null;
                        forced: boolean;
                        from: string | null;
                        id: string;
                        imageDigest: string;
                        model: string;
                        notBefore: string | null;
                        reason: string;
                        /** Format: date-time */
                        requestedAt: string;
                        requestedBy: string;
                        revision: number | null;
                        /** @description Asked for as one */
                        rollback: boolean;
                        /**
                         * @description `applying`: the tag has moved, and an image registry does not have it yet
                         * @enum {unknown}
                         */
                        status: "waiting" | "applying" | "done" | "refused" | "cancelled" | "failed";
                        tag: string;
                        /** @description Of each rule that holds for the tag, as last looked at */
                        verdicts: {
                            holdsAt: string | null;
                            policy: {
                                models: string;
                                tag: string;
                                version: number;
                            } | null;
                            /** @description In one line, with what was found */
                            reason: string;
                            /** @enum {unknown} */
                            rule: "schedule" | "registry" | "proof" | "sameSignature" | "conditions" | "checks" | "approvals" | "soak" | "windows" | "freezes";
                            /** @enum {unknown} */
                            status: "passed" | "failed" | "waiting";
                        }[];
                        version: string;
                        waitsUntil: string | null;
                    };
                };
            };
        };
    };
    decidePromotion: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Why; it is kept in the history */
                    comment?: string;
                    /** @enum {unknown} */
                    decision: "approved" | "rejected";
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvals: {
                            approver: string;
                            /** Format: date-time */
                            at: string;
                            comment: string;
                            /** @enum {unknown} */
                            decision: "approved" | "rejected";
                            /** @description What it is for: it is void for any other */
                            imageDigest: string;
                            roles: string[];
                        }[];
                        breaksSignature: boolean;
                        endedAt: string | null;
                        endedBy: string | null;
                        explanation: string | null;
                        forced: boolean;
                        from: string | null;
                        id: string;
                        imageDigest: string;
                        model: string;
                        notBefore: string | null;
                        reason: string;
                        /** Format: date-time */
                        requestedAt: string;
                        requestedBy: string;
                        revision: number | null;
                        /** @description Asked for as one */
                        rollback: boolean;
                        /**
                         * @description `applying`: the tag has moved, and an image registry does not have it yet
                         * @enum {unknown}
                         */
                        status: "waiting" | "applying" | "done" | "refused" | "cancelled" | "failed";
                        tag: string;
                        /** @description Of each rule that holds for the tag, as last looked at */
                        verdicts: {
                            holdsAt: string | null;
                            policy: {
                                models: string;
                                tag: string;
                                version: number;
                            } | null;
                            /** @description In one line, with what was found */
                            reason: string;
                            /** @enum {unknown} */
                            rule: "schedule" | "registry" | "proof" | "sameSignature" | "conditions" | "checks" | "approvals" | "soak" | "windows" | "freezes";
                            /** @enum {unknown} */
                            status: "passed" | "failed" | "waiting";
                        }[];
                        version: string;
                        waitsUntil: string | null;
                    };
                };
            };
        };
    };
    cancelPromotion: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Why; it is kept in the history */
                    reason?: string;
                } | null;
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        approvals: {
                            approver: string;
                            /** Format: date-time */
                            at: string;
                            comment: string;
                            /** @enum {unknown} */
                            decision: "approved" | "rejected";
                            /** @description What it is for: it is void for any other */
                            imageDigest: string;
                            roles: string[];
                        }[];
                        breaksSignature: boolean;
                        endedAt: string | null;
                        endedBy: string | null;
                        explanation: string | null;
                        forced: boolean;
                        from: string | null;
                        id: string;
                        imageDigest: string;
                        model: string;
                        notBefore: string | null;
                        reason: string;
                        /** Format: date-time */
                        requestedAt: string;
                        requestedBy: string;
                        revision: number | null;
                        /** @description Asked for as one */
                        rollback: boolean;
                        /**
                         * @description `applying`: the tag has moved, and an image registry does not have it yet
                         * @enum {unknown}
                         */
                        status: "waiting" | "applying" | "done" | "refused" | "cancelled" | "failed";
                        tag: string;
                        /** @description Of each rule that holds for the tag, as last looked at */
                        verdicts: {
                            holdsAt: string | null;
                            policy: {
                                models: string;
                                tag: string;
                                version: number;
                            } | null;
                            /** @description In one line, with what was found */
                            reason: string;
                            /** @enum {unknown} */
                            rule: "schedule" | "registry" | "proof" | "sameSignature" | "conditions" | "checks" | "approvals" | "soak" | "windows" | "freezes";
                            /** @enum {unknown} */
                            status: "passed" | "failed" | "waiting";
                        }[];
                        version: string;
                        waitsUntil: string | null;
                    };
                };
            };
        };
    };
    listQuotas: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            buildsAtOnce: {
                                limit: number | null;
                                used: number;
                            };
                            /** Format: date-time */
                            changedAt: string;
                            changedBy: string;
                            fileBytes: {
                                limit: number | null;
                            };
                            filesPerVersion: {
                                limit: number | null;
                            };
                            models: {
                                limit: number | null;
                                used: number;
                            };
                            pattern: string;
                            sizeBytes: {
                                limit: number | null;
                                used: number;
                            };
                            versions: {
                                limit: number | null;
                                used: number;
                            };
                        }[];
                    };
                };
            };
        };
    };
    setQuota: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pattern: string;
            };
            cookie?: never;
        };
        /** @description What the models of the pattern may take up together, and each of their files and versions by itself */
        requestBody: {
            content: {
                "application/json": {
                    buildsAtOnce?: number;
                    fileBytes?: number;
                    filesPerVersion?: number;
                    models?: number;
                    sizeBytes?: number;
                    versions?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        buildsAtOnce: {
                            limit: number | null;
                            used: number;
                        };
                        /** Format: date-time */
                        changedAt: string;
                        changedBy: string;
                        fileBytes: {
                            limit: number | null;
                        };
                        filesPerVersion: {
                            limit: number | null;
                        };
                        models: {
                            limit: number | null;
                            used: number;
                        };
                        pattern: string;
                        sizeBytes: {
                            limit: number | null;
                            used: number;
                        };
                        versions: {
                            limit: number | null;
                            used: number;
                        };
                    };
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        buildsAtOnce: {
                            limit: number | null;
                            used: number;
                        };
                        /** Format: date-time */
                        changedAt: string;
                        changedBy: string;
                        fileBytes: {
                            limit: number | null;
                        };
                        filesPerVersion: {
                            limit: number | null;
                        };
                        models: {
                            limit: number | null;
                            used: number;
                        };
                        pattern: string;
                        sizeBytes: {
                            limit: number | null;
                            used: number;
                        };
                        versions: {
                            limit: number | null;
                            used: number;
                        };
                    };
                };
            };
        };
    };
    deleteQuota: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pattern: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listRegistries: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @enum {unknown} */
                            auth: "anonymous" | "password" | "docker-config" | "ecr" | "google" | "azure";
                            ca: string | null;
                            changedAt: string | null;
                            changedBy: string | null;
                            createRepositories: boolean;
                            /** @enum {unknown} */
                            from: "settings" | "api";
                            hasPassword: boolean;
                            host: string;
                            models: string[];
                            name: string;
                            plainHttp: boolean;
                            repository: string;
                            username: string | null;
                        }[];
                    };
                };
            };
        };
    };
    getRegistry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        auth: "anonymous" | "password" | "docker-config" | "ecr" | "google" | "azure";
                        ca: string | null;
                        changedAt: string | null;
                        changedBy: string | null;
                        createRepositories: boolean;
                        /** @enum {unknown} */
                        from: "settings" | "api";
                        hasPassword: boolean;
                        host: string;
                        models: string[];
                        name: string;
                        plainHttp: boolean;
                        repository: string;
                        username: string | null;
                    };
                };
            };
        };
    };
    setRegistry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {unknown} */
                    auth?: "anonymous" | "password" | "docker-config" | "ecr" | "google" | "azure";
                    /** @description Certificates (PEM) of its authority */
                    ca?: string;
                    /** @description Makes what does not exist (ECR) */
                    createRepositories?: boolean;
                    /**
                     * @description host or host:port
                     * @example ghcr.io
                     */
                    host: string;
                    /**
                     * @description Patterns of the models whose images go there by default
                     * @example [
                     *       "fraud.*"
                     *     ]
                     */
                    models?: string[];
                    /** @description Never shown again; left out, the one that is stored stays for the same host and username */
                    password?: string;
                    /** @description Without TLS */
                    plainHttp?: boolean;
                    /**
                     * @description Path of a model's repository: a prefix, or a template with {model}, {group}, {name}
                     * @example team/{model}
                     */
                    repository?: string;
                    username?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        auth: "anonymous" | "password" | "docker-config" | "ecr" | "google" | "azure";
                        ca: string | null;
                        changedAt: string | null;
                        changedBy: string | null;
                        createRepositories: boolean;
                        /** @enum {unknown} */
                        from: "settings" | "api";
                        hasPassword: boolean;
                        host: string;
                        models: string[];
                        name: string;
                        plainHttp: boolean;
                        repository: string;
                        username: string | null;
                    };
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        auth: "anonymous" | "password" | "docker-config" | "ecr" | "google" | "azure";
                        ca: string | null;
                        changedAt: string | null;
                        changedBy: string | null;
                        createRepositories: boolean;
                        /** @enum {unknown} */
                        from: "settings" | "api";
                        hasPassword: boolean;
                        host: string;
                        models: string[];
                        name: string;
                        plainHttp: boolean;
                        repository: string;
                        username: string | null;
                    };
                };
            };
        };
    };
    deleteRegistry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    checkRegistry: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        host: string;
                        /** @description What the check could not remove again */
                        left: string[];
                        registry: string;
                        /** @description Where it was tried */
                        repository: string;
                        steps: {
                            change: string | null;
                            message: string | null;
                            /** @enum {unknown} */
                            status: "works" | "fails" | "not_tried";
                            /** @enum {unknown} */
                            step: "ping" | "login" | "push" | "pull" | "mount" | "delete";
                        }[];
                        /** @description All that images need: all but mount and delete */
                        works: boolean;
                    };
                };
            };
        };
    };
    listRetentionRules: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            afterTagDays: number;
                            /** Format: date-time */
                            changedAt: string;
                            changedBy: string;
                            keepDays: number | null;
                            keepLast: number | null;
                            pattern: string;
                        }[];
                    };
                };
            };
        };
    };
    setRetentionRule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pattern: string;
            };
            cookie?: never;
        };
        /** @description What keeps an image besides the tags that point at it: keepLast, keepDays, or both */
        requestBody: {
            content: {
                "application/json": {
                    /** @description An image stays for so long after a tag has left it; 30 where left out */
                    afterTagDays?: number;
                    /** @description Images that are younger stay */
                    keepDays?: number;
                    /** @description The images of so many versions stay, those that were made last */
                    keepLast?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        afterTagDays: number;
                        /** Format: date-time */
                        changedAt: string;
                        changedBy: string;
                        keepDays: number | null;
                        keepLast: number | null;
                        pattern: string;
                    };
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        afterTagDays: number;
                        /** Format: date-time */
                        changedAt: string;
                        changedBy: string;
                        keepDays: number | null;
                        keepLast: number | null;
                        pattern: string;
                    };
                };
            };
        };
    };
    deleteRetentionRule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pattern: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    setUp: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description lower-case letters and digits, in groups joined by one '.', '_', '@' or '-'
                     * @example ci-fraud
                     */
                    name: string;
                    title?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        expiresAt: string | null;
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[] | null;
                        id: string;
                        identity: string;
                        lastUsedAt: string | null;
                        name: string;
                        networks: string[];
                        revokedAt: string | null;
                        token: string | null;
                    };
                };
            };
        };
    };
    startDevice: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description what its person knows it by, at most 60 characters on one line, without quotation marks and what nobody sees
                     * @example ada's laptop
                     */
                    name?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description For the terminal alone */
                        deviceCode: string;
                        /** Format: date-time */
                        expiresAt: string;
                        /** @description Between two questions */
                        intervalSeconds: number;
                        /** @example BCDF-GHJK */
                        userCode: string;
                        verificationUri: string;
                        /** @description With the code in it */
                        verificationUriComplete: string;
                    };
                };
            };
        };
    };
    pollDevice: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    deviceCode: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        expiresAt: string;
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[];
                        identity: string;
                        /** @description Shown once */
                        token: string;
                    };
                };
            };
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Between two questions */
                        intervalSeconds: number;
                        /** @enum {unknown} */
                        status: "waiting";
                    };
                };
            };
        };
    };
    listTagHolders: {
        parameters: {
            query: {
                /**
                 * @description As it was then; else as it is
                 * @example 2026-11-23T22:00:00Z
                 */
                at?: string;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
                /** @example prod */
                tag: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            imageDigest: string;
                            model: string;
                            /** Format: date-time */
                            movedAt: string;
                            movedBy: string;
                            reason: string;
                            /** @description The tag in image registries; not told of what was at a time */
                            registries?: {
                                reason: string | null;
                                /** @example registry.example.com/churn:prod */
                                reference: string;
                                /** Format: date-time */
                                since: string;
                                /** @enum {unknown} */
                                status: "pending" | "synced" | "drifted";
                            }[];
                            revision: number;
                            tag: string;
                            version: string;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    exchangeToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The one that is meant, of several */
                    rule?: string;
                    /** @description Of the pipeline, as its issuer gave it */
                    token: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        expiresAt: string;
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[];
                        identity: string;
                        rule: string;
                        /** @description The pipeline's run that all of it came from, as the run's issuer signed it */
                        source: {
                            commit: string | null;
                            environment: string | null;
                            issuer: string;
                            /** @enum {unknown} */
                            provider: "github" | "gitlab" | "other";
                            /** @description The rule that let it in */
                            publisher: string;
                            ref: string | null;
                            repository: string | null;
                            repositoryId: string | null;
                            runId: string | null;
                            runUrl: string | null;
                            subject: string | null;
                            workflow: string | null;
                        };
                        /** @description Shown once */
                        token: string;
                    };
                };
            };
        };
    };
    listPublishers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            audience: string | null;
                            /** Format: date-time */
                            changedAt: string;
                            changedBy: string;
                            claims: {
                                [key: string]: string | boolean;
                            };
                            disabled: boolean;
                            grants: {
                                /**
                                 * @description * for all models, a model's name, or a group such as fraud.*
                                 * @example fraud.*
                                 */
                                pattern: string;
                                /** @enum {unknown} */
                                role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                                /** @description Of a promoter: the tags that it may move; else all */
                                tags?: string[];
                            }[];
                            /** @description The service account that its pipelines act as */
                            identity: string;
                            issuer: string;
                            name: string;
                            /** @enum {unknown} */
                            provider: "github" | "gitlab" | "other";
                            tokenSeconds: number;
                        }[];
                    };
                };
            };
        };
    };
    getPublisher: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description lower-case letters and digits, in groups joined by one '.', '_' or '-'
                 * @example churn-main
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        audience: string | null;
                        /** Format: date-time */
                        changedAt: string;
                        changedBy: string;
                        claims: {
                            [key: string]: string | boolean;
                        };
                        disabled: boolean;
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[];
                        /** @description The service account that its pipelines act as */
                        identity: string;
                        issuer: string;
                        name: string;
                        /** @enum {unknown} */
                        provider: "github" | "gitlab" | "other";
                        tokenSeconds: number;
                    };
                };
            };
        };
    };
    setPublisher: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description lower-case letters and digits, in groups joined by one '.', '_' or '-'
                 * @example churn-main
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Left out, this instance's own: SLIPWAY_PUBLIC_URL */
                    audience?: string;
                    /**
                     * @description What each must be, character by character; `ref` may end in `*`
                     * @example {
                     *       "repository": "acme/churn",
                     *       "repository_id": "704512981",
                     *       "ref": "refs/heads/main"
                     *     }
                     */
                    claims: {
                        [key: string]: string | boolean;
                    };
                    /** @description It lets nobody in, and what it gave has ended */
                    disabled?: boolean;
                    grants: {
                        /**
                         * @description * for all models, a model's name, or a group such as fraud.*
                         * @example fraud.*
                         */
                        pattern: string;
                        /** @enum {unknown} */
                        role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                        /** @description Of a promoter: the tags that it may move; else all */
                        tags?: string[];
                    }[];
                    /** @example https://token.actions.githubusercontent.com */
                    issuer: string;
                    /**
                     * @description Whose tokens they are, and so what is known of their claims
                     * @enum {unknown}
                     */
                    provider: "github" | "gitlab" | "other";
                    /**
                     * @description How long a token is good for that is given
                     * @default 900
                     */
                    tokenSeconds?: number;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        audience: string | null;
                        /** Format: date-time */
                        changedAt: string;
                        changedBy: string;
                        claims: {
                            [key: string]: string | boolean;
                        };
                        disabled: boolean;
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[];
                        /** @description The service account that its pipelines act as */
                        identity: string;
                        issuer: string;
                        name: string;
                        /** @enum {unknown} */
                        provider: "github" | "gitlab" | "other";
                        tokenSeconds: number;
                    };
                };
            };
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        audience: string | null;
                        /** Format: date-time */
                        changedAt: string;
                        changedBy: string;
                        claims: {
                            [key: string]: string | boolean;
                        };
                        disabled: boolean;
                        grants: {
                            /**
                             * @description * for all models, a model's name, or a group such as fraud.*
                             * @example fraud.*
                             */
                            pattern: string;
                            /** @enum {unknown} */
                            role: "reader" | "uploader" | "builder" | "promoter" | "approver" | "checker" | "administrator";
                            /** @description Of a promoter: the tags that it may move; else all */
                            tags?: string[];
                        }[];
                        /** @description The service account that its pipelines act as */
                        identity: string;
                        issuer: string;
                        name: string;
                        /** @enum {unknown} */
                        provider: "github" | "gitlab" | "other";
                        tokenSeconds: number;
                    };
                };
            };
        };
    };
    deletePublisher: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description lower-case letters and digits, in groups joined by one '.', '_' or '-'
                 * @example churn-main
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** Format: date-time */
                            createdAt: string;
                            createdBy: string;
                            description: string;
                            disabledAt: string | null;
                            disabledReason: string | null;
                            enabled: boolean;
                            failingSince: string | null;
                            /** @description Attempts in a row that were not taken */
                            failures: number;
                            /** @enum {unknown} */
                            format: "standard" | "cloudevents";
                            id: string;
                            kinds: string[];
                            models: string;
                            url: string;
                        }[];
                    };
                };
            };
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    description?: string;
                    /** @enum {unknown} */
                    format?: "standard" | "cloudevents";
                    /** @description Kinds, or with tag. all that begin so; none for all */
                    kinds?: string[];
                    /** @description Pattern of the models whose events are sent; * for all */
                    models?: string;
                    /** @example https://hooks.example.com/slipway */
                    url: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        disabledAt: string | null;
                        disabledReason: string | null;
                        enabled: boolean;
                        failingSince: string | null;
                        /** @description Attempts in a row that were not taken */
                        failures: number;
                        /** @enum {unknown} */
                        format: "standard" | "cloudevents";
                        id: string;
                        kinds: string[];
                        models: string;
                        secret: string | null;
                        url: string;
                    };
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        disabledAt: string | null;
                        disabledReason: string | null;
                        enabled: boolean;
                        failingSince: string | null;
                        /** @description Attempts in a row that were not taken */
                        failures: number;
                        /** @enum {unknown} */
                        format: "standard" | "cloudevents";
                        id: string;
                        kinds: string[];
                        models: string;
                        url: string;
                    };
                };
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    description?: string;
                    /** @description Disabled, it is sent nothing, and nothing new waits for it */
                    enabled?: boolean;
                    /** @enum {unknown} */
                    format?: "standard" | "cloudevents";
                    /** @description Kinds, or with tag. all that begin so; none for all */
                    kinds?: string[];
                    /** @description Pattern of the models whose events are sent; * for all */
                    models?: string;
                    /** @example https://hooks.example.com/slipway */
                    url?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        disabledAt: string | null;
                        disabledReason: string | null;
                        enabled: boolean;
                        failingSince: string | null;
                        /** @description Attempts in a row that were not taken */
                        failures: number;
                        /** @enum {unknown} */
                        format: "standard" | "cloudevents";
                        id: string;
                        kinds: string[];
                        models: string;
                        url: string;
                    };
                };
            };
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description Items on a page, at most 100 */
                limit?: number;
                status?: "waiting" | "delivered" | "failed";
            };
            header?: never;
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            attempts: number;
                            /** Format: date-time */
                            createdAt: string;
                            error: string | null;
                            event: {
                                id: string;
                                kind: string;
                                sequence: number;
                                subject: string;
                            };
                            id: string;
                            nextAt: string | null;
                            /** @enum {unknown} */
                            status: "waiting" | "delivered" | "failed";
                            statusCode: number | null;
                            tookMs: number | null;
                            triedAt: string | null;
                        }[];
                        nextCursor: string | null;
                    };
                };
            };
        };
    };
    redeliver: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                delivery: string;
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        attempts: number;
                        /** Format: date-time */
                        createdAt: string;
                        error: string | null;
                        event: {
                            id: string;
                            kind: string;
                            sequence: number;
                            subject: string;
                        };
                        id: string;
                        nextAt: string | null;
                        /** @enum {unknown} */
                        status: "waiting" | "delivered" | "failed";
                        statusCode: number | null;
                        tookMs: number | null;
                        triedAt: string | null;
                    };
                };
            };
        };
    };
    replaceWebhookSecret: {
        parameters: {
            query: {
                /** @description For so long the secrets before it sign as well; 0 where others have come to know one */
                keepHours: number;
            };
            header?: {
                /** @description Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day */
                "Idempotency-Key"?: string;
            };
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        createdAt: string;
                        createdBy: string;
                        description: string;
                        disabledAt: string | null;
                        disabledReason: string | null;
                        enabled: boolean;
                        failingSince: string | null;
                        /** @description Attempts in a row that were not taken */
                        failures: number;
                        /** @enum {unknown} */
                        format: "standard" | "cloudevents";
                        id: string;
                        kinds: string[];
                        models: string;
                        secret: string | null;
                        url: string;
                    };
                };
            };
        };
    };
}
